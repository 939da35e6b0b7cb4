"""The summary of a night as Markdown, and as plain text.

Markdown and HTML take nothing of a record for their own; on a screen it is shown as it is.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from golive.kit.text import shortened

COLUMNS = 80
LONGEST = 300
"""Characters of anything that is shown."""

HEADS = ("rehearsal", "client API", "result", "as expected", "runs", "seconds", "handshake ms")
IS_EXPECTED = {None: "-", True: "yes", False: "NO"}


@dataclass(frozen=True, slots=True)
class Row:
    """The runs of one fault, or target. `is_expected`: None where nothing was expected."""

    name: str
    api: str
    said: str
    is_expected: bool | None
    runs: int
    seconds: str
    handshake: str


@dataclass(frozen=True, slots=True)
class Summary:
    """From its headline to its foot. `lists` are sections, `changed` lines below `since`."""

    headline: str
    in_short: str
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    since: str
    changed: tuple[str, ...]
    rows: tuple[Row, ...]
    versions: str


def markdown(found: Summary) -> str:
    """For the summary of a CI job."""
    parts = [f"# {found.headline}", escaped(found.in_short)]
    for name, lines in found.lists:
        parts += [f"## {name}", _bullets(lines, "- ", escaped)]
    parts += ["## Since last night", escaped(found.since)]
    if found.changed:
        parts.append(_bullets(found.changed, "- ", escaped))
    if found.rows:
        parts += ["## All", "\n".join(_table(found.rows))]
    return "\n\n".join([*parts, *([escaped(found.versions)] if found.versions else [])]) + "\n"


def plain(found: Summary) -> str:
    """For a terminal of 80 columns."""
    parts = [f"{found.headline}\n{_wrapped(found.in_short)}"]
    for name, lines in found.lists:
        parts.append(f"{name}\n{_bullets(lines, '  ', _wrapped)}")
    changed = [f"  {_wrapped(each)}" for each in found.changed]
    parts.append("\n".join([_wrapped(found.since), *changed]))
    if found.rows:
        parts.append("\n".join(_lines(found.rows)))
    return "\n\n".join([*parts, *([_wrapped(found.versions)] if found.versions else [])]) + "\n"


def escaped(text: str) -> str:
    """One line without markup, links or mentions; too long a text is cut."""
    text = shortened(text, LONGEST)
    text = re.sub(r"[^A-Za-z0-9 .,;:=+()/-]", lambda each: f"&#{ord(each[0])};", text)
    return re.sub(
        r"(?i)(www)\.|(:)(?=/)", lambda each: each[1] + "&#46;" if each[1] else "&#58;", text
    )


def _wrapped(text: str) -> str:
    """Lines of 80 columns, those after the first indented; no word is broken."""
    return "\n".join(
        textwrap.wrap(
            shortened(text, LONGEST),
            COLUMNS - 2,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _bullets(lines: Sequence[str], mark: str, form: Callable[[str], str]) -> str:
    return "\n".join(f"{mark}{form(each)}" for each in lines)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {' | '.join(HEADS)} |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: |"
    for each in rows:
        held = IS_EXPECTED[each.is_expected]
        cells = [
            *map(escaped, (each.name, each.api, each.said)),
            f"**{held}**" if held == "NO" else held,
        ]
        yield f"| {' | '.join([*cells, str(each.runs), each.seconds, each.handshake])} |"


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    """A line a row: its time, its handshake, its name and what it reported."""
    has_apis = len({each.api for each in rows}) > 1
    yield f"{'seconds':>8}{'handshake':>12}  result"
    for each in rows:
        name = f"{each.name} ({each.api})" if has_apis else each.name
        is_one = not each.said[:1].isdigit()  # else they are counted by verdict
        wrong = "NOT AS EXPECTED " if each.is_expected is False else ""
        ms = "-" if each.handshake == "-" else f"{each.handshake} ms"
        told = f"{wrong}{name}: {each.said}" + (
            f" ({each.runs} runs)" if is_one and each.runs > 1 else ""
        )
        first, *more = textwrap.wrap(
            shortened(told, LONGEST), COLUMNS - 22, break_long_words=False, break_on_hyphens=False
        ) or [""]
        yield f"{each.seconds:>8}{ms:>12}  {first}"
        yield from (f"{'':24}{line}" for line in more)
