"""Handshake, positions, soak and afterwards: what is seen on the one connection and behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from golive.evidence.seen.taking import Saw, error, listed, listeners, some, zombies
from golive.kit.figures import milliseconds, span
from golive.kit.text import counted


def _attempts(saw: Saw) -> Iterator[str]:
    made = saw.take("attempts")
    if made is not None:
        yield counted(made, "attempt")


def _acknowledged(saw: Saw) -> Iterator[str]:
    version = saw.take("server_version")
    if version is not None:
        yield f"server version {version}"


def _next_valid_id(saw: Saw) -> Iterator[str]:
    found = saw.take("next_valid_id")
    if found is not None:
        yield f"next valid id {found}"


def _accounts(saw: Saw) -> Iterator[str]:
    accounts, wanted = saw.take("accounts"), saw.take("expected")
    if not accounts:
        yield "no account"
    elif wanted in accounts:
        others = len(accounts) - 1
        yield f"account {wanted}" + (f", and {counted(others, 'other')}" if others else "")
    else:
        noun = "account" if len(accounts) == 1 else "accounts"
        yield f"{noun} {listed(accounts)}, {wanted} expected"


def _budget(saw: Saw) -> Iterator[str]:
    took, budget = saw.take("milliseconds"), saw.take("budget")
    if took is not None:
        yield f"{milliseconds(took)} of {budget:,.0f} ms"


def _obstacles(saw: Saw) -> Iterator[str]:
    against, messages = saw.take("against"), saw.take("messages")
    if against:
        yield error(against)
    elif messages is not None:
        yield f"{counted(messages, 'message')}, none of them an obstacle"


def _read_only(saw: Saw) -> Iterator[str]:
    is_granted, refusal = saw.take("is_granted"), saw.take("refusal")
    by_settings = saw.take("read_only_by_its_settings")
    if refusal:
        yield error(refusal)
    if is_granted is not None:
        yield "order ids granted" if is_granted else "order ids not granted"
    if by_settings is not None:
        yield f"Read-Only API {'on' if by_settings else 'off'}, as the gateway reports"


def _master(saw: Saw) -> Iterator[str]:
    found, pinned, source = (saw.take(k) for k in ("master_client_id", "pinned", "source"))
    if found is not None:
        yield f"master client id {found or 'blank'}, {pinned} or blank expected"
    if source:
        yield f"from {source}"


def _trusted(saw: Saw) -> Iterator[str]:
    trusted, ours, source = (saw.take(key) for key in ("trusted", "ours", "source"))
    if trusted is not None:
        yield f"trusted: {listed(trusted) or 'no address'}"
    if ours:
        yield f"this client's address: {ours}"
    if source:
        yield f"from {source}"


def _rows(saw: Saw) -> Iterator[str]:
    rows = saw.take("rows")
    if rows is not None:
        yield counted(rows, "row") + ("" if saw.has_passed else ", incomplete or unreliable")


def _settled(saw: Saw) -> Iterator[str]:
    changed, against = saw.take("changed"), saw.take("against")
    if against:
        yield error(against)
    if changed:
        yield f"{counted(len(changed), 'position')} changed"
        yield from some([_position(each) for each in changed])
    elif changed is not None and saw.has_passed:
        yield "no change"


def _position(row: Mapping[str, Any]) -> str:
    """`SPY OPT 20261218 500 P: -2, in U21146542`; of a change, from how many to how many."""
    if "contract" in row:
        return f"{row['contract']}: {row['before'] or 'none'} before, {row['now'] or 'none'} now"
    parts = (row.get(key) for key in ("symbol", "sec_type", "expiry", "strike", "right"))
    contract = " ".join(str(each) for each in parts if each)
    return f"{contract}: {row.get('quantity')}, in {row.get('account')}"


def _count(saw: Saw) -> Iterator[str]:
    account, found, rows = (saw.take(key) for key in ("account", "open", "rows"))
    yield open_positions(saw, found)
    if rows not in (None, found):
        yield f"{counted(rows, 'row')}, including closed ones and those of other accounts"
    if account:
        yield f"account {account}"


def open_positions(saw: Saw, found: int) -> str:
    """`24 open positions, 24 expected`."""
    wanted = saw.setting("ExpectedPositions")
    told = counted(found, "open position")
    return told if wanted is None else f"{told}, {wanted} expected"


def _heartbeats(saw: Saw) -> Iterator[str]:
    sent, answered = saw.take("heartbeats"), saw.take("answers")
    if sent is not None:
        yield f"{answered:,} of {counted(sent, 'heartbeat')} answered"


def _soak_zombies(saw: Saw) -> Iterator[str]:
    most, unseen = saw.take("most_zombies"), saw.take("looks_in_vain")
    if most is not None:
        yield f"{counted(most, 'zombie')} at most" if most else "no zombies"
    if unseen:
        yield f"not observed in {counted(unseen, 'look')}"


def _held(saw: Saw) -> Iterator[str]:
    seconds, wanted = saw.take("seconds"), saw.take("wanted")
    if seconds is not None:
        yield f"held for {span(seconds)} of {span(wanted)}"


def _soak_positions(saw: Saw) -> Iterator[str]:
    yield from _rows(saw)
    yield from _settled(saw)


def _closed(saw: Saw) -> Iterator[str]:
    by, later, was_reset = (saw.take(k) for k in ("by", "gateway_closed_ms", "was_reset"))
    against = saw.take("against")
    if against:
        yield error(against)
    if was_reset:
        yield "the connection was reset"
    if by == "us" and later is not None:
        yield f"closed by us; the gateway closed {milliseconds(later)} later"
    elif by == "us":
        yield "closed by us; the gateway has not closed its side"
    elif by:
        yield "there was no connection to close" if by == "nobody" else f"closed by the {by}"


TELLERS = {
    "handshake.one-attempt": _attempts,
    "handshake.connect-ack": _acknowledged,
    "handshake.next-valid-id": _next_valid_id,
    "handshake.managed-accounts": _accounts,
    "handshake.under-budget": _budget,
    "handshake.no-obstacle": _obstacles,
    "handshake.read-only-off": _read_only,
    "handshake.master-client-id": _master,
    "handshake.trusted-addresses": _trusted,
    "positions.complete": _rows,
    "positions.settled": _settled,
    "positions.count": _count,
    "soak.answers": _heartbeats,
    "soak.no-zombies": _soak_zombies,
    "soak.full-time": _held,
    "soak.positions": _soak_positions,
    "afterwards.closed-cleanly": _closed,
    "afterwards.no-zombies": zombies,
    "afterwards.still-listening": listeners,
}
