"""What speaks against a piece of evidence that is whole and sealed: that it contradicts itself."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from golive import __version__
from golive.evidence import provenance, storage, weakened
from golive.evidence.record import Evidence, Soak
from golive.evidence.storage import NoEvidence
from golive.evidence.verdict import is_no_obstacle, verdict_of
from golive.kit.measurements import least_heartbeats
from golive.procedure import steps

OF_A_FAKE = "fake "
"""How the kind of a rehearsal's endpoint begins."""

STAGES = {"environment", "gateway", "handshake", "positions", "afterwards"}
"""Those that the procedure of every version has."""

NAME = re.compile(r"(\d{8}T\d{6}Z)(?:\.(\d+))?-(live|fallback|fake)")


class Name(NamedTuple):
    """What the name of a run's folder says: when it began (UTC), its number in that second."""

    began: datetime
    number: int
    target: str


def name_of(text: str) -> Name | None:
    """None for what no run is named like."""
    found = NAME.fullmatch(text)
    if found is None:
        return None
    try:
        began = datetime.strptime(found[1], "%Y%m%dT%H%M%S%z")
    except ValueError:  # the 31st of a month that has none
        return None
    return Name(began, int(found[2] or 1), found[3])


def reliable(folder: Path) -> Evidence:
    """A run's evidence, against which nothing speaks. Raises NoEvidence."""
    found = storage.read(folder)
    if lines := doubts(found, folder.name):
        raise NoEvidence(f"{folder / storage.FILE_NAME}: {'; '.join(lines)}")
    return found


def doubts(found: Evidence, folder: str) -> list[str]:
    """A line each; none where evidence and the name of its folder agree with themselves.

    A digest can be made for any document; these are the traces of one that was made up.
    """
    return [
        *_of_the_name(found, folder),
        *_of_the_times(found),
        *_of_the_verdict(found),
        *_of_the_soak(found),
        *_of_the_weakened(found),
    ]


def _of_the_name(found: Evidence, folder: str) -> list[str]:
    if found.run_id != folder:
        return [f"it is the evidence of another run, {found.run_id}"]
    name = name_of(folder)
    if name is None or name.target != found.target:
        return [f"its target is {found.target}, but its folder is not named for that target"]
    if (found.target == "fake") != found.endpoint.kind.startswith(OF_A_FAKE):
        return [f"its target is {found.target}, but its endpoint is {found.endpoint.kind}"]
    if found.fault is not None and found.target != "fake":
        return [f"its target is {found.target}, but it names a fault of the fake: {found.fault}"]
    return []


def _of_the_times(found: Evidence) -> list[str]:
    """Whether it ended before it began is no question: a clock may have been set back."""
    local = found.circumstances.local_started
    times = [found.started, found.ended, *([local] if local else [])]
    return [] if all(map(_is_moment, times)) else ["its times cannot be read"]


def _is_moment(text: str) -> bool:
    """With its zone, and with the day in front, which is read there."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.tzinfo is not None and text.startswith(f"{moment.date()}T")


def _of_the_verdict(found: Evidence) -> list[str]:
    if found.verdict == "NO-GO":
        return [] if found.diagnosis else ["it says NO-GO, but has no diagnosis"]
    lines = []
    if not is_supported(found):
        lines.append("it says GO, but its checks do not")
    if found.attempts != 1:
        lines.append(f"it says GO with {found.attempts} attempts, but a GO has exactly one")
    if found.diagnosis:
        lines.append(f"it says GO, but has a diagnosis, {found.diagnosis.code}")
    return lines


def _of_the_soak(found: Evidence) -> list[str]:
    if found.plan != "soak":
        return ["it has figures of a soak, but is not a soak"] if found.soak else []
    every = found.circumstances.settings.get("GoLive.HeartbeatSeconds")
    if found.verdict == "GO" and not (found.soak and _was_held(found.soak, every)):
        return ["it says GO, but its soak does not"]
    return []


def _of_the_weakened(found: Evidence) -> list[str]:
    """`weakened` follows from the rest, by the table of the version that wrote it."""
    if is_of_another_version(found) or found.weakened == weakened.of(found):
        return []
    return ["it does not list the checks that its settings weaken"]


def _was_held(soak: Soak, every: Any) -> bool:
    """Whether its figures are those of a soak without a fault; `every` is None where not told."""
    is_told = isinstance(every, int | float) and every > 0
    least = least_heartbeats(soak.wanted, every) if is_told else 1
    is_answered = soak.answers == soak.heartbeats >= max(1, least)
    return is_answered and soak.seconds >= soak.wanted and not (soak.code or soak.most_zombies)


def is_supported(found: Evidence) -> bool:
    """Whether the steps make GO: all of this procedure, or those that another version had."""
    blind = found.sockets.may_be_unobserved
    if not is_of_another_version(found):
        return verdict_of(found.steps, blind, found.plan) == "GO"
    known = [each for each in found.steps if each.id in steps.NUMBER]
    others = [each for each in found.steps if each.id not in steps.NUMBER]
    passed = {each.stage for each in known if each.outcome == "passed"}
    return passed >= STAGES and all(
        [
            *(is_no_obstacle(each, blind) for each in known),
            *(each.outcome in ("passed", "not-configured", "not-observable") for each in others),
        ]
    )


def is_of_another_version(found: Evidence) -> bool:
    """Of this project: its procedure may have had other steps, its pages another look."""
    wrote, ours = found.circumstances, (__version__, provenance.of_this_project())
    return (wrote.golive, wrote.golive_sha256) != ours
