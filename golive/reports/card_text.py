"""The card as text, one page of a terminal: ASCII where the settings are, with boxes to tick.

It has 79 columns. A command stands on a line of its own and is never broken, however long it is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from golive.kit.text import printable
from golive.reports.card import Card, Line

COLUMNS = 79
RULER = "=" * COLUMNS
MARGIN = " " * 8
"""Before a command, and before what must come of it."""

ON_THE_SHEET = "A NO-GO prints the steps of its procedure. All of them: golive card --html"


def text(card: Card) -> str:
    """The card, with a line end behind its last line."""
    return "\n".join(printable(line) for line in _lines(card)) + "\n"


def _lines(card: Card) -> Iterator[str]:
    yield from (RULER, *_wrapped(card.heading, "  "))
    yield from _wrapped(f"{'; '.join(card.facts[:-1])};", "  ")
    yield from _wrapped(card.facts[-1], "  ")
    yield f"  {card.foot}"
    if card.warning:
        yield f"  !! {card.warning.upper()} NOT FOR THE WALL !!"
    yield RULER
    for number, line in enumerate(card.checklist, start=1):
        yield from _told(line, f"{f'[ ] {number}.':<8}")
    yield RULER
    for rule in card.rules:
        yield from _told(rule, "!!      ")
    yield from (RULER, *_tree(card), *_escalation(card))


def _tree(card: Card) -> Iterator[str]:
    """The diagnoses of the written tree with their cures; then the recovery procedures."""
    yield "On NO-GO, by diagnosis:"
    recovered = {code for each in card.recoveries for code in each.codes}
    for code, cure in card.tree:
        if code not in recovered:
            yield from _told(cure, f"  {code:<22}")
    for each in card.recoveries:
        if codes := ", ".join(each.codes):
            yield from _wrapped(f"Procedure {each.letter}, {each.name}: {codes}", "  ")
    yield from _wrapped(ON_THE_SHEET, "  ")


def _escalation(card: Card) -> Iterator[str]:
    yield "If that fails, within ten minutes:"
    for number, line in enumerate(card.escalation, start=1):
        yield from _told(line, f"  {number}. ")
    for contact in card.contacts:
        yield from _wrapped(contact, "  ")


def _told(line: Line, before: str) -> Iterator[str]:
    """The words, the command below them, then what must come of it."""
    if not line.command and not line.then_command:
        yield from _wrapped(f"{line.words} {line.then}".rstrip(), before)
        return
    short = f"{line.words.removesuffix(':')}. {line.then}"
    is_short = line.command and line.then and not line.then_command
    if is_short and len(before + short) <= COLUMNS:
        yield f"{before}{short}"
        yield f"{MARGIN}{line.command}"
        return
    yield from _wrapped(line.words, before)
    if line.command:
        yield f"{MARGIN}{line.command}"
    if line.then:
        yield from _wrapped(line.then, MARGIN)
    if line.then_command:
        yield f"{MARGIN}{line.then_command}"


def _wrapped(words: str, before: str) -> list[str]:
    return textwrap.wrap(
        words,
        COLUMNS,
        initial_indent=before,
        subsequent_indent=" " * len(before),
        break_long_words=False,
        break_on_hyphens=False,
    )
