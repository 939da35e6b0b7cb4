"""The cause and what to do about it, with each command on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from golive.diagnosis.decision_tree import BY_CODE
from golive.evidence.record import Diagnosis
from golive.reports import advice as parts
from golive.reports.terminal.screen import Lines

PROCEDURES = {"A": "restart the gateway", "B": "reinstall the gateway", "C": "switch to TWS paper"}
WIDE = 79
AROUND = 7
"""Rows: a blank one, the heading, where to read on, who can help; sign-off and verdict."""
_NAMED = re.compile(r"[\w.() -]+: \S")
CAUSES = "docs/causes"
"""Where each cause of the tree has a page."""


def cause(lines: Lines, found: Diagnosis) -> None:
    """What it is, in a word and in a sentence; and what else fits."""
    heading(lines, "Cause", found.code)
    lines.text(found.cause, 2, 0)
    for each in found.also:
        lines.text(f"Or, if that is not it: {each.code}: {each.cause}", 2)


def what_to_do(lines: Lines, found: Diagnosis, not_before: str) -> None:
    """The steps, numbered, and from when on."""
    recovery = found.procedure
    name = f"Procedure {recovery}, {PROCEDURES[recovery]}" if recovery else ""
    lines.plain()
    heading(lines, "What to do", name, not_before)
    for number, step in enumerate(found.next_steps, start=1):
        advice(lines, f"  {number}. ", step)


def if_that_fails(lines: Lines, found: Diagnosis, most_rows: int | None = None) -> None:
    """What is left, where to read on, and who can help.

    The last of what is left goes without saying where it would be more than `most_rows` rows: the
    sign-off has it.
    """
    support = _support(found)
    rest = [each for each in found.if_that_fails if each != support]
    is_wide = (lines.screen.width or 0) >= WIDE
    while most_rows and is_wide and rest and lines.rows + _rows(lines, rest) > most_rows:
        if parts.of(rest[-1]).command:
            break
        rest.pop()
    lines.plain()
    if rest:
        heading(lines, "If that fails")
    for each in rest:
        advice(lines, "  ", each)
    if found.code in BY_CODE:
        lines.text(f"More: {CAUSES}/{found.code}.md", 2)
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
    words, command = parts.of(text)
    lines.text(number.strip() + (" " if number.strip() else "") + words, 2, max(len(number) - 2, 0))
    for name, each in _each(command):
        if name:
            lines.text(name, len(number))
        lines.command(each, len(number) + 2)


def _rows(lines: Lines, rest: Sequence[str]) -> int:
    """So many rows will these take, and what always follows them."""
    rows = AROUND
    for each in map(parts.of, rest):
        rows += len(lines.wrapped(each.words, 2))
        rows += lines.rows_of(len(each.command) + 4) if each.command else 0
    return rows


def _each(command: str) -> list[tuple[str, str]]:
    """`python: kill 812; java: kill 813` as two commands, each below the name of its program."""
    told = command.split("; ")
    if not all(_NAMED.match(each) for each in told):
        return [("", command)] if command else []
    pairs = (each.partition(": ") for each in told)
    return [(f"{name}:", each) for name, _, each in pairs]


def _support(found: Diagnosis) -> str:
    """The line that says whom to call: as it stands among what is left, or as it always is."""
    known: Sequence[str] = found.contacts[:1]
    named = [each for each in found.if_that_fails for first in known if each.startswith(first)]
    return named[0] if named else "".join(known)
