"""ib_async or ib_insync used ordinarily: what IB().connect() gives, printed as JSON.

`python asynchronous.py PORT [CLIENT_ID]`, by the interpreter of an environment that has one of the
two; nothing else is imported. It asks only what reads, and nothing is raised.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import logging
import sys
import time
from typing import Any

SECONDS = 2.0
"""The bound of each request behind connect(), which has its own."""


class Warnings(logging.Handler):
    """The text of what is logged at WARNING or above, and of every time-out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING or "timed out" in text:
            self.texts.append(text)


def _library() -> Any:
    asyncio.set_event_loop(asyncio.new_event_loop())  # eventkit wants one when it is imported
    return importlib.import_module(
        "ib_async" if importlib.util.find_spec("ib_async") else "ib_insync"
    )


def _ask(ib: Any, name: str, *arguments: Any) -> dict[str, Any]:
    """What was asked, whether it was answered, and what came."""
    try:
        came = getattr(ib, name)(*arguments)
    except Exception as error:  # whatever it raises is part of the report
        return {"request": name, "answered": False, "came": [], "raised": repr(error)}
    return {"request": name, "answered": True, "came": came}


def _row(position: Any) -> dict[str, Any]:
    cost = {"quantity": str(position.position), "avgCost": position.avgCost}
    return {"account": position.account, **vars(position.contract), **cost}


def _plain(value: Any) -> Any:
    return vars(value) if hasattr(value, "conId") else str(value)


def told(port: int, client_id: int = 10) -> dict[str, Any]:
    """All that the gateway said."""
    warnings = Warnings()
    logging.basicConfig(level=logging.INFO, handlers=[warnings])
    library = _library()
    ib = library.IB()
    errors: list[Any] = []
    ib.errorEvent += lambda *details: errors.append(details[:3])
    begun, failure = time.monotonic(), None
    try:
        ib.connect("127.0.0.1", port, clientId=client_id)
    except Exception as error:
        failure = repr(error)
    connect_seconds = round(time.monotonic() - begun, 3)
    document = {
        "client": f"{library.__name__} {library.__version__}",
        "newest": ib.client.MaxClientVersion,
        "connected": ib.isConnected(),
        "failure": failure,
        "connect_seconds": connect_seconds,
        "server_version": ib.client.serverVersion(),
        "accounts": ",".join(ib.managedAccounts()),
        "positions": [_row(each) for each in ib.positions()],
        "portfolio": ib.portfolio(),
        "account_values": ib.accountValues(),
        "open_orders": ib.openOrders(),
        "executions": ib.executions(),
        "fills": ib.fills(),
    }
    ib.RequestTimeout = SECONDS
    asked = [
        _ask(ib, "reqCurrentTime"),
        _ask(ib, "accountSummary"),
        _ask(ib, "reqAllOpenOrders"),
        _ask(ib, "reqCompletedOrders", False),
        _ask(ib, "reqExecutions"),
    ]
    ib.disconnect()
    return document | {"asked": asked, "errors": errors, "log": warnings.texts}


if __name__ == "__main__":
    print(json.dumps(told(*map(int, sys.argv[1:])), default=_plain))
