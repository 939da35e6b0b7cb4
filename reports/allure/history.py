"""Allure's trends, told from the evidence of earlier runs on the same target.

In the files that Allure 2 leaves in a report for the next one, which Allure 3 reads as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from golive import evidence
from golive.evidence import Evidence, NoEvidence
from reports import redaction, results
from reports.allure.results import began, ended, history_id
from reports.results import Result

FOLDER = "history"
LONGEST = 19
"""Earlier runs; with the one that is told, as many as Allure shows."""

STATUSES = ("failed", "broken", "skipped", "passed", "unknown")

Told = list[tuple[Evidence, list[Result]]]


def files(found: Evidence, runs: Path) -> dict[str, str]:
    """Texts by the names of their files."""
    earlier = [(each, results.of(each)) for each in _earlier(found, runs)]
    trends = {
        "history-trend": [_point(it, _counted(tests)) for it, tests in earlier],
        "duration-trend": [_point(it, {"duration": _duration(tests)}) for it, tests in earlier],
        "history": _history(earlier),
    }
    return {f"{name}.json": json.dumps(told) + "\n" for name, told in trends.items()}


def _earlier(found: Evidence, runs: Path) -> Iterator[Evidence]:
    """The newest first; what cannot be relied on is passed over."""
    names = sorted((each.name for each in runs.glob(f"*-{found.target}")), reverse=True)
    older = (name for name in names if name < found.run_id)
    for name in islice(older, LONGEST):
        try:
            yield redaction.redacted(evidence.read(runs / name))
        except NoEvidence:
            continue


def _point(it: Evidence, data: dict[str, int]) -> dict[str, Any]:
    return {"reportName": it.run_id, "data": data}


def _counted(tests: list[Result]) -> dict[str, int]:
    counts = Counter(str(test.status) for test in tests)
    return {each: counts[each] for each in STATUSES} | {"total": len(tests)}


def _duration(tests: list[Result]) -> int:
    return round(1000 * max((test.began + test.seconds for test in tests), default=0.0))


def _history(earlier: Told) -> dict[str, Any]:
    """Each test's statuses, by the id it has in all runs."""
    tests = [(it, test) for it, tests in earlier for test in tests]
    by_id: dict[str, list[tuple[Evidence, Result]]] = {}
    for it, test in tests:
        by_id.setdefault(history_id(it.target, test.id), []).append((it, test))
    return {
        id_: {
            "statistic": _counted([test for _, test in same]),
            "items": [_item(it, test) for it, test in same],
        }
        for id_, same in by_id.items()
    }


def _item(it: Evidence, test: Result) -> dict[str, Any]:
    start, stop = began(it, test), ended(it, test)
    return {
        "uid": f"{it.run_id}-{test.id}",
        "status": test.status,
        "statusDetails": test.message,
        "time": {"start": start, "stop": stop, "duration": stop - start},
    }
