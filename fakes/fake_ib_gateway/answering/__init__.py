"""From a request and the state of a session to the answer, as a list of actions.

No sockets, no clock of its own, no faults: a healthy gateway, and what it remembers of its clients.
"""
