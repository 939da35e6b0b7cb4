"""Allure's trends: the previous run on the same target, with the runs that it knew itself.

In the files that Allure 2 leaves in a report for the next one, which Allure 3 reads as well. Of the
runs only one is read, whatever it took to keep them all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from golive.evidence.contradictions import reliable
from golive.evidence.record import Evidence, PositionsRecord
from golive.evidence.storage import NoEvidence
from golive.reports import redaction, results, wording
from golive.reports.allure.results import began, ended, history_id
from golive.reports.results import Result

FOLDER = "history"
LONGEST = 19
"""Earlier runs: with the current one, as many as Allure shows."""
LOOKED_THROUGH = 20
"""Most earlier folders to look at for one with reliable evidence."""

STATUSES = ("failed", "broken", "skipped", "passed", "unknown")


def files(
    found: Evidence, runs: Path, results_folder: str, secrets: Iterable[str] = ()
) -> dict[str, str]:
    """Texts by the names of their files. `secrets` are in none of them."""
    last = _last(found, runs, secrets)
    if last is None:
        return {}
    known = runs / last.run_id / results_folder / FOLDER
    tests = results.of(last)
    took = max((test.began + test.seconds for test in tests), default=0.0)
    trends = {
        "history-trend": _trend(last, _counted(tests), known / "history-trend.json"),
        "duration-trend": _trend(
            last, {"duration": round(1000 * took)}, known / "duration-trend.json"
        ),
        "history": _history(last, tests, known / "history.json"),
    }
    return {f"{name}.json": json.dumps(told) + "\n" for name, told in trends.items()}


def _last(found: Evidence, runs: Path, secrets: Iterable[str]) -> Evidence | None:
    """The previous run, without its positions: no trend needs them."""
    names = sorted((each.name for each in runs.glob(f"*-{found.target}")), reverse=True)
    for name in [name for name in names if name < found.run_id][:LOOKED_THROUGH]:
        try:
            last = reliable(runs / name)
        except NoEvidence:
            continue
        if last.plan != found.plan:
            continue
        rest = PositionsRecord(account=last.positions.account, count=last.positions.count)
        return redaction.redacted(last.model_copy(update={"positions": rest}), secrets)
    return None


def _trend(last: Evidence, data: dict[str, int], known: Path) -> list[Any]:
    earlier = _read(known)
    points = earlier if isinstance(earlier, list) else []
    return [{"reportName": last.run_id, "data": data}, *points][:LONGEST]


def _history(last: Evidence, tests: list[Result], known: Path) -> dict[str, Any]:
    """Each test's statuses, by the id it has in all runs."""
    earlier = _read(known)
    by_id = earlier if isinstance(earlier, dict) else {}
    return {
        same: _outcomes(_item(last, test), by_id.get(same))
        for test in tests
        for same in [history_id(wording.track(last), test.id)]
    }


def _outcomes(item: dict[str, Any], known: Any) -> dict[str, Any]:
    earlier = known.get("items") if isinstance(known, dict) else None
    points = [each for each in earlier or [] if isinstance(each, dict)]
    items = [item, *points][:LONGEST]
    return {"statistic": _statistic([str(each.get("status")) for each in items]), "items": items}


def _item(last: Evidence, test: Result) -> dict[str, Any]:
    start, stop = began(last, test), ended(last, test)
    return {
        "uid": f"{last.run_id}-{test.id}",
        "status": test.status,
        "statusDetails": test.message,
        "time": {"start": start, "stop": stop, "duration": stop - start},
    }


def _counted(tests: list[Result]) -> dict[str, int]:
    return _statistic([test.status for test in tests])


def _statistic(statuses: list[str]) -> dict[str, int]:
    counts = Counter(statuses)
    return {each: counts[each] for each in STATUSES} | {"total": len(statuses)}


def _read(path: Path) -> Any:
    """None where there is nothing of use."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
