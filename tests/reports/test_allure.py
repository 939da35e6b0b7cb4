"""Allure results are told from the record, and name no account, no person and no machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.diagnosis.decision_tree import TREE, UNEXPLAINED
from golive.evidence.record import Evidence
from golive.procedure import steps
from golive.reports.allure import about, attachments, executor, results_folder
from golive.reports.allure.results import PROTECTS
from golive.reports.results import VERDICT
from golive.reports.writing import Wanted
from tests.run.test_faults import EXPECTED
from tests.support.projects import IDS, Project, Rehearsal, patience
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, kept

CI = [each.is_there for each in executor.KNOWN]


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CI:
        monkeypatch.delenv(name, raising=False)


def told(found: Evidence, folder: Path) -> dict[str, dict[str, Any]]:
    """The results of a run in a folder of its own, by the tests' ids."""
    own = kept(found, folder)
    results_folder.write(found, own, Wanted())
    return read(own / "allure-results")


def read(folder: Path) -> dict[str, dict[str, Any]]:
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*-result.json")]
    return {each["fullName"].removeprefix("golive."): each for each in map(json.loads, texts)}


def labels(result: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in result["labels"]}


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def text_of(run: Rehearsal) -> str:
    """All that is told of a run in Allure's folder."""
    all_of_it = files(run.folder / "allure-results").values()
    return b"\n".join(all_of_it).decode("utf-8")


def test_there_is_one_result_a_step_and_one_of_the_verdict(tmp_path: Path) -> None:
    results = told(a_go(), tmp_path)
    assert set(results) == {*IDS, VERDICT}
    assert {each["status"] for each in results.values()} == {"passed"}
    assert results[VERDICT]["name"] == "Verdict: GO"
    one = results["handshake.under-budget"]
    assert one["name"] == "handshake is under budget"
    assert one["stop"] - one["start"] == 12
    assert [each["name"] for each in one["steps"]] == ["looked at: handshake is under budget"]
    assert one["links"][0]["name"] == "The procedure: Success Metrics"
    assert one["links"][0]["url"] == "../../../docs/monday.md#success-metrics"


def test_labels_tell_target_stage_and_what_the_step_protects(tmp_path: Path) -> None:
    results = told(a_go(), tmp_path)
    assert labels(results["handshake.one-attempt"]) == {
        "parentSuite": "LIVE",
        "suite": "handshake",
        "epic": "Go-live procedure: LIVE",
        "feature": "handshake",
        "story": steps.PRINCIPLES,
        "severity": "blocker",
        "tag": "handshake.one-attempt",
        "framework": "pytest",
        "language": "python",
    }
    assert labels(results["handshake.connect-ack"])["severity"] == "critical"
    assert labels(results["gateway.accept-queue"])["severity"] == "normal"
    assert {*steps.NUMBER, VERDICT} >= PROTECTS


def test_paper_port_is_never_called_live(tmp_path: Path) -> None:
    found = a_go()
    paper = found.endpoint.model_copy(update={"port": 4002, "kind": "IB Gateway (paper)"})
    results = told(found.model_copy(update={"endpoint": paper}), tmp_path)
    assert labels(results[VERDICT])["parentSuite"] == "PAPER"


def test_no_go_fails_in_its_step_and_in_its_verdict_with_the_diagnosis_first(
    tmp_path: Path,
) -> None:
    results = told(a_no_go(), tmp_path)
    failed = {test: each for test, each in results.items() if each["status"] == "failed"}
    assert set(failed) == {"gateway.listening", VERDICT}
    for each in failed.values():
        assert each["statusDetails"]["message"].startswith("gateway-not-running: nothing listens")
        assert "Start it again" in each["statusDetails"]["trace"]
        assert "The decision tree" in [link["name"] for link in each["links"]]
    assert results[VERDICT]["name"] == "Verdict: NO-GO (gateway-not-running)"
    assert "1. Close IB Gateway." in results[VERDICT]["descriptionHtml"]


def test_blocked_step_is_skipped_by_the_one_that_blocks_it(tmp_path: Path) -> None:
    skipped = [each for each in told(a_no_go(), tmp_path).values() if each["status"] == "skipped"]
    assert len(skipped) == len(IDS) - IDS.index("gateway.listening") - 1
    assert {each["statusDetails"]["message"] for each in skipped} == {
        "not run, blocked by gateway.listening"
    }


def test_same_evidence_gives_the_same_files(tmp_path: Path) -> None:
    first, second = a_no_go(), a_no_go()
    told(first, tmp_path / "a")
    told(second, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_step_is_the_same_in_the_next_run_on_its_target_only(tmp_path: Path) -> None:
    ids = [
        told(found, tmp_path)["gateway.listening"]
        for found in (a_go(), a_no_go(NIGHT + timedelta(days=1)), a_go(target="fallback"))
    ]
    assert ids[0]["historyId"] == ids[1]["historyId"] != ids[2]["historyId"]
    assert ids[0]["uuid"] != ids[1]["uuid"]


def test_attachments_are_there_under_the_names_that_the_results_give(tmp_path: Path) -> None:
    found = a_no_go(failed="positions.count", code="positions-mismatch")
    assert found.diagnosis
    log = found.diagnosis.model_copy(update={"log": ["02:00:01 API server listening"]})
    results = told(found.model_copy(update={"diagnosis": log}), tmp_path)
    folder = tmp_path / found.run_id / "allure-results"
    names = [each["name"] for each in results[VERDICT]["attachments"]]
    assert names == [attachments.LOG, "time line", "positions", "evidence, redacted"]
    assert [each["name"] for each in results["positions.count"]["attachments"]] == names[:1]
    sources = [a["source"] for each in results.values() for a in each.get("attachments", [])]
    assert len(set(sources)) == len(sources)  # Allure shows one that two results share once
    assert set(sources) == {path.name for path in folder.glob("*-attachment.*")}
    times = (folder / sources_of(results, "time line")).read_text(encoding="utf-8").splitlines()
    assert times[:2] == ["step,outcome,began,seconds", "environment.one-ibapi,passed,0.02,0.012"]


def sources_of(results: dict[str, dict[str, Any]], name: str) -> str:
    source: str = next(
        each["source"] for each in results[VERDICT]["attachments"] if each["name"] == name
    )
    return source


def test_no_cell_of_a_table_is_a_formula() -> None:
    rows = [{"symbol": "=1+1|cmd'!A1", "quantity": "-2", "note": "+x", "at": "@SUM(A1)"}]
    found = a_go()
    positions = found.positions.model_copy(update={"rows": rows})
    table = next(
        each.body
        for each in attachments.of(found.model_copy(update={"positions": positions}))
        if each.name == "positions"
    )
    assert table.splitlines()[1] == "'=1+1|cmd'!A1,-2,'+x,'@SUM(A1)"


def test_every_cause_of_a_no_go_has_its_category() -> None:
    known = {each.code for each in (*TREE, UNEXPLAINED)} | {"unfinished"}
    expected = {each.code for each in EXPECTED.values() if each.code}
    names = [each["name"] for each in about.categories()]
    assert {f"NO-GO: {code}" for code in known | expected} <= set(names)


def test_every_check_that_did_not_run_is_in_a_category_of_its_own(tmp_path: Path) -> None:
    outcomes = ("not-observable", "not-configured")
    steps = [
        each.model_copy(update={"outcome": outcome, "observed": {"reason": "it is so"}})
        for outcome, each in zip(outcomes, a_go().steps, strict=False)
    ]
    found = a_no_go()
    tests = told(found.model_copy(update={"steps": [*steps, *found.steps[2:]]}), tmp_path)
    skipped = [each for each in about.categories() if each["matchedStatuses"] == ("skipped",)]
    matched = set()
    for each in tests.values():
        if each["status"] == "skipped":
            message = each["statusDetails"]["message"]
            fits = [one["name"] for one in skipped if re.match(str(one["messageRegex"]), message)]
            assert len(fits) == 1, message
            matched.update(fits)
    assert len(matched) == len(skipped) == 2


def test_environment_is_readable_for_java_and_names_no_machine(tmp_path: Path) -> None:
    found = a_go()
    who = found.circumstances.model_copy(update={"system": "C:\\ \u20ac \U0001f600\n=x"})
    told(found.model_copy(update={"circumstances": who}), tmp_path)
    text = (tmp_path / found.run_id / "allure-results" / "environment.properties").read_text(
        "ascii"
    )
    assert "System=C:\\\\ \\u20ac \\ud83d\\ude00?=x\n" in text
    assert "Verdict=GO\n" in text
    assert "trading-1" not in text


def test_executor_is_the_ci_job_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert executor.executor("r")["type"] == "local"
    variables = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.example", "GITHUB_SHA": "c0",
        "GITHUB_REPOSITORY": "o/golive", "GITHUB_RUN_NUMBER": "7", "GITHUB_RUN_ID": "99",
        "GITHUB_WORKFLOW": "nightly",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert executor.executor("r") == {
        "name": "GitHub Actions",
        "type": "github",
        "url": "https://git.example/o/golive",
        "buildOrder": 7,
        "buildName": "nightly #7",
        "buildUrl": "https://git.example/o/golive/actions/runs/99",
        "reportName": "r",
    }
    assert executor.repository() == "https://git.example/o/golive/blob/c0/"


def test_trends_are_of_the_earlier_runs_on_the_same_target(tmp_path: Path) -> None:
    nights = [NIGHT - timedelta(days=each) for each in (3, 2, 1, 0)]
    told(a_no_go(nights[0]), tmp_path)
    told(a_go(nights[1]), tmp_path)
    told(a_go(nights[2], "fake"), tmp_path)
    kept(a_go(NIGHT + timedelta(days=1)), tmp_path)
    (tmp_path / "20261121T230000Z-live").mkdir()  # one without evidence
    now = a_go(nights[3])
    result = told(now, tmp_path)["gateway.listening"]
    folder = tmp_path / now.run_id / "allure-results" / "history"
    trend = json.loads((folder / "history-trend.json").read_text(encoding="utf-8"))
    names = [each["reportName"] for each in trend]
    assert names == ["20261120T020000Z-live", "20261119T020000Z-live"]
    assert [each["data"]["failed"] for each in trend] == [0, 2]
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    same = history[result["historyId"]]
    assert [each["status"] for each in same["items"]] == ["passed", "failed"]
    assert (same["statistic"]["passed"], same["statistic"]["total"]) == (1, 2)


def test_trends_name_nobody_though_the_run_before_did(tmp_path: Path) -> None:
    before, now = a_no_go(NIGHT - timedelta(days=1), cause="the login of R%65vOption ended"), a_go()
    steps = [
        each.model_copy(update={"observed": {"login": "RevOption, DUM123456"}})
        for each in before.steps
    ]
    before = before.model_copy(update={"steps": steps})
    for each in (before, now):
        results_folder.write(each, kept(each, tmp_path), Wanted(secrets=("RevOption",)))
    text = "".join(
        each.read_text(encoding="utf-8")
        for each in (tmp_path / now.run_id / "allure-results").rglob("*")
        if each.is_file()
    )
    assert before.run_id in text
    for word in ("RevOption", "R%65vOption", "DUM123456"):
        assert word not in text


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{}", "[]", "3", '{"x": 1}', None])
def test_history_that_is_of_no_use_is_begun_anew(text: str | None, tmp_path: Path) -> None:
    told(a_go(NIGHT - timedelta(days=2)), tmp_path)
    told(a_go(NIGHT - timedelta(days=1)), tmp_path)
    folder = tmp_path / "20261121T020000Z-live" / "allure-results" / "history"
    for path in folder.iterdir():
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    now = a_go()
    told(now, tmp_path)
    folder = tmp_path / now.run_id / "allure-results" / "history"
    trend = json.loads((folder / "history-trend.json").read_text(encoding="utf-8"))
    assert [each["reportName"] for each in trend] == ["20261121T020000Z-live"]


def test_trends_are_as_long_as_allure_shows(tmp_path: Path) -> None:
    for day in range(25, -1, -1):
        now = a_go(NIGHT - timedelta(days=day))
        told(now, tmp_path)
    folder = tmp_path / now.run_id / "allure-results" / "history"
    trend = json.loads((folder / "history-trend.json").read_text(encoding="utf-8"))
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    assert {len(trend), *(len(each["items"]) for each in history.values())} == {19}


def test_plugin_of_pytest_writes_nothing_beside_them(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "deep" / "allure"
    run = project.rehearse("--fake", f"--alluredir={elsewhere}")
    own = files(run.folder / "allure-results")
    history = {name for name in own if name.startswith("history/")}
    assert files(elsewhere) == {name: own[name] for name in own.keys() - history}
    assert len(read(elsewhere)) == len(run.steps) + 1
    assert list(elsewhere.glob("*-container.json")) == []


def test_results_elsewhere_are_cleared_of_allures_files_where_that_is_asked_for(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "old-result.json").touch()
    (tmp_path / "mine.txt").touch()
    project.rehearse("--fake", f"--alluredir={tmp_path}")
    assert (tmp_path / "old-result.json").exists()
    project.rehearse("--fake", f"--alluredir={tmp_path}", "--clean-alluredir")
    assert not (tmp_path / "old-result.json").exists()
    assert (tmp_path / "mine.txt").exists()
    assert len(read(tmp_path)) == len(list(tmp_path.glob("*-result.json")))


def test_they_are_written_also_without_allures_plugin(project: Project) -> None:
    run = project.rehearse("--fake", "-p", "no:allure_pytest")
    assert len(read(run.folder / "allure-results")) == len(run.steps) + 1


@pytest.mark.parametrize("fault", ["hostile", "wrong-account", "silent"])
def test_nothing_in_them_names_an_account_or_a_person(
    project: Project, secrets: Callable[..., Path], fault: str
) -> None:
    settings = secrets(4001, HandshakeTimeoutSeconds=patience(fault))
    run = project.rehearse(f"--fake={fault}", f"--secrets={settings}", "--operator=Anna Smith")
    machine = run.evidence["circumstances"]["machine"]
    text = text_of(run)
    told = {"21146542", "DU1234567", "Anna Smith", "RevOption"}
    assert {word for word in told if word.lower() in text.lower()} == set()
    assert f'"machine": "{machine}"' not in text


def test_step_of_any_name_is_attached_within_the_folder_of_results(tmp_path: Path) -> None:
    found = a_no_go()
    steps = [
        each.model_copy(update={"id": "x/../../../escaped"}) if each.outcome == "failed" else each
        for each in found.steps
    ]
    why = found.diagnosis and found.diagnosis.model_copy(update={"log": ["a line"]})
    names = [each.source for each in attachments.of(found.model_copy(
        update={"steps": steps, "diagnosis": why}
    ))]  # fmt: skip
    assert f"{found.run_id}-x_.._.._.._escaped-log-attachment.txt" in names
    assert all("/" not in each and "\\" not in each for each in names)


def test_steps_that_only_another_version_had_are_told_as_well(tmp_path: Path) -> None:
    now = a_go()
    who = now.circumstances.model_copy(update={"golive": "0.0.1"})
    other = {"id": "gateway.of-then", "outcome": "not-observable"}
    steps = [*now.steps, now.steps[-1].model_copy(update=other)]
    found = told(now.model_copy(update={"steps": steps, "circumstances": who}), tmp_path)
    assert found["gateway.of-then"]["status"] == "skipped"
    assert found[VERDICT]["status"] == "passed"
