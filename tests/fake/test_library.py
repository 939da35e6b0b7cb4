"""The fake as a library: in a thread and in a process, changed while it runs, and given back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.faults.shared.named import UnknownFault
from fake_ib_gateway.faults.slow import Slow
from fake_ib_gateway.replay.recording import RecordingError
from fake_ib_gateway.serving.control import NotUnderstood
from fake_ib_gateway.world.book import option, stock
from golive.machine.sockets import SocketTable
from tests.support.fakes import wait_until
from tests.support.projects import ROOT, environment
from tests.support.recorder import Recorder
from tests.support.steered import PlainClient


def positions(port: int) -> list[list[Any]]:
    """What the official client is told: account, contract, quantity, average cost."""
    with PlainClient() as client:
        client.connect(port)
        client.hear("nextValidId")
        client.ask("reqPositions")
        client.hear("positionEnd")
        return client.all("position")


BOTH = pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])


@BOTH
def test_gateway_of_one_line_serves_a_real_client(process: bool) -> None:
    with FakeGateway(process=process) as gateway:
        assert len(positions(gateway.port)) == 24
        gateway.wait_for("closed")
        assert gateway.connections == 1
        assert gateway.received == ["hello", "START_API", "REQ_POSITIONS"]
        assert gateway.orders_received == 0


@BOTH
def test_positions_may_be_rows_and_faults_objects(process: bool) -> None:
    rows = [stock(1, "XYZ", "NYSE", "7", 1.5), option(2, "XYZ", "20270115", "C", 5.0, "-1", 0.2)]
    with FakeGateway(rows, account="DU1", faults=[Slow(0)], process=process) as gateway:
        assert [
            (account, contract["conId"], contract["localSymbol"], quantity)
            for account, contract, quantity, _ in positions(gateway.port)
        ] == [("DU1", 1, "XYZ", "7"), ("DU1", 2, "XYZ   270115C00005000", "-1")]


def test_process_is_another_one_and_a_thread_is_not() -> None:
    with FakeGateway() as here, FakeGateway(process=True) as there:
        own, other = (SocketTable().on(each.port).listeners[0].pid for each in (here, there))
        assert own == os.getpid() != other


@BOTH
def test_nothing_is_left_of_it_after_the_block(process: bool) -> None:
    before = set(threading.enumerate())
    with FakeGateway(faults=["leaky"], process=process) as gateway:
        client = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
        gateway.wait_for("connected")
        client.close()
        wait_until(lambda: bool(SocketTable().on(gateway.port).close_wait))
        gateway.add_zombies(2)
    port = SocketTable().on(gateway.port)
    assert (port.listeners, port.close_wait) == ([], [])
    wait_until(lambda: set(threading.enumerate()) <= before)


@BOTH
def test_gateway_is_given_back_as_it_was_at_its_start(process: bool) -> None:
    with FakeGateway(faults=["missing-positions"], process=process) as gateway:
        gateway.become("silent")
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as client:
            gateway.wait_for("connected")
            gateway.reset()
            assert client.recv(1) == b""
        assert gateway.events == []
        assert len(positions(gateway.port)) == 23


@BOTH
def test_gateway_recorded_once_is_played(process: bool, tmp_path: Path) -> None:
    file = tmp_path / "monday.jsonl"
    with FakeGateway(positions=3) as original, Recorder(original.port, file) as recorder:
        recorded = positions(recorder.port)
        assert recorder.ended()[0] == 0
    with FakeGateway(replay=file, process=process) as gateway:
        played = positions(gateway.port)
    assert [row[1:] for row in played] == [row[1:] for row in recorded]
    assert {row[0] for row in played} == {"U00000001"}


def test_damaged_recording_is_named_with_its_record(tmp_path: Path) -> None:
    file = tmp_path / "monday.jsonl"
    file.write_text('{"recording": "TWS API session", "format": 1}\n{}\n', encoding="utf-8")
    with pytest.raises(RecordingError, match="record 1"):
        FakeGateway(replay=file)


@BOTH
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(process: bool) -> None:
    with pytest.raises(UnknownFault, match="no fault 'nope'"):
        FakeGateway(faults=["nope"])
    with FakeGateway(process=process) as gateway:
        with pytest.raises(NotUnderstood, match="no fault 'nope'"):
            gateway.become("nope")
        with (
            pytest.raises(OSError, match=r"in use|usage"),
            FakeGateway(port=gateway.port, process=process),
        ):
            pass
        assert len(positions(gateway.port)) == 24


def test_process_that_could_not_start_leaves_no_timer_behind() -> None:
    before = set(threading.enumerate())
    with (
        FakeGateway() as gateway,
        pytest.raises(OSError, match=r"in use|usage"),
        FakeGateway(port=gateway.port, process=True),
    ):
        pass
    left = set(threading.enumerate()) - before
    assert all(each.finished.is_set() for each in left if isinstance(each, threading.Timer))


def test_gateway_that_does_not_run_says_so() -> None:
    with pytest.raises(RuntimeError, match="only inside its `with` block"):
        FakeGateway().restart()


def test_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    words = (
        "import os; from fake_ib_gateway import FakeGateway\n"
        "gateway = FakeGateway(process=True).__enter__()\n"
        "print(gateway.port, flush=True); os._exit(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    port = int(done.stdout)
    wait_until(lambda: SocketTable().on(port).listeners == [])


@pytest.fixture
def plugin_tests(tmp_path: Path) -> Path:
    plugin = 'pytest_plugins = ["fake_ib_gateway.pytest_plugin"]\n'
    (tmp_path / "conftest.py").write_text(plugin, encoding="utf-8")
    return tmp_path


def test_fixture_is_one_gateway_given_back_clean_to_each_test(plugin_tests: Path) -> None:
    (plugin_tests / "test_two.py").write_text(
        "seen = []\n"
        "def test_spoils_it(fake_gateway):\n"
        "    seen.append(fake_gateway.port)\n"
        "    fake_gateway.become('silent')\n"
        "    fake_gateway.add_zombies(2)\n"
        "def test_finds_it_clean(fake_gateway):\n"
        "    assert [fake_gateway.port] == seen\n"
        "    assert fake_gateway.state['zombies'] == 0 and fake_gateway.events == []\n"
        "def test_makes_another(make_fake_gateway):\n"
        "    assert make_fake_gateway(3, faults=['slow']).port not in seen\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", plugin_tests, plugin_tests],
        cwd=plugin_tests,
        env=environment(PYTHONPATH=str(ROOT / "fakes")),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout
