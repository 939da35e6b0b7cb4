"""Text from elsewhere, made fit to be shown."""

from __future__ import annotations


def printable(text: str) -> str:
    """Control and bidirectional characters become `?`: they could repaint what is shown."""
    return "".join(each if each.isprintable() else "?" for each in text)
