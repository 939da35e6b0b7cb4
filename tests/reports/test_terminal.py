"""What the terminal shows: plain in any code page, the verdict last, nothing executed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from golive import __version__
from golive.client.connection import Connection
from golive.discipline.attempts import Attempts
from golive.evidence.record import Evidence, Override, StepRecord
from golive.kit.clock import coarsely
from golive.machine import forwarders
from golive.machine.processes import Process
from golive.procedure import steps
from golive.reports import advice, junit, sign_off
from golive.reports.terminal.detailed import Detailed
from golive.reports.terminal.screen import SHAPES, WORDS
from golive.reports.terminal.short import Short
from golive.reports.terminal.telling import Teller
from golive.reports.terminal.verdict import LONGEST, verdict_line
from golive.reports.terminal.waits import answer
from tests.client.test_connection import From
from tests.support import on_a_terminal
from tests.support.fakes import Fake, wait_until
from tests.support.on_screen import Screen, begun, lines_at, told
from tests.support.projects import IDS, ROOT, SECONDS, STALE, TRIED, Project, Rehearsal
from tests.support.runs_on_disk import a_go, a_no_go

GO_LINE = r"GO \(rehearsal\) with \d weakened checks: 24 positions, handshake \d+ ms"
PYTESTS = (
    "test session starts",
    "collected",
    "generated xml",
    " passed in ",
    "no tests ran",
    "def test_",
)
"""What pytest says of itself."""
HAS_TERMINALS = pytest.mark.skipif(os.name == "nt", reason="has no pseudo-terminals")
ESCAPE = re.compile(r"\x1b\[\d+m")


def test_verdict_of_paper_that_is_no_fallback_says_that_it_is_paper() -> None:
    found = a_go(endpoint=a_go(target="fallback").endpoint)
    assert verdict_line(found) == "GO (paper): 24 positions, handshake 97 ms"
    assert verdict_line(a_go()) == "GO: 24 positions, handshake 97 ms"
    assert told(found)[1].startswith("PAPER  TWS 127.0.0.1:7497")


def test_go_of_a_fake_gateway_on_the_port_of_a_real_one_says_so_in_its_last_line() -> None:
    noted = [forwarders.fake_on(4001, fake_process())]
    assert verdict_line(a_go(noted=noted)) == "GO (fake gateway): 24 positions, handshake 97 ms"
    found = a_go(noted=noted, target="fallback")
    assert verdict_line(found).startswith("GO (fallback, fake gateway): ")


def fake_process() -> Process:
    """As the executable of the fake gateway is called; no process of that pid runs."""
    return Process(2**31 - 2, "fake-ib-gateway", datetime(2026, 11, 23, tzinfo=UTC))


def test_monitor_that_runs_on_is_told_above_the_verdict_and_on_the_sign_off() -> None:
    saw = {"how": "left running", "log": "/state/m.log", "pid": 4711, "end_with": "kill 4711"}
    steps = [
        each.model_copy(update={"observed": saw}) if each.id == "monitor.left-as-asked" else each
        for each in a_go().steps
    ]
    said = "The Monitor runs on, pid 4711, log /state/m.log; end it with: kill 4711"
    for found, is_told in (
        (a_go(steps=steps), True),
        (a_go(), False),
        (a_no_go(steps=steps), False),
    ):
        for form in (Teller, Short, Detailed):
            assert ("  kill 4711" in told(found, form)[-3:-1]) is is_told
        assert (said in sign_off.page(found)) is is_told


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
        assert rehearsed(fault).output.isascii()


def test_run_begins_with_what_is_tried_and_pytest_does_not_show_through(
    project: Project, rehearsed: Callable[[str], Rehearsal]
) -> None:
    example = "secrets.example.json"
    for fault, named in (("healthy", ""), ("zombies", "  fault zombies")):
        output = rehearsed(fault).output
        assert output.startswith(
            f"golive {__version__}{named}  {example}\nREHEARSAL  fake gateway "
        )
        assert [each for each in PYTESTS if each in output] == []


def test_stage_that_passes_is_one_line_with_the_figure_that_matters(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    output = rehearsed("healthy").output
    for line in (
        r"ok   environment   11 checks",
        r"ok   handshake     9 checks     [\d.,]+ ms of 10,000 ms|ok   handshake .* of [\d,]+ ms",
        r"ok   positions     3 checks     24 open positions, 24 expected",
        r"ok   afterwards    3 checks     closed by us; the gateway closed [\d.]+ ms later",
        r"-    monitor       5 not configured  GoLive\.Monitor is null",
    ):
        assert re.search(rf"^(?:{line})$", output, re.MULTILINE), output


def test_failed_run_shows_what_was_expected_and_observed_the_cause_and_the_cure(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("zombies")
    for line in (
        r"FAIL environment   stopped at check 11 of 11",
        r"       no zombie is on the gateway port",
        r"         expected  no zombie \(CLOSE_WAIT\) on port \d+",
        r"         observed  3 zombies \(CLOSE_WAIT\)",
        rf"-    {len(IDS) - 11} steps not run",
        r"Cause   zombies",
        r"What to do   Procedure A, restart the gateway",
        r"  1\. Close IB Gateway\.",
        r"       pytest acceptance -m golive --fake=zombies",
        r"  More: docs/causes/zombies.md",
    ):
        assert re.search(rf"^{line}$", run.output, re.MULTILINE), line
    assert run.last_line == "NO-GO (rehearsal): zombies, Procedure A"


def test_v_tells_every_step_with_what_it_saw_and_pytest_still_nothing(project: Project) -> None:
    run = project.rehearse("--fake=missing-positions", "-v")
    for line in (
        "  ok       ibapi is the pinned version",
        "  FAILED   open positions are as many as expected",
        "           expected: 24 open positions in U21146542",
        "           observed: 23 open positions, 24 expected",
        "  not run  no zombie is left (by positions.count)",
        "Facts",
    ):
        assert f"\n{line}\n" in run.output, line
    assert [each for each in PYTESTS if each in run.output] == []
    assert "is granted: True" not in run.output


def test_vv_brings_pytest_and_its_traceback_back_and_the_cause_behind_it(
    project: Project,
) -> None:
    run = project.rehearse("--fake=missing-positions", "-vv")
    traceback = run.output.index("def test_open_positions_are_as_many_as_expected")
    assert traceback < run.output.index("\nCause   positions-mismatch")
    assert "test session starts" in run.output
    assert f"1 failed, 27 passed, {len(IDS) - 28} blocked" in run.output
    assert run.last_line.startswith("NO-GO (rehearsal): positions-mismatch, not before ")


def test_q_tells_the_exceptions_the_cause_the_first_thing_to_do_and_the_verdict(
    project: Project,
) -> None:
    lines = project.rehearse("--fake=zombies", "-q").output.rstrip().splitlines()
    assert lines[0], "no blank line comes first"
    headings = [line.partition("   ")[0] for line in lines if line and not line.startswith(" ")]
    assert headings[:-1] == ["Exceptions", "Cause", "What to do"]
    assert "  1. Close IB Gateway." in lines
    assert not any(line.startswith("  2.") for line in lines)
    assert lines[-1].startswith("NO-GO (rehearsal): zombies, Procedure A")


def test_page_to_be_signed_is_named_on_a_line_of_its_own_before_the_verdict(
    project: Project,
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    run = rehearsed("down")
    page = f"reports/runs/{run.folder.name}/sign-off.html"
    assert re.search(rf"\n  IBKR support .*\n\nSign-off: {page}\nNO-GO .*\n$", run.output)
    assert (project.folder / page).exists()


def test_verdict_line_never_wraps_and_says_the_most_important_first() -> None:
    over = [Override(step="environment.cool-down", reason="r" * 300, found="18 s ago")]
    plenty = a_go(target="fake", overrides=over, weakened=["x"] * 12)
    assert verdict_line(plenty) == (
        "GO (rehearsal) with 12 weakened checks: OVERRIDDEN, 24 positions"
    )
    code = "logged-in-not-listening-" * 5
    for found in (plenty, a_go(), a_no_go(), a_no_go(code=code), a_go(plan="soak")):
        assert len(verdict_line(found)) <= LONGEST


def test_exceptions_are_told_whatever_the_verdict_and_by_every_form() -> None:
    hidden = {"outcome": "not-observable", "observed": {"reason": "the kernel hides it"}}
    for made in (a_go, a_no_go):
        found = made(weakened=["a budget of 2 s"], noted=["farm usfarm is broken"])
        records = [
            each.model_copy(update=hidden) if each.id == "environment.no-zombies" else each
            for each in found.steps
        ]
        found = found.model_copy(update={"steps": records})
        for form in (Teller, Short, Detailed):
            lines = told(found, form)
            at = lines.index("Exceptions")
            assert lines[at + 1 : at + 4] == [
                "  not observed: no zombie is on the gateway port (the kernel hides it)",
                "  weakened: a budget of 2 s",
                "  noted: farm usfarm is broken",
            ]


def test_line_of_a_stage_says_what_was_not_observed() -> None:
    hidden = {"outcome": "not-observable", "observed": {"reason": "the kernel hides it"}}
    records = [
        each.model_copy(update=hidden) if each.id == "gateway.accept-queue" else each
        for each in a_go().steps
    ]
    lines = told(a_go(steps=records))
    assert any(each.startswith("ok   gateway       4 checks, 1 not observed") for each in lines)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("-v",), marks=pytest.mark.nightly),
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
    assert "configured" not in verdict_line(a_go())
    steps = [
        each.model_copy(update={"outcome": "not-configured"}) if each.stage == "monitor" else each
        for each in a_go().steps
    ]
    assert verdict_line(a_go(steps=steps)).endswith("97 ms, Monitor not configured")
    assert "configured" not in verdict_line(a_no_go(steps=steps))


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
    found = switched_off("mcp", "GoLive.Mcp is null")
    lines = told(found, Detailed)
    assert lines.count("           GoLive.Mcp is null") == 1
    assert sum("not configured mcp" in line for line in lines) == 5
    assert "-    mcp           5 not configured  GoLive.Mcp is null" in told(found)
    assert junit.told(found).count("not configured: GoLive.Mcp is null") == 2  # message and text
    assert junit.told(found).count('message="not configured (see mcp.tools)"') == 4
    page = sign_off.page(found)
    exceptions = page.partition('<h2 id="exceptions">')[2].partition("</section>")[0]
    assert exceptions.count("GoLive.Mcp is null") == 1
    assert "mcp, all 5 checks" in exceptions
    assert page.count('<span class="short">GoLive.Mcp is null</span>') == 1


def test_reason_is_told_again_where_it_is_another_one() -> None:
    screen = Screen()
    terminal = Detailed(screen)
    for stage in ("monitor", "mcp"):
        for each in switched_off(stage, "it is off").steps:
            if each.stage == stage:
                terminal.step(each)
    assert screen.lines.count("           it is off") == 2


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
    assert verdict_line(found).startswith("GO (rehearsal) with ")
    live = found.model_copy(update={"target": "live"})
    assert verdict_line(live).startswith("GO with ")
    assert "(rehearsal)" not in verdict_line(live)


def test_positions_that_were_not_asked_for_are_not_said_to_be_none(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    assert rehearsed("down").last_line == "NO-GO (rehearsal): gateway-not-running"


# on a terminal


def on_terminal(project: Project, *words: str, **variables: Any) -> on_a_terminal.Shown:
    command = project.command("pytest", "acceptance", "-m", "golive", *words)
    return on_a_terminal.run(command, project.folder, **variables)


@HAS_TERMINALS
def test_terminal_gets_shape_and_colour_beside_the_words(project: Project) -> None:
    shown = on_terminal(project, "--fake=missing-positions", "-v")
    for outcome, title in (
        ("passed", "positions are complete"),
        ("failed", "open positions are as many as expected"),
        ("blocked", "no zombie is left (by positions.count)"),
    ):
        assert f"  {SHAPES[outcome]} {WORDS[outcome]:<8} {title}" in ESCAPE.sub("", shown.text)
    assert "\x1b[32mok" in shown.text
    assert ESCAPE.sub("", shown.last_line).startswith("NO-GO (rehearsal): positions-mismatch")


@HAS_TERMINALS
def test_terminal_shows_each_step_as_it_begins_and_completes_the_line_of_its_stage(
    project: Project,
) -> None:
    shown = on_terminal(project, "--fake")
    text = ESCAPE.sub("", shown.text)
    for step in map(steps.step, TRIED):
        of_stage = [each for each in steps.of("golive") if each.stage == step.stage]
        place = f"{of_stage.index(step) + 1} of {len(of_stage)}"
        assert f"… {step.stage:<14}{place}  {step.title}\r" in text
    for stage in ("environment", "handshake", "positions"):
        assert f"\r✓ {stage}" in text
    assert [each for each in PYTESTS if each in text] == []


@HAS_TERMINALS
def test_terminal_of_pytest_s_own_form_keeps_every_line_of_pytest(project: Project) -> None:
    text = ESCAPE.sub("", on_terminal(project, "--fake", "-vv").text)
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
    assert ("1 of 11" in text) is is_live
    assert "gateway       stopped at check 1 of 5" in ESCAPE.sub("", text)


@HAS_TERMINALS
def test_lines_fit_the_terminal_and_commands_stay_whole(project: Project) -> None:
    shown = on_terminal(project, "--fake=zombies", columns=60)
    lines = [each.split("\r")[-1] for each in ESCAPE.sub("", shown.text).split("\r\n")]
    wide = [line for line in lines[:-2] if len(line) >= 60]  # the last one is the verdict
    assert all("/" in line or "ss -tanp" in line for line in wide), wide
    again = "       pytest acceptance -m golive --fake=zombies"
    assert [line for line in lines if line.rstrip() == again], lines


@HAS_TERMINALS
@pytest.mark.parametrize(("fault", "most"), [("healthy", 25), ("silent", 45), ("leaky", 45)])
def test_run_with_its_advice_fits_a_screen_of_80_columns(
    fault: str, most: int, project: Project, tmp_path: Path
) -> None:
    """By golive itself, with the example's settings, Monitor and MCP server."""
    settings = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    settings["GoLive"] |= {"HandshakeTimeoutSeconds": 2, "StaleProcesses": [STALE]}
    (path := tmp_path / "s.json").write_text(json.dumps(settings), encoding="utf-8")
    command = project.command("golive", "rehearse", fault)
    variables = project.environment(GOLIVE_SECRETS=str(path))
    shown = on_a_terminal.run(command, project.folder, columns=80, **variables)
    lines = [each.split("\r")[-1] for each in ESCAPE.sub("", shown.text).rstrip().split("\r\n")]
    assert lines_at(lines) <= most, "\n".join(lines)
    assert len(lines[-1]) <= 80
    assert all(len(line) < 80 or "/" in line for line in lines), lines


@HAS_TERMINALS
@pytest.mark.parametrize("columns", [40, 120])
def test_run_still_reads_on_a_narrow_and_on_a_wide_terminal(columns: int, project: Project) -> None:
    text = ESCAPE.sub("", on_terminal(project, "--fake=zombies", columns=columns).text)
    lines = [each.split("\r")[-1].rstrip() for each in text.rstrip().split("\r\n")]
    assert "✗ environment   stopped at check 11 of 11" in lines
    assert "Cause   zombies" in lines
    commands = ("/", "ss -tanp", "ps -ww", "pytest", "NO-GO (rehearsal)", "✗ env", "not configured")
    wide = [line for line in lines if len(line) > columns]
    assert [line for line in wide if not any(each in line for each in commands)] == []


# interrupted


@pytest.mark.skipif(os.name == "nt", reason="sends a signal under POSIX")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_interrupted_run_says_where_it_was_that_it_closed_and_from_when_on_to_go_on(
    how: str, project: Project, secrets: Callable[..., Path], fake: Callable[..., Fake]
) -> None:
    settings = secrets(fake("silent").port, HandshakeTimeoutSeconds=60)
    words = ("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    with subprocess.Popen(
        project.command(*words),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line.rstrip())
            if line.startswith("...  handshake"):
                process.send_signal(signal.Signals[how])
        assert process.wait(SECONDS) == 2, said
    at = said.index("FAIL handshake     interrupted at check 1 of 9")
    assert said[at + 1 : at + 3] == [
        "       exactly one attempt is made",
        f"-    {len(IDS) - 17} steps not run",
    ]
    text = "\n".join(said)
    assert "\n\n\n" not in text
    assert "it was interrupted; its connection was closed." in text
    assert re.search(r"1\. Run the whole procedure, not before \d\d:\d\d local time:", text), text
    assert re.fullmatch(r"NO-GO: unfinished, not before \d\d:\d\d local", said[-1])
    assert [
        each for each in (*PYTESTS, "KeyboardInterrupt", "!!!", "Traceback") if each in text
    ] == []


# waiting


@HAS_TERMINALS
def test_wait_for_an_answer_counts_in_its_place(
    project: Project, secrets: Callable[..., Any], fake: Callable[..., Fake]
) -> None:
    settings = secrets(fake("silent").port, HandshakeTimeoutSeconds=3)
    text = ESCAPE.sub("", on_terminal(project, "--secrets", str(settings)).text)
    for second in (1, 2):
        assert f"… handshake     waiting for the gateway's answer, {second} of 3 s [" in text
    assert text.count("waiting for the gateway's answer") == 2


def test_wait_is_told_now_and_then_where_there_is_no_terminal(
    project: Project, secrets: Callable[..., Path]
) -> None:
    settings = secrets(port=4001, HandshakeTimeoutSeconds=3)
    output = project.rehearse("--fake=endless-positions", f"--secrets={settings}").output
    assert re.findall(r"\.\.\.  positions     waiting for the positions, [12] of 3 s\n", output)
    assert output.count("waiting for the positions") == 1
    assert "FAIL positions     stopped at check 1 of 3\n       positions are complete\n" in output


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
            for form in (Short, Detailed):
                (teller := form(screen := Screen(columns))).begin(begun(a_go()))
                teller.step(record(outcome, symbol=symbol))
                assert all(character.isprintable() for line in screen.lines for character in line)


def test_command_stands_whole_on_a_line_of_its_own(
    rehearsed: Callable[[str], Rehearsal],
) -> None:
    found = Evidence.model_validate(rehearsed("zombies").evidence)
    for columns in (40, 80, None):
        lines = told(found, columns=columns)
        for step in found.diagnosis.next_steps if found.diagnosis else ():
            command = advice.of(step).command
            assert not command or f"       {command}" in lines
