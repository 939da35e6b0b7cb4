"""A recorded session, read from its file and played to any client that asks the same.

Here belongs the format of recordings and what is understood of one. Who writes them is in `record`.
"""
