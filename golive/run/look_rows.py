"""The lines of `golive look`: each fact in words, and whether a rule would refuse for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from golive.discipline.journal import BEGUN
from golive.discipline.rules import Made
from golive.evidence.look_record import Refusal, Row, State
from golive.kit.plain import plain
from golive.kit.text import counted
from golive.machine import forwarders, reset_windows, sockets
from golive.machine.reset_windows import Window
from golive.machine.sockets import Socket
from golive.run import look_commands
from golive.run.look_facts import Facts, Told
from golive.settings.model import NO_COUNT, Settings

NOT_OBSERVED = "not observed"

NEAR = timedelta(hours=2)

STEPS = {
    "port": ("gateway.listening", "gateway.accept-queue"),
    "clients": ("gateway.no-other-client",),
    "zombies": ("environment.no-zombies",),
    "programs": ("environment.no-stale-client",),
    "discipline": ("environment.cool-down", "environment.no-flipping", "gateway.restarted"),
    "runs": ("environment.only-run",),
    "ibapi": (
        "environment.one-ibapi",
        "environment.ibapi-version",
        "environment.ibapi-unmodified",
    ),
    "settings": ("environment.client-id", "environment.identity"),
}
"""Which steps of the procedure a line is about."""


def rows(facts: Facts, refusals: Sequence[Refusal]) -> list[Row]:
    """In the order in which they are shown."""
    made = (
        _process(facts),
        _login(facts),
        _startup(facts),
        _port(facts),
        _sockets("clients", facts.clients, "connected", "nobody is connected"),
        _sockets("zombies", facts.zombies, "in CLOSE_WAIT", "none"),
        _programs(facts),
        _discipline(facts),
        _runs(facts),
        _monitor(facts),
        _commands(facts),
        _ibapi(facts),
        _settings(facts),
        _clock(facts),
        _resets(facts),
    )
    return list(_told_once(_judged(each, refusals) for each in made))


def _told_once(rows: Iterable[Row]) -> Iterator[Row]:
    """Why something is not observed is said once, however many lines it is about."""
    told: set[str] = set()
    for row in rows:
        yield row.model_copy(update={"text": NOT_OBSERVED}) if row.text in told else row
        if not row.observed:
            told.add(row.text)


def _judged(row: Row, refusals: Sequence[Refusal]) -> Row:
    """A line that a refusal is about says so, in the words of the rule."""
    about = [each for each in refusals if each.step in STEPS.get(row.name, ())]
    if not about:
        return row
    seen = [each.why for each in about if each.observed]
    text = "; ".join(seen) or row.text
    if not row.observed or not seen:
        text = row.text
    return row.model_copy(update={"state": "against", "text": text})


def _row(name: str, state: State, text: str, **facts: Any) -> Row:
    return Row(name=name, state=state, observed=True, text=text, facts=plain(facts))


def _unseen(name: str, why: str) -> Row:
    text = f"{NOT_OBSERVED}: {why}" if why else NOT_OBSERVED
    return Row(name=name, state="note", observed=False, text=text)


# the gateway


def _process(facts: Facts) -> Row:
    found = facts.process
    if found is None:
        return _no_process(facts)
    kind, version = forwarders.kind(found.name), facts.version(found)
    name = f"{found.name} {version}".rstrip()
    is_fake = bool(forwarders.fake_on(facts.gateway.number, found))
    what = f"{name} (only forwards the port)" if kind == "forwarder" else name
    what = "a fake gateway, not a real one" if is_fake else what
    text = f"{what}, pid {found.pid}, since {at(found.started, facts.now)}"
    state: State = "note" if is_fake or kind == "forwarder" else "ok"
    return _row(
        "process", state, text, pid=found.pid, program=found.name, version=version or None,
        started=found.started, kind="fake" if is_fake else kind,
    )  # fmt: skip


def _no_process(facts: Facts) -> Row:
    """Where nothing listens, a gateway may run all the same."""
    if facts.listeners.value:
        return _unseen("process", "the process that listens belongs to another user")
    if facts.listeners.value is None:
        return _unseen("process", facts.listeners.untold)
    sure = [each for each in facts.seen.running if each.is_sure]
    if not sure:
        return _row("process", "note", "no gateway process found")
    first = sure[0]
    since = at(first.process.started, facts.now)
    text = f"{first.kind or 'a gateway'} runs, pid {first.pid}, since {since}, but does not listen"
    return _row("process", "note", text, pid=first.pid, started=first.process.started)


def _login(facts: Facts) -> Row:
    login = facts.seen.login
    if login is None:
        return _unseen("login", "this gateway's log does not say")
    since = at(login.at, facts.now)
    told = {"phase": login.phase, "at": login.at, "until": login.until}
    if login.phase == "logged-in":
        return _row("login", "ok", f"completed {since}, according to the gateway's log", **told)
    return _row(
        "login", "note", f"{login.in_words}, since {since}, according to the gateway's log", **told
    )


def _startup(facts: Facts) -> Row:
    """Whether the gateway has had its time to initialize: an attempt waits for that."""
    needed = facts.settings.golive.initialization_seconds
    if facts.listeners.value == []:
        return _row("startup", "note", "does not apply: nothing listens", wait_seconds=0)
    since, first = facts.since, f"an attempt first waits {facts.wait:.0f} s"
    if since is None:
        return _unseen("startup", f"{first}")
    up = f"up for {lasted(facts.now - since)}" + (f", {needed:g} s needed" if needed else "")
    told = {"since": since, "needed_seconds": needed, "wait_seconds": round(facts.wait, 1)}
    if facts.wait:
        return _row("startup", "note", f"{up}: {first}", **told)
    return _row("startup", "ok", up, **told)


def _port(facts: Facts) -> Row:
    listeners, queue = facts.listeners, facts.accept_queue
    if listeners.value is None:
        return _unseen("port", listeners.untold)
    waiting = NOT_OBSERVED if queue.value is None else queue.value or "empty"
    text = f"listening, accept queue {waiting}" if listeners.value else "nothing listens"
    told = {"listeners": sockets.rows(listeners.value), "accept_queue": queue.value}
    others = facts.gateway.other_listeners
    return _row("port", "ok", text, **told, other_listening_ports=others)


def _sockets(name: str, found: Told[list[Socket]], what: str, none: str) -> Row:
    if found.value is None:
        return _unseen(name, found.untold)
    text = f"{len(found.value)} {what}" if found.value else none
    return _row(name, "ok", text, rows=sockets.rows(found.value))


def _programs(facts: Facts) -> Row:
    names = ", ".join(facts.settings.golive.stale_processes)
    if facts.stale.value is None:
        return _unseen("programs", facts.stale.untold)
    text = f"no stale client program ({names})" if names else "StaleProcesses names none"
    return _row("programs", "ok", text, stale=facts.stale.value)


# what is remembered


def _discipline(facts: Facts) -> Row:
    rules = facts.remembered.discipline
    here = [each for each in rules.past if each.endpoint == rules.endpoint]
    under_way = facts.remembered.under_way
    last = under_way or (here[-1] if here else None)
    text = _attempt(last, facts.now) if last else "no attempt is remembered"
    if under_way:
        text = f"an attempt is under way ({_whose(facts)})"
    return _row(
        "discipline", "ok", text,
        last_attempt=last, cooling_until=rules.cooling_until, no_change_until=rules.no_flip_until,
        zombies_left_by=rules.zombies_left, damaged_lines=facts.remembered.reading.damaged,
    )  # fmt: skip


def _whose(facts: Facts) -> str:
    """`Monitor, pid 4711`, by the name of its run."""
    other = facts.remembered.other_run
    if other is None:
        return "process not observed"
    kinds = {"monitor": "Monitor", "mcp": "MCP server"}
    return f"{kinds.get(other.run.rpartition('-')[2], 'another run')}, pid {other.pid}"


def _attempt(made: Made, now: datetime) -> str:
    outcome = "has no outcome yet" if made.outcome == BEGUN else made.outcome
    return f"last attempt {outcome}, {at(made.last_seen, now)}"


def _runs(facts: Facts) -> Row:
    other = facts.remembered.other_run
    if facts.remembered.is_alone:
        return _row("runs", "ok", "no other run is under way")
    who = f"{other.run}, pid {other.pid}" if other else "process not observed"
    return _row("runs", "ok", who, other_run=other)


def _monitor(facts: Facts) -> Row:
    found = facts.remembered.monitor
    if found is None:
        return _row("monitor", "note", "no golive Monitor runs here", running=None)
    text = f"golive Monitor runs, pid {found.pid}" + (f", {found.url}" if found.url else "")
    return _row("monitor", "note", text, running=found)


def _commands(facts: Facts) -> Row:
    """No step refuses an attempt for it, but its trial would fail after one."""
    missing = look_commands.missing(facts.settings)
    told = "; ".join(look_commands.told(facts.settings))
    return _row("commands", "note" if missing else "ok", told, missing=missing)


# this machine


def _ibapi(facts: Facts) -> Row:
    api = facts.subject.api
    text = f"{api.version}, unmodified"
    told = {"version": api.version, "distributions": api.distributions, "changed": api.changed}
    return _row("ibapi", "ok", text, **told)


def missing(settings: Settings) -> Iterator[str]:
    """The keys that a go-live run needs: one may look before they are set."""
    if not settings.golive.expects_account:
        yield "ExpectedAccount"
    if settings.golive.expected_positions == NO_COUNT:
        yield "ExpectedPositions"


def _settings(facts: Facts) -> Row:
    golive, configured = facts.settings.golive, facts.settings.credentials.client_id
    pinned = golive.pinned_client_id
    told = {"client_id": configured, "pinned_client_id": pinned}
    if lacking := ", ".join(missing(facts.settings)):
        return _row("settings", "note", f"golive check also needs {lacking}", **told)
    text = f"client id {configured}, port and IsPaperTrading agree"
    return _row("settings", "ok", text, **told)


def _clock(facts: Facts) -> Row:
    if facts.synchronized is None:
        return _unseen("clock", "this system does not say whether it is synchronized")
    text = "synchronized" if facts.synchronized else "not synchronized, according to the kernel"
    return _row("clock", "note", text, synchronized=facts.synchronized)


def _resets(facts: Facts) -> Row:
    """The one it is in now, and the next ones."""
    try:
        now = reset_windows.windows(facts.now, timedelta(0))
        ahead = reset_windows.ahead(facts.now)
    except reset_windows.NoTimeZones as error:
        return _unseen("resets", str(error))
    told = [f"now: {each}" for each in now]
    told += [f"{each}, in {lasted(each.begin - facts.now)}" for each in _shown(ahead, facts.now)]
    windows = [{"name": e.name, "begin": e.begin, "end": e.end} for e in (*now, *ahead)]
    return _row("resets", "note", "; ".join(told), windows=windows)


def _shown(ahead: Sequence[Window], now: datetime) -> list[Window]:
    """Of all regions those that are near; of the one in North America also those that are not."""
    near = [each for each in ahead if each.begin - now < NEAR]
    in_the_east = [each for each in ahead if str(each.begin.tzinfo) == reset_windows.EASTERN]
    daily = [each for each in in_the_east if each.is_daily]
    logins = [each for each in in_the_east if each.begin == each.end]
    return list(dict.fromkeys([*near, *daily, *logins]))


# times


def at(moment: datetime, now: datetime) -> str:
    """On this machine's clock: `09:14:02 local`, of another day `Fri 28 Nov 09:14 local`."""
    here, today = moment.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M:%S} local"
    year = "" if here.year == today.year else f" {here.year}"
    return f"{DAYS[here.weekday()]} {here.day} {MONTHS[here.month - 1]}{year} {here:%H:%M} local"


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""In English whatever the locale is."""


def lasted(span: timedelta) -> str:
    """`41 s`, `49 min`, `14 h 34 min`, `4 days`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 100:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 60:
        return f"{minutes} min"
    if days < 2:
        return f"{hours} h {minutes % 60} min"
    return counted(days, "day")
