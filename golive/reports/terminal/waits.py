"""What is said while something is waited for, by the seconds that are left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from golive.evidence.record import Sample
from golive.reports import wording


class Soaking(Protocol):
    """A soak that is under way; see golive.run.soak."""

    @property
    def wanted(self) -> float: ...
    @property
    def heartbeats(self) -> int: ...
    @property
    def answers(self) -> int: ...
    @property
    def last(self) -> Sample | None: ...


def initialization(left: float) -> str:
    """`waiting for initialization, 41 s left`."""
    return f"waiting for initialization, {wording.span(_seconds(left))} left"


def answer(what: str, seconds: float) -> Callable[[float], str]:
    """Of something that may take so long: `waiting for its answer, 4 of 10 s`."""
    return lambda left: f"waiting for {what}, {max(0.0, seconds - left):.0f} of {seconds:g} s"


def soaking(soak: Soaking) -> Callable[[float], str]:
    """`58 min 20 s left, 20 of 20 heartbeats answered, the last in 1.21 ms, no zombie`."""

    def say(left: float) -> str:
        answered = f"{soak.answers} of {soak.heartbeats} heartbeats answered"
        last = soak.last
        took = (
            f", the last in {wording.milliseconds(last.answer_ms)}"
            if last and last.answer_ms
            else ""
        )
        zombies = wording.zombies(last.zombies) if last else "no look yet"
        return f"{wording.span(_seconds(left))} left, {answered}{took}, {zombies}"

    return say


def _seconds(left: float) -> float:
    """Whole ones, but for the last of them."""
    return round(left) if left >= 1 else round(max(left, 0.0), 1)
