"""Most clients see nothing; one that drops the rest of a segment it has read waits forever."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Joined(Fault):
    """The session's start comes in one segment with the version, before START_API is sent."""

    rank = -1

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event == "hello":
            accounts = session.speech.managed_accounts(session.gateway.accounts)
            return [*burst, accounts, session.speech.next_valid_id(session.gateway.next_order_id)]
        said = ("managedAccounts", "nextValidId") if event == "START_API" else ()
        return [action for action in burst if name_of(action) not in said]


FAULT = Declared(Joined, "starts the session in the segment of its version", Group.WIRE)
