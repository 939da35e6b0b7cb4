"""What the terminal shows: plain in any code page, the verdict last, nothing executed."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from golive.client.connection import Connection
from golive.discipline.attempts import Attempts
from golive.evidence.record import Evidence, StepRecord
from golive.kit.clock import coarsely
from golive.procedure import steps
from golive.reports import junit, sign_off
from golive.reports.terminal import SHAPES, WORDS, Terminal, answer, verdict_line
from tests.client.test_connection import From
from tests.support import on_a_terminal
from tests.support.fakes import Fake, wait_until
from tests.support.projects import IDS, TRIED, Project, Rehearsal
from tests.support.runs_on_disk import a_go, a_no_go

GO_LINE = (
    r"GO \(rehearsal\) with \d weakened checks: 24 positions, handshake \d+ ms,"
    r" Monitor and MCP not configured,"
    r" of a fake gateway; evidence in \S+"
)
HAS_TERMINALS = pytest.mark.skipif(os.name == "nt", reason="has no pseudo-terminals")
ESCAPE = re.compile(r"\x1b\[\d+m")


class Screen:
    """Keeps the lines; as plain as a file, or `columns` wide."""

    is_live = False

    def __init__(self, columns: int | None = None) -> None:
        self.width, self.lines = columns, list[str]()

    def shows(self, text: str) -> bool:
        return False

    def coloured(self, text: str, **how: bool) -> str:
        return text

    def write(self, line: str) -> None:
        self.lines += line.split("\n")

    def write_again(self, line: str, **how: bool) -> None:
        raise AssertionError("no line of a file can be written again")


def test_verdict_of_paper_that_is_no_fallback_says_that_it_is_paper() -> None:
    found = a_go(endpoint=a_go(target="fallback").endpoint)
    assert verdict_line(found, "x").startswith(
        "GO (paper): 24 positions, handshake 97 ms, of TWS ("
    )
    assert verdict_line(a_go(), "x").startswith("GO: 24 positions")


def test_monitor_that_runs_on_is_told_above_the_verdict_and_on_the_sign_off() -> None:
    saw = {"how": "left running", "log": "/state/m.log", "pid": 4711, "end_with": "kill 4711"}
    steps = [
        each.model_copy(update={"observed": saw}) if each.id == "monitor.left-as-asked" else each
        for each in a_go().steps
    ]
    told = "The Monitor runs on, pid 4711, log /state/m.log; end it with: kill 4711"
    for found, is_told in (
        (a_go(steps=steps), True),
        (a_go(), False),
        (a_no_go(steps=steps), False),
    ):
        Terminal(screen := Screen()).verdict(found, "x")
        assert (told in screen.lines[:-1]) is is_told
        assert (told in sign_off.page(found)) is is_told


def record(outcome: Any, **observed: Any) -> StepRecord:
    return StepRecord(
        id="positions.count", stage="positions", title="t", outcome=outcome, observed=observed
    )


@pytest.fixture(scope="module")
def rehearsed(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Rehearsal]:
    """One rehearsal of a fault, for all that is said of its output: `rehearsed("zombies")`."""
    state = str(tmp_path_factory.mktemp("state"))

    @cache
    def rehearse(fault: str) -> Rehearsal:
        variables = {"GOLIVE_STATE": state, "GOLIVE_BOOTSTRAP": "off"}
        return project.rehearse(f"--fake={fault}", **variables)

    return rehearse


def test_output_of_a_run_fits_a_cp1252_console(rehearsed: Callable[[str], Rehearsal]) -> None:
    for fault in ("healthy", "zombies"):
        run = rehearsed(fault)
        assert run.output.isascii()
        assert run.last_line.endswith(f"evidence in reports/runs/{run.folder.name}")


def test_run_begins_with_what_is_tried_and_not_with_the_test_runner(
    project: Project, rehearsed: Callable[[str], Rehearsal]
) -> None:
    output = rehearsed("healthy").output
    example = project.folder / "secrets.example.json"
    assert output.startswith(f"Settings: {example}\nREHEARSAL against a fake gateway: ")
    assert "test session starts" not in output
    assert "collected" not in output
    assert "generated xml" not in output


def test_failed_run_shows_diagnosis_and_cure_and_no_traceback(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("zombies")
    assert "Diagnosis: zombies, Procedure A" in run.output
    assert "close wait: CLOSE_WAIT 127.0.0.1" in run.output
    assert "  1. Close IB Gateway" in run.output
    assert "def test_" not in run.output
    assert "BLOCKED  handshake is under budget (by environment.no-zombies)" in run.output


def test_blocked_step_is_counted_as_blocked_and_as_nothing_else(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("zombies")
    assert f"\n1 failed, 10 passed, {len(IDS) - 11} blocked in " in run.output
    assert "KeyError" not in run.output


def test_verbose_run_brings_the_traceback_back_and_the_diagnosis_behind_it(
    project: Project,
) -> None:
    run = project.rehearse("--fake=missing-positions", "-v")
    traceback = run.output.index("def test_open_positions_are_as_many_as_expected")
    assert traceback < run.output.index("Diagnosis: positions-mismatch")
    assert "test session starts" in run.output
    assert run.last_line.startswith("NO-GO (rehearsal): positions-mismatch; 23 positions")


def test_quiet_run_leaves_out_what_was_seen_by_the_steps_that_passed(project: Project) -> None:
    output = project.rehearse("--fake", "-q").output
    assert "ok       ibapi is the pinned version\n  ok " in output


def test_page_to_be_signed_is_named_between_the_diagnosis_and_the_verdict(
    project: Project,
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("down")
    page = f"reports/runs/{run.folder.name}/sign-off.html"
    assert re.search(rf"\n  5\. Gateway issues.*\n\nSign-off: {page}\n\nNO-GO .*\n$", run.output)
    assert (project.folder / page).exists()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("-v",), marks=pytest.mark.nightly),  # less than the next
        ("-vv", "-s"),
        pytest.param(("-q", "-ra"), marks=pytest.mark.nightly),
        ("-qq", "-ra", "--junitxml=elsewhere.xml"),
    ],
)
def test_verdict_is_the_last_line_whatever_is_asked(
    words: tuple[str, ...], project: Project
) -> None:
    assert re.fullmatch(GO_LINE, project.rehearse("--fake", *words).last_line)


def test_verdict_is_the_last_line_of_a_coloured_run(project: Project) -> None:
    last = project.rehearse("--fake", "--color=yes").last_line
    assert last.startswith("\x1b[")
    assert re.fullmatch(GO_LINE, ESCAPE.sub("", last))


@pytest.mark.parametrize("hook", ["terminal_summary", "sessionfinish", "unconfigure"])
def test_verdict_is_the_last_line_behind_the_crash_of_another_plugin(
    hook: str, own_project: Project
) -> None:
    crash = f"def pytest_{hook}(): raise RuntimeError('of another plugin')"
    (own_project.folder / "crash.py").write_text(crash, encoding="utf-8")
    run = own_project.rehearse("--fake=down", "-p", "crash")
    assert re.search("RuntimeError:? of another plugin", run.output)
    assert run.last_line.startswith("NO-GO (rehearsal): ")
    assert run.exit_code == 1


def test_run_without_pytest_s_terminal_is_a_usage_error(project: Project) -> None:
    run = project.rehearse("--fake", "-p", "no:terminal")
    assert (run.exit_code, run.evidence["verdict"]) == (4, "NO-GO")
    assert "Traceback" not in run.output


def test_verdict_without_a_monitor_says_so_and_only_where_it_is_go() -> None:
    assert "configured" not in verdict_line(a_go(), "x")
    steps = [
        each.model_copy(update={"outcome": "not-configured"}) if each.stage == "monitor" else each
        for each in a_go().steps
    ]
    assert "97 ms, Monitor not configured; evidence" in verdict_line(a_go(steps=steps), "x")
    assert "configured" not in verdict_line(a_no_go(steps=steps), "x")


def switched_off(stage: str, why: str) -> Evidence:
    """A GO in which the steps of this stage were not configured."""
    off = {"outcome": "not-configured", "observed": {"reason": why}}
    passed = [
        StepRecord(id=each.id, stage=each.stage, title=each.title, outcome="passed")
        for each in steps.of("golive")
    ]
    return a_go(
        steps=[each.model_copy(update=off) if each.stage == stage else each for each in passed]
    )


def test_reason_that_the_steps_of_a_stage_share_is_told_once_by_each_teller() -> None:
    found, why = switched_off("mcp", "GoLive.Mcp is null"), "reason: GoLive.Mcp is null"
    screen = Screen()
    terminal = Terminal(screen)
    for each in found.steps:
        terminal.step(each)
    assert screen.lines.count(f"           {why}") == 1
    assert sum("not configured mcp" in line for line in screen.lines) == 5
    assert junit.told(found).count("not configured: GoLive.Mcp is null") == 2  # message and text
    assert junit.told(found).count('message="not configured (see mcp.tools)"') == 4
    page = sign_off.page(found)
    exceptions = page.partition('<h2 id="exceptions">')[2].partition("</section>")[0]
    assert exceptions.count("GoLive.Mcp is null") == 1
    assert "mcp, all 5 steps" in exceptions
    assert page.count(f'<span class="short">{why}</span>') == 1


def test_reason_is_told_again_where_it_is_another_one() -> None:
    screen = Screen()
    terminal = Terminal(screen)
    for stage in ("monitor", "mcp"):
        for each in switched_off(stage, "it is off").steps:
            if each.stage == stage:
                terminal.step(each)
    assert screen.lines.count("           reason: it is off") == 2


def test_file_that_cannot_be_read_is_named_with_the_reason(own_project: Project) -> None:
    beside = own_project.folder / "acceptance" / "test_9_beside.py"
    beside.write_text("import no_such_module\n", encoding="utf-8")
    run = own_project.rehearse("--fake")
    why = "acceptance/test_9_beside.py: ModuleNotFoundError: No module named 'no_such_module'"
    assert f"Note: {why}\n" in run.output
    assert run.last_line.startswith("NO-GO (rehearsal): ")


def test_verdict_of_a_live_run_does_not_speak_of_a_rehearsal(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("healthy")
    found = Evidence.model_validate(run.evidence)
    assert verdict_line(found, "x").startswith("GO (rehearsal) with ")
    live = found.model_copy(update={"target": "live"})
    assert verdict_line(live, "x").startswith("GO with ")
    assert "(rehearsal)" not in verdict_line(live, "x")


def test_positions_that_were_not_asked_for_are_not_said_to_be_none(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("down")
    why = "NO-GO (rehearsal): gateway-not-running; "
    assert run.last_line.startswith(f"{why}positions not asked for, no handshake")


# on a terminal


def on_terminal(project: Project, *words: str, **variables: Any) -> on_a_terminal.Shown:
    command = project.command("pytest", "acceptance", "-m", "golive", *words)
    return on_a_terminal.run(command, project.folder, **variables)


@HAS_TERMINALS
def test_terminal_gets_shape_and_colour_beside_the_words(project: Project) -> None:
    shown = on_terminal(project, "--fake=missing-positions")
    for outcome, title in (
        ("passed", "positions are complete"),
        ("failed", "open positions are as many as expected"),
        ("blocked", "no zombie is left (by positions.count)"),
    ):
        assert f"  {SHAPES[outcome]} {WORDS[outcome]:<8} {title}" in ESCAPE.sub("", shown.text)
    assert "\x1b[32mok" in shown.text
    assert ESCAPE.sub("", shown.last_line).startswith(
        "NO-GO (rehearsal): positions-mismatch; 23 positions"
    )


@HAS_TERMINALS
def test_terminal_shows_each_step_as_it_begins_and_completes_its_line(project: Project) -> None:
    text = ESCAPE.sub("", on_terminal(project, "--fake").text)
    for number, step in enumerate(map(steps.step, TRIED), start=1):
        begun = f"now      {step.title} ({number} of {len(IDS)})"
        done = rf"ok       {step.title}(?: \([\d.]+ s\))?"  # one that lasted says for how long
        assert re.search(rf"{re.escape(begun)}\r[^\n]*\r[^\n]* {done}\r\n", text)


@HAS_TERMINALS
def test_terminal_of_a_verbose_run_keeps_every_line_of_pytest(project: Project) -> None:
    text = ESCAPE.sub("", on_terminal(project, "--fake", "-v").text)
    for step in map(steps.step, TRIED):
        assert re.search(rf"^acceptance/\w+\.py::{step.test_name} PASSED\r$", text, re.MULTILINE)
    assert "\r " not in text


@HAS_TERMINALS
@pytest.mark.parametrize(
    ("variables", "has_shapes", "has_colours", "is_live"),
    [
        ({"NO_COLOR": "1"}, True, False, True),
        ({"PYTHONIOENCODING": "cp1252"}, False, True, True),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, False, True, True),
        ({"TERM": "dumb"}, True, False, False),
    ],
)
def test_terminal_that_shows_less_is_told_in_words(
    variables: dict[str, str], has_shapes: bool, has_colours: bool, is_live: bool, project: Project
) -> None:
    text = on_terminal(project, "--fake=down", **variables).text
    assert (SHAPES["passed"] in text, "\x1b" in text) == (has_shapes, has_colours)
    assert (" now " in text) is is_live
    assert "FAILED   gateway listens on the configured port" in ESCAPE.sub("", text)


@HAS_TERMINALS
def test_lines_fit_the_terminal_and_commands_stay_whole(project: Project) -> None:
    shown = on_terminal(project, "--fake=zombies", columns=60)
    lines = [each.split("\r")[-1] for each in ESCAPE.sub("", shown.text).split("\r\n")]
    wide = [line for line in lines[:-2] if len(line) >= 60]  # the last one is the verdict
    assert all("/" in line or "ss -tanp" in line for line in wide), wide
    again = "     pytest acceptance -m golive --fake=zombies"
    assert any(line.rstrip() == f"  {again}" or line.rstrip() == again for line in lines), lines


# waiting


@HAS_TERMINALS
def test_wait_for_an_answer_counts_in_its_place(
    project: Project, secrets: Callable[..., Any], fake: Callable[..., Fake]
) -> None:
    settings = secrets(fake("silent").port, HandshakeTimeoutSeconds=3)
    text = ESCAPE.sub("", on_terminal(project, "--secrets", str(settings)).text)
    for second in (1, 2):
        assert f"wait     waiting for the gateway's answer, {second} of 3 s [" in text
    assert text.count("waiting for the gateway's answer") == 2


def test_wait_is_told_now_and_then_where_there_is_no_terminal(
    project: Project, secrets: Callable[..., Path]
) -> None:
    settings = secrets(port=4001, HandshakeTimeoutSeconds=3)
    output = project.rehearse("--fake=endless-positions", f"--secrets={settings}").output
    assert re.findall("  wait     waiting for the positions, [12] of 3 s\n", output)
    assert output.count("waiting for the positions") == 1
    assert "ok       positions are complete" not in output
    assert re.search(r"FAILED   positions are complete \([\d.]+ s\)", output)


def test_short_wait_is_not_told_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golive.kit.clock.MOMENT", 60.0)
    told = list[float]()
    tell = coarsely(told.append)
    for left in (10.0, 9.75, 9.5, 9.25, 9.0, 8.9, 8.0, 7.5, 5.0):
        tell(left)
    assert told == [9.0, 8.0, 5.0]


def test_terminal_that_is_stopped_holds_nobody_up_and_is_told_again_once_it_goes_on() -> None:
    told, goes_on, tellers = list[float](), threading.Event(), list[threading.Thread]()

    def stopped(left: float) -> None:
        tellers.append(threading.current_thread())
        told.append(left)
        goes_on.wait(60)

    tell = coarsely(stopped)
    for left in (10.0, 9.0, 8.0, 7.0):
        tell(left)
    wait_until(lambda: told != [])
    assert told == [9.0]
    goes_on.set()
    tellers[0].join(60)
    tell(6.0)
    wait_until(lambda: told == [9.0, 6.0])


def test_telling_that_fails_costs_no_connection(fake: Callable[..., Fake]) -> None:
    heard = list[float]()

    def broken(left: float) -> None:
        heard.append(left)
        raise OSError("the terminal is gone")

    connection = Connection("127.0.0.1", fake("slow=1.5").port, 10, Attempts())
    try:
        handshake = connection.open(20, broken)
    finally:
        connection.close()
    assert handshake.stopped is None
    assert heard != []


def test_healthy_handshake_and_its_end_are_told_to_nobody(fake: Callable[..., Fake]) -> None:
    heard, clock = list[float](), From("nextValidId")
    port = fake("no-close").port
    connection = Connection("127.0.0.1", port, 10, Attempts(), clock, clock.hear)
    try:
        connection.open(5, heard.append)
    finally:
        connection.close()
    assert heard == []


def test_words_of_a_wait_name_how_long_it_may_be() -> None:
    say = answer("the positions", 10)
    assert [say(9.9), say(6.0)] == [
        "waiting for the positions, 0 of 10 s",
        "waiting for the positions, 4 of 10 s",
    ]


# what comes from a gateway


def test_hostile_text_is_shown_as_text() -> None:
    symbol = "\x1b[31mGO\u202e\r\n<script>" + "A" * 10_000
    for outcome in ("passed", "failed"):
        for columns in (None, 80):
            screen = Screen(columns)
            Terminal(screen).step(record(outcome, symbol=symbol))
            assert all(character.isprintable() for line in screen.lines for character in line)
            assert max(map(len, screen.lines)) < 200


def test_command_that_does_not_fit_gets_a_line_of_its_own(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    found = Evidence.model_validate(rehearsed("zombies").evidence)
    screen = Screen(60)
    Terminal(screen).found(found)
    at = next(n for n, line in enumerate(screen.lines) if "nothing is left in CLOSE_WAIT" in line)
    assert screen.lines[at].endswith("CLOSE_WAIT:")
    assert screen.lines[at + 1].startswith("     ")
