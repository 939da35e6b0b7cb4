"""`golive report summary`: a night in Markdown, for the summary of a job.

Whatever comes out of a record is written so that Markdown and HTML take none of it for their own.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from golive.kit.text import printable, shortened
from golive.reports import wording
from golive.reports.night import HEALTHY, Drill, Night, NoNight, gather, read
from golive.reports.since_last_night import changes

UNKNOWN = "no drill was begun: what each must say was not kept"
MOST_LINES = 30
"""Of a section; each run's own are in its evidence."""
FEW = 3
LONGEST = 300
"""Characters of anything that is shown."""

Expectations = dict[str, str]
"""What each drill must say, by its fault: `NO-GO handshake.connect-ack protocol-error`."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of this command. `run` then performs it."""
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="folder of runs to read")
    parser.add_argument(
        "--since",
        type=Path,
        metavar="FILE",
        help="an earlier night (--keep file or folder) to compare with",
    )
    parser.add_argument(
        "--expectations", type=Path, metavar="FILE", help="what each drill must say, as JSON"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE", help="save this night to FILE")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write to FILE")


def run(options: argparse.Namespace) -> int:
    """0, whatever the runs said; 4 where it cannot be written, with one line."""
    now = gather(options.runs)
    try:
        before: Night | None = read(options.since) if options.since else None
        why = ""
    except NoNight as error:
        before, why = None, str(error)
    expected = _expectations(options.expectations) if options.expectations else {}
    text = page(now, before, why, expected)
    try:
        if options.keep and now.drills:
            _write(options.keep, now.model_dump_json(indent=1) + "\n")
        if options.out:
            _write(options.out, text)
    except OSError as error:
        where = printable(str(error.filename))
        print(f"the summary could not be written: {where}: {error.strerror}", file=sys.stderr)
        return 4
    if not options.out:
        print(text.encode("ascii", "xmlcharrefreplace").decode(), end="")
    return 0


def page(now: Night, before: Night | None, why: str, expected: Expectations | None) -> str:
    """The summary. `why` says why there is no night before.

    `expected`: None where what was expected is not known, empty where nothing is to be held to it.
    """
    wrong = [UNKNOWN] if expected is None else _not_as_expected(now, expected)
    expected = expected or {}
    sections = [
        [f"# Rehearsals: {_headline(now, wrong, expected)}", "", _in_short(now)],
        _section("Not as expected", wrong),
        _section("Without evidence to rely on", now.holes),
        _section("Weakened checks", _by_drills(now, lambda each: each.weakened)),
        _section("Noted", _by_drills(now, lambda each: each.noted)),
        ["## What changed since last night", "", *_changed(before, now, why)],
        _table(now, expected),
    ]
    return "\n".join(line for lines in sections if lines for line in (*lines, ""))


def _headline(now: Night, wrong: list[str], expected: Expectations) -> str:
    if not now.drills:
        return "none"
    if wrong or now.holes:
        return f"{len(wrong) + len(now.holes)} NOT as expected"
    held = [each for each in now.drills if each.name in expected]
    return f"all {len(held)} as expected" if held else wording.counted(len(now.drills), "drill")


def _in_short(now: Night) -> str:
    if not now.drills:
        return "No run was found: nothing was rehearsed."
    runs = sum(each.runs for each in now.drills)
    seconds = statistics.median(each.seconds for each in now.drills)
    handshakes = [each.handshake_ms for each in now.drills if each.handshake_ms is not None]
    handshake = f", median handshake {statistics.median(handshakes):.1f} ms" if handshakes else ""
    versions = ", ".join(f"{kind} {' and '.join(each)}" for kind, each in now.versions.items())
    took = f"median duration {seconds:.1f} s{handshake}"
    return f"{wording.counted(runs, 'run')}; {took}. {_plain(versions)}."


def _not_as_expected(now: Night, expected: Expectations) -> list[str]:
    done = {each.name for each in now.drills}
    missing = [f"{name}: not performed" for name in expected if name not in done]
    return missing + [
        f"{each.name} ({each.api}) says {' and '.join(each.said)}; it must say {must}"
        for each in now.drills
        if (must := expected.get(each.name)) and each.said != (must,)
    ]


def _by_drills(now: Night, lines_of: Callable[[Drill], Iterable[str]]) -> list[str]:
    """Each line once, with how many drills it is of; their names where they are few."""
    drills: dict[str, list[str]] = {}
    for each in _ordered(now):
        for line in lines_of(each):
            drills.setdefault(line, []).append(each.name)
    return [
        f"{wording.counted(len(names), 'drill')}{_names(names)}: {line}"
        for line, names in islice(drills.items(), MOST_LINES)
    ]


def _names(names: list[str]) -> str:
    return f" ({', '.join(names)})" if len(names) <= FEW else ""


def _changed(before: Night | None, now: Night, why: str) -> Iterable[str]:
    if before is None:
        return [f"Nothing to compare with: {_plain(why or 'no earlier night was named')}."]
    lines = changes(before, now)
    when = f"the night of {before.began:%Y-%m-%d %H:%M} UTC" if before.began else "an empty night"
    return [f"Beside {when}:", "", *_bullets(lines)] if lines else [f"Nothing, beside {when}."]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *_bullets(lines)] if lines else []


def _bullets(lines: Sequence[str]) -> list[str]:
    return [f"- {_plain(line)}" for line in lines]


def _table(now: Night, expected: Expectations) -> list[str]:
    if not now.drills:
        return []
    heads = ("drill", "client API", "says", "expected", "runs", "seconds", "handshake ms")
    rows = [" | ".join(_cells(each, expected)) for each in _ordered(now)]
    line = "| --- | --- | --- | --- | ---: | ---: | ---: |"
    return ["## All", "", f"| {' | '.join(heads)} |", line, *(f"| {row} |" for row in rows)]


def _ordered(now: Night) -> list[Drill]:
    return sorted(now.drills, key=lambda each: (each.name != HEALTHY, each.name, each.api))


def _cells(drill: Drill, expected: Expectations) -> list[str]:
    must = expected.get(drill.name)
    held = "-" if must is None else "yes" if drill.said == (must,) else "**NO**"
    handshake = "-" if drill.handshake_ms is None else f"{drill.handshake_ms:.1f}"
    words = [_plain(each) for each in (drill.name, drill.api, " and ".join(drill.said))]
    return [*words, held, str(drill.runs), f"{drill.seconds:.1f}", handshake]


def _plain(text: str) -> str:
    """One line without markup, links or mentions; too long a text is cut."""
    text = shortened(text, LONGEST)
    text = re.sub(r"[^A-Za-z0-9 .,;:=+()/-]", lambda each: f"&#{ord(each[0])};", text)
    return re.sub(
        r"(?i)(www)\.|(:)(?=/)", lambda each: each[1] + "&#46;" if each[1] else "&#58;", text
    )


def _expectations(path: Path) -> Expectations | None:
    """Of the drills that were to be performed; None where the file is missing or damaged."""
    try:
        return TypeAdapter(Expectations).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
