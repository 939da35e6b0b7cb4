"""The procedure on the terminal, as it happens: in words; in shape and colour where those show."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from typing import Protocol

from golive.evidence.record import Diagnosis, Evidence, Sample, StepRecord
from golive.kit.text import printable, shortened, told
from golive.procedure import steps
from golive.procedure.steps import Plan
from golive.reports import wording

WORDS = {
    "passed": "ok",
    "failed": "FAILED",
    "blocked": "BLOCKED",
    "not-configured": "not configured",
    "not-observable": "not observable",
}
COLOURS = {
    "passed": {"green": True},
    "failed": {"red": True, "bold": True},
    "blocked": {"yellow": True},
    "not-configured": {"cyan": True},
    "not-observable": {"yellow": True, "bold": True},
    "GO": {"green": True, "bold": True},
    "NO-GO": {"red": True, "bold": True},
    "live": {"bold": True},
    "fallback": {"yellow": True, "bold": True},
    "fake": {"cyan": True, "bold": True},
}
KINDS = ("passed", "failed", "blocked", "not-configured", "not-observable")
SHAPES = dict(zip(KINDS, "√×─○?" if sys.platform == "win32" else "✓✗━○?", strict=True))  # noqa: RUF001
"""A tick, a cross, a bar; on Windows those that the fonts of its console have."""

HEADINGS = {
    "live": "Go-live procedure",
    "fallback": "Go-live procedure on the FALLBACK, TWS paper",
    "fake": "REHEARSAL against a fake gateway",
}
SOAK_HEADINGS = {
    "live": "Soak behind the go-live procedure",
    "fallback": "Soak on the FALLBACK, TWS paper",
    "fake": "REHEARSAL of the soak against a fake gateway",
}
LONGEST_FACT = 400
"""Characters: a path or a command line is whole."""
LONG_SECONDS = 1.0
"""A step that took less does not say how long it took."""
BAR = 20


class Screen(Protocol):
    """Where it is told; see golive.plugin.console."""

    @property
    def is_live(self) -> bool: ...
    @property
    def width(self) -> int | None: ...
    def shows(self, text: str) -> bool: ...
    def coloured(self, text: str, **how: bool) -> str: ...
    def write(self, line: str) -> None: ...
    def write_again(self, line: str, **how: bool) -> None: ...


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


class Terminal:
    """Tells a run line by line. A brief one leaves out what the steps that passed have seen."""

    def __init__(self, screen: Screen, plan: Plan = "golive", *, is_brief: bool = False) -> None:
        self._screen, self._is_brief, self._stage = screen, is_brief, ""
        self._excuse: list[str] = []
        """Why a step of this stage could not be performed, as it was told last."""
        self._plan: Plan = plan

    def begin(self, where: str, target: str, resets: list[str]) -> None:
        """What is about to be tried; what is not the live gateway says so before anything else."""
        heading = (SOAK_HEADINGS if self._plan == "soak" else HEADINGS)[target]
        first, *more = self._lines(f"{heading}: {where}", 0)
        loud = self._screen.coloured(heading, **COLOURS[target])
        for line in (first.replace(heading, loud), *more):
            self._screen.write(line)
        for each in resets:
            self._screen.write(each)

    def remembered(self, override: str | None, damaged_lines: int) -> None:
        """What is to be known before anything of earlier runs and of the operator's choice."""
        if override is not None:
            self._screen.write(self._loud(shortened(f"OVERRIDE: {override}", 160)))
        if damaged_lines:
            self._screen.write(f"Note: damaged lines of the journal passed over: {damaged_lines}")

    # the steps

    def under_way(self, step_id: str) -> None:
        """A step that is being performed, on a terminal; `step` completes its line."""
        step = steps.step(step_id)
        self._enter(step.stage)
        all_of_them = steps.of(self._plan)
        place = f"{all_of_them.index(step) + 1} of {len(all_of_them)}"
        self._screen.write_again(f"{self._margin(' ')}{'now':<8} {step.title} ({place})")

    def waiting(self, say: Callable[[float], str], most: float) -> Callable[[float], None]:
        """Hears how many seconds are left of a wait, and tells it as `say` words it.

        It takes `most` seconds, as far as is known before.

        On a terminal in the line of the step; elsewhere each time in a line of its own.
        """
        screen = self._screen

        def tell(left: float) -> None:
            line = f"{self._margin(' ')}{'wait':<8} {say(left)}"
            if not screen.is_live:
                screen.write(line)
                return
            done = round(BAR * (1 - left / most)) if left < most else 0
            bar = f" [{'#' * done:.<{BAR}}]"
            is_wide = screen.width is None or len(line + bar) <= screen.width
            screen.write_again(line + (bar if is_wide else ""), cyan=True)

        return tell

    def step(self, record: StepRecord) -> None:
        self._enter(record.stage)
        word = self._screen.coloured(f"{WORDS[record.outcome]:<8}", **COLOURS[record.outcome])
        title = record.title + (f" (by {record.blocked_by})" if record.blocked_by else "")
        if record.seconds >= LONG_SECONDS:
            title += f" ({record.seconds:.1f} s)"
        first, *more = self._lines(title, self._indent)
        self._screen.write(f"{self._margin(record.outcome)}{word} {first.strip()}")
        for line in more:
            self._screen.write(line)
        if record.outcome == "passed":
            self._saw(record)
            return
        why = told(record.observed)
        if record.outcome in wording.EXCUSED:
            why, self._excuse = ([] if why == self._excuse else why), why
        for pair in why:
            self._wrapped(shortened(pair, 160 - self._indent), self._indent)

    def _saw(self, record: StepRecord) -> None:
        there = [pair for pair in told(record.observed) if not pair.endswith(": none")]
        if there and not self._is_brief:
            width = self._screen.width or 100
            line = shortened(" " * self._indent + "; ".join(there), width)
            self._screen.write(self._screen.coloured(line, light=True))

    def _enter(self, stage: str) -> None:
        if stage != self._stage:
            self._stage, self._excuse = stage, []
            self._screen.write("\n" + self._screen.coloured(stage, bold=True))

    @property
    def _has_shapes(self) -> bool:
        return self._screen.shows("".join(SHAPES.values()))

    @property
    def _indent(self) -> int:
        return 13 if self._has_shapes else 11

    def _margin(self, outcome: str) -> str:
        """Before the word of a step: its shape, where it can be shown."""
        if not self._has_shapes:
            return "  "
        shape = SHAPES.get(outcome, " ")
        return f"  {self._screen.coloured(shape, **COLOURS.get(outcome, {}))} "

    # the end

    def found(self, evidence: Evidence) -> None:
        """What was not observed, what was weakened or noted, and the diagnosis, if there is one."""
        hidden = [each.title for each in evidence.steps if each.outcome == "not-observable"]
        if hidden:
            self._screen.write("")
            self._wrapped("Not observed: " + "; ".join(hidden), 0)
        self._exceptions(evidence)
        if evidence.diagnosis is not None:
            self._diagnosis(evidence.diagnosis)

    def _exceptions(self, evidence: Evidence) -> None:
        """What whoever signs must read, whatever the verdict."""
        lines = [f"Weakened: {each}" for each in evidence.weakened]
        lines += [f"Noted: {each}" for each in wording.noted(evidence)]
        if lines:
            self._screen.write("")
        for line in lines:
            self._wrapped(shortened(line, LONGEST_FACT), 0)

    def sign_off(self, page: str) -> None:
        """Where the page to be signed is."""
        self._screen.write(f"\nSign-off: {page}")

    def verdict(self, evidence: Evidence, report: str) -> None:
        """The last line; above it what is left running."""
        self._screen.write("")
        if left := wording.left_running(evidence):
            self._advice("", printable(left))
        word, rest = evidence.verdict, verdict_line(evidence, report)
        how = {**COLOURS[word], "invert": True}
        self._screen.write(self._screen.coloured(word, **how) + rest.removeprefix(word))

    def _diagnosis(self, found: Diagnosis) -> None:
        self._screen.write("\n" + self._loud(f"Diagnosis: {in_brief(found)}"))
        self._wrapped(found.cause, 2)
        for each in found.also:
            self._wrapped(f"or, to be looked at after that: {each.code}: {each.cause}", 2)
        if found.stopped_at:
            self._wrapped(f"the handshake stopped at: {found.stopped_at}", 2)
        self._screen.write(self._screen.coloured("Facts", bold=True))
        for fact in found.facts:
            self._wrapped(shortened(f"- {fact}", LONGEST_FACT), 2)
        self._list("What to do", found.next_steps)
        if found.if_that_fails:
            self._list("If that fails", found.if_that_fails)

    def _list(self, heading: str, lines: list[str]) -> None:
        self._screen.write(self._screen.coloured(heading, bold=True))
        for number, line in enumerate(lines, start=1):
            self._advice(f"  {number}. ", printable(line))

    def _advice(self, number: str, line: str) -> None:
        """A command that does not fit behind its words gets a line of its own, to be copied."""
        width, (words, _, command) = self._screen.width, line.partition(": ")
        if width is None or len(number + line) <= width:
            self._screen.write(number + line)
        elif command:
            self._screen.write(f"{number}{words}:")
            self._screen.write(" " * len(number) + self._screen.coloured(command, bold=True))
        else:
            self._wrapped(number.strip() + " " + line, 2)

    def _wrapped(self, text: str, indent: int) -> None:
        for line in self._lines(text, indent):
            self._screen.write(line)

    def _lines(self, text: str, indent: int) -> list[str]:
        """On a terminal as wide as that is, where its words allow it; elsewhere one line."""
        margin = " " * indent
        width = self._screen.width or len(margin + text) + 1
        return textwrap.wrap(
            text,
            width,
            initial_indent=margin,
            subsequent_indent=margin + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _loud(self, text: str) -> str:
        return self._screen.coloured(text, red=True, bold=True)


def too_early(left: float) -> str:
    return f"too early: {left:.1f} s more until the gateway counts as initialized"


def answer(what: str, seconds: float) -> Callable[[float], str]:
    """Waiting for something that may take so long: `waiting for its answer, 4 of 10 s`."""
    return lambda left: f"waiting for {what}, {max(0.0, seconds - left):.0f} of {seconds:g} s"


def soaking(soak: Soaking) -> Callable[[float], str]:
    """`soak: 58 min 20 s left, 20 of 20 heartbeats answered, the last in 1.21 ms, no zombie`."""

    def say(left: float) -> str:
        answered = f"{soak.answers} of {soak.heartbeats} heartbeats answered"
        last = soak.last
        took = (
            f", the last in {wording.milliseconds(last.answer_ms)}"
            if last and last.answer_ms
            else ""
        )
        zombies = wording.zombies(last.zombies) if last else "no look yet"
        return f"soak: {wording.span(round(max(left, 0.0)))} left, {answered}{took}, {zombies}"

    return say


def in_brief(found: Diagnosis) -> str:
    """`zombies, Procedure A`."""
    return f"{found.code}, Procedure {found.procedure}" if found.procedure else found.code


def _held(found: Evidence) -> str:
    """`soak of 60 min, 720 of 720 heartbeats answered, no zombie`; of one that ended, when."""
    soak = found.soak
    if soak is None:
        return "soak not begun"
    whole = wording.span(soak.wanted)
    how_long = f"{whole} ended after {wording.span(soak.seconds)}" if soak.code else whole
    answered = f"{soak.answers} of {soak.heartbeats} heartbeats answered"
    return f"soak of {how_long}, {answered}, {wording.zombies(soak.most_zombies)}"


def verdict_line(evidence: Evidence, report: str) -> str:
    """`GO: 24 positions, handshake 4 ms; evidence in ...`; of a rehearsal it says so.

    Of a NO-GO the cause comes first: `NO-GO: zombies, Procedure A; positions not asked for, ...`.
    With checks that were weakened it is `GO with 5 weakened checks: ...`.
    """
    complete = evidence.handshake.complete_ms
    handshake = "no handshake" if complete is None else f"handshake {complete:.0f} ms"
    count = f"{evidence.positions.count} positions"
    positions = count if evidence.has_asked_for_positions else "positions not asked for"
    why = f"{in_brief(evidence.diagnosis)}; " if evidence.diagnosis else ""
    what = f"{why}{_held(evidence) if evidence.plan == 'soak' else f'{positions}, {handshake}'}"
    if left_out := wording.not_configured(evidence):
        what += f", {left_out} not configured"
    if evidence.overrides:
        steps = ", ".join(each.step for each in evidence.overrides)
        why = shortened(evidence.overrides[0].reason, 60)
        what += f", OVERRIDDEN: {steps} ({why})"
    aim, of = _aim(evidence)
    said = " ".join(filter(None, (evidence.verdict, aim, wording.with_weakened(evidence))))
    return f"{said}: {what}{of}; evidence in {report}"


def _aim(evidence: Evidence) -> tuple[str, str]:
    """What is no live gateway says so beside the verdict, and behind it whose the figures are."""
    if evidence.target == "fake":
        return "(rehearsal)", ", of a fake gateway"
    if evidence.target == "fallback":
        return "(fallback)", ", of TWS paper"
    if wording.endpoint(evidence) == "PAPER":
        return "(paper)", f", of {evidence.endpoint.kind}"
    return "", ""
