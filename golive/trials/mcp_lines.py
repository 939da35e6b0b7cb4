"""What an MCP server writes on its standard output, looked at line by line before the SDK sees it.

Each line is a JSON-RPC 2.0 message; a reply has the id of a request (MCP, Base Protocol, Messages;
Transports, stdio). What is wrong is told in words, as the SDK's client does not: it would pass
over a line it cannot read, and wait.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from golive.kit import masking
from golive.kit.text import shortened

SHOWN = 120
"""Characters of a line that are shown."""


class BrokenReply(Exception):
    """The server does not speak the protocol. One line, in words."""


def message(
    line: str, asked: Collection[int | str], secrets: Collection[str] = ()
) -> dict[str, Any] | None:
    """The message in a line; None for a blank one. `asked` are the ids that wait for a reply.

    Raises BrokenReply.
    """
    if not line.strip():
        return None
    shown = shortened(masking.without(secrets, line), SHOWN)
    if not _is_utf_8(line):
        raise BrokenReply(f"it printed a line that is not UTF-8 on standard output: {shown}")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BrokenReply(
            f"it printed a line that is not JSON on standard output: {shown}"
        ) from None
    if not isinstance(found, dict):
        raise BrokenReply(f"it printed JSON that is not a message: {shown}")
    if wrong := _wrong(found, asked):
        raise BrokenReply(f"{wrong}: {shown}")
    return found


def _is_utf_8(line: str) -> bool:
    """Transports, stdio: messages must be. `output.exact` has left a trace of what is not."""
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _wrong(found: dict[str, Any], asked: Collection[int | str]) -> str:
    """What the protocol has against a message; "" for nothing."""
    is_reply = "method" not in found
    lacking = [name for name in ("jsonrpc", "id") if name not in found]
    if not is_reply:
        lacking = [name for name in lacking if name != "id"]  # a notification has none
    if lacking:
        what = "reply" if is_reply else "message"
        return f"its {what} has no {' and no '.join(lacking)}"
    if found["jsonrpc"] != "2.0":
        return "the jsonrpc of its message is not 2.0"
    if not is_reply:
        return ""
    if not _is_one_of(found["id"], asked):
        waiting = ", ".join(map(str, asked)) or "nothing"
        return (
            f"its reply has the id {json.dumps(found['id'])[:SHOWN]}, but the request was {waiting}"
        )
    if ("result" in found) == ("error" in found):
        return "its reply must have either a result or an error"
    return ""


def _is_one_of(given: object, asked: Collection[int | str]) -> bool:
    """Of the same type as well: an id comes back as it was sent."""
    return any(type(each) is type(given) and each == given for each in asked)
