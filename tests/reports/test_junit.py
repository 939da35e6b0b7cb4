"""junit.xml: valid for the usual readers, and it says what the verdict is, on what, and why."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from golive.evidence.record import Diagnosis, Evidence
from golive.plugin.reporting import asked_for
from golive.reports import junit
from golive.reports.allure import about
from golive.reports.redaction import redacted
from golive.reports.writing import Wanted
from tests.support.projects import IDS, Project
from tests.support.runs_on_disk import a_go, a_no_go

SUITE = {
    "name": r"\S+", "package": r"\S+", "id": "0", "hostname": r"\S+", "tests": r"\d+",
    "failures": r"\d+", "errors": r"\d+", "skipped": r"\d+", "time": r"\d{1,3}\.\d+",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
}  # fmt: skip
"""All that both schemas ask for; the time as Jenkins has it, the timestamp as Apache Ant does."""
CASE = {"classname": r"\S+", "name": r"\S+( \S+)*", "time": r"\d+\.\d+"}
WHY = {"message": r".*\S.*", "type": r".*\S.*"}


def read(text: str) -> Element:
    """The one suite of a document that keeps to the schemas' rules."""
    suites = ElementTree.fromstring(text)
    assert (suites.tag, suites.attrib, [each.tag for each in suites]) == (
        "testsuites", {}, ["testsuite"],
    )  # fmt: skip
    suite = suites[0]
    has(suite, SUITE)
    tags = " ".join(each.tag for each in suite)
    assert re.fullmatch("properties( testcase)* system-out system-err", tags)
    for each in suite.iterfind("properties/property"):
        has(each, {"name": r"\S+( \S+)*", "value": ".*"})
    for case in suite.iterfind("testcase"):
        has(case, CASE)
        assert len(case) <= 1
        for why in case:
            assert why.tag in ("failure", "error", "skipped")
            has(why, WHY)
            assert len(why) == 0
    return suite


def has(element: Element, rules: dict[str, str]) -> None:
    assert element.attrib.keys() == rules.keys()
    assert [name for name in rules if not re.fullmatch(rules[name], element.attrib[name])] == []


def properties(suite: Element) -> dict[str, str]:
    return {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}


def cases(suite: Element, kind: str) -> dict[str, Element]:
    """Those that failed, by name; or were skipped, or could not be performed."""
    return {
        case.attrib["name"]: case[0]
        for case in suite.iter("testcase")
        if case.find(kind) is not None
    }


def counted(suite: Element) -> tuple[int, ...]:
    return tuple(int(suite.attrib[each]) for each in ("tests", "failures", "errors", "skipped"))


def test_go_says_so_with_nothing_failed() -> None:
    suite = read(junit.told(a_go().sealed()))
    assert counted(suite) == (len(IDS) + 1, 0, 0, 0)
    told = properties(suite)
    assert (told["verdict"], told["target"]) == ("GO", "live")
    assert told["evidence sha256"] == a_go().sealed().digest
    assert "diagnosis" not in told


def test_no_go_carries_the_diagnosis_in_the_step_and_in_the_verdict() -> None:
    suite = read(junit.told(a_no_go()))
    told = properties(suite)
    assert (told["verdict"], told["diagnosis"]) == ("NO-GO", "gateway-not-running")
    assert (told["cause"], told["procedure"]) == ("nothing listens on the configured port", "A")
    failed = cases(suite, "failure")
    assert list(failed) == ["gateway listens on the configured port", "the verdict is GO"]
    for each in failed.values():
        assert each.attrib["type"] == "gateway-not-running"
        assert each.attrib["message"].startswith("gateway-not-running: nothing listens")
        assert "Start it again, and wait 90 seconds." in (each.text or "")


def test_blocked_step_is_skipped_and_says_by_which() -> None:
    suite = read(junit.told(a_no_go()))
    skipped = {why.attrib["message"] for why in cases(suite, "skipped").values()}
    assert skipped == {"not run, blocked by gateway.listening"}
    assert counted(suite) == (len(IDS) + 1, 2, 0, len(IDS) - IDS.index("gateway.listening") - 1)


@pytest.mark.parametrize(
    ("step", "kind"), [("gateway.accept-queue", "skipped"), ("gateway.listening", "error")]
)
def test_what_cannot_be_seen_is_an_error_only_where_it_stands_in_the_way(
    step: str, kind: str
) -> None:
    unseen = {"outcome": "not-observable", "observed": {"reason": "sockets are out of sight"}}
    found = a_no_go(failed=step)
    steps = [each.model_copy(update=unseen) if each.id == step else each for each in found.steps]
    suite = read(junit.told(found.model_copy(update={"steps": steps})))
    title = next(each.title for each in steps if each.id == step)
    assert title in cases(suite, kind)


def test_run_that_was_ended_early_fails_though_no_step_did() -> None:
    why = Diagnosis(code="unfinished", cause="ctrl-c", procedure=None, next_steps=[], facts=[])
    suite = read(junit.told(a_go(verdict="NO-GO", diagnosis=why)))
    assert list(cases(suite, "failure")) == ["the verdict is GO"]


def test_no_go_without_a_diagnosis_fails_as_well() -> None:
    suite = read(junit.told(a_go(verdict="NO-GO")))
    assert cases(suite, "failure")["the verdict is GO"].attrib["type"] == "no-diagnosis"


def test_characters_that_xml_forbids_are_harmless() -> None:
    hostile = {"symbol": "\x00\x1b[31m\ufffe\u202e]]><script>&" + "A" * 10_000 + "\ud800"}
    found = a_no_go()
    steps = [each.model_copy(update={"observed": hostile}) for each in found.steps]
    suite = read(junit.told(found.model_copy(update={"steps": steps})))
    assert "symbol: ??[31m??]]><script>&AAA" in (suite.findtext("system-out") or "")


def test_rehearsal_is_valid_and_names_nobody_whatever_its_verdict(
    project: Project, tmp_path: Path
) -> None:
    for fault in ("hostile", "zombies"):
        elsewhere = tmp_path / "deep" / f"{fault}.xml"
        run = project.rehearse(
            f"--fake={fault}", "--operator=Anna Smith", f"--junitxml={elsewhere}"
        )
        text = elsewhere.read_text(encoding="utf-8")
        assert text == (run.folder / "junit.xml").read_text(encoding="utf-8")
        told = properties(read(text))
        assert (told["verdict"], told["run"]) == (run.evidence["verdict"], run.folder.name)
        assert "21146542" not in text
        assert "Anna" not in text


def test_user_name_of_the_settings_is_masked(
    project: Project, secrets: Callable[..., Path]
) -> None:
    file = secrets(port=4001, StaleProcesses=["YourUserName-client"])
    run = project.rehearse("--fake=down", f"--secrets={file}")
    assert "YourUserName" in str(run.evidence)
    assert "YourUserName" not in (run.folder / "junit.xml").read_text(encoding="utf-8")


def test_results_of_an_earlier_run_do_not_stand_for_one_that_did_not_end(
    own_project: Project, tmp_path: Path
) -> None:
    junit_file = tmp_path / "junit.xml"
    junit_file.write_text("the last run's", encoding="utf-8")
    own_project.edit(
        "golive/run/recording.py",
        "    handshake = observed.handshake\n",
        "    raise OSError(28, 'full')\n",
    )
    done = own_project.run(
        "pytest", "acceptance", "-m", "golive", "--fake", f"--junitxml={junit_file}"
    )
    assert done.exit_code != 0
    assert not junit_file.exists()


def test_file_that_cannot_be_written_costs_a_line_and_not_the_verdict(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    run = project.rehearse("--fake", f"--junitxml={tmp_path / 'file' / 'junit.xml'}")
    assert run.exit_code == 0
    assert "Note: junit.xml could not be written" in run.output
    assert run.last_line.startswith("GO (rehearsal)")


def test_it_is_written_also_where_pytests_own_plugin_is_left_out(project: Project) -> None:
    run = project.rehearse("--fake", "-p", "no:junitxml")
    read((run.folder / "junit.xml").read_text(encoding="utf-8"))


def test_paper_that_is_no_fallback_is_never_called_live(tmp_path: Path) -> None:
    found = a_go(endpoint=a_go(target="fallback").endpoint)
    assert 'name="target in words" value="PAPER"' in junit.told(found)
    assert about.environment(found)["Target"] == "PAPER"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no such pipes")
@pytest.mark.timeout(20)
def test_pipe_or_device_that_junitxml_names_is_neither_deleted_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    getattr(os, "mkfifo")(pipe)  # noqa: B009 - Windows has none
    asked = asked_for(Namespace(xmlpath=str(pipe), allure_report_dir=None))
    with pytest.raises(OSError, match="it is not an ordinary file"):
        junit.write(a_go(), tmp_path, Wanted(junit=asked.junit))
    assert pipe.is_fifo()
    assert (tmp_path / "junit.xml").exists()


def test_same_evidence_is_told_the_same(tmp_path: Path) -> None:
    found: Evidence = a_no_go()
    for _ in range(2):
        junit.write(found, tmp_path, Wanted())
        text = (tmp_path / "junit.xml").read_bytes()
    assert text == junit.told(redacted(found)).encode()


def test_account_that_only_a_text_names_is_masked_whatever_its_kind(tmp_path: Path) -> None:
    accounts = ("DUM123456", "DU1234567", "DFP123456", "F1234567A", "I1234567", "D%55M765432")
    junit.write(a_no_go(cause=f"logged in to {', '.join(accounts)}"), tmp_path, Wanted())
    told = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert [each for each in accounts if each in told] == []
    assert "DUM***" in told
