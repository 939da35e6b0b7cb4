"""Errors 202 and 399 about an order that the client never placed."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.chatty import Chatty
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message


@dataclass(frozen=True)
class OtherOrders(Chatty):
    """Reports what happens to another program's order, between everything else."""

    order_id: int = 7

    def noise(self, session: Session) -> tuple[Message, ...]:
        told = (errors.ORDER_CANCELLED, errors.ORDER_MESSAGE)
        return tuple(session.speech.error(each, request_id=self.order_id) for each in told)


FAULT = Declared(
    OtherOrders,
    "mixes in 202 and 399 about another program's order",
    Group.WIRE,
)
