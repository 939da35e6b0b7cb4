"""How golive compares: the page that `python -m benchmarks peers` writes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from benchmarks import peers
from benchmarks.fake import ROOT
from benchmarks.peers import (
    CHECKS,
    FAULTS,
    GREEN,
    HANG,
    HEALTHY,
    LONGEST_SECONDS,
    NOT_RUN,
    Measured,
)

PAGE = ROOT / "docs" / "how-it-compares.md"
NOTE = "<!-- Written by `python -m benchmarks peers`. Do not edit it here. -->"
COLUMNS = CHECKS[::-1]
"""A narrow window cuts the last columns off: those that say least."""

PROJECTS = ("ibkr-cli", "ibkr-ops", "ibc2")


def run(tell: Callable[[str], object] = print) -> str:
    """Measures, writes the page, and returns the line that says where."""
    text = page(peers.measured(tell), datetime.now(UTC))
    PAGE.write_bytes(text.encode("utf-8"))
    return f"written: {PAGE.relative_to(ROOT).as_posix()}"


TEMPLATE = """{note}

# How it compares

A check that stays green while the gateway is stuck costs a morning. These tables show what several
checks make of the same faults. The faults come from the project's fake gateway on the loopback
address, a new one for each cell. By the written procedure, a gateway with any of these faults must
not go live, so GREEN is a false green.

Measured on {day} with {versions}; {machine}.

{counts}

None of the other tools claims to be a go-live check. Each does something else well, and a check
that asks less of the gateway is faster.

## Fault by fault

{table}

GREEN: the check says that all is well. RED: it says that something is wrong, or it fails. {hang}:
it does not end within {limit:g} s. {not_run}: it could not be run here.{missing}

## What the table does not show

- The faults are those that golive was built for. A fault that nobody has thought of is not in the
  list.
- A fake gateway is not the real program. It speaks the same protocol, and official clients are
  tested against it.
- `ibkr positions` shows positions. It cannot know how many there should be, or of which account, so
  GREEN for `missing-positions` and `wrong-account` is not its mistake.
- `ibc2 status` also reports whether its own supervisor runs. Only what it says about the API
  counts.

## Run it again

```text
python -m benchmarks peers
```

This installs {tools} from PyPI into a temporary environment, runs every check on every fault,
writes this page, and removes what it made. What each fault does is described in
[Faults of the fake gateway](faults.md).
"""


def page(found: Measured, now: datetime) -> str:
    versions = [f"{name} {version}" for name, version in found.versions.items()]
    return TEMPLATE.format(
        note=NOTE,
        day=f"{now:%Y-%m-%d}",
        versions=", ".join(versions),
        machine=f"{platform.system()}, Python {platform.python_version()}",
        counts=_table(("check", "in the table", "false greens", "meant for"), _counts(found)),
        table=_table(("fault", *(check.short for check in COLUMNS)), _rows(found)),
        hang=HANG,
        limit=LONGEST_SECONDS,
        not_run=NOT_RUN,
        missing="".join(f" {name}: {why}." for name, why in found.not_installed.items()),
        tools=" and ".join((", ".join(PROJECTS[:-1]), PROJECTS[-1])),
    )


def _rows(found: Measured) -> Iterable[Sequence[str]]:
    yield _row("none (healthy)", found, HEALTHY)
    for fault in FAULTS:
        yield _row(f"`{fault}`", found, fault)


def _row(name: str, found: Measured, fault: str) -> Sequence[str]:
    said = (found.said[fault][check.name] for check in COLUMNS)
    return [name, *(f"**{each}**" if each == GREEN and fault != HEALTHY else each for each in said)]


def _count(found: Measured, check: peers.Check) -> str:
    """None of a check that never ran."""
    ran = [each for each in FAULTS if found.said[each][check.name] != NOT_RUN]
    return f"**{found.false_greens(check)} of {len(ran)}**" if ran else NOT_RUN


def _counts(found: Measured) -> Iterable[Sequence[str]]:
    for check in CHECKS:
        yield [
            f"{check.name}: green where {check.judged}",
            check.short,
            _count(found, check),
            check.meant_for,
        ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
