"""`golive report`: opens, verifies and writes the reports of earlier runs."""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from golive.cli.help_text import Narrow, epilog
from golive.evidence import contradictions, run_folder, storage
from golive.kit import typed
from golive.kit.text import printable
from golive.reports import index, sign_off, summary, verification, wording, writing
from golive.reports.verification import Checked
from golive.settings import which

DONE, NOT_DONE, USAGE = 0, 1, 4
SHORTEST_DIGEST = 12
COLUMNS = 80
WRITTEN = f"{sign_off.FILE_NAME} and junit.xml"

PROVES = (
    "The digest proves that the evidence is unchanged since it was sealed. It does not prove who"
    " sealed it, or when. Anyone who can write here can make a new one, so compare it with the"
    " signed page: "
)


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line."""

    def __init__(self, prog: str, **more: Any) -> None:
        command = prog.removeprefix(f"{typed.GOLIVE} ")
        super().__init__(
            prog=prog, epilog=epilog(command), formatter_class=Narrow, allow_abbrev=False, **more
        )

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"golive: {message}; see {self.prog} --help\n")


class Unusable(Exception):
    """Bad input. Its text is one line."""


def main(words: list[str]) -> int:
    """0 where it is done or so, 1 where it is not, 4 for bad usage."""
    parser = _parser()
    options = parser.parse_args(words)
    perform: Callable[[argparse.Namespace], int] = options.perform
    try:
        return perform(options)
    except Unusable as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        f"{typed.GOLIVE} report",
        description="Opens, verifies and rewrites the reports of earlier runs.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = "a run's folder, its name in reports/runs, or its evidence.json or sign-off.html"

    opened = _with_reports(commands.add_parser("open", help="show the page of a run, or the index"))
    opened.add_argument("run", nargs="?", metavar="RUN", help=f"{run} (default: the index)")
    opened.set_defaults(perform=_open)

    verify = _with_reports(
        commands.add_parser("verify", help="check that the evidence of a run is unchanged")
    )
    verify.add_argument("run", nargs="?", metavar="RUN", help=f"{run} (default: the last run)")
    verify.add_argument(
        "--digest", metavar="HEX", help="digest on the printed page; its first 12 digits are enough"
    )
    verify.set_defaults(perform=_verify)

    write = _with_reports(commands.add_parser("write", help="write the reports of runs again"))
    write.add_argument("runs", metavar="RUN", nargs="+", help=run)
    masked = "word to mask in junit.xml and Allure's results, such as your IBKR user name"
    write.add_argument("--mask", metavar="WORD", action="append", default=[], help=masked)
    write.set_defaults(perform=_write)

    rebuild = _with_reports(commands.add_parser("index", help="write the index of runs again"))
    rebuild.set_defaults(perform=_index)

    night = _with_reports(
        commands.add_parser("summary", help="sum up a night of rehearsals, and what changed")
    )
    summary.add_options(night)
    night.set_defaults(perform=_summary)
    return parser


def _with_reports(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument(
        "--reports",
        metavar="DIR",
        help="folder of the reports (default: reports/ here; also GOLIVE_REPORTS)",
    )
    return command


def _reports(options: argparse.Namespace) -> Path:
    """The folder of the reports, as a run finds it without settings."""
    return run_folder.reports(options.reports, which.file(None))


def _open(options: argparse.Namespace) -> int:
    """0 shown, 1 not there yet or no browser. The path is printed in any case."""
    reports = _reports(options)
    page = reports / index.FILE_NAME
    if options.run is not None:
        page = _folder(options.run, reports) / sign_off.FILE_NAME
    if not page.is_file():
        print(f"golive: {page}: no such file; a run writes it", file=sys.stderr)
        return NOT_DONE
    if not webbrowser.open(page.as_uri()):
        print(f"golive: no browser could be started; open {page}", file=sys.stderr)
        return NOT_DONE
    print(page, flush=True)
    return DONE


def _summary(options: argparse.Namespace) -> int:
    if options.runs is None:
        options.runs = _reports(options) / run_folder.RUNS
    return summary.run(options)


def _verify(options: argparse.Namespace) -> int:
    """0 verified, 1 not."""
    printed = "" if options.digest is None else _digest(options.digest)
    reports = _reports(options)
    run = options.run if options.run is not None else _last_run(reports)
    if options.run is None:
        print(f"Last run: {printable(run)}", flush=True)
    checked = verification.verify(_folder(run, reports), printed)
    for line in _told(checked, run, printed):
        print(printable(line), flush=True)
    return DONE if checked.is_verified else NOT_DONE


def _last_run(reports: Path) -> str:
    """The name of the newest: it begins with the time. Raises Unusable."""
    runs = reports / run_folder.RUNS
    there = (each.name for each in runs.iterdir() if each.is_dir()) if runs.is_dir() else ()
    names = sorted(filter(contradictions.name_of, there))
    if not names:
        raise Unusable(f"there is no run in {runs}; name a RUN, or the reports: --reports DIR")
    return names[-1]


def _told(checked: Checked, run: str, printed: str) -> list[str]:
    """Lines of 80 columns; a path, a digest and a command stand whole on lines of their own."""
    found, lines = checked.found, [str(checked.folder)]
    if found is not None:
        says = "" if checked.is_verified else "It claims: "
        began = wording.utc(found.started)
        lines.append(f"{says}{wording.verdict(found)}, {wording.target(found)}, {began}")
        lines += ["Digest (sha256):", f"  {found.digest}"]
        lines += _wrapped(*(f"Weakened: {each}" for each in found.weakened), more="  ")
        lines += _wrapped(*(f"Noted: {each}" for each in wording.noted(found)), more="  ")
    lines += _wrapped(*(f"Note: {note}" for note in checked.notes), more="  ")
    for number, each in enumerate(checked.findings, start=1):
        lines += ["", *_wrapped(f"{number}. {each.what}.", more="   ")]
        lines += _wrapped(each.means, each.to_do, first="   ", more="   ")
    return [*lines, "", *_in_the_end(checked, run, printed)]


def _in_the_end(checked: Checked, run: str, printed: str) -> list[str]:
    if not checked.is_verified:
        return [f"NOT VERIFIED: {wording.counted(len(checked.findings), 'finding')}"]
    if printed:
        return ["VERIFIED: the evidence is unchanged since the page was printed"]
    again = f"{typed.GOLIVE} report verify {run} --digest HEX"
    return [*_wrapped(f"{PROVES}{again}"), "", "VERIFIED: the evidence is unchanged"]


def _wrapped(*texts: str, first: str = "", more: str = "") -> list[str]:
    """Each text in lines of 80 columns, its command on a line of its own; no word is broken."""
    lines = []
    for words, command in map(_apart, texts):
        lines += textwrap.wrap(
            words,
            COLUMNS,
            initial_indent=first,
            subsequent_indent=more,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines += [f"     {command}"] if command else []
    return lines


def _apart(text: str) -> tuple[str, str]:
    """The words, and the command of ours at their end."""
    found = re.fullmatch(rf"(.+:) ((?:golive|{re.escape(typed.GOLIVE)}) report .+)", text)
    return (found[1], found[2]) if found else (text, "")


def _write(options: argparse.Namespace) -> int:
    """0 all written, 1 not. Deletes nothing: that is left to runs."""
    folders = [_folder(each, _reports(options)) for each in options.runs]
    wanted = writing.Wanted(secrets=tuple(options.mask))
    told = [writing.write(each, wanted) for each in folders]
    for line in (line for each in told for line in (*each.notes, *each.failures)):
        print(f"golive: {line}", file=sys.stderr)
    masked = wording.counted(len(options.mask), "word") + " masked in what leaves this machine"
    more = f" ({masked})" if options.mask else ""
    for folder, each in zip(folders, told, strict=True):
        if not each.failures:
            print(f"Written: {printable(str(folder))}: {WRITTEN}{more}", flush=True)
    return NOT_DONE if any(each.failures for each in told) else DONE


def _index(options: argparse.Namespace) -> int:
    """0 written, 1 not."""
    runs = _reports(options) / run_folder.RUNS
    if not runs.is_dir():
        raise Unusable(f"there is no {runs}; name the reports: --reports DIR")
    try:
        index.rebuild(runs)
    except (OSError, index.Busy) as error:
        print(f"golive: the index could not be written: {error}", file=sys.stderr)
        return NOT_DONE
    print(f"Written: {runs.with_name(index.FILE_NAME)}", flush=True)
    return DONE


def _folder(text: str, reports: Path) -> Path:
    """The folder of the run that is meant. Raises Unusable."""
    path = Path(os.path.abspath(text))
    if path.name in (storage.FILE_NAME, sign_off.FILE_NAME) and path.parent.is_dir():
        return path.parent
    if path.is_dir():
        return path
    if contradictions.name_of(text) and (reports / run_folder.RUNS / text).is_dir():
        return reports / run_folder.RUNS / text
    raise Unusable(f"no such run: {printable(text)}")


def _digest(text: str) -> str:
    """The digits, without what is between them. Raises Unusable."""
    digits = re.sub(r"[\s:-]", "", text).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_DIGEST},64}}", digits):
        raise Unusable(f"--digest needs {SHORTEST_DIGEST} to 64 digits, 0 to 9 and a to f")
    return digits
