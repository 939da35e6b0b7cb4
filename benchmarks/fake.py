"""A fake gateway in a process of its own, on 127.0.0.1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, STOP_SECONDS = 20.0, 5.0


class NoFake(Exception):
    """The fake did not start; the text is its own line."""


@contextmanager
def fake_gateway(positions: int) -> Iterator[int]:
    """The port of a fake that holds so many positions. It ends with the block."""
    command = [sys.executable, "-m", "fakes.gateway", "--host", HOST, "--port", "0"]
    command += ["--positions", str(positions), "--stop-with-stdin"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield _announced_port(process)
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
        raise NoFake(line or "the fake gateway ended without a word")
    return int(port)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it by ending its input; firmly where that does not help."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
