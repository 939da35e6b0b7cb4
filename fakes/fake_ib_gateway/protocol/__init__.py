"""Bytes and messages by server version: what may be said. What is said is for `answering`."""
