"""Asks a running Monitor whether all is well, with the standard library and within limits."""
