"""The official client's codec, asked in a process of its own: see official_codec.py."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.clients import environments

SCRIPT = Path(__file__).with_name("official_codec.py")
SECONDS = 300.0
"""The bound of all its work; without an answer the test fails."""

OLD, NEW = "ibapi-10.37.2", "ibapi-10.50.2"
NEWEST = {OLD: 203, NEW: 226}
"""The newest server version each client speaks."""

BANDS = (
    100, 130, 131, 152, 153, 165, 166, 176, 193, 194, 199, 200, 201, 202, 203, 204, 205, 206, 207,
    212, 213, 214, 219, 226,
)  # fmt: skip
"""Server versions on either side of where a form changes."""


def bands(client: str, since: int = 0) -> list[int]:
    """The versions above that a client speaks."""
    return [version for version in BANDS if since <= version <= NEWEST[client]]


class Codec:
    """That of the client in one of the environments, until the end of the block."""

    def __init__(self, environment: str) -> None:
        self._process = subprocess.Popen(
            [str(environments.python(environment)), "-I", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
        )
        self._end = threading.Timer(SECONDS, self._process.kill)
        self._end.daemon = True
        self._end.start()

    def __enter__(self) -> Codec:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._end.cancel()

    def encode(self, *cases: tuple[int, str, tuple[Any, ...]]) -> list[bytes]:
        """What it sends for each [server version, method, arguments]; nothing, if it refuses."""
        return [bytes.fromhex(sent) for sent in self.ask("encode", cases)]

    def decode(self, *cases: tuple[int, bytes]) -> list[list[list[Any]]]:
        """The callbacks, name and arguments, for each [server version, frames]."""
        return self.ask("decode", [(version, frames.hex()) for version, frames in cases])

    def ask(self, what: str, cases: Iterable[tuple[Any, ...]]) -> list[Any]:
        """An answer to each case."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([what, list(cases)]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, "the official client's codec has ended"
        answers: list[Any] = json.loads(line)
        return answers


@contextmanager
def codecs() -> Iterator[dict[str, Codec]]:
    """Those of both clients, by environment."""
    with Codec(OLD) as old, Codec(NEW) as new:
        yield {OLD: old, NEW: new}
