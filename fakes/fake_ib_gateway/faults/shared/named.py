"""The faults by the names of the command line, and what each takes: `slow`, or `slow=2.5`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fake_ib_gateway.faults import faults, flood_faults, position_faults, start_faults
from fake_ib_gateway.faults.fault import Fault
from fake_ib_gateway.protocol import errors

HIGHEST_CODE = 99_999
MOST = 1_000_000
"""The highest number a fault takes: seconds, bytes, or how many."""


@dataclass(frozen=True)
class Known:
    """How the command line makes a fault: its class or a function, and what it takes after `=`."""

    make: Callable[..., Fault]
    parameter: str = ""
    kind: type[int] | type[float] | type[str] = str
    lowest: int = 0
    highest: int = MOST


FAULTS: dict[str, Known] = {
    "healthy": Known(Fault),
    "down": Known(faults.Down),
    "wrong-port": Known(faults.WrongPort),
    "wrong-address": Known(faults.WrongAddress),
    "silent": Known(faults.Silent),
    "leaky": Known(faults.Leaky),
    "zombies": Known(faults.Zombies, "COUNT", int, highest=1000),
    "wedged": Known(faults.Wedged, "QUEUED", int, highest=1000),
    "starting": Known(faults.Starting, "SECONDS", float),
    "no-start": Known(faults.NoStart),
    "slow": Known(faults.Slow, "SECONDS", float),
    "refuses": Known(faults.Refuses),
    "garbage": Known(faults.Garbage),
    "accounts-only": Known(lambda: faults.Without("nextValidId")),
    "drops-after-start": Known(
        lambda seconds=0.5: faults.Drops("START_API", part=0, after_seconds=seconds),
        "SECONDS",
        float,
    ),
    "no-close": Known(faults.NoClose),
    "fragmented": Known(faults.Fragmented),
    "joined": Known(faults.Joined),
    "chatty": Known(faults.Chatty),
    "boundary": Known(faults.Boundary, "BYTES", int, lowest=1),
    "client-id-in-use": Known(faults.ClientIdInUse),
    "busy": Known(faults.Busy, "CLIENTS", int, highest=30),
    "wrong-account": Known(faults.WrongAccount, "ACCOUNT"),
    "missing-positions": Known(faults.MissingPositions, "COUNT", int),
    "closed-positions": Known(faults.ClosedPositions, "EVERY", int, lowest=1),
    "orders-first": Known(faults.OrdersFirst),
    "endless-positions": Known(lambda: faults.Without("positionEnd")),
    "drops": Known(lambda part=0.5: faults.Drops(part=part), "PART", float),
    "drops-after-positions": Known(lambda: faults.Drops(part=1)),
    "drops-late": Known(faults.DropsLate, "SECONDS", float),
    "mute": Known(faults.Mute, "SECONDS", float),
    "connectivity-lost": Known(faults.ConnectivityLost, "SECONDS", float),
    "restored": Known(start_faults.Restored),
    "restored-data-lost": Known(position_faults.RestoredDataLost),
    "port-changed": Known(start_faults.PortChanged),
    "farm-broken": Known(start_faults.FarmBroken),
    "disclaimer": Known(start_faults.Disclaimer),
    "disclaimer-closes": Known(lambda: start_faults.Disclaimer(closes_then=True)),
    "disclaimer-granted": Known(start_faults.DisclaimerGranted),
    "unknown-code": Known(start_faults.SaysAtStart, "CODE", int, highest=HIGHEST_CODE),
    "other-orders": Known(faults.OtherOrders),
    "not-available": Known(position_faults.NotAvailable),
    "not-available-yet": Known(lambda: position_faults.NotAvailable(ends=True)),
    "available-late": Known(position_faults.AvailableLate, "SECONDS", float),
    "account-unavailable": Known(position_faults.AccountUnavailable),
    "advisor": Known(position_faults.Advisor, "ACCOUNTS", int, lowest=1, highest=10_000),
    "advisor-refused": Known(
        lambda accounts=60: position_faults.Advisor(accounts, errors.TOO_MANY_ACCOUNTS),
        "ACCOUNTS",
        int,
        lowest=1,
        highest=10_000,
    ),
    "request-refused": Known(position_faults.RequestRefused, "CODE", int, highest=HIGHEST_CODE),
    "paced": Known(position_faults.Paced),
    "unknown-at-positions": Known(position_faults.SaysBefore, "CODE", int, highest=HIGHEST_CODE),
    "says-between": Known(position_faults.SaysBetween, "CODE", int, highest=HIGHEST_CODE),
    "says-behind": Known(position_faults.SaysBehind, "CODE", int, highest=HIGHEST_CODE),
    "accounts-behind": Known(position_faults.AccountsBehind),
    "accounts-reordered": Known(position_faults.AccountsReordered),
    "rows-behind": Known(position_faults.RowsBehind),
    "same-rows-behind": Known(position_faults.SameRowsBehind),
    "twice-told": Known(position_faults.TwiceTold),
    "contradictory-rows": Known(position_faults.ContradictoryRows),
    "repeated-rows": Known(position_faults.RepeatedRows),
    "flood-of-notices": Known(flood_faults.FloodOfNotices, "SECONDS", float),
    "flood-of-rows": Known(flood_faults.FloodOfRows, "ROWS", int),
    "read-only": Known(faults.ReadOnly),
    "other-master": Known(faults.OtherMaster, "ID", int, highest=2**31 - 2),
    "untrusted": Known(faults.OtherTrusted, "ADDRESS"),
    "authentication-failed": Known(faults.AuthenticationFailed),
    "second-factor": Known(faults.SecondFactor),
    "second-factor-expired": Known(faults.SecondFactorExpired),
    "throttled": Known(faults.Throttled),
    "wrong-password": Known(faults.WrongPassword),
    "session-taken": Known(faults.SessionTaken),
    "login-unanswered": Known(faults.LoginUnanswered),
    "not-logged-in": Known(faults.NotLoggedIn),
    "not-listening": Known(faults.WithoutListener),
    "dialog": Known(faults.Dialog, "SECONDS", float),
    "http": Known(faults.OtherProtocol),
    "tls": Known(lambda: faults.OtherProtocol(faults.OtherProtocol.TLS_ALERT)),
    "late-zombies": Known(
        lambda seconds=1.0: faults.LateZombies(zombies_after=seconds), "SECONDS", float
    ),
    "hostile": Known(faults.Hostile),
}
"""By the names of the command line."""


class UnknownFault(ValueError):
    """No fault is named so; the text says what there is."""


def named(words: str) -> Fault:
    """The fault of `slow` or `slow=2.5`. Raises UnknownFault."""
    name, equals, text = words.partition("=")
    known = FAULTS.get(name)
    if known is None:
        raise UnknownFault(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    if not equals:
        return known.make()
    if not known.parameter:
        raise UnknownFault(f"fault {name!r} takes no parameter, not {text!r}")
    return known.make(_parameter(known, name, text))


def _parameter(known: Known, name: str, text: str) -> int | float | str:
    try:
        value = known.kind(text)
    except ValueError:
        value = -1
    if text == "" or not (isinstance(value, str) or known.lowest <= value <= known.highest):
        allowed = (
            "text" if known.kind is str else f"a number from {known.lowest} to {known.highest}"
        )
        raise UnknownFault(f"fault {name}={known.parameter} takes {allowed}, not {text!r}")
    return value
