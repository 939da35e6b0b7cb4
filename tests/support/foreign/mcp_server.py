"""An MCP server that is not this project's: run it with `-m`, a port, and at will an oddity.

Written by hand, so that it can be wrong; without an oddity it is right.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from fake_ib_gateway import FakeGateway
from golive.client.answers import Position
from golive.client.connection import Connection
from tests.support.foreign.gateway import connected

TOOL = {"name": "get-positions", "inputSchema": {"type": "object"}}


def row(each: Position) -> dict[str, Any]:
    """As the seed of many such servers names it."""
    return {
        "Account": each.account,
        "Symbol": each.symbol,
        "SecType": each.sec_type,
        "Right": each.right,
        "Strike": each.strike,
        "Expiration": each.expiry,
        "Position": float(each.quantity or 0),
    }


def positions(port: int, oddity: str) -> dict[str, Any]:
    if oddity == "elsewhere":
        with FakeGateway() as another:
            return positions(another.port, "")
    connection, found = connected(port)
    if oddity == "leaves":
        leave(connection)
    if oddity == "twice":
        connected(port, 11)[0].close()
    if oddity != "leaves":
        connection.close()
    rows = [row(each) for each in found]
    if oddity == "another-quantity":
        rows[3]["Position"] += 1
    told: dict[str, Any] = {"positions": rows}
    age = timedelta(days=1) if oddity == "stale" else timedelta(0)
    if oddity != "no-time":
        told["asOf"] = (datetime.now(UTC) - age).isoformat()
    return told


def leave(connection: Connection) -> None:
    """To a program that nobody knows to be started by this one."""
    stay = f"{[sys.executable, '-c', 'import time; time.sleep(60)']}, close_fds=False, env={{}}"
    start = f"import subprocess; subprocess.Popen({stay}, start_new_session=True)"
    fd = connection.fileno()
    subprocess.run([sys.executable, "-c", start], pass_fds=[fd], stdout=2, env={}, check=True)


def main(port: int, oddity: str = "") -> None:
    if oddity == "stays":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        match asked["method"]:
            case "initialize":
                result: Any = {
                    "protocolVersion": asked["params"]["protocolVersion"],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "foreign", "version": "1"},
                }
            case "tools/list":
                result = {"tools": [TOOL]}
            case _:
                text = json.dumps(positions(port, oddity))
                result = {"content": [{"type": "text", "text": text}]}
        reply = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
        print(json.dumps(reply), flush=True)
    if oddity == "stays":
        time.sleep(60)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
