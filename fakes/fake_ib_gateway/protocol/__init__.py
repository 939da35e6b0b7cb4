"""Bytes and messages by server version, as a gateway reads and writes them.

Here belongs what a number, a field or a code is called and where it stands. It shares no code with
any client: a codec used by both ends would hide its own mistakes.
"""
