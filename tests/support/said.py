"""What a fake gateway with some faults says, event by event, without a socket."""

from __future__ import annotations

from fake_ib_gateway.answering.actions import Meanwhile, Stream, one_by_one
from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.faults.shared.fault import in_order
from fake_ib_gateway.faults.shared.named import named
from fake_ib_gateway.protocol.messages import NEWEST, Message
from fake_ib_gateway.protocol.requests import Request
from fake_ib_gateway.protocol.wire import Hello
from fake_ib_gateway.world.book import options_book


def said(*faults: str, version: int = NEWEST, up_seconds: float = 0.0) -> dict[str, list[str]]:
    """To a hello, to START_API and to REQ_POSITIONS, by name; of a flood its beginning.

    `up_seconds` after the gateway has begun to listen, and the client has connected.
    """
    gateway = Gateway((options_book(),), version, up_seconds=up_seconds)
    session, applied = gateway.session(), in_order(map(named, faults))
    gateway.books = options_book(), options_book("U2")
    session.up_seconds = up_seconds
    bursts = {
        "hello": session.hello(Hello(100, 226), ""),
        "START_API": session.answer(Request("START_API", {"client_id": "10"}), 0),
        "REQ_POSITIONS": session.answer(Request("REQ_POSITIONS"), 0),
    }
    for event in bursts:
        bursts[event] = list(one_by_one(bursts[event]))
        for fault in applied:
            bursts[event] = fault.burst(event, bursts[event], session)
    return {event: [_name(action) for action in burst] for event, burst in bursts.items()}


def _name(action: object) -> str:
    match action:
        case Message(name=name):
            return name
        case Stream(messages=messages):
            return f"Stream of {next(messages()).name}"
        case Meanwhile(burst=(unasked,)):
            return f"Meanwhile {_name(unasked)}"
        case _:
            return type(action).__name__
