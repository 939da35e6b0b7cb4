"""junit.xml, from the record: in the run's folder, and where --junitxml says.

It keeps to what both schemas in use allow: Apache Ant's, the strictest, and that of Jenkins' xunit
plugin. Neither knows properties of a test or a time zone; the suite's times are UTC.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from golive.evidence.record import Evidence
from golive.kit.text import printable
from golive.reports import page, redaction, results, wording
from golive.reports.results import Result

if TYPE_CHECKING:
    from golive.reports.writing import Wanted

ELEMENTS = {"failed": "failure", "broken": "error", "skipped": "skipped"}


def write(found: Evidence, folder: Path, wanted: Wanted) -> None:
    """Raises OSError."""
    text = told(redaction.redacted(found, wanted.secrets))
    page.write(folder / "junit.xml", text)
    if wanted.junit is not None:
        wanted.junit.parent.mkdir(parents=True, exist_ok=True)
        page.write(wanted.junit, text)


def told(found: Evidence) -> str:
    """The document. Nothing is masked here."""
    suites = Element("testsuites")
    tests = results.of(found)
    suite = SubElement(suites, "testsuite", _attributes(found, tests))
    properties = SubElement(suite, "properties")
    for name, value in _properties(found).items():
        SubElement(properties, "property", name=name, value=printable(str(value)))
    for test in tests:
        _add(suite, test)
    observed = (line for test in tests for line in (f"{test.id}: {test.status}", *_indented(test)))
    SubElement(suite, "system-out").text = "\n".join(observed)
    SubElement(suite, "system-err")
    ElementTree.indent(suites)
    document: str = ElementTree.tostring(suites, "unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{document}\n'


def _attributes(found: Evidence, tests: list[Result]) -> dict[str, str]:
    """The machine is not named: `localhost` stands for any."""
    started, ended = map(datetime.fromisoformat, (found.started, found.ended))
    states = [test.status for test in tests]
    return {
        "name": f"golive.{wording.track(found)}",
        "package": "golive",
        "id": "0",
        "hostname": "localhost",
        "timestamp": f"{started:%Y-%m-%dT%H:%M:%S}",
        "time": f"{(ended - started).total_seconds():.3f}",
        "tests": str(len(tests)),
        "failures": str(states.count("failed")),
        "errors": str(states.count("broken")),
        "skipped": str(states.count("skipped")),
    }


def _properties(found: Evidence) -> dict[str, object]:
    known = {
        "verdict": found.verdict,
        "target": found.target,
        "target in words": wording.target(found),
        "fault": found.fault,
        "endpoint": f"{found.endpoint.host}:{found.endpoint.port}, {found.endpoint.kind}",
        "diagnosis": results.code(found),
        "cause": found.diagnosis and found.diagnosis.cause,
        "procedure": found.diagnosis and found.diagnosis.procedure,
        "overrides": ", ".join(each.step for each in found.overrides),
        "weakened checks": "; ".join(found.weakened),
        "noted": "; ".join(wording.noted(found)),
        "run": found.run_id,
        "evidence sha256": found.digest,
    }
    return {name: value for name, value in known.items() if value}


def _add(suite: Element, test: Result) -> None:
    where = f"golive.{test.stage}"
    case = SubElement(
        suite, "testcase", classname=where, name=test.title, time=f"{test.seconds:.3f}"
    )
    if test.status != "passed":
        why = SubElement(case, ELEMENTS[test.status], message=test.message, type=test.kind)
        why.text = "\n".join([test.message, *test.details, *_indented(test)])


def _indented(test: Result) -> list[str]:
    return [f"  {line}" for line in test.observed]
