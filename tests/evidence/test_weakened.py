"""Where a run checks less than the written procedure asks for: every teller says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from golive.cli.report import main
from golive.evidence import contradictions, storage, weakened
from golive.evidence.record import Evidence
from golive.evidence.weakened import API_VERSION, TABLE
from golive.procedure import steps
from golive.reports import archive, index, junit, night, sign_off, verification, wording
from golive.reports.allure import about
from golive.reports.allure import results as allure
from golive.reports.redaction import redacted
from golive.reports.terminal.telling import Teller
from golive.reports.terminal.verdict import verdict_line
from golive.reports.writing import Wanted
from golive.settings import secrets_json
from golive.settings.model import GoLive, Settings
from tests.support import runs_on_disk as made
from tests.support.fakes import Fake
from tests.support.on_screen import Screen
from tests.support.projects import ROOT, Project, example_settings
from tests.support.read_page import PageRead
from tests.support.runs_on_disk import a_go, a_no_go, overridden, with_settings

LAX = {
    "HandshakeBudgetSeconds": 86_400,
    "InitializationSeconds": 0,
    "RetryCooldownSeconds": 0,
    "StaleProcesses": [],
    "ExpectedPositions": 0,
}
NOTES = ["error 2103 of a farm", "<script>alert(1)</script>\x1b[2J\u202eOG-ON\nline of U9876543"]


def text_of(found: Evidence) -> str:
    return PageRead(sign_off.page(found.sealed())).text


def said(found: Evidence) -> list[str]:
    screen = Screen()
    Teller(screen).found(found.model_copy(update={"diagnosis": None}))
    return screen.lines


# the run


def test_run_that_is_asked_for_little_says_so_in_its_verdict_and_names_each(
    project: Project, fake: Callable[..., Fake], secrets: Callable[..., Path]
) -> None:
    gateway = fake("--positions", "0")
    run = project.rehearse("--secrets", str(secrets(gateway.port, **LAX)))
    assert (run.exit_code, run.evidence["verdict"]) == (0, "GO"), run.output
    lines = run.evidence["weakened"]
    more = [] if GoLive().api_version == example_api() else [f"API version {example_api()},"]
    assert [line for line in lines if not line.startswith(tuple(more))] == [
        "cool-down 0 s (procedure: 90 s)",
        "no stale processes named (procedure: end every dotnet first)",
        "initialization 0 s (procedure: 60 to 90 s)",
        "handshake budget 86400 s (procedure: 1 s)",
        "0 positions expected: an empty answer passes as well",
        "the Monitor was not tried (GoLive.Monitor is null)",
        "the MCP server was not tried (GoLive.Mcp is null)",
    ]
    said = rf"GO (\(fake gateway\) )?with {len(lines)} weakened checks: 0 positions, "
    assert re.match(said, run.last_line)
    for line in lines:
        assert f"\n  weakened: {line}\n" in run.output
        assert line in text_of(storage.read(run.folder))
    assert verification.verify(run.folder).is_verified


def example_api() -> str:
    return str(example_settings()["GoLive"].get("ApiVersion", API_VERSION))


def test_rehearsal_with_the_example_is_a_plain_go(project: Project, tmp_path: Path) -> None:
    """It waits for no ninety seconds, and that is no weakness of its settings."""
    document = example_settings()
    del document["GoLive"]["Monitor"], document["GoLive"]["Mcp"]
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    run = project.rehearse("--fake", "--secrets", str(path))
    assert run.exit_code == 0, run.output
    is_pinned = example_api() == API_VERSION
    assert run.last_line.startswith("GO (rehearsal): " if is_pinned else "GO (rehearsal) with 1 ")
    assert len(run.evidence["weakened"]) == (0 if is_pinned else 1)


def test_example_and_defaults_weaken_nothing() -> None:
    settings = secrets_json.read(ROOT / "secrets.example.json").settings
    assert weakened.of_settings(settings.shown) == []
    assert weakened.of_settings(settings.on_fallback().shown) == []
    plain = Settings.model_construct(credentials=settings.credentials, golive=GoLive())
    assert weakened.of_settings(plain.shown) == weakened.of_opening(plain.shown) == []


# the table


@pytest.mark.parametrize(
    ("key", "enough", "less"),
    [
        ("InitializationSeconds", 60, 59.9),
        ("RetryCooldownSeconds", 90, 89),
        ("HandshakeBudgetSeconds", 1.0, 1.001),
        ("HandshakeTimeoutSeconds", 10, 11),
        ("StaleProcesses", ["quant"], []),
        ("StaleProcesses", ["dotnet"], [" "]),
        ("ExpectedPositions", 1, 0),
        ("PinnedClientId", 10, 0),
        ("ApiVersion", "10.37.02", "10.50.02"),
        ("Monitor", {}, None),
        ("Mcp", {}, None),
    ],
)
def test_each_setting_weakens_from_its_limit_on(key: str, enough: Any, less: Any) -> None:
    for value, count in ((enough, 0), (less, 1)):
        golive = GoLive.model_validate({key: value})
        credentials = secrets_json.read(ROOT / "secrets.example.json").settings.credentials
        shown = Settings.model_construct(credentials=credentials, golive=golive).shown
        assert len(weakened.of_settings(shown)) == count


@pytest.mark.parametrize(("key", "less"), [("SoakMinutes", 59), ("HeartbeatSeconds", 3600)])
def test_what_only_a_soak_does_weakens_only_a_soak(key: str, less: float) -> None:
    assert len(with_settings(a_go(plan="soak"), **{key: less}).weakened) == 1
    assert with_settings(a_go(), **{key: less}).weakened == []


def test_soak_is_not_weakened_by_programs_that_it_does_not_try() -> None:
    assert with_settings(a_go(plan="soak"), Monitor=None, Mcp=None).weakened == []
    assert len(with_settings(a_go(), Monitor=None, Mcp=None).weakened) == 2


def test_leave_to_be_blind_weakens_only_what_was_not_seen() -> None:
    seen = a_go(sockets=a_go().sockets.model_copy(update={"may_be_unobserved": True}))
    assert with_settings(seen, AllowUnobservedSockets=True).weakened == []
    unseen = [
        each.model_copy(update={"outcome": "not-observable"})
        if each.id == "afterwards.no-zombies"
        else each
        for each in seen.steps
    ]
    found = with_settings(seen.model_copy(update={"steps": unseen}), AllowUnobservedSockets=True)
    assert [each.partition(" (")[0] for each in found.weakened] == ["sockets not observed"]


def test_step_that_a_platform_shows_to_nobody_is_not_observed_and_no_weakness() -> None:
    unseen = [
        each.model_copy(update={"outcome": "not-observable"})
        if steps.step(each.id).may_be_unobserved
        else each
        for each in a_go().steps
    ]
    assert with_settings(a_go(steps=unseen)).weakened == []


def test_override_is_named_with_its_reason() -> None:
    assert overridden(a_go()).weakened == [
        "environment.cool-down overridden (the gateway was restarted)"
    ]


def test_program_that_was_left_out_of_a_rehearsal_is_named_with_the_reason() -> None:
    why = "a rehearsal does not start it"
    steps = [
        each.model_copy(update={"outcome": "not-configured", "observed": {"reason": why}})
        if each.stage == "monitor"
        else each
        for each in a_go().steps
    ]
    assert with_settings(a_go(steps=steps)).weakened == [f"the Monitor was not tried ({why})"]


def test_table_knows_only_settings_and_steps_that_there_are_and_the_document_has_its_rows() -> None:
    known = {str(field.alias) for field in GoLive.model_fields.values()}
    for row in TABLE:
        assert not row.step or row.step in steps.NUMBER
        named = re.findall(r"`([A-Z]\w+)`", row.when)
        assert set(named) <= known
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    section = text.partition("## Weakened checks")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.M)
    assert rows[2:] == [(row.name, row.when) for row in TABLE]


# the tellers


def test_every_teller_says_how_many_checks_were_weakened_and_which(tmp_path: Path) -> None:
    found = with_settings(a_go(), InitializationSeconds=0, ExpectedPositions=0).sealed()
    first, second = found.weakened
    brief = "with 2 weakened checks"
    assert verdict_line(found).startswith(f"GO {brief}: 24 positions")
    assert [line for line in said(found) if line] == [
        "Exceptions",
        f"  weakened: {first}",
        f"  weakened: {second}",
    ]
    page = sign_off.page(found)
    assert "All required checks passed, 2 checks were weakened." in text_of(found)
    assert f"weakened {first} {second}" in text_of(found)
    assert r"GO\20 \20 LIVE\20 \20 WITH\20 2\20 WEAKENED\20 CHECKS" in page
    xml = junit.told(found)
    assert f"weakened: {first}" in xml
    (value,) = (
        each.get("value")
        for each in ElementTree.fromstring(xml).iter("property")
        if each.get("name") == "weakened checks"
    )
    assert value == f"{first}; {second}"
    assert about.environment(found)["Weakened.checks"] == f"{first}; {second}"
    result = allure.of(found, [])[-1]
    assert result.name == f"Verdict: GO {brief}"
    assert f"<p>Weakened: {first}</p>" in result.descriptionHtml
    runs = tmp_path / "runs"
    made.kept(found, runs)
    index.write(found, runs / found.run_id, Wanted())
    assert "2 weakened" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert archive.rows(runs, tmp_path / ".index.json")[0].weakened == 2


def test_verify_says_it_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = with_settings(a_go(), ExpectedPositions=0)
    found = found.model_copy(update={"noted": NOTES[:1]})
    folder = made.kept(found, tmp_path / "runs")
    sign_off.write(storage.read(folder), folder, Wanted())
    assert main(["verify", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(each.startswith("GO with 1 weakened check, LIVE, ") for each in lines)
    assert f"Weakened: {found.weakened[0]}" in lines
    assert f"Noted: {NOTES[0]}" in lines


def test_night_says_which_checks_were_weakened_and_what_changed_in_that(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    weak = with_settings(a_go(target="fake"), Monitor=None)
    made.kept(weak, runs)
    out, keep = tmp_path / "summary.md", tmp_path / "night.json"
    assert main(["summary", "--runs", str(runs), "--out", str(out), "--keep", str(keep)]) == 0
    told = out.read_text(encoding="utf-8")
    assert "## Weakened checks\n\n- 1 rehearsal (healthy): the Monitor was not tried " in told
    again = tmp_path / "again"
    made.kept(a_go(target="fake"), again)
    assert main(["summary", "--runs", str(again), "--since", str(keep), "--out", str(out)]) == 0
    assert "no longer weakened: the Monitor was not tried" in out.read_text(encoding="utf-8")
    assert night.said(weak) == "GO"


def test_no_go_names_them_and_its_verdict_does_not() -> None:
    found = with_settings(a_no_go(), InitializationSeconds=0)
    assert "weakened" not in verdict_line(found)
    assert f"  weakened: {found.weakened[0]}" in said(found)
    assert found.weakened[0] in text_of(found)


def test_evidence_that_hides_a_weakened_check_is_doubted(tmp_path: Path) -> None:
    found = with_settings(a_go(), InitializationSeconds=0)
    assert contradictions.doubts(found, found.run_id) == []
    hidden = found.model_copy(update={"weakened": []})
    assert contradictions.doubts(hidden, hidden.run_id) == [
        "it does not list the checks that its settings weaken"
    ]


@pytest.mark.parametrize("make", [a_go, a_no_go])
def test_what_is_noted_stands_before_the_verdict_and_under_the_exceptions(
    make: Callable[..., Evidence],
) -> None:
    found = make(noted=NOTES)
    lines = said(found)
    assert f"  noted: {NOTES[0]}" in lines
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)
    page = sign_off.page(found.sealed())
    assert "<script>alert" not in page
    assert NOTES[0] in text_of(found)
    ElementTree.fromstring(junit.told(found))
    assert "noted: error 2103 of a farm" in junit.told(found)
    result = allure.of(found, [])[-1]
    assert "<script>" not in result.descriptionHtml


def test_many_notes_are_counted_and_the_first_shown() -> None:
    found = a_go(noted=[f"note {number}" for number in range(1000)])
    assert wording.noted(found)[-1] == "and 980 lines more in evidence.json"
    assert len(said(found)) == wording.SHOWN + 2


def test_accounts_and_names_in_both_are_masked_in_what_leaves_the_machine() -> None:
    found = a_go(noted=["farm of U9876543, Alex Example"], weakened=["overridden (by trading-1)"])
    shared = redacted(found, ["Bob"])
    both = "".join([*shared.noted, *shared.weakened])
    for secret in ("9876543", "Alex", "Example", "trading-1"):
        assert secret not in both


# the smoke test, and the card


def test_smoke_test_says_what_weakens_the_steps_it_performs(
    project: Project, fake: Callable[..., Fake], secrets: Callable[..., Path]
) -> None:
    gateway = fake("--positions", "0")
    settings = secrets(gateway.port, **LAX)
    done = project.run("golive", "smoke", "--secrets", str(settings))
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if line.startswith("Weakened: ")]
    assert "Weakened: initialization 0 s (procedure: 60 to 90 s)" in lines
    assert not any("positions" in line or "Monitor" in line for line in lines)
    assert re.search(rf"^SUCCESS in \d+ms with {len(lines)} weakened checks$", done.output, re.M)
