"""From a request and the state of a session to the answer. No sockets, no clock of its own."""
