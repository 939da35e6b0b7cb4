"""The soak performed as a person would, a minute of it: only a healthy gateway's is GO."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golive.evidence import storage
from golive.procedure import steps
from tests.reports.test_terminal import ESCAPE, HAS_TERMINALS
from tests.support.fakes import orders_received
from tests.support.on_a_terminal import run as on_a_terminal
from tests.support.projects import (
    SECONDS,
    Project,
    Rehearsal,
    patience,
    write_secrets,
)

STEPS = [step.id for step in steps.of("soak")]
MINUTES, EVERY = 0.06, 1.2
LONGER_MINUTES = 0.2
"""In whose middle something happens: a busy machine takes its time to come to it."""


@dataclass(frozen=True)
class Expected:
    """What a soak against the fault must say; `failed` None: GO."""

    failed: str | None = None
    code: str | None = None
    recovery: str | None = None


GO = Expected()
EXPECTED = {
    "healthy": GO,
    "chatty": GO,
    "fragmented": GO,
    "late-zombies=1000": GO,
    "late-zombies=8": Expected("soak.no-zombies", "zombies", "A"),
    "mute=5": Expected("soak.answers", "half-open", "A"),
    "drops-late=5": Expected("soak.full-time", "connection-lost", "A"),
    "connectivity-lost=5": Expected("soak.full-time", "connectivity-lost"),
    "mute": Expected("handshake.read-only-off", "half-open", "A"),
    "drops": Expected("positions.complete", "connection-lost", "A"),
    "connectivity-lost": Expected("handshake.no-obstacle", "connectivity-lost"),
    "no-close": Expected("afterwards.no-zombies", "zombies", "A"),
}

AT_NIGHT = {
    "chatty", "fragmented", "late-zombies=1000", "connectivity-lost=5",
    "mute", "drops", "connectivity-lost",
}  # fmt: skip
"""Healthy ones; the second of the two that fail soak.full-time, whose code test_soak proves on the
connection; and faults that end it before the soak, which test_faults has all. So each step that a
soak can fail is failed by a whole run."""


def marked(fault: str) -> Any:
    return pytest.param(fault, marks=pytest.mark.nightly) if fault in AT_NIGHT else fault


@pytest.fixture(scope="module")
def rehearsals(
    request: pytest.FixtureRequest, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Rehearsal]]]:
    """Soaks of the faults whose tests were chosen, two at a time."""
    folder = tmp_path_factory.mktemp("settings")

    def perform(fault: str) -> Rehearsal:
        minutes = LONGER_MINUTES if (EXPECTED[fault].failed or "").startswith("soak.") else MINUTES
        path = folder / f"{fault}.json"
        times: dict[str, Any] = {"SoakMinutes": minutes, "HeartbeatSeconds": EVERY}
        write_secrets(path, 4001, HandshakeTimeoutSeconds=patience(fault), **times)
        return project.rehearse(f"--fake={fault}", "-m", "soak", "--secrets", str(path))

    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    mine = [test for test in tests if "rehearsals" in test.fixturenames]
    chosen = dict.fromkeys(str(test.callspec.params["fault"]) for test in mine)
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {fault: pool.submit(perform, fault) for fault in chosen}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def run(fault: str, rehearsals: dict[str, Future[Rehearsal]]) -> Rehearsal:
    return rehearsals[fault].result()


@pytest.mark.parametrize("fault", [marked(each) for each in EXPECTED])
def test_fault_fails_its_step_of_the_soak_blocks_the_rest_and_is_named(
    fault: str, run: Rehearsal
) -> None:
    expected = EXPECTED[fault]
    failed_at = STEPS.index(expected.failed) if expected.failed else len(STEPS)
    assert run.having("passed") == STEPS[:failed_at], run.output
    assert run.having("failed") == STEPS[failed_at : failed_at + 1]
    assert run.having("blocked") == STEPS[failed_at + 1 :]

    is_go = expected.failed is None
    assert run.exit_code == (0 if is_go else 1)
    assert run.evidence["verdict"] == ("GO" if is_go else "NO-GO")
    assert (run.evidence["plan"], run.evidence["attempts"], run.connections) == ("soak", 1, 1)
    assert orders_received(run.fake_log) == 0
    diagnosis = run.evidence["diagnosis"]
    assert (diagnosis and diagnosis["code"]) == expected.code
    assert (diagnosis and diagnosis["procedure"]) == expected.recovery
    assert run.output.isascii()


@pytest.mark.parametrize("fault", ["healthy"])
def test_soak_is_go_with_its_figures_in_the_last_line_and_reports_that_verify(
    fault: str, run: Rehearsal, project: Project
) -> None:
    said = run.last_line
    assert said.startswith("GO (rehearsal) with ")
    assert ": soak of 3.6 s, no zombie" in said
    assert "3 of 3 heartbeats answered" in run.output
    assert "\nREHEARSAL SOAK  fake gateway 127.0.0.1:" in run.output
    soak = storage.read(run.folder).soak
    assert soak is not None
    assert (soak.code, soak.position_drift) == ("", [])
    asked = [each for each in run.fake_log if each.get("message") == "REQ_CURRENT_TIME"]
    assert len(asked) == 3
    checked = project.run("golive", "report", "verify", run.folder.name)
    assert checked.exit_code == 0, checked.output
    assert "REHEARSAL SOAK" in checked.output


@pytest.mark.parametrize("fault", ["mute=5", "drops-late=5", "late-zombies=8"])
def test_soak_that_broke_off_says_after_how_long_and_closes_its_connection(
    fault: str, run: Rehearsal
) -> None:
    assert run.last_line.startswith("NO-GO (rehearsal): ")
    assert re.search(r"held for [\d.]+ s of 12 s|\d of \d heartbeats answered|zombie", run.output)
    assert [each for each in run.fake_log if each["event"] == "closed"]
    facts = "\n".join(run.evidence["diagnosis"]["facts"])
    assert "soak: ended by " in facts
    assert "pytest acceptance -m soak" in run.output
    assert "pytest acceptance -m golive --fake --fallback" in run.output or "drops" in fault


@HAS_TERMINALS
def test_terminal_shows_how_the_soak_goes(project: Project, tmp_path: Path) -> None:
    path = write_secrets(tmp_path / "s.json", 4001, SoakMinutes=MINUTES, HeartbeatSeconds=EVERY)
    words = ("acceptance", "-m", "soak", "--fake", "--secrets", str(path))
    command = project.command("pytest", *words)
    text = ESCAPE.sub("", on_a_terminal(command, project.folder, columns=140).text)
    assert re.search(r"… soak  +[\d.]+ s left, \d of \d heartbeats answered, the last", text)


@pytest.mark.skipif(os.name == "nt", reason="sends a signal under POSIX")
@pytest.mark.parametrize(
    "how", ["SIGINT", "SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.nightly)]
)
def test_interrupted_soak_closes_its_connection_and_is_no_go_with_the_figures_so_far(
    project: Project, tmp_path: Path, how: str
) -> None:
    """Also where the terminal is closed in the middle of the hour, or the machine shut down."""
    path = tmp_path / "patient.json"
    write_secrets(path, 4001, SoakMinutes=60)
    soak = ("acceptance", "-m", "soak", "--fake", "--secrets", str(path))
    command = project.command("pytest", *soak)
    with subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("...  soak "):
                process.send_signal(signal.Signals[how])
        assert process.wait(SECONDS) == 2, "".join(said)
    (folder,) = (each for each in project.runs if each.name in "".join(said))
    found = storage.read(folder)
    assert said[-1].startswith("NO-GO (rehearsal): unfinished, not before ")
    assert not any(word in "".join(said) for word in ("KeyboardInterrupt", "passed", "!!!"))
    assert (found.verdict, found.diagnosis and found.diagnosis.code) == ("NO-GO", "unfinished")
    assert found.soak is not None
    assert (found.soak.code, found.soak.stopped) == ("unfinished", "it was interrupted")
    assert 0 < found.soak.seconds < 3600
    log = (folder / "fake-gateway.jsonl").read_text(encoding="utf-8")
    assert '"by": "client"' in log
