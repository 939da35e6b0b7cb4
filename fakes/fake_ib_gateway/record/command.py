"""`fake-ib-gateway record`: records one session between a client and a real gateway."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from fake_ib_gateway.protocol.requests import number_of
from fake_ib_gateway.record.identities import SHORTEST, Identities
from fake_ib_gateway.record.peer import Peer
from fake_ib_gateway.record.session import Broken, Session
from fake_ib_gateway.record.transcript import NotWritten, Transcript
from fake_ib_gateway.replay.recording import Writer
from fake_ib_gateway.serving import listening

PROGRAM = "fake-ib-gateway record"
HOST = "127.0.0.1"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: {message}\n")


def parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Records one session between a client and a real gateway, to be played by"
        " `fake-ib-gateway --replay FILE`. It passes on no order.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--listen",
        type=_port,
        required=True,
        metavar="PORT",
        help=f"where the client connects, on {HOST}; 0: any free one, printed",
    )
    parser.add_argument(
        "--to", type=_address, required=True, metavar="HOST:PORT", help="the gateway"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording, a new file")
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    identities = parser.add_mutually_exclusive_group()
    identities.add_argument(
        "--keep-identities", action="store_true", help="replace no account and no user name"
    )
    identities.add_argument(
        "--identity",
        type=_identity,
        action="append",
        default=[],
        metavar="WORD",
        help="replace this too, a user name, say; may be given more than once",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when a session was recorded, 1 when none was or it was cut short, 2 for bad input.

    One line says what was recorded, and why no more.
    """
    options = parser().parse_args(arguments)
    identities = None if options.keep_identities else Identities(options.identity)
    was_there = options.file.exists()
    try:
        listener = listening.bound(HOST, options.listen)
        file = options.file.open("a" if options.force else "x", encoding="utf-8", newline="\n")
    except FileExistsError:
        return _told(2, f"{options.file} exists already; --force overwrites it")
    except OSError as error:
        where = error.filename or f"{HOST} port {options.listen}"
        return _told(2, f"{where}: {error.strerror or error}")
    transcript = Transcript(Writer(file), identities)
    code, line = _recorded(listener, options.to, transcript)
    with suppress(OSError):  # a full disk has been told of
        file.close()
    if any(transcript.records.values()):
        return _told(code, f"{line}; {transcript.summary} recorded in {options.file}")
    if options.file.is_file() and (transcript.has_begun or not was_there):
        options.file.unlink()
    return _told(1, f"{line}; nothing was recorded")


def _recorded(
    listener: socket.socket, to: tuple[str, int], transcript: Transcript
) -> tuple[int, str]:
    """The exit code, and how it ended."""
    with listener:
        try:
            return 0, f"ended by the {asyncio.run(_session(listener, to, transcript))}"
        except Broken as error:
            return 1, str(error)
        except NotWritten as error:
            return 1, f"the file takes no more, and is cut off ({error})"
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 1, "stopped before a session had begun"


async def _session(listener: socket.socket, to: tuple[str, int], transcript: Transcript) -> str:
    """Of the first client that comes; who ended it. Raises Broken, NotWritten."""
    loop, task, ended = asyncio.get_running_loop(), asyncio.current_task(), "recorder"
    assert task is not None
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(task.cancel))
    listener.listen(1)
    port = listener.getsockname()[1]
    print(f"{PROGRAM}: listening on {HOST}:{port}, for one client of {to[0]}:{to[1]}", flush=True)
    accepted, _ = await loop.sock_accept(listener)
    listener.close()
    client = Peer(*await asyncio.open_connection(sock=accepted))
    try:
        ended = await Session(client, transcript).run(*to)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        transcript.end(ended)
    return ended


def _told(code: int, line: str) -> int:
    print(f"{PROGRAM}: {line}", file=sys.stderr if code else sys.stdout, flush=True)
    return code


def _port(text: str) -> int:
    number = number_of(text, -1)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return number


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not 0 < number_of(port, 0) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _identity(text: str) -> str:
    if len(text) < SHORTEST or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no word of {SHORTEST} characters or more")
    return text
