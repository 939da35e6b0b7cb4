"""A recorded session, read from its file and played to any client that asks the same."""
