"""`golive look` on a terminal: a line a fact, then what rules out an attempt, or nothing."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from golive.evidence.look_record import LookRecord, Row, State
from golive.evidence.record import Diagnosis
from golive.kit.text import printable
from golive.reports import advice

SHAPES: dict[State, str] = {"ok": "✓", "against": "✗", "note": "–"}  # noqa: RUF001
WINDOWS: dict[State, str] = {"ok": "√", "against": "×", "note": "-"}  # noqa: RUF001
PLAIN: dict[State, str] = {"ok": "ok", "against": "FAIL", "note": "-"}
COLOURS: dict[State, str] = {"ok": "32", "against": "31;1", "note": "2"}
LABEL = 11
NARROWEST, WIDEST, NO_TERMINAL = 40, 100, 80


def json(seen: LookRecord) -> str:
    """All of it, for programs."""
    return seen.model_dump_json(by_alias=True, indent=2)


@dataclass(frozen=True, slots=True)
class Screen:
    """What lines may look like where they are shown."""

    width: int = NO_TERMINAL
    shapes: bool = True
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        """That of a stream. NO_COLOR and TERM=dumb are heeded."""
        columns = shutil.get_terminal_size((NO_TERMINAL, 24)).columns
        dull = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        return cls(
            width=min(max(columns, NARROWEST), WIDEST),
            shapes=_knows("".join(_shapes().values()), stream),
            colour=stream.isatty() and not dull and sys.platform != "win32",
        )

    def mark(self, state: State) -> str:
        shapes = _shapes() if self.shapes else PLAIN
        text = f"{shapes[state]:<{max(map(len, shapes.values()))}}"
        return f"\x1b[{COLOURS[state]}m{text}\x1b[0m" if self.colour else text

    @property
    def mark_width(self) -> int:
        return 1 if self.shapes else len(PLAIN["against"])


def _shapes() -> dict[State, str]:
    return WINDOWS if sys.platform == "win32" else SHAPES


def _knows(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def show(seen: LookRecord, stream: TextIO) -> None:
    """Writes it as it fits there."""
    for line in lines(seen, Screen.of(stream)):
        print(line, file=stream)
    stream.flush()


def lines(seen: LookRecord, screen: Screen) -> Iterator[str]:
    yield from _heading(seen, screen)
    yield ""
    for row in seen.rows:
        yield from _row(row, screen)
    yield ""
    yield from _refused(seen, screen) if seen.refused else _nothing_against(seen, screen)


def _heading(seen: LookRecord, screen: Screen) -> Iterator[str]:
    to = seen.endpoint
    where = printable(f"{to.kind} {to.host}:{to.port}")
    when = f"seen {_local(seen.seen)}, nothing was connected"
    if len(where) + len(when) + 3 <= screen.width:
        yield f"{where}{when:>{min(screen.width, NO_TERMINAL) - len(where)}}"
    else:
        yield from (where, when)


def _row(row: Row, screen: Screen) -> Iterator[str]:
    indent = " " * (screen.mark_width + 1 + LABEL + 1)
    first, *more = _wrapped(printable(row.text), screen, indent)
    yield f"{screen.mark(row.state)} {row.name:<{LABEL}} {first.strip()}"
    yield from more


def _nothing_against(seen: LookRecord, screen: Screen) -> Iterator[str]:
    text = "Nothing stands in the way of an attempt."
    if seen.waits_seconds:
        text = f"{text} It first waits {seen.waits_seconds:.0f} s."
    if seen.missing_settings:
        text = f"{text} First set {' and '.join(seen.missing_settings)}."
    if seen.missing_programs:
        text = f"{text} First correct {' and '.join(seen.missing_programs)}."
    one = f"{text}   {seen.again}"
    if len(one) <= screen.width:
        yield one
    else:
        yield from (*_wrapped(text, screen, ""), f"  {seen.again}")


def _refused(seen: LookRecord, screen: Screen) -> Iterator[str]:
    """The first cause with what to do about it; what is left after that, by name."""
    first, *others = seen.causes
    yield from _cause(first, screen)
    if seen.refused_until:
        yield ""
        yield f"An attempt is refused until {_local(seen.refused_until)}."
    if others:
        yield ""
        yield "After that:"
        for each in others:
            yield from _wrapped(printable(f"{each.code}: {each.cause}"), screen, "  ")


def _cause(found: Diagnosis, screen: Screen) -> Iterator[str]:
    yield f"Cause   {found.code}"
    yield from _wrapped(printable(found.cause), screen, "  ")
    yield ""
    procedure = f"   Procedure {found.procedure}" if found.procedure else ""
    yield f"What to do{procedure}"
    for number, step in enumerate(found.next_steps, start=1):
        yield from _step(number, printable(step), screen)


def _step(number: int, text: str, screen: Screen) -> Iterator[str]:
    """What to type stands on a line of its own, whole, to be copied."""
    words, command = advice.of(text)
    first, *more = _wrapped(words, screen, " " * 5)
    yield f" {number:>2}. {first.strip()}"
    yield from more
    if command:
        yield f"       {command}"


def _wrapped(text: str, screen: Screen, indent: str) -> Sequence[str]:
    return textwrap.wrap(
        text,
        screen.width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S} local"
