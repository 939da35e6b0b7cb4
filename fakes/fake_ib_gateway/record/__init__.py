"""Between a client and a real gateway, recording one session: `fake-ib-gateway record --help`."""
