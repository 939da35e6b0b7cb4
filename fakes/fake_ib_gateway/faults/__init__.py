"""The ways a gateway misbehaves, one a module, found by their file names: `slow.py` is `slow`.

Here belongs what one fault changes, with a docstring that says what a person sees and a `FAULT`
that says what lists say. What several share is in `shared`. Nothing here opens a socket.
"""
