"""Orders of the client's own id and nextValidId arrive before it knows any account."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol.orders import Order


@dataclass(frozen=True)
class OrdersFirst(Fault):
    """Orders of this client id, and nextValidId, arrive unasked before managedAccounts."""

    rank = -1

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API" or session.client_id is None or not burst:
            return burst
        say = session.speech
        order = Order(order_id=1, client_id=session.client_id)
        told: Burst = [say.open_order(order), say.order_status(order), say.open_order_end()]
        rest = [action for action in burst if name_of(action) != "nextValidId"]
        return [say.next_valid_id(order.order_id + 1), *told, *rest]


FAULT = Declared(
    OrdersFirst,
    "open orders and nextValidId come before managedAccounts",
    Group.HANDSHAKE,
)
