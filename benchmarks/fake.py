"""Servers in processes of their own, on 127.0.0.1: a fake gateway, and the bare one beside it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, STOP_SECONDS = 20.0, 5.0

ASYNCIO, UVLOOP = "asyncio", "uvloop"
"""The event loops a server can be run on."""
_WITHOUT_UVLOOP = """
import runpy, sys
sys.modules["uvloop"] = None
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__")
"""
"""Runs a module in a Python that cannot import uvloop, whether it is installed or not."""


class NoFake(Exception):
    """No server to measure: it did not start or did not answer. The text is one line that says."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server at work."""

    port: int
    pid: int


def loops() -> list[str]:
    """Those installed here."""
    return [ASYNCIO, UVLOOP] if find_spec("uvloop") else [ASYNCIO]


@contextmanager
def fake_gateway(positions: int) -> Iterator[int]:
    """The port of a fake that holds so many positions. It ends with the block."""
    with running_fake(loops()[-1], "--positions", str(positions)) as fake:
        yield fake.port


@contextmanager
def running_fake(loop: str, *options: str) -> Iterator[Running]:
    """A fake on this event loop."""
    arguments = ["fake_ib_gateway", "--host", HOST, "--port", "0", *options, "--stop-with-stdin"]
    with _running(loop, arguments) as fake:
        yield fake


@contextmanager
def running_bare(loop: str, answers: Sequence[bytes]) -> Iterator[Running]:
    """A bare server on this event loop: the answers to the first request, the second, ..."""
    with _running(loop, ["benchmarks.bare"], pickle.dumps(list(answers))) as bare:
        yield bare


@contextmanager
def _running(loop: str, arguments: Sequence[str], given: bytes = b"") -> Iterator[Running]:
    """A module in a process of its own, and what it is given on stdin. It ends with the block."""
    how = ["-m"] if loop == UVLOOP else ["-c", _WITHOUT_UVLOOP]
    with subprocess.Popen(
        [sys.executable, *how, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(given)
            process.stdin.flush()
            yield Running(_announced_port(process), process.pid)
        finally:
            _stop(process)


def _announced_port(process: subprocess.Popen[bytes]) -> int:
    """From its first line, which ends with host:port."""
    assert process.stdout is not None
    too_long = Timer(START_SECONDS, process.kill)
    too_long.start()
    line = process.stdout.readline().decode("utf-8", "replace").strip()
    too_long.cancel()
    port = line.rpartition(":")[2]
    if not port.isdigit():
        raise NoFake(line or "the server ended without a word")
    return int(port)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it by ending its input; firmly where that does not help."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
