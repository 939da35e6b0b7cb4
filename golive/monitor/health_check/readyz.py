"""One request for /readyz. Only what a Monitor could send is accepted as an answer."""

from __future__ import annotations

import json
import re
import socket
from typing import Any, NoReturn
from urllib.parse import urlsplit

from golive.kit import typed

MOST_BYTES = 65_536
SECONDS = 3.0
START = f"{typed.GOLIVE} monitor"


class NoAnswer(Exception):
    """No answer that can be trusted; the text is one line."""


def asked(url: str) -> tuple[int, dict[str, Any]]:
    """Status and body of /readyz; follows no redirect and uses no proxy. Raises NoAnswer."""
    host, port = _address(url)
    try:
        data = _exchanged(host, port)
    except ConnectionRefusedError:
        raise NoAnswer(f"no Monitor answers at {url}; start it: {START}") from None
    except OSError as error:
        raise NoAnswer(f"no Monitor answers at {url}: {error.strerror or error}") from None
    no_answer = f"not a Monitor's answer at {url}"
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})[ \r]", head + b"\r")
    if found is None:
        raise NoAnswer(f"{no_answer}: not HTTP")
    status = int(found[1])
    if status not in (200, 503):
        raise NoAnswer(f"{no_answer}: HTTP status {status}")
    return status, parsed(body, no_answer)


def parsed(data: bytes, otherwise: str) -> dict[str, Any]:
    """A JSON object. Raises NoAnswer."""
    try:
        document = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NoAnswer(otherwise) from None
    if not isinstance(document, dict):
        raise NoAnswer(otherwise)
    return document


def _no_number(name: str) -> NoReturn:
    """NaN and Infinity are not JSON."""
    raise ValueError(name)


def _exchanged(host: str, port: int) -> bytes:
    """One HTTP/1.0 request; the answer ends with the connection. Raises OSError, NoAnswer."""
    name = f"[{host}]" if ":" in host else host
    request = f"GET /readyz HTTP/1.0\r\nHost: {name}:{port}\r\nAccept: application/json\r\n\r\n"
    data = bytearray()
    with socket.create_connection((host, port), timeout=SECONDS) as connection:
        connection.sendall(request.encode("ascii"))
        while chunk := connection.recv(MOST_BYTES):
            data += chunk
            if len(data) > MOST_BYTES:
                raise NoAnswer(f"not a Monitor's answer: more than {MOST_BYTES} bytes")
    return bytes(data)


def _address(url: str) -> tuple[str, int]:
    """Raises NoAnswer."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        raise NoAnswer(f"{url} is not a URL") from None
    is_plain = parts.scheme == "http" and "@" not in parts.netloc and not parts.query
    if not is_plain or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise NoAnswer(f"{url} is not a Monitor's URL, such as http://127.0.0.1:9410")
    if parts.path not in ("", "/", "/readyz"):
        raise NoAnswer(f"{url} is not a Monitor's URL; leave out {parts.path}")
    return host, port
