"""All positions arrive, and a moment later the gateway names another account."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import (
    ANOTHER_ACCOUNT,
    BEHIND_SECONDS,
    END,
    AtPositions,
)
from fake_ib_gateway.faults.shared.bursts import behind_last
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class AccountsBehind(AtPositions):
    """Names other accounts a moment after the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        other = session.speech.managed_accounts(ANOTHER_ACCOUNT)
        return behind_last((END,), [Pause(BEHIND_SECONDS), other], answer)


FAULT = Declared(AccountsBehind, "names another account 3 ms after positionEnd", Group.POSITIONS)
