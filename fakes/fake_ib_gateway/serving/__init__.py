"""The sockets of the fake, where it runs, and how it is changed while it runs.

Here belongs what opens a socket, starts a process or waits. What is said to a client is decided in
`answering`, and distorted by `faults`.
"""
