"""The official client's own encoders and decoders, without a socket.

Run by the interpreter of an environment that has the client. A line in is JSON, `[what, cases]`;
it is answered by one line, a list with an answer to each case:

`encode`  server version, method, arguments: the bytes the client sends, as hex. An argument
          `{"ExecutionFilter": {...}}` is an object of that class with these values.
`numbered` server version, a number: {method: the bytes as hex} of all that take an id, given it.
`decode`  server version, frames as hex: the callbacks, each [name, argument...].
`fields`  the name of a protobuf class: {field: [number, type, is it repeated, its class]}.
`numbers` nothing: {name of a request: its number}.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from ibapi import comm, message
from ibapi.client import EClient
from ibapi.decoder import Decoder
from ibapi.execution import ExecutionFilter
from ibapi.wrapper import EWrapper

IDS = ("reqId", "orderId", "tickerId")
CALLBACKS = {name for name in dir(EWrapper) if name[0] != "_" and not name.endswith("ProtoBuf")}
HEARD = CALLBACKS - {"connectionClosed"} | {"configResponseProtoBuf"}


def _hearing(name: str) -> Callable[..., None]:
    def callback(self: Any, *arguments: Any) -> None:
        self.heard.append([name, *arguments])

    return callback


Listener = type("Listener", (EWrapper,), {name: _hearing(name) for name in HEARD})


class Connection:
    """In place of the client's own: keeps what is sent."""

    def __init__(self, is_open: bool) -> None:
        self.is_open = is_open
        self.sent = b""

    def isConnected(self) -> bool:  # noqa: N802 - the official client's own names
        return self.is_open

    def sendMsg(self, data: bytes) -> None:  # noqa: N802
        self.sent += data

    def disconnect(self) -> None:
        """Nothing is to be closed."""


@cache
def _decoder(version: int) -> Any:
    """Made once: it reads the signatures of all callbacks."""
    return Decoder(Listener(), version)


def _client(version: int, connection: Connection) -> Any:
    decoder = _decoder(version)
    decoder.wrapper.heard = []
    client = EClient(decoder.wrapper)
    client.conn, client.serverVersion_, client.decoder = connection, version, decoder
    client.setConnState(EClient.CONNECTED)
    return client


def encode(version: int, method: str, arguments: list[Any]) -> str:
    connection = Connection(is_open=True)
    client = _client(version, connection)
    if method == "startApi":
        client.clientId, client.optCapab = arguments
        client.startApi()
    else:
        getattr(client, method)(*map(_object, arguments))
    return connection.sent.hex()


def numbered(version: int, number: int) -> dict[str, str]:
    sent = {}
    for name, method in inspect.getmembers(EClient, inspect.isfunction):
        _, *parameters = inspect.signature(method).parameters.values()
        if parameters and parameters[0].name in IDS and not name.endswith("ProtoBuf"):
            blank = [each.annotation() for each in parameters[1:]]
            sent[name] = encode(version, name, [number, *blank])
    return sent


def _object(argument: Any) -> Any:
    match argument:
        case {"ExecutionFilter": values}:
            made = ExecutionFilter()
            vars(made).update(values)
            return made
        case {"ConfigRequest": values}:
            return _protobuf("ConfigRequest")(**values)
    return argument


def _protobuf(name: str) -> Any:
    return getattr(importlib.import_module(f"ibapi.protobuf.{name}_pb2"), name)


def decode(version: int, frames: str) -> list[Any]:
    client, rest = _client(version, Connection(is_open=False)), bytes.fromhex(frames)
    while rest:
        size, payload, rest = comm.read_msg(rest)
        assert len(payload) == size, "the frames end too early"
        client.msg_queue.put(payload)
    heard: list[Any] = client.wrapper.heard
    try:
        client.run()  # until the queue is empty, since the connection is not open
    except Exception as error:  # whatever it raises is part of the answer
        heard.append(["raised", repr(error)])
    return heard


def fields(name: str) -> dict[str, list[Any]]:
    return {
        each.name: [
            each.number, each.type, each.default_value == [],
            each.message_type and each.message_type.name,
        ]
        for each in _protobuf(name).DESCRIPTOR.fields
    }  # fmt: skip


def numbers() -> dict[str, int]:
    return {name: int(number) for name, number in vars(message.OUT).items() if name.isupper()}


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return MessageToDict(value, preserving_proto_field_name=True)
    return vars(value) if hasattr(value, "__dict__") else str(value)


def main() -> None:
    answers: dict[str, Callable[..., Any]] = {
        "encode": encode, "numbered": numbered, "decode": decode, "fields": fields,
        "numbers": numbers,
    }  # fmt: skip
    logging.disable()  # what it could not read is missing from the answer
    for line in sys.stdin:
        what, cases = json.loads(line)
        print(json.dumps([answers[what](*case) for case in cases], default=_plain), flush=True)


if __name__ == "__main__":
    main()
