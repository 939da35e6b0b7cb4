"""Text from elsewhere, made fit to be read and to be shown."""

from __future__ import annotations

import codecs


def printable(text: str) -> str:
    """Control and bidirectional characters become `?`: they could repaint what is shown."""
    return "".join(each if each.isprintable() else "?" for each in text)


def text_of(data: bytes) -> str:
    """Text of any encoding. What it is looked through for is ASCII, which all of them hold."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")
