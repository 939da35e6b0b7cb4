"""The ways in which a gateway misbehaves, one a module, found by file name: `slow.py` is `slow`.

A module's docstring says what a person sees, its `FAULT` how lists describe it. What several
share is in `shared`. Nothing here opens a socket.
"""
