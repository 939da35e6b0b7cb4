"""Sockets, processes, control from outside. What is answered is for `answering`."""
