"""The cause and what to do about it, with each command on a line of its own."""

from __future__ import annotations

from collections.abc import Sequence

from golive.evidence.record import Diagnosis
from golive.reports.terminal.screen import Lines
from golive.reports.terminal.verdict import not_before

PROCEDURES = {"A": "restart the gateway", "B": "reinstall the gateway", "C": "switch to TWS paper"}
CAUSES = "docs/causes"
"""Where each cause has a page."""


def cause(lines: Lines, found: Diagnosis) -> None:
    """What it is, in a word and in a sentence; and what else fits."""
    heading(lines, "Cause", found.code)
    lines.text(found.cause, 2, 0)
    for each in found.also:
        lines.text(f"Or, if that is not it: {each.code}: {each.cause}", 2)


def what_to_do(lines: Lines, found: Diagnosis, ended: str) -> None:
    """The steps, numbered, and from when on."""
    recovery = found.procedure
    name = f"Procedure {recovery}, {PROCEDURES[recovery]}" if recovery else ""
    lines.plain()
    heading(lines, "What to do", name, not_before(found, ended))
    for number, step in enumerate(found.next_steps, start=1):
        advice(lines, f"  {number}. ", step)


def if_that_fails(lines: Lines, found: Diagnosis) -> None:
    """What is left, where to read on, whom to call."""
    support = _support(found)
    rest = [each for each in found.if_that_fails if each != support]
    lines.plain()
    if rest:
        heading(lines, "If that fails")
    for each in rest:
        advice(lines, "  ", each)
    lines.text(f"More: {CAUSES}/{found.code}", 2)
    if support:
        lines.text(support, 2)


def heading(lines: Lines, name: str, *more: str) -> None:
    """`What to do   Procedure A, restart the gateway   not before 09:16 local`."""
    first, *rest = lines.parts([name, *more], "   ")
    coloured = lines.screen.coloured(name, bold=True)
    for line in (first.replace(name, coloured, 1), *rest):
        lines.plain(line)


def advice(lines: Lines, number: str, text: str) -> None:
    """A step; the command behind its colon gets a line of its own, to be copied whole."""
    words, command = parted(text)
    lines.text(number.strip() + (" " if number.strip() else "") + words, 2, max(len(number) - 2, 0))
    if command:
        lines.command(command, len(number) + 2)


def parted(text: str) -> tuple[str, str]:
    """The words of a step with their colon, and the command behind it; "" where there is none.

    A command ends without a full stop, whatever else stands behind a colon with one.
    """
    words, _, command = text.rpartition(": ")
    is_none = not words or command.endswith(".")
    return (text, "") if is_none else (f"{words}:", command)


def _support(found: Diagnosis) -> str:
    """The line that says whom to call: as it stands among what is left, or as it always is."""
    known: Sequence[str] = found.contacts[:1]
    named = [each for each in found.if_that_fails for first in known if each.startswith(first)]
    return named[0] if named else "".join(known)
