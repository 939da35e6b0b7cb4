"""A fake IB Gateway on a real socket: `fake-ib-gateway --help`, or `FakeGateway` in code.

Its folders import only downwards, in this order: record, serving, disk, faults, replay, answering,
protocol, world, kit. The command line, the library and the pytest plugin beside them import them
all, and nothing imports these three.
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
