"""The command line of a fake gateway. Bad input gets one line that says what is allowed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from fake_ib_gateway import __version__
from fake_ib_gateway.answering.login import MAX_CLIENTS
from fake_ib_gateway.answering.pacing import MESSAGES_PER_SECOND
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.faults.shared.named import UnknownFault, listed, named
from fake_ib_gateway.protocol.messages import NEWEST, OLDEST
from fake_ib_gateway.world.book import ACCOUNT, OPEN_POSITIONS

MOST = 1_000_000
PROGRAM = "fake-ib-gateway"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: {message}\n")

    def format_help(self) -> str:
        """With the faults, which are looked up for those who ask."""
        faults = "".join(f"  {line}\n" for line in listed().splitlines())
        return f"{super().format_help()}\nfaults:\n{faults}"


class _ListFaults(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(listed())
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """What it is, how it misbehaves, what it writes, how it is steered."""
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [options]\n       {PROGRAM} record --listen PORT --to HOST:PORT FILE",
        description="A fake IB Gateway on a real socket. It takes no orders.",
        epilog=f"`{PROGRAM} record --help` tells of the recorder.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_listening(parser)
    _add_login(parser)
    _add_limits(parser)
    _add_telling(parser)
    return parser


def _add_listening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=0, help="0 (the default): any free one, printed"
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="NAME",
        help="one of the faults below, may be given more than once: they compose",
    )
    parser.add_argument(
        "--list-faults", action=_ListFaults, nargs=0, help="name the faults, each in a line"
    )
    parser.add_argument(
        "--server-version",
        type=_version,
        default=NEWEST,
        metavar="N",
        help=f"{OLDEST} to {NEWEST} (%(default)s)",
    )
    parser.add_argument(
        "--no-overlap",
        choices=("close", "answer"),
        default="close",
        help="what it does about a client that speaks none of its versions: closes without a"
        " word, or answers its own (%(default)s); of a real gateway it is not known",
    )


def _add_login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--positions",
        type=_count,
        default=OPEN_POSITIONS,
        metavar="N",
        help="how many are open in each account (%(default)s)",
    )
    parser.add_argument(
        "--account",
        type=_account,
        action="append",
        metavar="ID",
        help=f"an account logged in, may be given more than once ({ACCOUNT})",
    )
    parser.add_argument(
        "--master-client-id", type=_count, metavar="N", help="as set in the gateway (blank)"
    )
    parser.add_argument(
        "--trusted-ip",
        action="append",
        metavar="ADDRESS",
        help="as set in the gateway, may be given more than once (127.0.0.1)",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="play a session that `fake-ib-gateway record` has recorded",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-clients",
        type=_count,
        default=MAX_CLIENTS,
        metavar="N",
        help="more are closed as they come; 0: no limit (%(default)s)",
    )
    parser.add_argument(
        "--max-messages",
        type=_count,
        default=MESSAGES_PER_SECOND,
        metavar="N",
        help="of one client in a second; 0: no limit (%(default)s)",
    )
    parser.add_argument(
        "--time-apart",
        type=_count,
        default=1,
        metavar="SECONDS",
        help="a request for the time that comes quicker is not answered; 0: all are (%(default)s)",
    )


def _add_telling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log",
        metavar="FILE",
        help="append every connection and message as JSON lines; -: to stderr",
    )
    parser.add_argument(
        "--settings-dir",
        type=Path,
        metavar="FOLDER",
        help="write what a gateway leaves on disk: its log, API logs, jts.ini, ibg.xml",
    )
    parser.add_argument(
        "--control",
        type=_port,
        metavar="PORT",
        help="take commands on this port of 127.0.0.1 while it runs; 0: any free one, printed",
    )
    parser.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input ends, so as not to outlive who started it",
    )


def _number(text: str, lowest: int, highest: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {lowest} to {highest}")
    return number


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _version(text: str) -> int:
    return _number(text, OLDEST, NEWEST)


def _count(text: str) -> int:
    return _number(text, 0, MOST)


def _account(text: str) -> str:
    if not text or "," in text or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no account: one word, without commas")
    return text


def _fault(words: str) -> Fault:
    try:
        return named(words)
    except UnknownFault as error:
        raise argparse.ArgumentTypeError(str(error)) from None
