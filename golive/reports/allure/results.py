"""A run's results in Allure's own classes. Nothing in them depends on when they are written."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from allure_commons.model2 import Attachment as Attached
from allure_commons.model2 import Label, Link, StatusDetails, TestResult, TestStepResult
from allure_commons.types import LabelType, LinkType, Severity

from golive.evidence.record import Evidence
from golive.procedure import steps
from golive.reports import page, results, wording
from golive.reports.allure import executor
from golive.reports.allure.attachments import Attachment
from golive.reports.results import VERDICT, Result

NAMES = uuid.UUID("6b0d2f1c-3c1e-5d0e-9a55-4c1f0b7a9e21")
"""The name space of our ids."""

PROTECTS = frozenset(
    {"environment.client-id", "environment.only-run", "environment.cool-down", VERDICT}
    | {"environment.no-flipping", "environment.no-stale-client", "environment.no-zombies"}
    | {"gateway.restarted", "gateway.no-other-client", "handshake.one-attempt"}
    | {"afterwards.closed-cleanly", "afterwards.no-zombies"}
)
"""The steps that protect the gateway and the account, and the verdict."""


def of(found: Evidence, kept: list[Attachment]) -> list[TestResult]:
    """One for each step, and one for the verdict."""
    return [_result(found, each, kept) for each in results.of(found)]


def history_id(target: str, test_id: str) -> str:
    """The same for the same test of another run on this target."""
    return uuid.uuid5(NAMES, f"{target}/{test_id}").hex


def began(found: Evidence, test: Result) -> int:
    """As Allure has it, in milliseconds since 1970."""
    moment = datetime.fromisoformat(found.started) + timedelta(seconds=test.began)
    return round(moment.timestamp() * 1000)


def ended(found: Evidence, test: Result) -> int:
    return began(found, test) + round(test.seconds * 1000)


def _result(found: Evidence, test: Result, kept: list[Attachment]) -> TestResult:
    same = history_id(wording.track(found), test.id)
    result = TestResult(
        uuid=str(uuid.uuid5(NAMES, f"{found.run_id}/{test.id}")),
        historyId=same,
        testCaseId=same,
        fullName=f"golive.{test.id}",
        name=_name(found, test),
        titlePath=["golive", test.stage],
        status=test.status,
        statusDetails=_details(test),
        stage="finished",
        start=began(found, test),
        stop=ended(found, test),
        labels=[Label(name=name, value=value) for name, value in _labels(found, test)],
        links=[Link(type=LinkType.LINK, url=url, name=name) for name, url in _links(test)],
        steps=[_observed(found, test, line) for line in test.observed],
        attachments=[
            Attached(name=each.name, source=each.source, type=each.type)
            for each in kept
            if each.test == test.id
        ],
    )
    if test.id == VERDICT:
        result.descriptionHtml = page.render("allure-verdict.html", found=found, words=wording)
    result.file_pattern = f"{result.uuid}-result.json"  # the logger would make up a name each time
    return result


def _observed(found: Evidence, test: Result, line: str) -> TestStepResult:
    """Timed at the end of the test: how long the observation took is not known."""
    at = ended(found, test)
    return TestStepResult(name=line, status=test.status, start=at, stop=at)


def _name(found: Evidence, test: Result) -> str:
    if test.id != VERDICT:
        return test.title
    why = results.code(found)
    return f"Verdict: {wording.verdict(found)}" + (f" ({why})" if why else "")


def _details(test: Result) -> StatusDetails | None:
    if test.status == "passed":
        return None
    return StatusDetails(message=test.message, trace="\n".join((*test.details, *test.observed)))


def _labels(found: Evidence, test: Result) -> list[tuple[str, str]]:
    """No host and no thread: they would name the machine."""
    target = wording.target(found)
    section = steps.step(test.id).section if test.id in steps.NUMBER else "The verdict"
    return [
        (LabelType.PARENT_SUITE, target),
        (LabelType.SUITE, test.stage),
        (LabelType.EPIC, f"Go-live procedure: {target}"),
        (LabelType.FEATURE, test.stage),
        (LabelType.STORY, section),
        (LabelType.SEVERITY, _severity(test).value),
        (LabelType.TAG, wording.track(found)),
        (LabelType.TAG, test.id),
        (LabelType.FRAMEWORK, "pytest"),
        (LabelType.LANGUAGE, "python"),
    ]


def _severity(test: Result) -> Severity:
    if test.id in PROTECTS:
        return Severity.BLOCKER
    lesser = test.id in steps.NUMBER and steps.step(test.id).may_be_unobserved
    return Severity.NORMAL if lesser else Severity.CRITICAL


def _links(test: Result) -> Iterator[tuple[str, str]]:
    """In the repository where CI names it, else relative to the run's folder."""
    docs = f"{executor.repository() or '../../../'}docs"
    if test.id in steps.NUMBER:
        step = steps.step(test.id)
        yield f"The procedure: {step.section}", f"{docs}/monday.md#{step.anchor}"
    if test.details or test.id == VERDICT:
        yield "The decision tree", f"{docs}/causes/index.md"
