"""What was seen, a line each: the facts of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from golive.client.answers import Behind, Handshake, Position
from golive.client.messages import ApiError, Kind, kind
from golive.diagnosis.seen import Seen
from golive.evidence import seen_words
from golive.evidence.record import Soak, StepRecord
from golive.kit import text
from golive.machine import forwarders
from golive.machine.api_settings import ApiSettings
from golive.machine.on_disk.gateway_logs import GatewayLogs
from golive.machine.processes import Process
from golive.machine.running_gateways import RunningGateway
from golive.machine.sockets import Port, Socket
from golive.procedure import steps

MOST_UNREAD = 3
MOST_NOTICES = 10


def told(seen: Seen) -> list[str]:
    """The facts, in the order in which they came about."""
    facts = [f"first check that did not pass: {seen.failed}"]
    facts += seen.resets
    facts += _port_facts("before", seen.before, known=())
    facts += _port_facts("after", seen.after, seen.before.close_wait if seen.before else ())
    if seen.listener:
        facts += [_listener_fact(seen.listener)]
    facts += [_running_fact(each) for each in seen.running]
    if seen.failed == "gateway.restarted" and not _tells_its_start(seen.listener):
        facts += ['the gateway\'s start is not observed; if it was restarted: --override "reason"']
    if seen.handshake:
        facts += _handshake_facts(seen.handshake)
    if seen.meant_account and seen.failed == "handshake.managed-accounts":
        expected = seen.settings.golive.expected_account
        facts += [f"ExpectedAccount is {expected!r}, the login has {seen.meant_account!r}"]
    if seen.access and seen.access.reason and not _is_told(seen.access.reason, facts):
        facts += [f"asked for order ids: {seen.access.reason}"]
    facts += _settings_facts(seen.api_settings)
    if seen.positions and seen.positions.reason:
        facts += [f"positions: {seen.positions.reason}"]
    if seen.positions:
        facts += [
            f"positions: {_row(one)}, and {_row(other)}"
            for one, other in seen.positions.contradictions[:MOST_NOTICES]
        ]
    if seen.behind:
        facts += _behind_facts(seen.behind, facts)
    if seen.against and not _is_told(str(seen.against), facts):
        facts += [str(seen.against)]
    if seen.soak:
        facts += _soak_facts(seen.soak)
    if seen.logs:
        facts += _log_facts(seen.logs, seen)
    return facts


def _soak_facts(soak: Soak) -> list[str]:
    held = f"soak: held for {soak.seconds:g} of {soak.wanted:g} s"
    facts = [f"{held}, {soak.answers} of {soak.heartbeats} heartbeats answered"]
    facts += [f"soak: ended by {soak.code}: {soak.stopped}"] if soak.code else []
    return [*facts, *(f"soak: the gateway said {each}" for each in soak.notices[:MOST_NOTICES])]


def observed(record: StepRecord, settings: Mapping[str, Any]) -> list[str]:
    """What a step saw that is not of the run's own connection; others are told from that."""
    apart = ("environment", "gateway", *steps.CONFIGURED_OUT)
    if record.stage not in apart and record.id != "handshake.one-attempt":
        return []
    facts = {key: each for key, each in record.observed.items() if key != "close_wait"}
    return seen_words.seen(record.model_copy(update={"observed": facts}), settings)


def _log_facts(logs: GatewayLogs, seen: Seen) -> list[str]:
    """What the gateway's own logs say; for the attempt, which of them, or why none does."""
    facts = []
    if seen.stopped and logs.attempt_seen is not None:
        has = "an entry" if logs.attempt_seen else "no entry"
        facts += [f"the gateway's log has {has} for this attempt: {logs.attempt_log}"]
    elif seen.stopped and seen.attempted:
        facts += ["no readable log of the gateway says whether it saw this attempt"]
        facts += [f"not read: {each}" for each in logs.unread[:MOST_UNREAD]]
    if logs.restarted:
        facts += [f"the gateway's log: last start {_local(logs.restarted)}"]
    if seen.login and (seen.is_shut or seen.login.phase != "logged-in"):
        since = _local(seen.login.at)
        facts += [f"the gateway's log, state of its login: {seen.login.in_words}, since {since}"]
    if seen.login and seen.login.until:
        facts += [f"the gateway's log: logins are paused until {_local(seen.login.until)}"]
    if logs.authentication_failed:
        facts += [f"the gateway's log: {logs.authentication_failed}"]
    if logs.listening_port not in (None, seen.settings.credentials.port):
        facts += [f"the gateway's log: it listens on port {logs.listening_port}"]
    if logs.read_only:
        facts += ["the gateway's log: its API is in read-only mode"]
    return facts


def _port_facts(when: str, port: Port | None, known: Sequence[Socket]) -> list[str]:
    """Who listened, and the zombies that are not known already."""
    if port is None:
        return []
    return [f"{when}: {_listening(port)}"] + [
        f"{when}: CLOSE_WAIT {each.local_ip}:{each.local_port} from "
        f"{each.remote_ip}:{each.remote_port}, pid {each.pid or 'not observed'}"
        for each in port.close_wait
        if each not in known
    ]


def _listening(port: Port) -> str:
    """`port 4001 is listening`, `nothing listens on port 4001`."""
    number, count = port.number, len(port.listeners)
    if count > 1:
        return f"{count} sockets listen on port {number}"
    return f"port {number} is listening" if count else f"nothing listens on port {number}"


def _tells_its_start(listener: Process | None) -> bool:
    return listener is not None and forwarders.kind(listener.name) != "forwarder"


def _listener_fact(listener: Process) -> str:
    kind = forwarders.kind(listener.name)
    what = f"{listener.name} (a {kind})" if kind != "unknown" else listener.name
    return f"listener: {what}, pid {listener.pid}, up since {_local(listener.started)}"


def _running_fact(found: RunningGateway) -> str:
    what = found.kind or "a gateway"
    where = f"listens on {', '.join(map(str, found.ports))}" if found.ports else "does not listen"
    told = f"{found.process.name}, pid {found.pid}, up since {_local(found.process.started)}"
    if not found.is_sure:
        return f"perhaps a gateway (this user may not see its command line): {told}"
    return f"{what} runs, but {where}: {told}"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S} local time"


def _settings_facts(settings: ApiSettings) -> list[str]:
    """What is set in the gateway, where that was told."""
    told = []
    if settings.read_only is not None:
        told.append(f"Read-Only API {'on' if settings.read_only else 'off'}")
    if settings.master_client_id is not None:
        told.append(f"master client id {settings.master_client_id or 'blank'}")
    if settings.trusted_ips is not None:
        told.append(f"trusted IPs {', '.join(settings.trusted_ips) or 'none'}")
    if settings.localhost_only is not None:
        told.append(f"localhost only {'on' if settings.localhost_only else 'off'}")
    return [f"the gateway's settings: {'; '.join(told)} (from {settings.source})"] if told else []


def _handshake_facts(handshake: Handshake) -> list[str]:
    reached = {
        "TCP connected": handshake.tcp_ms,
        "server version": handshake.server_version_ms,
        "startApi sent": handshake.start_api_ms,
        "managedAccounts": handshake.managed_accounts_ms,
        "nextValidId": handshake.next_valid_id_ms,
    }
    facts = [f"{name} after {ms:g} ms" for name, ms in reached.items() if ms is not None]
    facts += [f"{handshake.bytes_received} bytes received in the handshake"]
    if handshake.spoken:
        facts += [f"the first bytes are {handshake.spoken}"]
    if handshake.stopped:
        facts += [f"the handshake stopped ({handshake.stopped}): {handshake.reason}"]
    telling = _telling(handshake.errors)
    more = len(handshake.errors) - len(telling)
    said = [f"{_kind(each)} {each.code}: {each.text}" for each in telling]
    said = [each for each in said if not _is_told(each, facts)]
    return facts + said + ([f"and {more} more messages"] if more else [])


def _telling(errors: Sequence[ApiError]) -> list[ApiError]:
    """A few of many, first those that are not ordinary."""
    if len(errors) <= MOST_NOTICES:
        return list(errors)
    return sorted(errors, key=lambda each: kind(each) is Kind.ORDINARY)[:MOST_NOTICES]


def _kind(error: ApiError) -> str:
    """The gateway's farms come and go, and it says so: these are notices, most of them good."""
    return "notice" if kind(error) in (Kind.ORDINARY, Kind.FARM_BROKEN) else "error"


def _is_told(what: str, facts: Sequence[str]) -> bool:
    """A message may be why several answers did not come; once is enough."""
    return any(what in each for each in facts)


def _behind_facts(behind: Behind, told: Sequence[str]) -> list[str]:
    is_new = behind.reason and not _is_told(behind.reason, told)
    facts = [f"after the positions: {behind.reason}"] if is_new else []
    rows = [f"after the positions' end: {_row(row)}" for row in behind.rows[:MOST_NOTICES]]
    more = len(behind.rows) - len(rows)
    return facts + rows + ([f"and {more} more rows"] if more else [])


def _row(row: Position) -> str:
    quantity = "unreadable" if row.quantity is None else f"{row.quantity:f}"
    contract = row.local_symbol.strip() or row.symbol
    return f"{row.account} {text.shortened(contract, 40)} {quantity} at {row.average_cost:g}"
