"""What a gateway leaves on disk: its log, its settings, how its login went; and the fake's own log.

It is told events by name, and knows nothing of sockets, clients or messages.
"""
