"""What whoever signs must read, whatever the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from golive.evidence.record import Evidence
from golive.reports import wording
from golive.reports.terminal.advice import heading
from golive.reports.terminal.screen import Lines


def told(found: Evidence) -> Iterator[str]:
    """`not observed: ...`, `weakened: ...`, `noted: ...`: a line each."""
    yield from _not_observed(found)
    yield from (f"weakened: {each}" for each in found.weakened)
    yield from (f"noted: {each}" for each in wording.noted(found))


def write(lines: Lines, found: Evidence) -> None:
    """All of them below one heading; nothing where there is none."""
    exceptions = list(told(found))
    if not exceptions:
        return
    lines.plain()
    heading(lines, "Exceptions")
    for each in exceptions:
        lines.text(each, 2)


def _not_observed(found: Evidence) -> Iterator[str]:
    """The checks that share a reason stand on one line with it."""
    by_reason: dict[str, list[str]] = {}
    for each in found.steps:
        if each.outcome == "not-observable":
            by_reason.setdefault(str(each.observed.get("reason") or ""), []).append(each.title)
    for reason, titles in by_reason.items():
        yield f"not observed: {'; '.join(titles)}" + (f" ({reason})" if reason else "")
