"""The gateway as these programs see it, over the client that the tests have installed."""

from __future__ import annotations

from golive.client.answers import Position
from golive.client.connection import Connection
from golive.discipline.attempts import Attempts

SECONDS = 5.0


def connected(port: int, client_id: int = 10) -> tuple[Connection, list[Position]]:
    """A connection, and the open positions that it has told."""
    connection = Connection("127.0.0.1", port, client_id, Attempts())
    connection.open(SECONDS)
    connection.access(SECONDS)
    return connection, [each for each in connection.positions(SECONDS).rows if each.quantity]
