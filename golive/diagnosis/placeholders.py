"""What the texts of a diagnosis are filled in with: this configuration, this machine, this run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from golive.diagnosis import commands
from golive.diagnosis.commands import Commands
from golive.diagnosis.recovery import TEN_MINUTES
from golive.diagnosis.seen import Seen
from golive.discipline.rules import UNDATED
from golive.kit.figures import allowed_from
from golive.machine import forwarders
from golive.settings.model import PORTS

MOST_COMMANDS = 5
IN_WORDS: dict[str, object] = {
    "back_up": "copy the folder with the 40-letter name in its settings folder, Jts.",
    "remove": "the one it was installed in.",
    "end": "use the pid shown above.",
    "start": "as usual.",
}
"""Said in place of a command that is not known."""
MOST_FOLDERS = 3
SPOKEN_BY = {
    "HTTP": " (as a web server or the Client Portal Gateway does)",
    "TLS": " (as the Client Portal Gateway does)",
    "SSH": " (as a remote login does)",
}
HOW = {
    "politely": "it ended when asked",
    "firmly": "it had to be killed",
    "by itself": "it had ended by itself",
    "not ended": "it could not be ended",
    "left running": "it was left running",
}
"""How a program that golive started has ended."""
PROGRAM = {"IB Gateway": "ibgateway", "TWS": "tws"}


def of(
    seen: Seen, not_before: datetime | None, here: Commands = commands.HERE
) -> dict[str, object]:
    """By the names that stand in braces in the decision tree and the recovery procedures."""
    return {
        **_configured(seen),
        **_observed(seen),
        **_of_the_program(seen),
        **_remembered(seen),
        **_of_the_login(seen, here),
        **_on_this_machine(seen, here),
        **_times(seen, not_before),
    }


def told(template: str, filled: dict[str, object]) -> str:
    """A text of the tree, filled in. `Start it as usual.` needs no colon, as a command does."""
    return template.format(**filled).replace(f": {IN_WORDS['start']}", f" {IN_WORDS['start']}")


def _configured(seen: Seen) -> dict[str, object]:
    wanted, credentials = seen.settings.golive, seen.settings.credentials
    return {
        "host": credentials.host,
        "port": credentials.port,
        "fallback_port": wanted.fallback.port,
        "client_id": wanted.pinned_client_id,
        "configured_id": credentials.client_id,
        "cooldown": f"{wanted.retry_cooldown_seconds:g}",
        "initialization": _initialization(wanted.initialization_seconds),
        "budget": wanted.handshake_budget_seconds,
        "expected": wanted.expected_positions,
        "disagreements": "; ".join(seen.settings.disagreements),
        "gateway": _gateway(seen),
        "own_address": seen.own_address or "127.0.0.1",
    }


def _initialization(seconds: float) -> str:
    """With 0 a run does not wait; a gateway takes its time all the same."""
    if not seconds:
        return "until it shows that it is ready"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


def _gateway(seen: Seen) -> str:
    return "TWS" if "TWS" in seen.settings.credentials.kind else "IB Gateway"


def _observed(seen: Seen) -> dict[str, object]:
    rows = seen.positions.open_in(seen.settings.golive.expected_account) if seen.positions else ()
    spoken = seen.handshake.spoken if seen.handshake else ""
    return {
        "count": f"{len(rows)} open position{'' if len(rows) == 1 else 's'}",
        "others": "; ".join(f"{port}, {PORTS[port]}" for port in seen.other_listeners),
        "said": seen.against or (seen.soak.stopped if seen.soak else None) or "no more is known",
        "accounts": len(seen.handshake.accounts) if seen.handshake else 0,
        "elsewhere": ", ".join(seen.elsewhere),
        "abandoned": _abandoned(seen),
        "stuck": _stuck(seen),
        "silence": f"{seen.silence_ms / 1000:.1f}",
        "spoken": spoken,
        "spoken_by": SPOKEN_BY.get(spoken, ""),
        "meant_account": seen.meant_account,
        "master": seen.api_settings.master_client_id,
        "failed": seen.failed,
        "unremembered": seen.unremembered,
        "unobserved": seen.unobserved.rstrip("."),
        "up": f"{seen.uptime.seconds:.0f} s" if seen.uptime else "an unknown time",
    }


def _stuck(seen: Seen) -> str:
    """What the gateway does not do, and whether its log has an entry for the attempt."""
    port = seen.settings.credentials.port
    if seen.failed == "gateway.accept-queue":
        return f"Port {port} is open, but the gateway does not accept connections."
    known = seen.logs.attempt_seen if seen.logs else None
    no_log = "No readable log says whether it saw the attempt."
    log = no_log if known is None else "Its log has no entry for the attempt."
    return f"Port {port} accepts connections, but the gateway does not answer. {log}"


def _of_the_login(seen: Seen, here: Commands) -> dict[str, object]:
    """Of a gateway that runs though nothing listens, or is not logged in."""
    gateway, login, waiting = _gateway(seen), seen.login, seen.waiting
    pid = waiting.pid if waiting else _listeners_pid(seen)
    start = _start(seen, here)
    there = f"the window of {gateway}" + (f" (pid {pid})" if pid else "")
    return {
        "the_gateway": f"{gateway} ({f'pid {pid}' if pid else 'process not found'})",
        "its_window": there,
        "one_gateway": "Do not start a second gateway: its login would end this one's."
        if pid
        else f"If {gateway} is not running, start it: {start}",
        "log_in": f"log in in {there}. It is already running: do not start a second one."
        if waiting
        else f"start {gateway} and log in: {start}",
        "login_at": _moment(login.at, seen.now) if login else "an unknown time",
        "login_until": _moment(login.until, seen.now)
        if login and login.until
        else "the pause is over",
        "login_so_far": f"Its log says that {login.in_words}, since {_moment(login.at, seen.now)}"
        if login
        else "No readable log says how far its login has got",
    }


def _moment(moment: datetime, now: datetime) -> str:
    """The local time of day, with the date if it is not today."""
    there, today = moment.astimezone(), now.astimezone().date()
    date = "" if there.date() == today else f"{there:%Y-%m-%d} "
    return f"{date}{there:%H:%M:%S} local time"


def _start(seen: Seen, here: Commands) -> str:
    path = program_path(seen.settings.credentials.gateway_path, here)
    return here.start(path) if path else str(IN_WORDS["start"])


def _listeners_pid(seen: Seen) -> int | None:
    """Of the gateway itself: none where a forwarder listens."""
    listener = seen.listener
    if listener is None or forwarders.kind(listener.name) == "forwarder":
        return None
    return listener.pid


def _of_the_program(seen: Seen) -> dict[str, object]:
    """Of the Monitor, or the MCP server."""
    told, different = seen.program, seen.program.get("different") or ["see the facts"]
    more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
    return {
        "program": told.get("stopped") or "it did not do what was expected",
        "why": f"; {stopped}" if (stopped := told.get("stopped")) else "",
        "told": told.get("open"),
        "opened": seen.connections,
        "received": told.get("received_bytes"),
        "least": told.get("least_bytes"),
        "left_by": seen.left_by[:1].upper() + seen.left_by[1:],
        "ended": told.get("stopped") or HOW.get(str(told.get("how")), "it ended in another way"),
        "different": f"{different[0]}{more}",
        "as_of": told.get("as_of") or "an unknown time",
    }


def _abandoned(seen: Seen) -> str:
    port = seen.settings.credentials.port
    if seen.zombies or seen.failed != "gateway.restarted":
        return f"Connections to port {port} were abandoned and never closed (CLOSE_WAIT)."
    return (
        f"An earlier attempt left zombies on port {port}, "
        "and nothing shows that the gateway was restarted since."
    )


def _client_ids(seen: Seen) -> dict[str, object]:
    """Another than the pinned one never passes; another than the last one's for a good reason."""
    pinned = seen.settings.golive.pinned_client_id
    last = seen.discipline.last_client_id if seen.discipline else None
    if seen.settings.credentials.client_id != pinned or last is None:
        return {
            "other_ids": f"the pinned one is {pinned}",
            "set_client_id": f"Set ClientId back to {pinned}. It never changes.",
        }
    return {
        "other_ids": f"the last attempt used {last}",
        "set_client_id": f"Set ClientId and PinnedClientId back to {last}. If that attempt "
        'used the wrong one, add: --override "reason"',
    }


def _remembered(seen: Seen) -> dict[str, object]:
    """What earlier runs left behind, and who else is running."""
    last = seen.discipline.last_failed if seen.discipline else None
    other = seen.other_run
    since = _moment(other.since, seen.now) if other else ""
    ago = max(0, (seen.now - last.last_seen).total_seconds()) if last else 0
    when = f"{ago:.0f} s ago" if last and last.is_dated else "some time ago"
    wait = _wait(seen)
    return {
        **_client_ids(seen),
        "last_outcome": last.in_words if last else "a failure",
        "last_when": when,
        "wait": f"{wait:g}",
        "undated": "" if last is None or last.is_dated else f" {UNDATED}",
        "forbidden": seen.forbidden,
        "other_run": f"{other.run}, pid {other.pid}, since {since}"
        if other
        else "it is not known which",
    }


def _wait(seen: Seen) -> float:
    """Seconds after the last failed attempt: the cool-down, or longer after several in a row."""
    known = seen.discipline
    if known is None:
        return seen.settings.golive.retry_cooldown_seconds
    return known.wait_after(known.in_a_row).total_seconds()


def _on_this_machine(seen: Seen, here: Commands) -> dict[str, object]:
    """Commands with this machine's paths and pids; words where those are not known."""
    path = program_path(seen.settings.credentials.gateway_path, here)
    program = path.name if path else PROGRAM[_gateway(seen)]
    pid = seen.waiting.pid if seen.waiting else _listeners_pid(seen)
    return {
        "find": here.process(pid) if pid else here.named(program),
        "end": here.end_firmly(pid) if pid else IN_WORDS["end"],
        "start": _start(seen, here),
        "end_run": _end_of_the_other_run(seen, here),
        "end_others": _each(seen, here.end),
        "end_others_firmly": _each(seen, here.end_firmly),
        "list_listeners": here.listeners(seen.settings.credentials.port),
        "list_zombies": here.zombies(seen.settings.credentials.port),
        **_folder(path, here),
        **_back_up(seen, path, here),
    }


def _end_of_the_other_run(seen: Seen, here: Commands) -> str:
    """What is to be done about who has the endpoint: not all of them end by themselves."""
    other = seen.other_run
    if other is None or not other.stays:
        return "Let it finish. Two runs at once make each other fail."
    return f"It runs until it is stopped, by Ctrl-C or: {here.end(other.pid)}"


def _each(seen: Seen, end: Callable[[int], str]) -> str:
    """The commands that end the others, a few of them; what is spared is named with the reason."""
    told = [
        f"not {each.pid}, {each.spared}" if each.spared else f"{each.name}: {end(each.pid)}"
        for each in seen.others
        if each.pid
    ]
    more = [f"and {len(told) - MOST_COMMANDS} more"] if len(told) > MOST_COMMANDS else []
    return "; ".join(told[:MOST_COMMANDS] + more) or "see the facts"


def _folder(program: PurePath | None, here: Commands) -> dict[str, object]:
    """What is done to the gateway's folder; in words where it is not known."""
    remove = IN_WORDS["remove"]
    if program is not None:
        with suppress(ValueError):
            remove = here.remove(program.parent)
    return {"remove": remove}


def _back_up(seen: Seen, program: PurePath | None, here: Commands) -> dict[str, object]:
    """The folders with the settings, as found; else that of the program, which may hold them.

    They are saved beside themselves, or beside the program's folder where that holds them: it is to
    be deleted.
    """
    home = program.parent if program else None
    folders = seen.settings_folders[:MOST_FOLDERS] or ((home,) if home else ())
    saved = [here.back_up(folder, _saved(folder, home)) for folder in folders]
    return {"back_up": "; ".join(saved) or IN_WORDS["back_up"]}


def _saved(folder: PurePath, home: PurePath | None) -> PurePath:
    if home is None or folder == home or home not in folder.parents:
        return folder.with_name(f"{folder.name}-saved")
    return home.with_name(f"{home.name}-{folder.name}-saved")


def program_path(text: str, here: Commands = commands.HERE) -> PurePath | None:
    """GatewayPath, where it is one of this platform: settings travel between machines."""
    is_windows = "\\" in text or text[1:2] == ":"
    if not text or is_windows != (here is commands.WINDOWS):
        return None
    return PureWindowsPath(text) if is_windows else PurePosixPath(text)


def _times(seen: Seen, not_before: datetime | None) -> dict[str, object]:
    first = seen.first_failure or seen.attempted or seen.now
    return {
        "not_before": not_before_in_words(not_before, attempted=seen.attempted is not None),
        "first_failure": f"{first.astimezone():%H:%M} local time",
        "minutes": int((seen.now - first).total_seconds() // 60),
        "stop_at": f"{(first + TEN_MINUTES).astimezone():%H:%M} local time",
    }


def not_before_in_words(moment: datetime | None, *, attempted: bool) -> str:
    """`, not before 09:16 local time`, a full minute; "" where no rule refuses an attempt now."""
    if moment is None:
        return ""
    return f", not before {allowed_from(moment, attempted=attempted)} local time"
