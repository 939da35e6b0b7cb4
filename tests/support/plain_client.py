"""The official client used plainly, as its documentation shows, and steered from outside.

Each line of its standard input is a call, as JSON: `["connect", "127.0.0.1", 4001, 10]`, by a new
client each time. Each line it prints is a callback, `["nextValidId", 1]`, or `["connect returned",
true]` with whether it is connected then; it may never return: that is one of its traps. An argument
such as `{"ibapi.contract.Contract": {"conId": 1}}` is made first. It ends with its input.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper


def tell(*what: Any) -> None:
    sys.stdout.write(json.dumps(what, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    is_protobuf = hasattr(value, "DESCRIPTOR")
    return vars(value) if hasattr(value, "__dict__") and not is_protobuf else str(value)


def _telling(name: str) -> Callable[..., None]:
    def callback(self: Any, *arguments: Any) -> None:
        tell(name, *(_error(*arguments) if name == "error" else arguments))

    return callback


def _error(request_id: int, *details: Any) -> list[Any]:
    """[id, code, text]; newer clients put the time before the code, and may add a text."""
    has_time = isinstance(details[1], int)
    return [request_id, *details[has_time : has_time + 2]]


CALLBACKS = [name for name in dir(EWrapper) if name[0] != "_" and not name.endswith("ProtoBuf")]
Listener = type(
    "Listener",
    (EWrapper,),
    {name: _telling(name) for name in (*CALLBACKS, "configResponseProtoBuf")},
)


def made(argument: Any) -> Any:
    """The object of `{"module.Class": {its attributes}}`; anything else as it is."""
    if not isinstance(argument, dict):
        return argument
    ((name, values),) = argument.items()
    module, _, class_name = name.rpartition(".")
    made = getattr(importlib.import_module(module), class_name)()
    for attribute, value in values.items():
        setattr(made, attribute, value)
    return made


def connect(client: Any, host: str, port: int, client_id: int, options: str = "") -> None:
    if options:
        client.setConnectOptions(options)
    client.connect(host, port, client_id)
    tell("connect returned", client.isConnected())
    client.run()


def main() -> None:
    client: Any = None
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        if name == "connect":
            client = EClient(Listener())
            threading.Thread(target=connect, args=(client, *arguments)).start()
        else:
            getattr(client, name)(*map(made, arguments))
    os._exit(0)  # not when the client's threads, which may wait for ever, have ended


if __name__ == "__main__":
    main()
