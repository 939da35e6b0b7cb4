"""Asking a running Monitor whether all is well: by the standard library, and within bounds."""
