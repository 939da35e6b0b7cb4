"""A Monitor that is asked to stop at the worst of moments: what is under way is finished, once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_ib_gateway import FakeGateway
from golive.monitor.stopping import Stop
from golive.run.session import Exit
from tests.monitor.test_reconnecting import ALWAYS
from tests.support.monitors import performed, settings_for
from tests.support.projects import ROOT

Hear = Callable[[str], None]
Run = Callable[..., tuple[Exit, list[str]]]


@pytest.fixture
def run(tmp_path: Path, state: Path) -> Run:
    def run(gateway: FakeGateway, stop: Stop, hear: Hear) -> tuple[Exit, list[str]]:
        settings = settings_for(tmp_path / "s.json", gateway.port, **ALWAYS)
        return performed(settings, stop, hear)

    return run


def test_one_that_loses_its_gateway_as_it_is_stopped_connects_no_more(run: Run) -> None:
    with FakeGateway() as gateway:
        stop = Stop()

        def hear(line: str) -> None:
            if "] Retrieved 24" in line:
                gateway.drop_everyone()
            elif "disconnected: " in line:
                stop.ask("SIGTERM")

        exit_code, lines = run(gateway, stop, hear)
        assert (exit_code, gateway.connections) == (Exit.LOST, 1)
        assert lines[-1].endswith("stopped (SIGTERM); no connection was left open")


def test_second_signal_spoils_no_clean_close(run: Run) -> None:
    class Impatient(Stop):
        """Asked once more as soon as the connection is not served any more."""

        times = 0

        @contextmanager
        def reacting(self, react: Callable[[], object]) -> Iterator[None]:
            with super().reacting(react):
                yield
            if self.by and not self.times:
                self.times += 1
                self.ask("SIGTERM")

    with FakeGateway() as gateway:
        stop = Impatient()

        def hear(line: str) -> None:
            if "] Retrieved 24" in line:
                stop.ask("SIGINT")

        exit_code, lines = run(gateway, stop, hear)
        assert (exit_code, stop.times, gateway.connections) == (Exit.SUCCESS, 1, 1)
        assert lines[-1].endswith("stopped (SIGINT): closed cleanly")
        stop.ask("SIGTERM")  # raises nothing any more: only its end is left


@pytest.mark.skipif(os.name == "nt", reason="has no SIGTERM of others")
def test_second_signal_spoils_no_exit_code_while_the_interpreter_ends() -> None:
    code = (
        "import os, signal; from golive.monitor.stopping import Stop; stop = Stop()\n"
        "kill = lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
        "with stop.by_signals(is_last=True), stop.reacting(lambda: None): kill()\n"
        "kill()"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_interrupt_that_came_in_the_middle_of_an_import_and_was_caught_is_no_end_by_sigint() -> (
    None
):
    """An import runs code from text: a dataclass does, say."""
    code = (
        "from contextlib import suppress; from golive.monitor.stopping import Stop\n"
        "with suppress(KeyboardInterrupt), Stop().by_signals(): exec('raise KeyboardInterrupt')"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
