"""The Monitor's lines: those of the written procedure, and one for every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from golive.client.answers import Event, Positions
from golive.kit.clock import Clock
from golive.monitor.holding.state import State
from golive.settings.model import Settings

CONNECTED = "[IBKR] Connected successfully"
RESTORED = {
    "half-open": "the gateway answers again",
    "connectivity-lost": "the gateway has its link to IBKR again",
}
SAID = {
    "half-open": "the gateway does not answer, but its socket is still open",
    "connectivity-lost": "the gateway has lost its link to IBKR",
}


def of_event(event: Event, settings: Settings) -> str | None:
    """The procedure's line for a stage of the connection; None if it has none."""
    to = settings.credentials
    match event.name:
        case "connecting":
            return f"[IBKR] Connecting to {to.host}:{to.port} (ClientId: {to.client_id})..."
        case "connected":
            return "[IBKR] eConnect() completed. IsConnected: True"
        case "start api":
            return "[IBKR] startApi() called - requesting handshake"
    return None


def retrieved(positions: Positions, settings: Settings) -> str:
    """The procedure's line about complete positions, and whether they are not as expected."""
    account, expected = settings.golive.expected_account, settings.golive.expected_positions
    count = len(positions.open_in(account))
    line = f"Retrieved {count} positions for account {account}"
    if positions.unreadable:
        return f"{line}, BUT {len(positions.unreadable)} CANNOT BE READ"
    return line if count == expected else f"{line}, BUT {expected} ARE EXPECTED"


def changed(before: State, now: State, settings: Settings) -> Iterator[str]:
    """What to say about a change of state."""
    yield from _changes(before, now)
    if _is_whole(now.positions) and not _is_whole(before.positions):
        assert now.positions is not None
        yield retrieved(now.positions, settings)


def _changes(before: State, now: State) -> Iterator[str]:
    if now.condition != before.condition and now.condition == "connected":
        if was := RESTORED.get(before.condition):
            yield f"connected: {was}"
    elif now.condition != before.condition and now.condition in SAID:
        yield f"{now.condition}: {SAID[now.condition]}"
    is_over = now.condition in ("disconnected", "stopped")  # which its end says in full
    if now.code != before.code and now.code and not is_over:
        yield f"Diagnosis: {now.code}: {now.cause}"
        yield from (f"  {number}. {step}" for number, step in enumerate(now.next_steps, start=1))
    yield from _notices(before, now)
    yield from _zombies(before.zombies, now.zombies)
    for name, is_up in now.farms.items():
        if before.farms.get(name, True) is not is_up:
            how = "connected" if is_up else "not connected; this is a warning only"
            yield f"data farm {name} is {how}"
    yield from _positions(before, now)


def _notices(before: State, now: State) -> Iterator[str]:
    """Each new message; once the list is full, one each time their number doubles."""
    known, is_full = {each.text for each in before.notices}, bool(now.notices_left_out)
    new = [each.text for each in now.notices if each.text not in known]
    for text in [] if is_full else new:
        yield f"the gateway said {text}"
    if now.notices_left_out.bit_length() > before.notices_left_out.bit_length():
        yield f"the gateway keeps sending messages; the latest: {now.notices[-1].text}"


def _zombies(before: int | None, now: int | None) -> Iterator[str]:
    if now and now != before:
        yield f"zombies: {now} CLOSE_WAIT on the gateway's port"
    elif before and now == 0:
        yield "no zombies are left on the gateway's port"


def _positions(before: State, now: State) -> Iterator[str]:
    """If positions were complete before: that they no longer are, or have changed."""
    if not _is_whole(before.positions):
        return
    if not _is_whole(now.positions):
        yield "the positions are no longer reliable; asking for them again"
    elif count := _unreadable(now.positions):
        if count != _unreadable(before.positions):
            yield f"positions changed: {count} cannot be read"
    elif _quantities(before) != _quantities(now):
        yield f"positions changed: {len(_quantities(now))} open in {now.expected_account}"


def _is_whole(found: Positions | None) -> bool:
    return found is not None and found.is_complete


def _unreadable(found: Positions | None) -> int:
    return len(found.unreadable) if found else 0


def _quantities(state: State) -> dict[object, object]:
    """The quantity of each open position of the account."""
    rows = state.positions.open_in(state.expected_account) if state.positions else ()
    return {row[:-2]: row.quantity for row in rows}


def stamped(write: Callable[[str], None], clock: Clock) -> Callable[[str], None]:
    """Puts the local time and its zone before each line; an empty line stays empty."""

    def write_stamped(text: str) -> None:
        begin = time(clock.now())
        for line in text.split("\n"):
            write(f"{begin} {line}" if line else "")

    return write_stamped


def time(moment: datetime) -> str:
    """`[2026-11-23 09:14:02 UTC+0100]`."""
    local = moment.astimezone()
    return f"[{local:%Y-%m-%d %H:%M:%S} UTC{local:%z}]".replace("+0000]", "]")
