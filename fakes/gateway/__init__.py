"""A fake IB Gateway on a real socket: `python -m fakes.gateway --help`.

It shares no code with the client side: a codec used by both ends would hide its own mistakes.
"""
