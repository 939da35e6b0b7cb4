"""A fake IB Gateway on a real socket: `python -m fake_ib_gateway --help`, or `FakeGateway` in code.

It shares no code with the client side: a codec used by both ends would hide its own mistakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_ib_gateway.library import FakeGateway

__version__ = "0.1.0"
__all__ = ["FakeGateway"]


def __getattr__(name: str) -> Any:
    """The library when it is asked for, so that `-m` of a module here loads only that."""
    if name == "FakeGateway":
        from fake_ib_gateway.library import FakeGateway

        return FakeGateway
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
