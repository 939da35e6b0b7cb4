"""What the Monitor is made of: which lines a change makes, how it is stopped, who reads it."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from golive.client.answers import Event, Positions
from golive.client.notices import Notice
from golive.monitor import lines
from golive.monitor.holding.state import Condition, State
from golive.monitor.printing import MOST_LINES, Printer, Sparing
from golive.monitor.stopping import Stop
from golive.settings.model import Settings
from tests.support.holding import HandClock
from tests.support.projects import example_settings
from tests.support.states import ACCOUNT, NOW, READY, positions

SETTINGS = Settings.model_validate(example_settings())


def said(before: State, now: State) -> list[str]:
    return list(lines.changed(before, now, SETTINGS))


def test_nothing_is_said_where_nothing_has_changed() -> None:
    assert said(READY, READY) == []
    assert said(READY, replace(READY, heartbeats=9, answers=9, made_at=5.0)) == []


@pytest.mark.parametrize("condition", ["half-open", "connectivity-lost"])
def test_condition_is_said_with_its_diagnosis_and_its_end(condition: Condition) -> None:
    bad = replace(READY, condition=condition, code=condition, cause="why", next_steps=("do", "so"))
    first, diagnosis, *steps = said(READY, bad)
    assert first.startswith(f"{condition}: ")
    assert (diagnosis, steps) == (f"Diagnosis: {condition}: why", ["  1. do", "  2. so"])
    (restored,) = said(bad, READY)
    assert restored.startswith("connected: ")


@pytest.mark.skipif(os.name == "nt", reason="changes the zone of this process")
@pytest.mark.parametrize(
    ("zone", "begin"),
    [("UTC0", "[2026-11-23 00:16:40 UTC]"), ("XXX-5:30", "[2026-11-23 05:46:40 UTC+0530]")],
)
def test_every_line_begins_with_its_local_time_and_zone_and_an_empty_one_stays_empty(
    zone: str, begin: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if sys.platform == "win32":
        return
    request.addfinalizer(time.tzset)
    written: list[str] = []
    with monkeypatch.context() as changed:
        changed.setenv("TZ", zone)
        time.tzset()
        lines.stamped(written.append, HandClock())("\nDiagnosis: x\n  1. do")
    assert written == ["", f"{begin} Diagnosis: x", f"{begin}   1. do"]


def test_end_of_a_connection_is_left_to_who_says_it_in_full() -> None:
    assert said(READY, replace(READY, condition="disconnected", code="connection-lost")) == []


def test_zombies_are_counted_and_their_end_is_said() -> None:
    three = replace(READY, zombies=3)
    assert said(READY, three) == ["zombies: 3 CLOSE_WAIT on the gateway's port"]
    assert said(three, three) == []
    assert said(three, replace(READY, zombies=0)) == ["no zombies are left on the gateway's port"]
    assert said(three, replace(READY, zombies=None)) == []


def test_farm_is_noted_once_each_way_and_one_that_is_there_not_at_all() -> None:
    down, up = replace(READY, farms={"usfarm": False}), replace(READY, farms={"usfarm": True})
    assert said(READY, up) == []
    assert said(READY, down) == ["data farm usfarm is not connected; this is a warning only"]
    assert said(down, down) == []
    assert said(down, up) == ["data farm usfarm is connected"]


@pytest.mark.parametrize("before", [None, positions(has_ended=False)])
def test_positions_are_retrieved_once_they_are_whole(before: Positions | None) -> None:
    line = f"Retrieved 24 positions for account {ACCOUNT}"
    assert said(replace(READY, positions=before), READY) == [line]


def test_other_number_than_expected_is_shown_as_no_success() -> None:
    (line,) = said(replace(READY, positions=None), replace(READY, positions=positions(23)))
    assert line == f"Retrieved 23 positions for account {ACCOUNT}, BUT 24 ARE EXPECTED"


def test_position_that_cannot_be_read_is_shown_as_no_success_and_said_once() -> None:
    unread = positions().rows[0]._replace(con_id=99, quantity=None)
    found = replace(READY, positions=Positions((*positions().rows, unread), True))
    (line,) = said(replace(READY, positions=None), found)
    assert line == f"Retrieved 24 positions for account {ACCOUNT}, BUT 1 CANNOT BE READ"
    assert said(READY, found) == ["positions changed: 1 cannot be read"]
    assert said(found, found) == []


def test_position_that_was_closed_opened_or_changed_is_said_and_a_new_cost_is_not() -> None:
    rows = positions().rows
    for changed in (rows[1:], (rows[0]._replace(quantity=Decimal(7)), *rows[1:])):
        (line,) = said(READY, replace(READY, positions=Positions(changed, True)))
        assert line.startswith(f"positions changed: {len(changed)} open in")
    dearer = (rows[0]._replace(average_cost=9.9), *rows[1:])
    assert said(READY, replace(READY, positions=Positions(dearer, True))) == []


def test_events_without_a_line_of_the_procedure_have_none() -> None:
    for name in ("hello sent", "managedAccounts", "error"):
        assert lines.of_event(Event(name, "", NOW, 1.0), SETTINGS) is None


# being stopped


def test_what_waits_is_interrupted_and_what_is_to_be_finished_is_not() -> None:
    stop, woken = Stop(), list[str]()
    with stop.reacting(lambda: woken.append("woken")):
        stop.ask("SIGTERM")
    assert (stop.by, woken) == ("SIGTERM", ["woken"])
    with pytest.raises(KeyboardInterrupt):
        stop.ask("SIGINT")
    assert stop.by == "SIGTERM"  # the first
    with stop.reacting(lambda: woken.append("at once")):
        assert woken == ["woken", "at once"]


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_another_thread_that_asks_for_it_ends_the_wait_for_a_socket() -> None:
    stop, (bell, button) = Stop(), socket.socketpair()
    asking = threading.Thread(target=stop.ask_main, args=["the end of its input"])
    with bell, button, stop.by_signals(), stop.reacting(lambda: button.send(b"!")):
        asking.start()
        rung, *_ = select.select([bell], [], [], 10)
        asking.join()
    assert (rung, stop.by) == ([bell], "the end of its input")


def test_signals_ask_for_it_and_are_given_back() -> None:
    stop, before = Stop(), signal.getsignal(signal.SIGTERM)
    with stop.by_signals(), stop.reacting(lambda: None):
        os.kill(os.getpid(), signal.SIGTERM)
    assert (stop.by, signal.getsignal(signal.SIGTERM)) == ("SIGTERM", before)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGHUP")
def test_signal_that_was_ignored_is_ignored_still() -> None:
    hang_up = signal.Signals["SIGHUP"]
    before = signal.signal(hang_up, signal.SIG_IGN)
    try:
        with Stop().by_signals():
            assert signal.getsignal(hang_up) is signal.SIG_IGN
    finally:
        signal.signal(hang_up, before)


# who reads it


def test_lines_are_shown_in_order_and_the_last_one_is_waited_for() -> None:
    shown: list[str] = []
    printer = Printer(shown.append)
    for number in range(50):
        printer.write(str(number))
    printer.close()
    assert shown == [str(number) for number in range(50)]


def test_terminal_that_is_stopped_holds_nobody_up() -> None:
    held, shown = threading.Event(), list[str]()

    def show(line: str) -> None:
        held.wait(60)
        shown.append(line)

    printer = Printer(show)
    for number in range(3 * MOST_LINES):
        printer.write(str(number))
    held.set()
    printer.close()
    assert shown[:MOST_LINES] == [str(number) for number in range(MOST_LINES)]
    assert len(shown) <= MOST_LINES + 1


def test_lines_that_nobody_can_be_shown_are_let_go() -> None:
    def show(line: str) -> None:
        raise BrokenPipeError

    printer = Printer(show)
    printer.write("first")
    printer.write("second")
    printer.close()


def test_no_more_than_so_many_lines_a_minute_are_shown_and_the_others_are_counted() -> None:
    shown: list[str] = []
    clock = HandClock()
    sparing = Sparing(shown.append, clock)
    for number in range(1000):
        sparing.write(f"line {number}")
    assert shown == [f"line {number}" for number in range(60)]
    clock.sleep(60)
    sparing.catch_up()
    sparing.write("after it")
    assert shown[60:] == ["940 more lines in that minute are not shown", "after it"]


def test_what_the_gateway_says_is_a_line_each_and_said_again_not_at_all() -> None:
    once = replace(READY, notices=(Notice("error 399: text"),))
    again = replace(READY, notices=(Notice("error 399: text", 7), Notice("error 202: other")))
    assert said(READY, once) == ["the gateway said error 399: text"]
    assert said(once, again) == ["the gateway said error 202: other"]
