"""Faults of what a gateway says around a session's start: of its login, its link and its farms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst, HangUp, Pause
from fake_ib_gateway.answering.bursts import behind_last, name_of, up_to_last
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.fault import Answering, Fault
from fake_ib_gateway.protocol import errors

START = ("managedAccounts", "nextValidId")
"""What every session begins with."""


@dataclass(frozen=True)
class AtStart(Answering):
    """Changes what is said to START_API."""

    request: ClassVar[str] = "START_API"


@dataclass(frozen=True)
class SaysAtStart(AtStart):
    """Says a code behind the session's start."""

    rank = -1
    code: int = errors.UNKNOWN.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        account = session.gateway.books[0].account
        return [*answer, session.speech.error(errors.of_code(self.code, account))]


@dataclass(frozen=True)
class Disclaimer(Fault):
    """Says to START_API that a disclaimer is to be accepted first, and nothing else any more."""

    closes_then: bool = False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event in ("connect", "hello") or not burst:
            return burst
        if event != "START_API":
            return []
        said = session.speech.error(errors.DISCLAIMER)
        return [said, HangUp()] if self.closes_then else [said]


@dataclass(frozen=True)
class DisclaimerGranted(AtStart):
    """Speaks of the disclaimer, but has started the session and goes on with it."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return behind_last(START, [session.speech.error(errors.DISCLAIMER)], answer)


@dataclass(frozen=True)
class Restored(AtStart):
    """Loses its link to IBKR right after the start, and has it back at once with all data."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = [session.speech.error(each) for each in (errors.LOST, errors.RESTORED)]
        return behind_last(START, [*said], answer)


@dataclass(frozen=True)
class PortChanged(AtStart):
    """Says right after the start that its port is another one from now on, and then closes."""

    after_seconds: float = 0.1

    def answer(self, answer: Burst, session: Session) -> Burst:
        told = up_to_last(START, answer)
        if not told:
            return answer
        said = session.speech.error(errors.PORT_CHANGED.about(session.gateway.port + 1))
        return [*told, said, Pause(self.after_seconds), HangUp()]


@dataclass(frozen=True)
class FarmBroken(Fault):
    """Its farms are broken, and never OK again; all else is well."""

    BROKEN: ClassVar = {
        "error 2104": errors.FARM_IS_BROKEN.about("usfarm"),
        "error 2106": errors.HISTORY_FARM_IS_BROKEN.about("ushmds"),
        "error 2158": errors.DEFINITION_FARM_IS_BROKEN.about("secdefnj"),
    }

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event == "notice":  # somebody has it say so
            return burst
        return [
            session.speech.error(self.BROKEN[name])
            if (name := name_of(each)) in self.BROKEN
            else each
            for each in burst
        ]
