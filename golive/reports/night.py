"""A night: the results of one day's runs, small enough to keep and to compare with the next.

It may leave the machine, so it is made from redacted evidence only.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, Field, ValidationError

from golive.evidence.contradictions import reliable
from golive.evidence.record import Evidence, Record
from golive.evidence.storage import NoEvidence
from golive.kit.text import printable
from golive.reports import wording
from golive.reports.redaction import redacted

LASTS = timedelta(hours=24)
"""Runs that began earlier than this before the newest one belong to an earlier night."""

HEALTHY = "healthy"


class Drill(Record):
    """Runs of one fault, or target, with one client API. `said` are their different results.

    Times are medians: of the whole run in seconds, of the handshake in milliseconds. `weakened` are
    the checks that were so in any of them, `noted` what is to be read of any. `verdicts` counts the
    runs by verdict; an earlier version kept none.
    """

    name: str
    api: str
    said: tuple[str, ...]
    runs: int
    seconds: float
    handshake_ms: float | None
    weakened: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    verdicts: dict[str, int] = Field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.api


class Night(Record):
    """What is kept of it. `holes` are runs without reliable evidence, a line each."""

    began: AwareDatetime | None = None
    drills: tuple[Drill, ...] = ()
    versions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    holes: tuple[str, ...] = ()


class NoNight(Exception):
    """There is no night to compare with. The text is one line to be shown."""


def said(found: Evidence) -> str:
    """The verdict, the failed step and the diagnosis, as far as there are any."""
    failed = [step.id for step in found.steps if step.outcome == "failed"][:1]
    code = [found.diagnosis.code] if found.diagnosis else []
    return " ".join([found.verdict, *failed, *code])


def gather(runs: Path) -> Night:
    """The night of the newest run in the folder; empty where there is none."""
    found, holes = [], []
    for folder in sorted(runs.iterdir()) if runs.is_dir() else ():
        if folder.is_dir():
            try:
                found.append(redacted(reliable(folder)))
            except NoEvidence as error:
                holes.append(printable(str(error).replace(str(folder), folder.name)))
    if not found:
        return Night(holes=tuple(holes))
    began = max(map(_began, found)) - LASTS
    mine = sorted((each for each in found if _began(each) >= began), key=_began)
    return Night(
        began=_began(mine[0]), drills=_drills(mine), versions=_versions(mine), holes=tuple(holes)
    )


def read(path: Path) -> Night:
    """A kept night, or the night of a folder of runs. Raises NoNight."""
    if path.is_dir():
        if not (found := gather(path)).drills:
            raise NoNight(f"{path.name}: no run in it can be relied on")
        return found
    try:
        return Night.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NoNight("no earlier night is kept") from None
    except OSError as error:
        raise NoNight(f"{path.name}: cannot be read: {error.strerror or error}") from None
    except ValidationError:
        raise NoNight(f"{path.name}: not a night of this project's, or cut off") from None


def _drills(found: list[Evidence]) -> tuple[Drill, ...]:
    groups: dict[tuple[str, str], list[Evidence]] = {}
    for each in found:
        groups.setdefault((_name(each), each.api.version or "?"), []).append(each)
    return tuple(_drill(*key, runs) for key, runs in groups.items())


def _drill(name: str, api: str, runs: list[Evidence]) -> Drill:
    handshakes = [ms for each in runs if (ms := each.handshake.complete_ms) is not None]
    return Drill(
        name=name,
        api=api,
        said=tuple(dict.fromkeys(map(said, runs))),
        runs=len(runs),
        seconds=round(statistics.median(map(_seconds, runs)), 3),
        handshake_ms=round(statistics.median(handshakes), 3) if handshakes else None,
        weakened=tuple(dict.fromkeys(line for each in runs for line in each.weakened)),
        noted=tuple(dict.fromkeys(line for each in runs for line in wording.noted(each))),
        verdicts=dict(Counter(sorted(each.verdict for each in runs))),
    )


def _name(found: Evidence) -> str:
    name = (found.fault or HEALTHY) if found.target == "fake" else found.target
    return f"soak, {name}" if found.plan == "soak" else name


def _versions(found: list[Evidence]) -> dict[str, tuple[str, ...]]:
    kinds: dict[str, Callable[[Evidence], object]] = {
        "golive": lambda each: each.circumstances.golive,
        "Python": lambda each: each.circumstances.python,
        "system": lambda each: each.circumstances.system,
        "client API": lambda each: each.api.version,
        "server": lambda each: each.api.server_version,
    }
    return {kind: _different(map(of, found)) for kind, of in kinds.items()}


def _different(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({str(each) for each in values if each not in (None, "")}))


def _began(found: Evidence) -> datetime:
    return datetime.fromisoformat(found.started)


def _seconds(found: Evidence) -> float:
    return (datetime.fromisoformat(found.ended) - _began(found)).total_seconds()
