"""The official client used plainly, as its documentation shows. Prints what it got, as JSON.

Run as `python plain_client.py PORT`; it may never return: that is one of its traps.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper


class PlainClient(EWrapper, EClient):  # type: ignore[misc]
    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.got: dict[str, Any] = {"rows": [], "errors": []}
        self.ready, self.complete = threading.Event(), threading.Event()

    def managedAccounts(self, accountsList: str) -> None:
        self.got["accounts"] = accountsList

    def nextValidId(self, orderId: int) -> None:
        self.got["next_valid_id"] = orderId
        self.ready.set()

    def error(self, *details: Any) -> None:
        self.got["errors"].append(details[2])

    def connectionClosed(self) -> None:
        self.got["closed"] = True
        self.ready.set()
        self.complete.set()

    def position(self, account: str, contract: Any, position: Any, avgCost: float) -> None:
        row = [account, contract.conId, contract.localSymbol, contract.strike, contract.exchange]
        self.got["rows"].append([*row, str(position), avgCost])

    def positionEnd(self) -> None:
        self.complete.set()


def main() -> None:
    client = PlainClient()
    client.connect("127.0.0.1", int(sys.argv[1]), 10)
    client.got["connected"] = client.isConnected()
    threading.Thread(target=client.run, daemon=True).start()
    if client.ready.wait(2) and client.isConnected():
        client.reqPositions()
        client.got["complete"] = client.complete.wait(3) and not client.got.get("closed")
    print(json.dumps(client.got), flush=True)
    client.disconnect()


main()
