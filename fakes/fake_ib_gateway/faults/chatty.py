"""Between the answers come notices of farms and of orders that the client never asked for."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.protocol.orders import Order


@dataclass(frozen=True)
class Chatty(Fault):
    """Sends farm notices and another program's orders between everything else."""

    rank = -1

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event in ("connect", "hello"):
            return burst
        noise = self.noise(session)
        return [each for action in burst for each in (*noise, action)] + [*noise]

    def noise(self, session: Session) -> tuple[Message, ...]:
        """What is sent in between."""
        say = session.speech
        order = Order(order_id=7, client_id=session.gateway.someone_else)
        return (
            say.error(errors.FARM_IS_BROKEN.about("usfarm")),
            say.error(errors.HISTORY_FARM_IS_BROKEN.about("ushmds")),
            say.error(errors.FARM_IS_OK.about("usfarm")),
            say.order_status(order),
        )


FAULT = Declared(
    Chatty,
    "mixes in farm notices and another program's orders",
    Group.WIRE,
)
