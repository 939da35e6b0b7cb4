"""The card as text: ASCII where the settings are, with boxes to tick.

It has 78 columns, but for a command that alone is longer.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from golive.kit.text import printable
from golive.reports.card import Card, Line

COLUMNS = 78
MARGIN = 6
"""Columns before a command, at most: behind few of them it stays whole."""
RULER = "=" * COLUMNS


def text(card: Card) -> str:
    """The card, with a line end behind its last line."""
    return "\n".join(printable(line) for line in _lines(card)) + "\n"


def _lines(card: Card) -> Iterator[str]:
    yield from (RULER, *_wrapped(card.heading, "  "))
    yield from _wrapped("; ".join(card.facts), "  ")
    if card.warning:
        yield f"  !! {card.warning.upper()} NOT FOR THE WALL !!"
    yield from (RULER, "")
    for number, line in enumerate(card.checklist, start=1):
        yield from _told(line, f"[ ] {number}. ")
    yield ""
    for rule in card.rules:
        yield from _told(rule, "!! ")
    if card.fallback:
        yield from ("", *_told(card.fallback, "Fallback: "))
    yield from _tree(card)
    for each in card.recoveries:
        codes = f" ({', '.join(each.codes)})" if each.codes else ""
        yield from ("", *_wrapped(f"Procedure {each.letter}: {each.name}{codes}", ""))
        for number, line in enumerate(each.lines, start=1):
            yield from _told(line, f"[ ] {number}. ")
    yield from ("", "Escalation (ten minutes is the most)")
    for number, line in enumerate(card.escalation, start=1):
        yield from _told(line, f"    {number}. ")
    yield from ("", "Contacts")
    for contact in card.contacts:
        yield from _wrapped(contact, "    ")
    yield from ("", "What the run looks at, in this order; a step runs only behind those before it")
    for stage in card.stages:
        yield from _wrapped("; ".join(stage.titles), f"    {stage.name:<12} ")
    yield from ("", *_wrapped(card.foot, ""), RULER)


def _tree(card: Card) -> Iterator[str]:
    yield from ("", "NO-GO: what its diagnosis asks for; of any other it says so itself")
    for code, cure in card.tree:
        yield from _told(cure, f"    {code:<22}")


def _told(line: Line, before: str) -> Iterator[str]:
    """The words, and behind them the command, or below them where both do not fit in a line."""
    behind = " " * min(len(before), MARGIN)
    yield from _with_command(line.words, line.command, before, f"{behind}  ")
    then, colon, command = line.then.partition(": ")
    if colon and len(behind + line.then) > COLUMNS:
        yield from _with_command(f"{then}:", command, behind, f"{behind}  ")
    else:
        yield from _wrapped(line.then, behind)


def _with_command(words: str, command: str, before: str, below: str) -> Iterator[str]:
    """A command is never broken, be it longer than the line: it is to be copied."""
    whole = f"{before}{words} {command}".rstrip()
    if len(whole) <= COLUMNS:
        yield whole
        return
    yield from _wrapped(words, before)
    if command:
        yield f"{below}{command}"


def _wrapped(words: str, before: str) -> list[str]:
    return textwrap.wrap(
        words,
        COLUMNS,
        initial_indent=before,
        subsequent_indent=" " * len(before),
        break_long_words=False,
        break_on_hyphens=False,
    )
