"""The official client used plainly: all it can ask around a connection, printed as JSON.

`python official.py PORT [CLIENT_ID]`, by the interpreter of an environment that has any `ibapi`
from 9.81 to 10.51; nothing else is imported. It asks only what reads. No wait is longer than
SECONDS: what does not come in time is reported as not answered, and nothing is raised.
"""

from __future__ import annotations

import json
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import ibapi
from ibapi.client import EClient
from ibapi.execution import ExecutionFilter
from ibapi.server_versions import MAX_CLIENT_VER
from ibapi.wrapper import EWrapper

SECONDS = 10.0
MULTI, COMPLETED_ORDERS, TIME_IN_MILLIS, CONFIG = 103, 150, 197, 219
"""Server versions since which a gateway answers them (the client's server_versions.py)."""

Request = tuple[str, tuple[Any, ...], str | None]
"""The client's method, its arguments, and the callback that ends the answer; None: it has none."""


def _hearing(name: str) -> Callable[..., None]:
    def callback(self: Any, *arguments: Any) -> None:
        self.heard.put((name, arguments))

    return callback


CALLBACKS = [name for name in dir(EWrapper) if name[0] != "_" and not name.endswith("ProtoBuf")]
Listener = type(
    "Listener",
    (EWrapper,),
    {name: _hearing(name) for name in (*CALLBACKS, "configResponseProtoBuf")},
)
"""Hears every callback, with whatever arguments it has in this version of the client."""


class Session:
    """One connection, asked one thing after the other."""

    def __init__(self, port: int, client_id: int) -> None:
        self.listener = Listener()
        self.listener.heard = queue.SimpleQueue()
        self.client = EClient(self.listener)
        self.errors: list[list[Any]] = []
        self.is_closed = False
        self.failure: str | None = None
        self.thread = threading.Thread(target=self._run, args=(port, client_id), daemon=True)
        self.thread.start()  # connect() itself may never return

    def _run(self, port: int, client_id: int) -> None:
        try:
            self.client.connect("127.0.0.1", port, client_id)
            self.client.run()
        except Exception as error:  # what it cannot read ends it
            self.failure = repr(error)

    def hear(self, *names: str) -> tuple[bool, list[list[Any]]]:
        """Whether all these callbacks came, and all that came till then."""
        missing, came, deadline = set(names), [], time.monotonic() + SECONDS
        while missing and not self.is_closed:
            try:
                left = max(0.0, deadline - time.monotonic())
                name, arguments = self.listener.heard.get(timeout=left)
            except queue.Empty:
                break
            missing.discard(name)
            if name == "error":
                self.errors.append(_error(*arguments))
            else:
                came.append([name, *arguments])
            self.is_closed = name == "connectionClosed"
        return not missing, came

    def ask(self, request: Request) -> dict[str, Any]:
        """What was asked, whether it was answered (null: it has no answer), and what came."""
        name, arguments, end = request
        try:
            getattr(self.client, name)(*arguments)
        except Exception as error:  # whatever it raises is part of the report
            return {"request": name, "answered": False, "came": [], "raised": repr(error)}
        answered, came = (None, []) if end is None else self.hear(end)
        return {"request": name, "answered": answered, "came": came}

    def close(self) -> None:
        """So that the reader's thread ends now, and not when its poll does."""
        with suppress(OSError, AttributeError):
            self.client.conn.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(SECONDS)
        self.client.disconnect()


def _error(request_id: int, *details: Any) -> list[Any]:
    """[id, code, text]; newer clients put the time before the code, and may add a text."""
    has_time = isinstance(details[1], int)
    return [request_id, *details[has_time : has_time + 2]]


def _requests(client: Any, account: str) -> Iterator[Request]:
    version = client.serverVersion()
    yield "reqManagedAccts", (), "managedAccounts"
    yield "reqIds", (-1,), "nextValidId"
    yield "reqCurrentTime", (), "currentTime"
    yield "setServerLogLevel", (2,), None
    yield "reqMarketDataType", (1,), None
    yield "reqPositions", (), "positionEnd"
    yield "cancelPositions", (), None
    yield "reqAccountUpdates", (True, account), "accountDownloadEnd"
    yield "reqAccountUpdates", (False, account), None
    yield "reqAccountSummary", (9001, "All", "NetLiquidation,BuyingPower"), "accountSummaryEnd"
    yield "cancelAccountSummary", (9001,), None
    if version >= MULTI:
        yield "reqPositionsMulti", (9002, account, ""), "positionMultiEnd"
        yield "cancelPositionsMulti", (9002,), None
        yield "reqAccountUpdatesMulti", (9003, account, "", False), "accountUpdateMultiEnd"
        yield "cancelAccountUpdatesMulti", (9003,), None
    yield "reqAutoOpenOrders", (False,), None
    yield "reqOpenOrders", (), "openOrderEnd"
    yield "reqAllOpenOrders", (), "openOrderEnd"
    yield "reqExecutions", (9004, ExecutionFilter()), "execDetailsEnd"
    if version >= COMPLETED_ORDERS:
        yield "reqCompletedOrders", (False,), "completedOrdersEnd"
    if version >= CONFIG and hasattr(client, "reqConfigProtoBuf"):
        from ibapi.protobuf.ConfigRequest_pb2 import ConfigRequest

        yield "reqConfigProtoBuf", (ConfigRequest(reqId=9005),), "configResponseProtoBuf"
    if version >= TIME_IN_MILLIS and hasattr(client, "reqCurrentTimeInMillis"):
        yield "reqCurrentTimeInMillis", (), "currentTimeInMillis"
    yield "reqIds", (-1,), "nextValidId"  # behind what has no answer: the session goes on


def _row(account: str, contract: Any, quantity: Any, average_cost: float) -> dict[str, Any]:
    cost = {"quantity": str(quantity), "avgCost": average_cost}
    return {"account": account, **vars(contract), **cost}


def _plain(value: Any) -> Any:
    return vars(value) if hasattr(value, "conId") else str(value)


def told(port: int, client_id: int = 10) -> dict[str, Any]:
    """All that the gateway said."""
    session = Session(port, client_id)
    is_ready, came = session.hear("nextValidId", "managedAccounts")
    first = {name: arguments for name, *arguments in came}
    account = "".join(first.get("managedAccounts", [])).split(",")[0]
    requests = _requests(session.client, account) if is_ready else ()
    document = {
        "client": ibapi.__version__,
        "newest": MAX_CLIENT_VER,
        "connected": is_ready,
        "server_version": session.client.serverVersion(),
        "connection_time": (session.client.twsConnectionTime() or b"").decode("ascii", "replace"),
        "accounts": first.get("managedAccounts", [""])[0],
        "next_valid_id": first.get("nextValidId", [None])[0],
        "asked": [session.ask(request) for request in requests],
        "errors": session.errors,
        "closed": session.is_closed,
        "failure": session.failure,
    }
    session.close()
    rows = [row for asked in document["asked"] for row in asked["came"] if row[0] == "position"]
    return document | {"positions": [_row(*row[1:]) for row in rows]}


if __name__ == "__main__":
    print(json.dumps(told(*map(int, sys.argv[1:])), default=_plain))
