"""A diagnosis in lines of text: the cause, and what to do about it, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from golive.evidence.record import Diagnosis


def lines(found: Diagnosis) -> Iterator[str]:
    recovery = f", Procedure {found.procedure}" if found.procedure else ""
    yield f"Diagnosis: {found.code}{recovery}: {found.cause}"
    for each in found.also:
        yield f"  Also found: {each.code}: {each.cause}"
    yield from _numbered(found.next_steps)
    if found.if_that_fails:
        yield "If that fails"
        yield from _numbered(found.if_that_fails)


def _numbered(steps: Sequence[str]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        yield f"  {number}. {step}"
