"""A Monitor that survives five hundred restarts of its gateway, counted by the gateway at each.

It runs as it always does, by the rules; only the clock is one whose waits are short, and for which
every connection has lasted.
"""

from __future__ import annotations

import gc
import json
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import measure
from benchmarks.fake import HOST, ROOT, NoFake
from fake_ib_gateway import FakeGateway
from golive.diagnosis.diagnose import Next
from golive.discipline.earlier_attempts import Aim, Memory
from golive.kit.clock import SystemClock
from golive.machine import installed
from golive.machine.sockets import SocketTable
from golive.monitor.monitor import COMMAND, Monitor
from golive.monitor.retrying import LASTING_SECONDS
from golive.monitor.stopping import Stop
from golive.settings import secrets_json
from golive.settings.secrets_json import SettingsFile

RESTARTS = 500
DOWN_SECONDS = 0.02
"""How long the gateway is away."""
SECONDS = 30.0
"""The bound of every wait."""
LOOK_SECONDS = 0.005
HEADS = ("restarts", "survived", "connections", "most at once", "zombies", "orders",
         "ms median", "ms worst", "CPU ms each", "KiB growth", "aim")  # fmt: skip
AIM = "all survived, one connection each, 0 zombies"


class Hurried(SystemClock):
    """Its sleeps are over at once, and then as much later as was asked for."""

    def __init__(self) -> None:
        self._skipped = 0.0
        self.said = deque[str](maxlen=3)

    def hear(self, line: str) -> None:
        """By the time that a connection's end is said, it has lasted."""
        self.said.append(line)
        if "disconnected: " in line:
            self._skipped += LASTING_SECONDS

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, LOOK_SECONDS))
        self._skipped += seconds


class Tally:
    """What was seen at every restart."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self.sizes: list[int] = []
        self.zombies = self.most = self.survived = self.connections = 0

    def look(self, gateway: FakeGateway, wanted: int) -> None:
        """`wanted` is how many connections there must have been until now."""
        port = SocketTable(HOST).on(gateway.port)
        self.zombies += len(port.close_wait)
        self.most = max(self.most, int(gateway.state["connections"]))
        self.connections = gateway.connections
        self.survived += self.connections == wanted
        gc.collect()  # what is only waiting to be collected is no growth
        self.sizes.append(psutil.Process().memory_info().rss)


def run(rounds: int | None) -> str:
    restarts = rounds or RESTARTS
    tally = Tally()
    with FakeGateway(process=True) as gateway, TemporaryDirectory() as folder:
        before = time.process_time()
        with _running(_settings(Path(folder), gateway.port), Path(folder)) as monitor:
            for number in range(1, restarts + 1):
                tally.milliseconds.append(_restarted(gateway, monitor, number))
                tally.look(gateway, number + 1)
        cpu, orders = time.process_time() - before, gateway.orders_received
        tally.zombies += len(SocketTable(HOST).on(gateway.port).close_wait)
    title = "restarts: a gateway that restarts under the Monitor, which connects again"
    return measure.table(title, HEADS, [_row(tally, restarts, cpu, orders)])


def _settings(folder: Path, port: int) -> SettingsFile:
    document = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    document["IBKRCredentials"] |= {"Host": HOST, "Port": port, "AutoReconnect": True}
    document["GoLive"] |= {
        "ApiVersion": installed.read().version,
        "GatewayFolder": str(folder / "none"),
        "RetryCooldownSeconds": 0,
        "InitializationSeconds": 0,
    }
    path = folder / "secrets.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return secrets_json.read(path)


@contextmanager
def _running(file: SettingsFile, folder: Path) -> Iterator[Monitor]:
    """In a thread, connected; stopped and ended afterwards. Raises NoFake where it cannot be."""
    clock, stop = Hurried(), Stop()
    memory = Memory(folder / "state", Aim.of(file), "restarts", None, clock)
    monitor = Monitor(file, memory, Next(COMMAND), clock.hear, stop, clock)
    owner = threading.Thread(target=monitor.run, daemon=True)
    owner.start()
    try:
        _wait_until_ready(monitor, 0, clock.said)
        yield monitor
        stop.ask("the benchmark")
    finally:
        owner.join(SECONDS)
        memory.close()


def _restarted(gateway: FakeGateway, monitor: Monitor, number: int) -> float:
    """Milliseconds from the restart to positions that are complete again."""
    begin = time.perf_counter()
    gateway.restart(DOWN_SECONDS)
    _wait_until_ready(monitor, number, [f"not connected again after restart {number}"])
    return (time.perf_counter() - begin) * 1000


def _wait_until_ready(monitor: Monitor, reconnects: int, said: Iterable[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        state = monitor.state
        is_whole = state.positions is not None and state.positions.is_complete
        if state.reconnects == reconnects and state.condition == "connected" and is_whole:
            return
        if time.monotonic() > deadline:
            raise NoFake("; ".join(said))
        time.sleep(LOOK_SECONDS)


def _row(tally: Tally, restarts: int, cpu: float, orders: int) -> list[str]:
    """Growth is that of the second half: until then a process takes what it needs anyway."""
    growth = (tally.sizes[-1] - tally.sizes[len(tally.sizes) // 2]) / 1024
    return [
        f"{restarts:,}",
        f"{tally.survived:,}",
        f"{tally.connections:,}",
        str(tally.most),
        str(tally.zombies),
        str(orders),
        measure.milliseconds(statistics.median(tally.milliseconds)),
        measure.milliseconds(max(tally.milliseconds)),
        measure.milliseconds(1000 * cpu / restarts),
        f"{growth:,.0f}",
        AIM,
    ]
