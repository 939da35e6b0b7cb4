"""`python -m fakes.gateway`: a fake gateway in the foreground, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import threading
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import NoReturn, TextIO

from fakes.gateway import faults
from fakes.gateway.book import ACCOUNT, OPEN_POSITIONS, options_book
from fakes.gateway.gateway import Gateway
from fakes.gateway.messages import NEWEST, OLDEST
from fakes.gateway.server import Log, Server


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when told to stop, 2 for bad input, with one line that says what is allowed."""
    options = _parser().parse_args(arguments)
    gateway = Gateway(options_book(options.account, options.positions), options.server_version)
    with ExitStack() as stack:
        server = Server(gateway, options.fault, options.host, options.port)
        try:
            if options.log:
                server.log = Log(stack.enter_context(_opened(options.log)))
            asyncio.run(_serve(server, options.stop_with_stdin))
        except OSError as error:
            where = options.log if error.filename else f"{options.host} port {options.port}"
            print(f"fake gateway: {where}: {error.strerror or error}", file=sys.stderr)
            return 2
    return 0


async def _serve(server: Server, stop_with_stdin: bool) -> None:
    await server.start()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    if stop_with_stdin:
        _when_stdin_ends(loop, stop)
    state = "listening" if server.listens else "NOT listening, as asked,"
    print(f"fake gateway {state} on {server.host}:{server.port}", flush=True)
    await stop.wait()
    await server.stop()


def _when_stdin_ends(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Who started us holds our stdin: it ends with them, however they end, on every platform."""

    def read_to_the_end() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read_to_the_end, daemon=True).start()


def _opened(path: str) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stderr) if path == "-" else open(path, "a", encoding="utf-8")


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fake gateway: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m fakes.gateway",
        description="A fake IB Gateway on a real socket. It takes no orders.",
        allow_abbrev=False,
    )
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
        help=f"may be given more than once: {', '.join(faults.FAULTS)}",
    )
    parser.add_argument(
        "--server-version",
        type=_version,
        default=NEWEST,
        metavar="N",
        help=f"{OLDEST} to {NEWEST} (%(default)s)",
    )
    parser.add_argument(
        "--positions",
        type=_count,
        default=OPEN_POSITIONS,
        metavar="N",
        help="how many are open (%(default)s)",
    )
    parser.add_argument("--account", default=ACCOUNT, help="the account logged in (%(default)s)")
    parser.add_argument(
        "--log",
        metavar="FILE",
        help="append every connection and message as JSON lines; -: to stderr",
    )
    parser.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input ends, so as not to outlive who started it",
    )
    return parser


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
    return _number(text, 0, 1_000_000)


def _fault(name: str) -> faults.Fault:
    try:
        return faults.named(name)
    except faults.UnknownFault as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
