"""Python's garbage collection, kept from where it does harm."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Nothing is collected meanwhile: for whoever formats a traceback, which parses its sources.

    CPython 3.11 before 3.11.8 keeps one count of depth for all that it parses (gh-106905). A
    collection in the middle of it runs finalizers; where one of them parses too, or lets another
    thread do so, the first ends with `SystemError: AST constructor recursion depth mismatch`.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
