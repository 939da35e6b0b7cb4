"""What the terminal shows: plain in any code page, the verdict last, nothing executed."""

from __future__ import annotations

from golive.evidence import Evidence, StepRecord
from reports.terminal import Terminal, verdict_line
from tests.projects import Project


def test_output_of_a_run_fits_a_cp1252_console(project: Project) -> None:
    for fault in ("healthy", "zombies"):
        run = project.rehearse(f"--fake={fault}")
        run.output.encode("cp1252")
        assert run.last_line.endswith(f"evidence in reports/runs/{run.folder.name}")


def test_failed_run_shows_diagnosis_and_cure_and_no_traceback(project: Project) -> None:
    run = project.rehearse("--fake=zombies")
    assert "Diagnosis: zombies, Procedure A" in run.output
    assert "close wait: CLOSE_WAIT 127.0.0.1" in run.output
    assert "  1. Close IB Gateway" in run.output
    assert "def test_" not in run.output
    assert "BLOCKED  handshake is under budget (by environment.no-zombies)" in run.output


def test_blocked_step_is_counted_as_blocked_and_as_nothing_else(project: Project) -> None:
    run = project.rehearse("--fake=zombies")
    assert " 1 failed, 10 passed, 18 blocked in " in run.output
    junit = (run.folder / "junit.xml").read_text(encoding="utf-8")
    assert 'errors="18" failures="1"' in junit
    assert "KeyError" not in junit


def test_verbose_run_brings_the_traceback_back(project: Project) -> None:
    run = project.rehearse("--fake=missing-positions", "-v")
    assert "def test_open_positions_are_as_many_as_expected" in run.output
    assert run.last_line.startswith("NO-GO (rehearsal): 23 positions")


def test_verdict_of_a_live_run_does_not_speak_of_a_rehearsal(project: Project) -> None:
    run = project.rehearse("--fake")
    found = Evidence.model_validate(run.evidence)
    assert verdict_line(found, "x").startswith("GO (rehearsal): 24 positions, handshake ")
    live = found.model_copy(update={"target": "live"})
    assert verdict_line(live, "x").startswith("GO: 24 positions, handshake ")


def test_positions_that_were_not_asked_for_are_not_said_to_be_none(project: Project) -> None:
    run = project.rehearse("--fake=down")
    assert run.last_line.startswith("NO-GO (rehearsal): positions not asked for, no handshake")


def test_hostile_text_is_shown_as_text() -> None:
    lines: list[str] = []
    observed = {"symbol": "\x1b[31mGO\u202e\r\n<script>" + "A" * 10_000}
    record = StepRecord(
        id="positions.count", stage="positions", title="t", outcome="failed", observed=observed
    )
    Terminal(lines.append).step(record)
    assert all(character.isprintable() for line in lines for character in line.strip("\n"))
    assert max(map(len, lines)) < 200
