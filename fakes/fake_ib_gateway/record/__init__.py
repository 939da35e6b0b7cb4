"""Between a client and a real gateway, recording one session: `fake-ib-gateway record --help`.

Here belongs what is passed on, what is not, and what is written of it, with whose names.
How a recording is read is in `replay`.
"""
