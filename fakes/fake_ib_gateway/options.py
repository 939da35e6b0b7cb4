"""The command line of a fake gateway. A mistake gets one line that says what is allowed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from fake_ib_gateway import __version__
from fake_ib_gateway.answering.login import MAX_CLIENTS
from fake_ib_gateway.answering.pacing import MESSAGES_PER_SECOND
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.faults.shared.named import UnknownFault, listed, named
from fake_ib_gateway.kit.parsing import Parser
from fake_ib_gateway.protocol.messages import NEWEST, OLDEST
from fake_ib_gateway.world.book import ACCOUNT, OPEN_POSITIONS

MOST = 1_000_000
PROGRAM = "fake-ib-gateway"

EPILOG = f"""\
`{PROGRAM} --list-faults` lists the faults.
`{PROGRAM} record --help` explains the recorder.
Exit code 0: stopped on request, 4: could not start; one line says why.
Example: {PROGRAM} --port 4002 --fault slow=2.5 --fault chatty"""


class _ListFaults(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(listed())
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The options in groups: where it listens, the login, faults, limits, files and control."""
    parser = Parser(
        PROGRAM,
        "A fake IB Gateway on a real socket. It takes no orders.",
        EPILOG,
        f"{PROGRAM} [options]\n       {PROGRAM} record --listen PORT --to HOST:PORT FILE",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_address(parser.add_argument_group("address"))
    _add_faults(parser.add_argument_group("faults"))
    _add_login(parser.add_argument_group("login"))
    _add_protocol(parser.add_argument_group("protocol"))
    _add_limits(parser.add_argument_group("limits (0: none)"))
    _add_files(parser.add_argument_group("files and control"))
    return parser


Group = argparse._ArgumentGroup


def _add_address(group: Group) -> None:
    group.add_argument("--host", default="127.0.0.1", help="address to bind (%(default)s)")
    group.add_argument(
        "--port", type=_port, default=0, help="port to listen on (0: any free one, printed)"
    )


def _add_faults(group: Group) -> None:
    group.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="NAME",
        help="misbehave in this way, such as silent or slow=2.5; repeatable",
    )
    group.add_argument(
        "--list-faults", action=_ListFaults, nargs=0, help="list the faults and exit"
    )


def _add_login(group: Group) -> None:
    group.add_argument(
        "--account",
        type=_account,
        action="append",
        metavar="ID",
        help=f"account that is logged in; repeatable ({ACCOUNT})",
    )
    group.add_argument(
        "--positions",
        type=_count,
        default=OPEN_POSITIONS,
        metavar="N",
        help="open positions in each account (%(default)s)",
    )
    group.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help=f"play a session that `{PROGRAM} record` wrote; accounts, positions and version"
        " are those of the recording",
    )
    group.add_argument(
        "--master-client-id", type=_count, metavar="N", help="Master API client ID (none)"
    )
    group.add_argument(
        "--trusted-ip",
        action="append",
        metavar="ADDRESS",
        help="trusted IP; repeatable (127.0.0.1)",
    )


def _add_protocol(group: Group) -> None:
    group.add_argument(
        "--server-version",
        type=_version,
        default=NEWEST,
        metavar="N",
        help=f"{OLDEST} to {NEWEST}; an older client gets its own maximum (%(default)s)",
    )
    group.add_argument(
        "--no-overlap",
        choices=("close", "answer"),
        default="close",
        help="for a client that speaks none of its versions: close without a word, or answer"
        " with its own version (%(default)s); what a real gateway does is not known",
    )


def _add_limits(group: Group) -> None:
    group.add_argument(
        "--max-clients",
        type=_count,
        default=MAX_CLIENTS,
        metavar="N",
        help="close further clients as they connect (%(default)s)",
    )
    group.add_argument(
        "--max-messages",
        type=_count,
        default=MESSAGES_PER_SECOND,
        metavar="N",
        help="messages a second from one client: above this error 100, and the third time it"
        " is disconnected (%(default)s)",
    )
    group.add_argument(
        "--time-apart",
        type=_count,
        default=1,
        metavar="SECONDS",
        help="ignore a request for the time that comes sooner than this after the last"
        " (%(default)s)",
    )


def _add_files(group: Group) -> None:
    group.add_argument(
        "--log",
        metavar="FILE",
        help="append every connection and message to FILE as JSON lines (-: stderr)",
    )
    group.add_argument(
        "--settings-dir",
        type=Path,
        metavar="FOLDER",
        help="write what a gateway leaves on disk: its log, API logs, launcher.log, jts.ini,"
        " ibg.xml",
    )
    group.add_argument(
        "--control",
        type=_port,
        metavar="PORT",
        help="take commands on this port of 127.0.0.1 (0: any free one, printed)",
    )
    group.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input ends, so that it does not outlive its parent",
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
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an account: use one word, without commas"
        )
    return text


def _fault(words: str) -> Fault:
    try:
        return named(words)
    except UnknownFault as error:
        raise argparse.ArgumentTypeError(str(error)) from None
