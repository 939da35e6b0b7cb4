"""Which rehearsal shows which cause, as the tests hold it."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.named import FAULTS
from tests.run import test_faults, test_soak_runs

SECONDS_INTO_A_SOAK = 3
"""As acceptance/DRILLS.md has the drills of the soak."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault rehearsed, and what it must say; no step and no code: GO."""

    fault: str
    step: str | None
    code: str | None
    procedure: str | None
    is_soak: bool = False

    @property
    def name(self) -> str:
        return self.fault.partition("=")[0]

    @property
    def command(self) -> str:
        return (
            f"golive soak --fake={self.fault}" if self.is_soak else f"golive rehearse {self.fault}"
        )

    @property
    def summary(self) -> str:
        """What the fake does."""
        return FAULTS[self.name].summary


def _all() -> tuple[Drill, ...]:
    runs = [
        Drill(fault, each.failed, each.code, each.recovery)
        for fault, each in test_faults.EXPECTED.items()
    ]
    soaks = [
        Drill(_in_a_rehearsal(fault), each.failed, each.code, each.recovery, True)
        for fault, each in test_soak_runs.EXPECTED.items()
        if (each.failed or "").startswith("soak.")
    ]
    return (*runs, *soaks)


def _in_a_rehearsal(fault: str) -> str:
    """The tests hold the connection for longer than a person's drill of six seconds."""
    return f"{fault.partition('=')[0]}={SECONDS_INTO_A_SOAK}"


DRILLS = _all()


def of_cause(code: str) -> list[Drill]:
    return [each for each in DRILLS if each.code == code]


def of_fault(name: str) -> list[Drill]:
    return [each for each in DRILLS if each.name == name]
