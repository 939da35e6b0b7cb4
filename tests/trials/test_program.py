"""A program that was started is ended with all it has started, and reads no Ctrl-C of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from golive.trials import program as program_module
from golive.trials.program import CannotStart, Program
from tests.support import four_ports
from tests.support.fakes import wait_until
from tests.support.left_running import SECONDS, has_ended, nothing_left

pytestmark = pytest.mark.skipif(os.name == "nt", reason="ends programs under POSIX")

STAY = "import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
HERE = "print('here', flush=True); "
LAUNCH = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {code!r}]);"
    " print(child.pid, flush=True); "
)


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    with nothing_left():
        yield


def started(code: str, says: int = 1, **more: Any) -> tuple[Program, list[str]]:
    """A Python program, once it has said so many lines; and its lines."""
    lines: list[str] = []
    program = Program([sys.executable, "-c", code], hear=lines.append, **more)
    assert program.output.wait_for(lambda: len(lines) >= says, SECONDS)
    return program, lines


def test_it_has_not_ended_as_asked_where_it_died_a_moment_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, _ = started(HERE + STAY)

    def died_before(family: Any, patience: float) -> Any:
        if program.exit_code is None:
            psutil.Process(program.pid).kill()
            program.wait(SECONDS)
        return ended(family, patience)

    ended = program_module._ended
    monkeypatch.setattr(program_module, "_ended", died_before)
    left = program.end()
    assert (left.how, left.is_as_asked) == ("by itself", False)


def test_it_has_a_session_of_its_own_and_nothing_to_read() -> None:
    program, lines = started("import os, sys; print(os.getsid(0), repr(sys.stdin.read()))")
    assert lines == [f"{program.pid} ''"]
    assert program.wait(SECONDS) == 0
    program.end()


def test_it_is_asked_to_end_and_its_last_words_are_heard() -> None:
    bye = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(5)))"
    )
    program, lines = started(f"{bye}; {HERE}{STAY}")
    ended = program.end()
    assert (ended.how, ended.exit_code, ended.is_as_asked) == ("politely", 5, True)
    assert lines == ["here", "bye"]
    assert program.end() is ended


def test_it_is_made_to_end_where_it_does_not() -> None:
    program, _ = started(STUBBORN + HERE + STAY)
    ended = program.end(patience=0.3)
    assert (ended.how, ended.exit_code, ended.is_as_asked) == ("firmly", -9, False)


def test_what_it_has_started_ends_with_it() -> None:
    program, lines = started(LAUNCH.format(code=STUBBORN + HERE + STAY) + STAY, says=2)
    assert program.end(patience=0.3).how == "firmly"
    assert has_ended(int(lines[0]))


def test_what_it_left_behind_ends_as_well_though_its_parent_is_gone() -> None:
    program, lines = started(LAUNCH.format(code=STAY))
    assert program.wait(SECONDS) == 0
    assert program.end().how == "by itself"
    assert has_ended(int(lines[0]))


def test_what_went_off_into_a_session_of_its_own_ends_as_well() -> None:
    apart = LAUNCH.replace("{code!r}]", "{code!r}], start_new_session=True")
    program, lines = started(apart.format(code=STAY))
    assert program.wait(SECONDS) == 0
    program.end()
    assert has_ended(int(lines[0]))


def is_called(name: str, pid: int) -> bool:
    return bool(psutil.Process(pid).name() == name)


@pytest.fixture
def alone() -> Iterator[None]:
    """No other test looks meanwhile for a gateway that is not there."""
    with four_ports.alone():
        yield


@pytest.mark.usefixtures("alone")
def test_gateway_that_it_launched_is_not_ended_with_it(tmp_path: Path) -> None:
    named = tmp_path / "ibgateway"
    named.symlink_to(sys.executable)
    by_name = LAUNCH.replace("sys.executable", repr(str(named)))
    spared: set[int] = set()
    for launch in (by_name, LAUNCH):
        quiet = launch.replace("{code!r}]", "{code!r}], stdout=subprocess.DEVNULL")
        program, lines = started(quiet.format(code=STAY) + STAY, spared=lambda: spared)
        child = int(lines[0])
        if launch is LAUNCH:
            spared.add(child)
        else:
            wait_until(partial(is_called, named.name, child))
        assert program.end().how == "politely"
        assert psutil.Process(child).status() != psutil.STATUS_ZOMBIE
        psutil.Process(child).kill()


@pytest.mark.usefixtures("alone")
def test_gateway_that_a_script_became_is_not_ended_though_it_was_seen_before(
    tmp_path: Path,
) -> None:
    named = tmp_path / "ibgateway"
    named.symlink_to(sys.executable)
    becomes = f"input(); import os; os.execv({str(named)!r}, [{str(named)!r}, '-c', {STAY!r}])"
    launch = (
        f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {becomes!r}],"
        " stdin=subprocess.PIPE, stdout=subprocess.DEVNULL); print(child.pid, flush=True); "
        "sys.stdin.readline(); child.communicate(b'go')"
    )
    lines: list[str] = []
    program = Program([sys.executable, "-c", launch], hear=lines.append, speaks=True)
    assert program.output.wait_for(lambda: bool(lines), SECONDS)
    child = int(lines[0])
    assert child in {each.pid for each in program.family}
    program.tell(b"go\n")
    wait_until(partial(is_called, named.name, child))
    program.end(input_patience=0.1)
    assert psutil.Process(child).status() != psutil.STATUS_ZOMBIE
    psutil.Process(child).kill()


def test_who_holds_its_output_is_not_waited_for() -> None:
    spared: set[int] = set()
    program, lines = started(LAUNCH.format(code=STAY), spared=lambda: spared)
    child = int(lines[0])
    spared.add(child)
    program.end()
    assert psutil.Process(child).status() != psutil.STATUS_ZOMBIE
    psutil.Process(child).kill()


def test_program_that_speaks_ends_with_its_input() -> None:
    code = "import sys; print('here', flush=True); sys.stdin.read(); print('over', file=sys.stderr)"
    lines: list[str] = []
    program = Program([sys.executable, "-c", code], hear=lines.append, speaks=True)
    assert program.output.wait_for(lambda: bool(lines), SECONDS)
    ended = program.end()
    assert (ended.how, ended.exit_code) == ("politely", 0)
    assert program.errors.last_lines() == ["over"]
    assert lines == ["here"]


def test_line_without_an_end_is_kept_in_part_only() -> None:
    program, lines = started("print('x' * 1_000_000)")
    assert program.wait(SECONDS) == 0
    program.end()
    assert [len(each) for each in lines] == [4_000]
    assert program.output.cut == 1


def test_program_that_is_not_there_or_none_is_told(tmp_path: Path) -> None:
    for words in (["no-such-program"], [str(tmp_path)], ["a\0b"]):
        with pytest.raises(CannotStart, match="cannot be started"):
            Program(words)


HOLDER = """
import sys, time
from golive.kit.interrupting import as_interrupts
from golive.trials.program import Program
with as_interrupts():
    program = Program([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        print(program.pid, flush=True)
        time.sleep(60)
    finally:
        program.end()
"""


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_ends_with_who_started_it_also_where_that_one_is_asked_to_end(how: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert holder.stdout is not None
    pid = int(holder.stdout.readline())
    holder.send_signal(signal.Signals[how])
    holder.wait(SECONDS)
    holder.stdout.close()
    assert has_ended(pid)


def test_hang_up_that_is_ignored_stays_ignored() -> None:
    from golive.kit.interrupting import as_interrupts

    hang_up = signal.Signals["SIGHUP"]
    before = signal.signal(hang_up, signal.SIG_IGN)
    try:
        with as_interrupts():
            assert signal.getsignal(hang_up) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is not signal.default_int_handler
    finally:
        signal.signal(hang_up, before)


def test_input_of_one_that_has_ended_by_itself_is_closed_as_well() -> None:
    program = Program([sys.executable, "-c", "pass"], speaks=True)
    assert program.wait(SECONDS) == 0
    assert program.end().how == "by itself"
    assert program._process.stdin is not None
    assert program._process.stdin.closed
