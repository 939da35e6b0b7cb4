"""The command line: a small module a command. What a command does is in the rooms below.

Each has `main(words) -> exit code`. Only the standard library is imported until a command needs
more: the health check runs every few seconds, and the bootstrap has nothing else.
"""
