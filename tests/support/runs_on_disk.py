"""Runs as they would lie on the disk, made without a gateway: to be shown, kept and doubted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from golive import __version__
from golive.evidence import provenance, storage, weakened
from golive.evidence.record import (
    Api,
    Circumstances,
    Diagnosis,
    Endpoint,
    Evidence,
    HandshakeTimes,
    Outcome,
    Override,
    PositionsRecord,
    SocketsRecord,
    StepRecord,
    Target,
)
from golive.procedure import steps
from golive.procedure.steps import Plan

NIGHT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LOCAL = timezone(timedelta(hours=-5))
"""Where these runs take place: it is still the evening before."""

KINDS = {
    "live": "IB Gateway (live)",
    "fallback": "TWS (paper)",
    "fake": "fake gateway (rehearsal)",
}
PORTS = {"live": 4001, "fallback": 7497, "fake": 45123}


def a_go(
    started: datetime = NIGHT,
    target: Target = "live",
    *,
    positions: int = 24,
    handshake_ms: float = 97.4,
    number_of_the_second: int = 1,
    plan: Plan = "golive",
    **more: Any,
) -> Evidence:
    """A run in which all went well."""
    passed = [_record(step, "passed") for step in steps.of(plan)]
    account = "U21146542" if target != "fallback" else "DU1234567"
    found = Evidence(
        run_id=run_id(started, target, number_of_the_second),
        started=started.isoformat(timespec="milliseconds"),
        ended=(started + timedelta(seconds=2.5)).isoformat(timespec="milliseconds"),
        target=target,
        fault=None,
        endpoint=Endpoint(host="127.0.0.1", port=PORTS[target], kind=KINDS[target], client_id=10),
        api=Api(version="10.37.02", server_version=203),
        verdict="GO",
        attempts=1,
        steps=passed,
        handshake=handshake_of(handshake_ms),
        positions=PositionsRecord(
            account=account,
            count=positions,
            rows=[position(number, account) for number in range(positions)],
        ),
        sockets=SocketsRecord(before=[socket(target)], after=[socket(target)]),
        diagnosis=None,
        plan=plan,
        circumstances=Circumstances(
            operator="Alex Example",
            machine="trading-1",
            system="Linux 6.1, x86_64",
            python="3.11.7",
            golive=__version__,
            golive_sha256=provenance.of_this_project(),
            local_started=started.astimezone(LOCAL).isoformat(timespec="seconds"),
            settings_file="secrets.json",
            settings_sha256="c324dc19" * 8,
            settings={"GoLive.HandshakeBudgetSeconds": 1.0, "GoLive.ExpectedPositions": 24},
        ),
    )
    return found.model_copy(update=more)


def a_no_go(
    started: datetime = NIGHT,
    target: Target = "live",
    *,
    failed: str = "gateway.listening",
    code: str = "gateway-not-running",
    cause: str = "nothing listens on the configured port",
    number_of_the_second: int = 1,
    plan: Plan = "golive",
    **more: Any,
) -> Evidence:
    """A run that ended at a step; what it did not come to is not in it."""
    number, before = steps.NUMBER[failed], steps.before(failed, plan)
    step, *behind = steps.of(plan)[len(before) :]
    records = [_record(each, "passed") for each in before]
    records += [_record(step, "failed"), *(_record(each, "blocked", failed) for each in behind)]
    found = a_go(started, target, number_of_the_second=number_of_the_second, plan=plan)
    has_connected = number >= steps.NUMBER["handshake.one-attempt"]
    what = {
        "verdict": "NO-GO",
        "steps": records,
        "attempts": int(has_connected),
        "diagnosis": Diagnosis(
            code=code,
            cause=cause,
            procedure="A",
            next_steps=["Close IB Gateway.", "Start it again, and wait 90 seconds."],
            facts=[f"first step not passed: {failed}"],
        ),
    }
    if number <= steps.NUMBER["handshake.under-budget"]:
        what["handshake"] = HandshakeTimes()
    if number <= steps.NUMBER["positions.complete"]:
        what["positions"] = PositionsRecord(account=found.positions.account, count=0)
    return found.model_copy(update=what | more)


def overridden(found: Evidence) -> Evidence:
    rule = Override(
        step="environment.cool-down", reason="the gateway was restarted", found="18 s ago"
    )
    return _named(found.model_copy(update={"overrides": [rule]}))


def with_settings(found: Evidence, **golive: Any) -> Evidence:
    """The same with these keys of `GoLive` in its settings, and what they weaken."""
    more = {f"GoLive.{key}": value for key, value in golive.items()}
    circumstances = found.circumstances.model_copy(
        update={"settings": found.circumstances.settings | more}
    )
    return _named(found.model_copy(update={"circumstances": circumstances}))


def _named(found: Evidence) -> Evidence:
    """As a run names the checks that were weakened."""
    return found.model_copy(update={"weakened": weakened.of(found)})


def kept(found: Evidence, folder: Path) -> Path:
    """Writes it where runs are kept; gives the run's folder."""
    own = folder / found.run_id
    own.mkdir(parents=True, exist_ok=True)
    storage.write(found, own)
    return own


def nights(
    count: int, target: Target = "fake", last: datetime = NIGHT, **more: Any
) -> list[Evidence]:
    """One GO a night, the last one first."""
    return [a_go(last - timedelta(days=each), target, **more) for each in range(count)]


def run_id(started: datetime, target: str, number: int = 1) -> str:
    """As golive.evidence.run_folder names them."""
    mark = "" if number == 1 else f".{number}"
    return f"{started:%Y%m%dT%H%M%SZ}{mark}-{target}"


def handshake_of(milliseconds: float) -> HandshakeTimes:
    """All of it in that time."""
    return HandshakeTimes(
        tcp_ms=0.2,
        server_version_ms=milliseconds * 0.5,
        start_api_ms=milliseconds * 0.55,
        managed_accounts_ms=milliseconds * 0.9,
        next_valid_id_ms=milliseconds,
    )


SYMBOLS = ("AAPL", "SPY", "QQQ", "MSFT", "IWM", "NVDA")


def position(number: int, account: str, **more: Any) -> dict[str, Any]:
    """A row as the gateway's answer becomes one: options and shares."""
    is_option = number % 3 != 0
    symbol = SYMBOLS[number % len(SYMBOLS)]
    return {
        "account": account,
        "con_id": 265598 + number,
        "symbol": symbol,
        "sec_type": "OPT" if is_option else "STK",
        "expiry": "20261218" if is_option else "",
        "strike": 500.0 + 5 * number if is_option else 0.0,
        "right": "P" if is_option else "",
        "multiplier": "100" if is_option else "",
        "exchange": "SMART",
        "currency": "USD",
        "local_symbol": symbol,
        "trading_class": symbol,
        "quantity": "-2" if is_option else "100",
        "average_cost": 187.25 + number,
        **more,
    }


def socket(target: str) -> dict[str, Any]:
    return {
        "state": "LISTEN",
        "local_ip": "127.0.0.1",
        "local_port": PORTS[target],
        "remote_ip": "",
        "remote_port": 0,
        "pid": 812,
    }


def _record(step: steps.Step, outcome: Outcome, blocked_by: str | None = None) -> StepRecord:
    number = steps.NUMBER[step.id]
    return StepRecord(
        id=step.id,
        stage=step.stage,
        title=step.title,
        outcome=outcome,
        blocked_by=blocked_by,
        seconds=0.0 if outcome == "blocked" else 0.012,
        observed={} if outcome == "blocked" else {"looked_at": step.title},
        began=None if outcome == "blocked" else round(0.02 * number, 6),
    )
