"""`golive report summary`: a night of runs in short, the verdict first.

Markdown where it is written to a file, for the summary of a CI job; plain text on a screen.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from golive.kit.text import printable
from golive.reports import summary_forms, wording
from golive.reports.night import HEALTHY, Drill, Night, NoNight, gather, read
from golive.reports.since_last_night import changes
from golive.reports.summary_forms import Row, Summary

UNKNOWN = "no rehearsal was started: what each must report was not kept"
MOST_LINES = 30
"""Of a section; each run's own are in its evidence."""
FEW = 3
REAL = ("live", "fallback")
"""Runs that are no rehearsals."""

Expectations = dict[str, str]
"""What each rehearsal must report, by its fault: `NO-GO handshake.connect-ack protocol-error`."""


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
        "--expectations", type=Path, metavar="FILE", help="what each rehearsal must report, as JSON"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE", help="save this night to FILE")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write Markdown to FILE instead of text to stdout"
    )


def run(options: argparse.Namespace) -> int:
    """0, whatever the runs reported; 4 where it cannot be written, with one line."""
    now = gather(options.runs)
    try:
        before: Night | None = read(options.since) if options.since else None
        why = ""
    except NoNight as error:
        before, why = None, str(error)
    expected = _expectations(options.expectations) if options.expectations else {}
    found = of(now, before, why, expected)
    try:
        if options.keep and now.drills:
            _write(options.keep, now.model_dump_json(indent=1) + "\n")
        if options.out:
            _write(options.out, summary_forms.markdown(found))
    except OSError as error:
        where = printable(str(error.filename))
        print(
            f"golive: the summary could not be written: {where}: {error.strerror}", file=sys.stderr
        )
        return 4
    if not options.out:
        print(summary_forms.plain(found).encode("ascii", "backslashreplace").decode(), end="")
    return 0


def of(now: Night, before: Night | None, why: str, expected: Expectations | None) -> Summary:
    """`why` says why there is no night before.

    `expected`: None where what was expected is not known, empty where nothing was expected.
    """
    wrong = [UNKNOWN] if expected is None else _not_as_expected(now, expected)
    expected = expected or {}
    lists = {
        "Not as expected": wrong,
        "Without reliable evidence": list(now.holes),
        "Weakened checks": _by_drills(now, lambda each: each.weakened),
        "Noted": _by_drills(now, lambda each: each.noted),
    }
    since, changed = _changed(before, now, why)
    return Summary(
        headline=_headline(now, wrong, expected),
        in_short=_in_short(now),
        lists=tuple((name, tuple(lines)) for name, lines in lists.items() if lines),
        since=since,
        changed=tuple(changed),
        rows=tuple(_row(each, expected) for each in _ordered(now)),
        versions=", ".join(f"{kind} {' and '.join(each)}" for kind, each in now.versions.items()),
    )


def _headline(now: Night, wrong: list[str], expected: Expectations) -> str:
    """The verdict of the night; where nothing was expected of it, those of its runs."""
    if not now.drills:
        return "No run was found"
    if wrong or now.holes:
        return f"NOT AS EXPECTED: {wording.counted(len(wrong) + len(now.holes), 'finding')}"
    held = [each for each in now.drills if each.name in expected]
    if held:
        return f"AS EXPECTED: all {wording.counted(len(held), 'rehearsal')}"
    verdicts: Counter[str] = Counter()
    for drill in now.drills:
        verdicts.update(drill.verdicts)
    return _counts(verdicts)


def _counts(verdicts: Mapping[str, int]) -> str:
    """`1 GO, 3 NO-GO`."""
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))


def _in_short(now: Night) -> str:
    if not now.drills:
        return "There is nothing to report: no run in the folder can be relied on."
    runs = sum(each.runs for each in now.drills)
    seconds = statistics.median(each.seconds for each in now.drills)
    handshakes = [each.handshake_ms for each in now.drills if each.handshake_ms is not None]
    handshake = f", median handshake {statistics.median(handshakes):.1f} ms" if handshakes else ""
    return f"{wording.counted(runs, 'run')}, median duration {seconds:.1f} s{handshake}."


def _not_as_expected(now: Night, expected: Expectations) -> list[str]:
    done = {each.name for each in now.drills}
    missing = [f"{name}: not run" for name in expected if name not in done]
    return missing + [
        f"{each.name} ({each.api}) reported {' and '.join(each.said)}; expected {must}"
        for each in now.drills
        if (must := expected.get(each.name)) and each.said != (must,)
    ]


def _by_drills(now: Night, lines_of: Callable[[Drill], Iterable[str]]) -> list[str]:
    """Each line once, with what it is of; the names of rehearsals where they are few."""
    drills: dict[str, list[str]] = {}
    for each in _ordered(now):
        for line in lines_of(each):
            drills.setdefault(line, []).append(each.name)
    return [f"{_whose(names)}: {line}" for line, names in islice(drills.items(), MOST_LINES)]


def _whose(names: list[str]) -> str:
    """`live`, `2 rehearsals (down, silent)`, `live and 12 rehearsals`."""
    real = [each for each in names if each.removeprefix("soak, ") in REAL]
    drills = [each for each in names if each not in real]
    told = f"{wording.counted(len(drills), 'rehearsal')}{_names(drills)}"
    return " and ".join([*real, *([told] if drills else [])])


def _names(names: list[str]) -> str:
    return f" ({', '.join(names)})" if len(names) <= FEW else ""


def _changed(before: Night | None, now: Night, why: str) -> tuple[str, list[str]]:
    """What it is compared with, and a line for each change."""
    if before is None:
        return (
            f"Nothing to compare with: {why or 'no earlier night was given to compare with'}.",
            [],
        )
    lines = changes(before, now)
    when = f"the night of {before.began:%Y-%m-%d %H:%M} UTC" if before.began else "an empty night"
    return (f"Since {when}:" if lines else f"Nothing changed since {when}."), lines


def _ordered(now: Night) -> list[Drill]:
    return sorted(now.drills, key=lambda each: (each.name != HEALTHY, each.name, each.api))


def _row(drill: Drill, expected: Expectations) -> Row:
    must = expected.get(drill.name)
    return Row(
        name=drill.name,
        api=drill.api,
        said=_said(drill),
        is_expected=None if must is None else drill.said == (must,),
        runs=drill.runs,
        seconds=f"{drill.seconds:.1f}",
        handshake="-" if drill.handshake_ms is None else f"{drill.handshake_ms:.1f}",
    )


def _said(drill: Drill) -> str:
    """Its result; where its runs differ, by verdict: `1 GO, 2 NO-GO (zombies)`."""
    if len(drill.said) == 1:
        return drill.said[0]
    causes = dict.fromkeys(each.rpartition(" ")[2] for each in drill.said if " " in each)
    return _counts(drill.verdicts) + (f" ({', '.join(causes)})" if causes else "")


def _expectations(path: Path) -> Expectations | None:
    """What was expected; None where the file is missing or damaged."""
    try:
        return TypeAdapter(Expectations).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
