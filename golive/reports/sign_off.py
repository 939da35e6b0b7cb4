"""The sign-off: the page that a person signs. All of it comes from the evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any

from golive.evidence import seen_words
from golive.evidence.record import Evidence, StepRecord, is_open
from golive.procedure import steps
from golive.reports import advice, phases, soak_plots, success_metrics, time_line, wording
from golive.reports import page as pages
from golive.reports.advice import Advice
from golive.reports.writing import Wanted

FILE_NAME = "sign-off.html"
PRINTED = 30
"""How many rows of a table are printed. The evidence has all of them."""


def write(found: Evidence, folder: Path, wanted: Wanted) -> None:
    """Writes the page into the folder of its run. Raises OSError."""
    pages.write(folder / FILE_NAME, page(found))


def page(found: Evidence) -> str:
    """The same text for the same evidence on every machine."""
    where = wording.zone(found)
    return pages.render(
        "sign_off.html",
        found=found,
        words=wording,
        where=where,
        printed=PRINTED,
        seconds=wording.seconds_between(found.started, found.ended),
        statements=success_metrics.of(found),
        elsewhere=success_metrics.elsewhere(found),
        time_line=time_line.of(found.steps),
        phases=phases.of(found),
        soak=soak_plots.of(found.soak),
        stages=_stages(found, where),
        stopped=_stopped(found),
        unseen=_unseen(found),
        positions=_positions(found),
        contents=_contents(found),
        next_steps=_to_do(found.diagnosis.next_steps) if found.diagnosis else [],
        if_that_fails=_if_that_fails(found),
    )


def _contents(found: Evidence) -> list[tuple[str, str]]:
    """The sections that a reader looks for, by their place on the page."""
    is_go, soak = found.verdict == "GO", [("soak", "Soak")] if found.soak else []
    first = [("shown", "What was shown"), ("exceptions", "Exceptions")]
    if not is_go:
        first = [("next", "What to do"), ("facts", "Facts")] if found.diagnosis else []
    rest = [("run", "The run"), ("steps", "Checks"), ("positions", "Positions")]
    return [*first, *soak, *rest, ("sockets", "Sockets"), ("signature", "Signature")]


def _to_do(lines: list[str]) -> list[Advice]:
    return [advice.of(each) for each in lines]


def _if_that_fails(found: Evidence) -> list[Advice]:
    """Without the contacts, which have a heading of their own."""
    why = found.diagnosis
    return _to_do(advice.without(why.contacts, why.if_that_fails)) if why else []


@dataclass(frozen=True, slots=True)
class Step:
    """A step as shown: its number, its section of the procedure, what it expected and observed."""

    number: int
    record: StepRecord
    section: str
    observed: list[str]
    expected: str
    is_told: bool = False
    """Whether an earlier step of the stage gives the same reason for not being run."""

    @property
    def in_short(self) -> str:
        """The facts on one line."""
        if self.is_told or self.record.blocked_by:
            return ""
        return "; ".join(self.observed)


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    steps: list[Step]

    @property
    def outcomes(self) -> str:
        """`8 passed, 1 failed, 2 not run`."""
        counts = Counter(wording.OUTCOMES[each.record.outcome] for each in self.steps)
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _stages(found: Evidence, where: tzinfo) -> list[Stage]:
    repeated = wording.told_by(found.steps)
    settings = seen_words.settings_of(found)
    steps = [
        Step(
            number,
            each,
            _section(each.id),
            seen_words.seen(each, settings, where),
            seen_words.expected(each, settings),
            each.id in repeated,
        )
        for number, each in enumerate(found.steps, start=1)
    ]
    return [Stage(name, list(own)) for name, own in groupby(steps, lambda each: each.record.stage)]


def _section(step_id: str) -> str:
    """Empty for a step that only another version knows."""
    return steps.step(step_id).section if step_id in steps.NUMBER else ""


def _stopped(found: Evidence) -> tuple[int, StepRecord] | None:
    """The step that stopped the run, with its number."""
    blocker = next((each.blocked_by for each in found.steps if each.blocked_by), None)
    for number, each in enumerate(found.steps, start=1):
        if each.outcome == "failed" or each.id == blocker:
            return number, each
    return None


def _unseen(found: Evidence) -> dict[str, list[tuple[str, str]]]:
    """The steps that neither passed nor failed, with the reason, by outcome.

    Steps of a stage with the same reason are listed together.
    """
    names = {each.id: each.title for each in found.steps}
    same = wording.told_by(found.steps)
    by: dict[str, list[tuple[str, str]]]
    by = {outcome: [] for outcome in ("not-observable", "not-configured", "blocked")}
    for each in found.steps:
        if each.outcome in by and each.id not in same:
            blocker = each.blocked_by or ""
            why = f"by: {names.get(blocker, blocker)}" if blocker else ""
            names_of = _together(
                found, [each.id, *(k for k, first in same.items() if first == each.id)]
            )
            by[each.outcome].append((names_of, str(each.observed.get("reason") or why)))
    return by


def _together(found: Evidence, ids: list[str]) -> str:
    """`mcp, all 5 checks`; the titles where it is not a whole stage."""
    own = [each for each in found.steps if each.id in ids]
    count = sum(each.stage == own[0].stage for each in found.steps)
    if count == len(own) > 1:
        return f"{own[0].stage}, all {count} checks"
    return "; ".join(each.title for each in own)


@dataclass(frozen=True, slots=True)
class Position:
    """A row of the table. `aside` says why it is not counted; "" where it is."""

    cells: tuple[str, ...]
    aside: str


def _positions(found: Evidence) -> list[Position]:
    rows = found.positions.rows
    decimals = max((wording.decimals(row.get("average_cost")) for row in rows), default=2)
    return [_position(row, found.positions.account, decimals) for row in rows]


def _position(row: dict[str, Any], account: str, decimals: int) -> Position:
    strike = row.get("strike")
    cells = (
        *(wording.text(row.get(name)) for name in ("symbol", "sec_type")),
        wording.day(wording.text(row.get("expiry"))),
        wording.number(strike) if strike else "",
        *(wording.text(row.get(name)) for name in ("right", "multiplier", "currency")),
        wording.text(row.get("quantity")),
        wording.number(row.get("average_cost"), decimals),
        wording.text(row.get("con_id")),
    )
    if row.get("account") != account:
        return Position(cells, f"of {row.get('account')}")
    return Position(cells, "" if is_open(row) else "closed")
