"""The command line: a small module a command. What a command does is in the rooms below."""
