"""The quick reference card: the procedure on one page, for these settings and this platform.

It is made from the same data as a run: the steps, the settings, the platform's commands, the
decision tree, the recovery procedures. Only what a person does in between is written here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from ipaddress import ip_address

from golive import __version__
from golive.diagnosis import commands, placeholders, recovery
from golive.diagnosis.branch import Branch
from golive.diagnosis.commands import Commands
from golive.diagnosis.decision_tree import TREE, WRITTEN
from golive.diagnosis.diagnose import PROCEDURE, SOAK, Next
from golive.diagnosis.seen import Seen
from golive.evidence import weakened
from golive.kit import masking, typed
from golive.kit.text import with_weakened
from golive.procedure import steps
from golive.run.smoke import COMMAND as SMOKE
from golive.settings.model import NO_COUNT, Settings
from golive.settings.secrets_json import EXAMPLE, SettingsFile

CHECKLIST = (
    ("environment", "Find every {stale} process and end it: {find_stale}",
     "Or have the run end it: {kill_stale}"),
    ("environment", "Look for zombies: {list_zombies}",
     "Nothing may be listed. Otherwise: Procedure A."),
    ("gateway", "Start {gateway} and log in: {start}",
     "Wait {initialization} after the login{timer}. Do not touch its window."),
    ("gateway", "Check who listens: {list_listeners}",
     "There must be one listener, {gateway}."),
    ("handshake", "Run the procedure, ONCE: {again}",
     "On NO-GO follow its advice. No second try."),
    ("positions", "Read the last line. It must begin with {go} and show {expected} positions.",
     "The handshake in it must be under {budget_ms} ms."),
    ("soak", "Some days before the first live run, run the soak: {soak}",
     "After {soak_minutes} min its last line must begin with {go}."),
    ("afterwards", "Look for zombies once more, as in 2.", "None may be in CLOSE_WAIT."),
    ("monitor", "On GO start the Monitor (unless it runs): {start_monitor}",
     "It must show {expected} positions."),
    ("mcp", "Only then start the MCP server: {start_mcp}",
     "{tool} must return the same {expected}."),
)  # fmt: skip
"""For a stage of the procedure: what to do, and what must come of it."""

RULES = (
    "NO RETRIES. Diagnose and fix; next attempt {cooldown} s later at the earliest.",
    "ClientId = {client_id}, ALWAYS. Never change it.",
    "Wait {initialization} after the gateway's start or login. NOT negotiable.",
    "One client at a time. Never switch between Gateway and TWS in a hurry.",
    "In the gateway: Read-Only API OFF, trusted IP {own_address}.",
    "In the gateway: master API client ID {client_id} or blank.",
    "The smoke test is an attempt, too. Exit code 0 is success: {smoke}",
)
"""What NOT To Do (Anti-Patterns), and Fix Identity."""

FALLBACK = "Fallback, TWS paper, nothing to edit: {fall_back}"
NAMES = {"A": "restart the gateway", "B": "clean reinstall", "C": "switch to TWS paper"}
SHOWN_OF_ACCOUNT, SHOWN_OF_FINGERPRINT = 4, 12
UNKNOWN = "____"
"""To be filled in with a pen, where the settings do not say it."""
ASK = "ask whose it is."
"""In place of a command, where the settings name no client program."""


class NoCard(Exception):
    """There must be no card of these settings. The text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something to do: in words, the command to type, what must come of it.

    `then_command` is a second one, behind `then`.
    """

    words: str
    command: str = ""
    then: str = ""
    then_command: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery procedure of the written page: A, B or C."""

    letter: str
    name: str
    codes: tuple[str, ...]
    """The diagnoses that ask for it."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """What the run looks at in one stage: the titles of its steps."""

    name: str
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """The card, from its heading to its foot. `tree` has a line for each branch: code and cure."""

    heading: str
    warning: str
    facts: tuple[str, ...]
    checklist: tuple[Line, ...]
    rules: tuple[Line, ...]
    fallback: Line | None
    tree: tuple[tuple[str, Line], ...]
    recoveries: tuple[Recovery, ...]
    escalation: tuple[Line, ...]
    contacts: tuple[str, ...]
    stages: tuple[Stage, ...]
    foot: str


def of(
    file: SettingsFile,
    now: datetime,
    *,
    on_fallback: bool = False,
    secrets: str | None = None,
    here: Commands = commands.HERE,
) -> Card:
    """The card for a settings file, which `secrets` names as on the command line. Raises NoCard."""
    settings = file.settings
    _refuse(settings)
    is_there = on_fallback or settings.credentials.port == settings.golive.fallback.port
    run_next = Next.after(PROCEDURE, secrets, on_fallback, is_there, file.path.name)
    smoke_next = Next.after(SMOKE, secrets, on_fallback, is_there, file.path.name)
    filled = _filled(settings, now, here) | asdict(run_next)
    is_paper = "paper" in settings.credentials.kind.lower()
    filled |= {
        "smoke": smoke_next.again,
        "soak": Next.after(SOAK, secrets, on_fallback, is_there, file.path.name).again,
        "start_monitor": _program("monitor", settings, secrets, on_fallback),
        "start_mcp": _program("mcp", settings, secrets, on_fallback),
        "tool": settings.golive.mcp.tool if settings.golive.mcp else "It",
        "title": "GO-LIVE CARD OF THE FALLBACK" if on_fallback else "GO-LIVE CARD",
        "go": _go(settings, "(fallback)" if on_fallback else "(paper)" if is_paper else ""),
    }
    fall_back = recovery.FALL_BACK, recovery.DEADLINE, recovery.OFFLINE
    letters = "AB" if is_there else "ABC"
    return Card(
        heading="{title}: {kind}, {host}:{port}, client id {client_id}".format(**filled),
        warning="These are the values of the example." if file.path.name == EXAMPLE else "",
        facts=_facts(filled),
        checklist=tuple(_line(do, filled, then) for _, do, then in CHECKLIST),
        rules=tuple(_line(each, filled) for each in RULES),
        fallback=None
        if is_there
        else _line("Fallback, TWS paper, nothing to edit: {fall_back}", filled),
        tree=tuple((each.code, _cure(each, filled)) for each in TREE if each.written in WRITTEN),
        recoveries=tuple(_recovery(each, filled) for each in letters),
        escalation=tuple(
            _line(each, filled) for each in (recovery.RESTART, *(() if is_there else fall_back))
        ),
        contacts=tuple(
            each.format(**filled) for each in recovery.CONTACTS[: 1 if is_there else None]
        ),
        stages=tuple(map(_stage, steps.STAGES)),
        foot=f"{now.astimezone():%Y-%m-%d}, settings {file.path.name} "
        f"{file.fingerprint[:SHOWN_OF_FINGERPRINT]}, golive {__version__}",
    )


def _go(settings: Settings, aim: str) -> str:
    """How the verdict line of a GO begins with these settings."""
    weak = with_weakened(weakened.of_settings(settings.shown))
    return " ".join(filter(None, ("GO", aim, weak)))


def _refuse(settings: Settings) -> None:
    """A wrong port on the wall is worse than no card. Raises NoCard."""
    configured, pinned = settings.credentials.client_id, settings.golive.pinned_client_id
    wrong = [*settings.disagreements]
    if configured != pinned:
        wrong.append(f"ClientId is {configured}, but PinnedClientId is {pinned}")
    if wrong:
        raise NoCard(f"no card for settings that contradict themselves: {'; '.join(wrong)}")


def _filled(settings: Settings, now: datetime, here: Commands) -> dict[str, object]:
    """The values for the braces, as in a diagnosis before anything is observed."""
    wanted, credentials = settings.golive, settings.credentials
    seen = Seen(steps.STEPS[0].id, _without_user(settings), before=None, now=now)
    return {
        **placeholders.of(seen, now, here),
        "not_before": "",
        "stop_at": "the tenth minute",
        "host": credentials.host,
        "kind": credentials.kind,
        "account": f"...{wanted.expected_account[-SHOWN_OF_ACCOUNT:]}"
        if wanted.expects_account
        else UNKNOWN,
        "expected": UNKNOWN if wanted.expected_positions == NO_COUNT else wanted.expected_positions,
        "soak_minutes": f"{wanted.soak_minutes:g}",
        "version": wanted.api_version,
        "budget_ms": f"{wanted.handshake_budget_seconds * 1000:,g}",
        "timer": ": SET A TIMER" if wanted.initialization_seconds else "",
        "timeout": f"{wanted.handshake_timeout_seconds:g}",
        "stale": " and ".join(wanted.stale_processes) or "other client",
        "find_stale": "; ".join(map(here.named, wanted.stale_processes)) or ASK,
        "end": here.end_firmly("PID"),
        "own_address": "127.0.0.1" if _is_here(credentials.host) else "of this machine",
    }


def _program(name: str, settings: Settings, secrets: str | None, on_fallback: bool) -> str:
    """The command that starts the Monitor or the MCP server; in words where there is none."""
    found = settings.golive.monitor if name == "monitor" else settings.golive.mcp
    if found is None:
        return str(placeholders.IN_WORDS["start"])
    if found.command is not None:
        return masking.masked(found.command, settings.secret_words)
    return Next.after(f"{typed.GOLIVE} {name}", secrets, on_fallback, True, "").again


def _is_here(host: str) -> bool:
    """Whether the gateway sees our address as 127.0.0.1. No name is resolved for a card."""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host.casefold() == "localhost"


def _without_user(settings: Settings) -> Settings:
    """Hides the path of the gateway's program where it contains the user name."""
    credentials = settings.credentials
    name = credentials.username.casefold()
    if not name or name not in credentials.gateway_path.casefold():
        return settings
    hidden = credentials.model_copy(update={"gateway_path": ""})
    return settings.model_copy(update={"credentials": hidden})


def _facts(filled: dict[str, object]) -> tuple[str, ...]:
    shown = (
        "account {account}: {expected} positions",
        "ibapi {version}",
        "handshake under {budget_ms} ms",
        "waits {timeout} s for an answer",
    )
    return tuple(each.format(**filled) for each in shown)


def _line(template: str, filled: dict[str, object], then: str = "") -> Line:
    """The commands apart from their words, where they stand at the end."""
    words, command = _apart(template, filled)
    return Line(words, command, *_apart(then, filled))


def _apart(template: str, filled: dict[str, object]) -> tuple[str, str]:
    """`("Start it:", "nohup ...")`; the whole text and "" where it ends in no command."""
    found = re.fullmatch(r"(.+): \{(\w+)\}", template)
    if found is None or filled[found[2]] in (ASK, *placeholders.IN_WORDS.values()):
        return placeholders.told(template, filled), ""
    told, name = found.groups()
    return f"{told.format(**filled)}:", str(filled[name])


def _cure(branch: Branch, filled: dict[str, object]) -> Line:
    """In brief: the recovery procedure, or the first thing to do."""
    if branch.procedure:
        return Line(f"Procedure {branch.procedure}: {NAMES[branch.procedure]}.")
    return _line(branch.next_steps[0], filled)


def _recovery(letter: str, filled: dict[str, object]) -> Recovery:
    steps: Sequence[str] = next(v for k, v in recovery.PROCEDURES.items() if k == letter)
    codes = tuple(each.code for each in TREE if each.procedure == letter)
    lines = tuple(_line(step, filled) for step in steps)
    return Recovery(letter, NAMES[letter], codes, lines)


def _stage(name: str) -> Stage:
    return Stage(name, tuple(each.title for each in steps.STEPS if each.stage == name))
