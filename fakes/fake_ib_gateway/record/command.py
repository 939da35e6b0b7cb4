"""`fake-ib-gateway record`: records one session between a client and a real gateway."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from fake_ib_gateway.kit.parsing import USAGE, Parser
from fake_ib_gateway.protocol.requests import number_of
from fake_ib_gateway.record.identities import SHORTEST, Identities
from fake_ib_gateway.record.peer import Peer
from fake_ib_gateway.record.session import Broken, Session
from fake_ib_gateway.record.transcript import NotWritten, Transcript
from fake_ib_gateway.replay.recording import Writer
from fake_ib_gateway.serving import listening

PROGRAM = "fake-ib-gateway record"
HOST = "127.0.0.1"
EPILOG = f"""\
Exit code 0: recorded, 1: nothing recorded or cut short, 4: usage or files.
Example: {PROGRAM} --listen 4010 --to 127.0.0.1:4001 monday.jsonl"""


def parser() -> argparse.ArgumentParser:
    parser = Parser(
        PROGRAM,
        "Records one session between a client and a real gateway, to be played with"
        " `fake-ib-gateway --replay FILE`. Passes on no order.",
        EPILOG,
    )
    parser.add_argument(
        "--listen",
        type=_port,
        required=True,
        metavar="PORT",
        help=f"port on {HOST} for the client to connect to (0: any free one, printed)",
    )
    parser.add_argument(
        "--to", type=_address, required=True, metavar="HOST:PORT", help="address of the gateway"
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the recording to write, a new file"
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    identities = parser.add_mutually_exclusive_group()
    identities.add_argument(
        "--keep-identities", action="store_true", help="keep account ids and user names"
    )
    identities.add_argument(
        "--identity",
        type=_identity,
        action="append",
        default=[],
        metavar="WORD",
        help="replace this word too, such as a name; repeatable",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: recorded, 1: nothing recorded or cut short, 4: usage or files.

    One line says what was recorded, and why not more.
    """
    options = parser().parse_args(arguments)
    identities = None if options.keep_identities else Identities(options.identity)
    was_there = options.file.exists()
    try:
        listener = listening.bound(HOST, options.listen)
        file = options.file.open("a" if options.force else "x", encoding="utf-8", newline="\n")
    except FileExistsError:
        return _told(USAGE, f"{options.file} exists already; --force overwrites it")
    except OSError as error:
        where = error.filename or f"{HOST} port {options.listen}"
        return _told(USAGE, f"{where}: {error.strerror or error}")
    transcript = Transcript(Writer(file), identities)
    code, line = _recorded(listener, options.to, transcript)
    with suppress(OSError):  # a full disk is reported already
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
            return 1, f"the file could not be written to the end ({error})"
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 1, "stopped before a session began"


async def _session(listener: socket.socket, to: tuple[str, int], transcript: Transcript) -> str:
    """Records the first client that connects; returns who ended it. Raises Broken, NotWritten."""
    loop, task, ended = asyncio.get_running_loop(), asyncio.current_task(), "recorder"
    assert task is not None
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(task.cancel))
    listener.listen(1)
    port = listener.getsockname()[1]
    print(f"{PROGRAM}: listening on {HOST}:{port} for one client, to {to[0]}:{to[1]}", flush=True)
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
        raise argparse.ArgumentTypeError(f"{text!r} is not {SHORTEST} or more characters")
    return text
