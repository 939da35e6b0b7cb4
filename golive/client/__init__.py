"""The one connection: bytes, messages, answers. When it may be opened is for `discipline`."""
