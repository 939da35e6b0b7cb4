"""Between a client and a real gateway, recording one session: `python -m fakes.record --help`."""
