"""A run as one row of the index, from its evidence."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from golive.evidence import storage
from golive.evidence.contradictions import name_of, reliable
from golive.evidence.record import Evidence, Record
from golive.evidence.storage import NoEvidence
from golive.reports import phases, wording

Standing = Literal["GO", "NO-GO", "unfinished", "unreliable"]

NONE_THERE = "it left no evidence, or none yet"


class Row(Record):
    """A run as the index shows it. `why` is what keeps its evidence from being relied on.

    Times are ISO 8601: `started` in UTC, `local` with the offset of the machine it ran on. `aim` is
    the target in words. `weakened` is how many checks were, `noted` how many notes there are.
    """

    run_id: str
    standing: Standing
    target: str = ""
    aim: str = ""
    fault: str | None = None
    started: str = ""
    local: str = ""
    operator: str = ""
    account: str = ""
    code: str = ""
    recovery: str = ""
    handshake_ms: float | None = None
    budget_ms: float | None = None
    seconds: float | None = None
    positions: int | None = None
    overridden: tuple[str, ...] = ()
    weakened: int = 0
    noted: int = 0
    why: str = ""

    @property
    def is_drill(self) -> bool:
        """A rehearsal of a fault: its NO-GO is expected."""
        return self.fault is not None

    @property
    def exceptions(self) -> list[str]:
        """What stands beside the verdict: `overridden`, `2 notes`."""
        count = len(self.overridden)
        overridden = f"{count} rules overridden" if count > 1 else "overridden" if count else ""
        is_weak = self.weakened and self.standing == "GO"
        weak = f"{self.weakened} weakened" if is_weak else ""
        notes = wording.counted(self.noted, "note") if self.noted else ""
        return [each for each in (overridden, weak, notes) if each]

    @property
    def day(self) -> str:
        """The local day on which it began; "" where that is not known."""
        return (self.local or self.started)[:10]

    @property
    def local_words(self) -> str:
        """The local time, where it is not UTC."""
        if not self.local or self.local.endswith("+00:00"):
            return ""
        return f"{datetime.fromisoformat(self.local):%Y-%m-%d %H:%M:%S UTC%z}"


def row_of(folder: Path) -> Row | None:
    """None where the folder is gone."""
    try:
        return _reliable(reliable(folder))
    except NoEvidence as error:
        if not folder.exists():
            return None
        path = folder / storage.FILE_NAME
        why = str(error).removeprefix(f"{path}: ") if path.exists() else NONE_THERE
        return _unreliable(folder, why)


def _reliable(found: Evidence) -> Row:
    who, why = found.circumstances, found.diagnosis
    seconds = datetime.fromisoformat(found.ended) - datetime.fromisoformat(found.started)
    return Row(
        run_id=found.run_id,
        standing="unfinished" if why and why.code == "unfinished" else found.verdict,
        target=found.target,
        aim=wording.target(found),
        fault=found.fault,
        started=found.started,
        local=who.local_started or "",
        operator=who.operator,
        account=found.positions.account,
        code=why.code if why else "",
        recovery=why.procedure or "" if why else "",
        handshake_ms=found.handshake.complete_ms,
        budget_ms=phases.budget_ms(found),
        seconds=seconds.total_seconds(),
        positions=found.positions.count if found.has_asked_for_positions else None,
        overridden=tuple(each.step for each in found.overrides),
        weakened=len(found.weakened),
        noted=len(found.noted),
    )


def _unreliable(folder: Path, why: str) -> Row:
    """Only its name is shown."""
    name = name_of(folder.name)
    if name is None:
        return Row(run_id=folder.name, standing="unreliable", why=why)
    started = name.began.isoformat()
    return Row(
        run_id=folder.name,
        standing="unreliable",
        target=name.target,
        aim=wording.TARGETS[name.target],
        started=started,
        why=why,
    )
