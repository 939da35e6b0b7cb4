"""A Monitor on trial: what it says is read strictly, what it does wrong is named, none is left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from golive.diagnosis.commands import HERE
from golive.kit.clock import SYSTEM, SystemClock
from golive.machine.sockets import NotObservable, Socket
from golive.settings.model import Monitor
from golive.trials.monitor import MonitorProgram, Wanted
from golive.trials.output import FLOOD
from tests.support.fakes import wait_until
from tests.support.left_running import nothing_left

CONNECTED = "print('[IBKR] Connected successfully', flush=True); "
POSITIONS = "print('Retrieved 24 positions for account U21146542', flush=True); "
STAY = "import time; time.sleep(60)"


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    with nothing_left():
        yield


def chosen(seconds: float, **settings: Any) -> Monitor:
    return Monitor.model_validate({"ReadyTimeoutSeconds": seconds, **settings})


class UntilSaid(SystemClock):
    """Its time stands until a program has said so many lines; then it is over.

    With `is_unended`, the last of them does not end: its newline is not on its way.
    """

    def __init__(self, lines: int, is_unended: bool) -> None:
        self.lines, self.is_unended = lines, is_unended
        self.program: MonitorProgram | None = None

    def monotonic(self) -> float:
        program = self.program._program if self.program else None
        if program is None:
            return 0.0
        said = program.output.count + (self.is_unended and bool(program.output.rest))
        return 3600.0 if said >= self.lines else 0.0


def tried(
    *words: str,
    seconds: float = 60,
    said: int | None = None,
    is_unended: bool = False,
    **settings: Any,
) -> MonitorProgram:
    """A Monitor after its wait: `tried("print(1)")` is a Python program.

    With `said`, its time is over as soon as it has said so many lines.
    """
    command = [sys.executable, "-c", *words] if len(words) == 1 else list(words)
    wanted = Wanted(chosen(seconds, **settings), "U21146542", 24, ("RevOption",))
    clock = SYSTEM if said is None else UntilSaid(said, is_unended)
    program = MonitorProgram(wanted, command, clock=clock)
    if isinstance(clock, UntilSaid):
        clock.program = program
    program.wait()
    return program


def test_monitor_that_says_both_is_ready_at_once_and_runs_on_until_it_is_left() -> None:
    program = tried(CONNECTED + POSITIONS + STAY, seconds=3600)
    assert (program.reason, program.is_connected) == ("", True)
    assert (program.positions, program.account) == (24, "U21146542")
    assert program.facts["connected_after_seconds"] < 3600
    assert program.runs
    assert program.leave().how == "politely"


BOTH = b"Connected successfully\n", b"Retrieved 24 positions for account U21146542\n"


@pytest.mark.parametrize(
    "printed",
    [
        [b"\xff\xfe", *(each.decode().encode("utf-16-le") for each in BOTH)],
        [each.replace(b"\n", b"\r") for each in (b"\rwaiting: 3\n", *BOTH)],
        [b"\x1b[2K\x1b[1G\x1b(B\x1b[m" + each[:-1] + b"\x1b(B\x1b[m\x1b[K\n" for each in BOTH],
        [b'{"message": "' + each[:-1] + b'."}\n' for each in BOTH],
    ],
    ids=["UTF-16", "written over one another", "erased and reset", "in JSON"],
)
def test_lines_are_read_as_a_person_would(printed: list[bytes]) -> None:
    write = f"import sys; sys.stdout.buffer.write({b''.join(printed)!r}); sys.stdout.flush(); "
    program = tried(write + STAY)
    assert (program.reason, program.positions, program.account) == ("", 24, "U21146542")
    program.end()


def test_lines_are_read_through_colours_carriage_returns_and_bytes_that_are_no_text() -> None:
    lines = (
        "import sys; w = sys.stdout.buffer.write; "
        r"w(b'\xff\xfe \x1b[1;32mConnected\x1b[0m successfully\r\n'); "
        r"w(b'\x1b]0;title\x07Retrieved \x1b[1m24\x1b[0m positions for account U21146542\r\n'); "
        "sys.stdout.flush(); "
    )
    program = tried(lines + STAY)
    assert (program.reason, program.positions) == ("", 24)
    program.end()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise SystemExit(3)", "it ended by itself, exit code 3, and printed nothing"),
        (
            "print('cannot connect'); raise SystemExit(1)",
            "it ended by itself, exit code 1; it printed: cannot connect",
        ),
        (
            "print('Diagnosis: half-open: no answer'); print('1. wait'); raise SystemExit(2)",
            "it ended by itself, exit code 2; it printed: Diagnosis: half-open: no answer",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
         "it ended by itself, exit code -9, and printed nothing"),
        (CONNECTED, "it ended by itself, exit code 0; it printed: [IBKR] Connected successfully"),
    ],
)  # fmt: skip
def test_monitor_that_dies_is_told_with_its_exit_code_and_its_last_words(
    code: str, why: str
) -> None:
    assert tried(code).reason == why


def test_monitor_that_prints_nothing_is_ended_when_its_time_is_over() -> None:
    program = tried(STAY, seconds=0.5)
    assert program.reason == "within 0.5 s it printed nothing at all"
    assert not program.runs


def test_line_that_does_not_end_is_heard_when_the_time_is_over() -> None:
    unended = POSITIONS.replace("flush", "end='', flush")
    program = tried(CONNECTED + unended + STAY, said=2, is_unended=True)
    assert (program.reason, program.positions) == ("", 24)
    program.end()


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("n=24", "printed 4 bytes, but no complete line"),
        ("connected\nn=24", "never printed its positions (PositionsPattern)"),
    ],
)
def test_number_that_may_have_been_cut_is_told_and_does_not_count(printed: str, why: str) -> None:
    program = tried(
        f"print({printed!r}, end='', flush=True); {STAY}",
        said=len(printed.splitlines()),
        is_unended=True,
        ConnectedPattern="connected",
        PositionsPattern=r"n=(?P<count>\d+)",
    )
    assert program.reason == f"within 60 s it {why}; it printed: n=24"


def test_monitor_that_never_says_one_of_the_two_is_told_which() -> None:
    assert tried(POSITIONS + STAY, seconds=5, said=1).reason == (
        "within 5 s it never printed that it is connected (ConnectedPattern);"
        " it printed: Retrieved 24 positions for account ***"
    )
    why = tried(CONNECTED + STAY, seconds=5, said=1).reason
    assert why.startswith(
        "within 5 s it never printed its positions (PositionsPattern); it printed"
    )


@pytest.mark.parametrize(
    "line", ["print('x' * 100)", "print()", "import sys; sys.stdout.write('x' * 65536)"]
)
def test_monitor_that_floods_is_ended_long_before_its_time_is_over(line: str) -> None:
    program = tried(f"while True:\n    {line}", seconds=3600)
    assert program.reason.startswith(f"it printed more than {FLOOD // 2**20} MiB and never printed")
    assert not program.runs


def test_flood_that_begins_once_all_was_said_is_told() -> None:
    program = tried(CONNECTED + POSITIONS + "\nwhile True: print('x' * 4000)")
    assert program.is_connected
    assert program._program is not None
    output = program._program.output
    output.wait_for(lambda: output.is_flood, 20)
    assert program.reason == "it does not stop printing: more than 8 MiB so far"
    program.end()


def test_what_comes_behind_a_flood_is_not_believed() -> None:
    program = tried(f"print('x\\n' * {FLOOD}); {CONNECTED}{POSITIONS}{STAY}", seconds=3600)
    assert not program.is_connected


def test_positions_of_another_account_are_none() -> None:
    other = "print('Retrieved 24 positions for account U99999999', flush=True); "
    program = tried(CONNECTED + other + STAY, seconds=5, said=2)
    assert program.reason.startswith("within 5 s it printed only another account's positions")
    assert program.positions is None


def test_wrong_number_is_waited_out_and_the_last_one_counts() -> None:
    fewer = POSITIONS.replace("24", "23")
    program = tried(CONNECTED + fewer + STAY, said=2)
    assert (program.reason, program.positions) == ("", 23)
    assert program.runs
    program.end()
    later = tried(CONNECTED + fewer + "import time; time.sleep(0.2); " + POSITIONS + STAY)
    assert (later.reason, later.positions) == ("", 24)
    later.end()


def test_words_of_the_settings_are_looked_for_instead() -> None:
    program = tried(
        "print('link UP', flush=True); print('n=24', flush=True); " + STAY,
        ConnectedPattern=r"link (UP|up)",
        PositionsPattern=r"n=(?P<count>\d+)",
    )
    assert (program.reason, program.positions, program.account) == ("", 24, None)
    program.end()


def test_program_that_cannot_be_started_is_told() -> None:
    program = tried("no-such-program", "--password", "x")
    assert program.reason.startswith("it cannot be started: no-such-program: ")
    assert program.facts["command"] == "no-such-program --password ***"
    assert program.facts["pid"] is None
    program.end()


def test_user_account_and_what_is_no_text_are_not_shown() -> None:
    program = tried(r"print('\x1b[2J\u202eRevOption of U21146542 failed')")
    assert program.facts["last_lines"] == ["?*** of *** failed"]
    assert "U21146542" not in program.reason


def test_connection_of_another_process_is_not_its_own(tmp_path: Path) -> None:
    program = tried(CONNECTED + POSITIONS + STAY)
    pid = program.facts["pid"]
    own = Socket("ESTABLISHED", "127.0.0.1", 50001, "127.0.0.1", 4001, pid)
    other = Socket("ESTABLISHED", "127.0.0.1", 50002, "127.0.0.1", 4001, 1)
    untold = Socket("ESTABLISHED", "127.0.0.1", 50003, "127.0.0.1", 4001, None)
    assert program.strangers([own]) == []
    assert program.strangers([own, other, untold]) == [other]
    with pytest.raises(NotObservable, match=r"from 127\.0\.0\.1:50003 was not observed"):
        program.strangers([own, untold])
    program.end()


def test_connection_of_a_process_that_it_has_started_is_its_own() -> None:
    launcher = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time;"
        " time.sleep(60)']); print('child', child.pid, flush=True); "
    )
    program = tried(launcher + CONNECTED + POSITIONS + "child.wait()")
    child = int(next(each for each in program.lines if "child" in each).split()[1])
    theirs = Socket("ESTABLISHED", "127.0.0.1", 50001, "127.0.0.1", 4001, child)
    assert program.strangers([theirs]) == []
    assert program.leave().how == "politely"


def test_monitor_that_ended_before_it_was_asked_to_is_not_as_asked() -> None:
    program = tried(CONNECTED + POSITIONS + "import time; time.sleep(0.3)")
    wait_until(lambda: not program.runs)
    assert program.reason.startswith("it ended by itself, exit code 0; it printed: Retrieved")
    left = program.leave()
    assert (left.how, left.is_as_asked) == ("by itself", False)


def test_monitor_that_is_to_stay_writes_a_log_that_is_the_users_alone(tmp_path: Path) -> None:
    log = tmp_path / "monitor.log"
    words = [sys.executable, "-c", CONNECTED + POSITIONS + STAY]
    wanted = Wanted(chosen(60), "U21146542", 24)
    program = MonitorProgram(wanted, words, log=log)
    program.wait()
    assert (program.reason, program.positions) == ("", 24)
    left = program.leave()
    assert (left.how, left.log, left.is_as_asked) == ("left running", str(log), True)
    assert (left.pid, left.end_with) == (pid := program.facts["pid"], HERE.end(pid))
    assert program.is_left
    assert program.runs
    assert log.stat().st_mode & 0o077 == 0
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2
    program.end()
    assert not program.runs


def test_flood_into_a_log_is_ended_as_well(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "while True: print('x' * 100)"]
    wanted = Wanted(chosen(3600), "U21146542", 24)
    program = MonitorProgram(wanted, words, log=tmp_path / "monitor.log")
    program.wait()
    assert program.reason.startswith("it printed more than")
    assert (tmp_path / "monitor.log").stat().st_size < 40 * FLOOD
