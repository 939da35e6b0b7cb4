"""/healthz and /readyz: whether the Monitor is alive and its gateway ready, as JSON, with ages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from golive.kit import masking
from golive.kit.clock import Clock
from golive.kit.text import printable
from golive.monitor.holding.state import LATE_SECONDS, State

READY, NOT_READY = 200, 503
STUCK = "monitor-stuck"

WORDS = {
    STUCK: (
        "the Monitor has not looked at its connection for {age:.0f} s",
        "Look at the Monitor's process. End it and start it again.",
    ),
    "starting": (
        "it is connecting, or waiting for the gateway",
        "Wait. The Monitor's output says for what.",
    ),
    "stopped": ("the Monitor is ending", "Start it again when you want to use the gateway."),
    "disconnected": (
        "there is no connection to the gateway",
        "Read the reason in the Monitor's output, and do what it says before you restart it.",
    ),
    "half-open": (
        "the gateway has not answered for {silence}, but its socket is still open",
        "Do not connect a second program. If it stays silent, end the Monitor, then Procedure A.",
    ),
    "connectivity-lost": (
        "the gateway lost its link to IBKR",
        "Check this machine's network and IBKR's system status.",
    ),
    "zombies": (
        "{zombies} CLOSE_WAIT on port {port}",
        "End the Monitor, then Procedure A: restart the gateway.",
    ),
    "not-observable": (
        "the gateway's sockets, and so its zombies, are not observed",
        "Run the Monitor on the gateway's own machine, or set AllowUnobservedSockets.",
    ),
    "positions-incomplete": (
        "the gateway has not sent all of its positions, or some cannot be read",
        "Wait. If it stays so, end the Monitor, then Procedure A.",
    ),
}
"""Of a code for which the state itself has no words: the cause, and what to do first."""


@dataclass(frozen=True, slots=True)
class Told:
    """An HTTP status, and what goes with it."""

    status: int
    body: dict[str, Any]


def alive(state: State, clock: Clock) -> Told:
    """Whether the Monitor works, whatever state the gateway is in."""
    stuck = is_stuck(state, clock.monotonic())
    body = {
        "status": "stuck" if stuck else "alive",
        "condition": state.condition,
        **_moment(state, clock),
    }
    return Told(NOT_READY if stuck else READY, body | diagnosis(state, clock, STUCK * stuck))


def ready(state: State, clock: Clock) -> Told:
    """Connected, answered of late, positions complete, no zombies; else why not, and what to do.

    Ages are in seconds at the moment `told`; None of what was never there. No account is named.
    """
    now = clock.monotonic()
    code = trouble(state, now)
    body = {
        "status": "not-ready" if code else "ready",
        "condition": state.condition,
        "since": _iso(state.since),
        **_moment(state, clock),
        **diagnosis(state, clock, code),
        "endpoint": {
            "host": state.host,
            "port": state.port,
            "kind": state.kind,
            "client_id": state.client_id,
        },
        "heartbeat_seconds": state.heartbeat_seconds,
        "answer_age_seconds": age(state.answered_at, now),
        "answer_ms": state.answer_ms,
        "positions": open_positions(state),
        "expected_positions": state.expected_positions,
        "positions_age_seconds": age(state.positions_at, now),
        "zombies": state.zombies,
        "zombies_age_seconds": age(state.zombies_at, now),
        "smoke": state.smoke,
        "reconnects": state.reconnects,
        "farms": {printable(name): is_up for name, is_up in state.farms.items()},
        "notices": [_shown(str(each), (state.expected_account,)) for each in state.notices],
        "notices_left_out": state.notices_left_out,
    }
    return Told(NOT_READY if code else READY, body)


def trouble(state: State, now: float) -> str:
    """The code of why it is not ready; "" if it is."""
    return STUCK if is_stuck(state, now) else state.trouble(now)


def is_stuck(state: State, now: float) -> bool:
    """Whether the snapshot is older than whoever holds a connection would leave it."""
    if state.condition in ("starting", "disconnected", "stopped"):  # there is none to look at
        return False
    return now - state.made_at > state.heartbeat_seconds + LATE_SECONDS


def has_words(state: State, code: str) -> bool:
    """Whether it can be said by now what this code is of, and what to do."""
    return code in WORDS or code == state.code


def open_positions(state: State) -> int | None:
    """How many open ones the expected account has; None where that is not told, or not readably."""
    told = state.positions
    if told is None or not told.is_complete or told.unreadable:
        return None
    return len(told.open_in(state.expected_account))


def age(moment: float | None, now: float) -> float | None:
    """Seconds since a moment of the monotonic clock."""
    return None if moment is None else round(max(0.0, now - moment), 3)


def _moment(state: State, clock: Clock) -> dict[str, Any]:
    told = clock.now()
    return {
        "told": _iso(told),
        "age_seconds": age(state.made_at, clock.monotonic()),
    }


def diagnosis(state: State, clock: Clock, code: str) -> dict[str, Any]:
    """Empty where there is nothing to diagnose."""
    if not code:
        return {}
    cause, step = WORDS.get(code, ("see the Monitor's output", "Read the Monitor's output."))
    has_own = code == state.code and bool(state.cause)
    steps = state.next_steps if code == state.code and state.next_steps else (step,)
    secrets = (state.expected_account,)
    return {
        "code": code,
        "cause": _shown(state.cause if has_own else _filled(cause, state, clock), secrets),
        "next_steps": [_shown(each, secrets) for each in steps],
        "not_before": _iso(state.not_before),
    }


def _filled(text: str, state: State, clock: Clock) -> str:
    now = clock.monotonic()
    silent = age(state.answered_at, now)
    return text.format(
        age=now - state.made_at,
        silence="any request yet" if silent is None else f"{timedelta(seconds=round(silent))}",
        zombies=state.zombies,
        port=state.port,
    )


def _shown(text: str, secrets: tuple[str, ...]) -> str:
    return printable(masking.without(secrets, text))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")
