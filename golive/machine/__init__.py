"""What can be seen and done on this machine without connecting: sockets, processes, the gateway.

Nothing here opens a connection, and nothing judges what it sees.
"""
