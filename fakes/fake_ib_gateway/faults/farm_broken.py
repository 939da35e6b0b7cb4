"""Notices 2103, 2105 and 2157 instead of those that say OK; everything is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import errors


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


FAULT = Declared(
    FarmBroken,
    "all farms stay broken: 2103, 2105, 2157; else works",
    Group.LINK,
)
