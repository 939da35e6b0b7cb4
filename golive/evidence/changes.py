"""What changed since the last GO on the same target: read from the evidence it left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from golive.evidence.contradictions import reliable
from golive.evidence.record import Change, Evidence, PositionChange, SinceLastGo, is_open
from golive.evidence.storage import NoEvidence

LOOKED_THROUGH = 200
"""Earlier runs on the same target, the newest first."""

ABSENT = "not set"

Rows = list[dict[str, Any]]

Key = tuple[str, object, str]
"""Account, contract id, and the contract in words."""


def compared(found: Evidence, runs: Path) -> Evidence:
    """The same, with what changed since the last GO in the folder of runs; it never fails."""
    try:
        since = _since(found, runs)
    except Exception as error:  # a comparison is no reason to lose the evidence
        since = SinceLastGo(reason=f"the runs in {runs} cannot be compared: {error}")
    return found.model_copy(update={"since_last_go": since})


def _since(now: Evidence, runs: Path) -> SinceLastGo:
    last = next((each for each in _earlier(now, runs) if each.verdict == "GO"), None)
    if last is None:
        return SinceLastGo(reason="there is no earlier GO on this target")
    return SinceLastGo(
        run_id=last.run_id,
        ended=last.ended,
        digest=last.digest,
        positions=of_positions(last.positions.rows, now.positions.rows)
        if now.has_all_positions
        else None,
        others=list(_others(last, now)),
    )


def _earlier(now: Evidence, runs: Path) -> Iterator[Evidence]:
    """Runs on the same target that nothing speaks against, the newest first."""
    names = sorted((each.name for each in runs.glob(f"*-{now.target}")), reverse=True)
    for name in islice((name for name in names if name != now.run_id), LOOKED_THROUGH):
        try:
            found = reliable(runs / name)
        except NoEvidence:
            continue
        if _aim(found) == _aim(now) and found.started < now.started:
            yield found


def _aim(found: Evidence) -> tuple[object, ...]:
    """A fake has another port each time; what it stands for is its kind."""
    there = found.endpoint
    where = (there.kind,) if found.target == "fake" else (there.host, there.port)
    return (found.plan, found.target, *where)


def of_positions(last: Rows, now: Rows) -> list[PositionChange]:
    """By contract, as they stand in the earlier table, then what is new."""
    before, after = _held(last), _held(now)
    changes = ((key, before.get(key), after.get(key)) for key in before | after)
    return [
        PositionChange(account=account, contract=contract, before=was, now=has)
        for (account, _, contract), was, has in changes
        if was != has
    ]


def _held(rows: Rows) -> dict[Key, str]:
    """Quantities of what is open; of a contract that is told twice, what was told last."""
    last = {_key(row): row for row in rows}
    return {key: str(row.get("quantity")) for key, row in last.items() if is_open(row)}


def _key(row: dict[str, Any]) -> Key:
    return str(row.get("account")), row.get("con_id"), contract(row)


def contract(row: dict[str, Any]) -> str:
    """A position's contract in words: `SPY OPT 20261218 P 560 USD`."""
    strike = f"{row['strike']:.10g}" if row.get("strike") else ""
    parts = (row.get("symbol"), row.get("sec_type"), row.get("expiry"), row.get("right"), strike)
    return " ".join(str(part) for part in (*parts, row.get("currency")) if part)


def _others(last: Evidence, now: Evidence) -> Iterator[Change]:
    """Versions, as far as both were seen; the rest as far as both runs have it on record."""
    before, after = _versions(last), _versions(now)
    pairs = [(what, before[what], after[what]) for what in after if before[what] and after[what]]
    before, after = _configured(last), _configured(now)
    if before and after:
        keys = dict.fromkeys([*after, *before])
        pairs += [(key, before.get(key, ABSENT), after.get(key, ABSENT)) for key in keys]
    return (Change(what=what, before=was, now=has) for what, was, has in pairs if was != has)


def _versions(found: Evidence) -> dict[str, Any]:
    wrote = found.circumstances
    return {
        "API version": found.api.version,
        "server version": found.api.server_version,
        "golive": " ".join(filter(None, (wrote.golive, wrote.golive_sha256[:12]))),
        "machine": wrote.machine,
        "settings file": wrote.settings_sha256[:12],
    }


def _configured(found: Evidence) -> dict[str, Any]:
    """A rehearsal's fake has another port each time."""
    settings = found.circumstances.settings
    fakes = {"IBKRCredentials.Port"} if found.target == "fake" else set()
    return {key: value for key, value in settings.items() if key not in fakes}
