"""`python -m benchmarks`: prints ratios; asserts nothing."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from benchmarks import (
    callers,
    compare,
    connecting,
    crowd,
    delivery,
    endurance,
    memory,
    peers_page,
    positions,
    restarts,
    scale,
    socket_table,
    telling,
    wall_time,
)
from benchmarks.fake import UVLOOP, NoFake, loops

INTERRUPTED = 130
PEERS = "peers"
BENCHMARKS = {
    "connect": connecting.run,
    "positions": positions.run,
    "sockets": socket_table.run,
    "wall": wall_time.run,
    "crowd": crowd.run,
    "delivery": delivery.run,
    "memory": memory.run,
    "callers": callers.run,
    "reports": telling.run,
    "endurance": endurance.run,
    "restarts": restarts.run,
}


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.name == PEERS:
        return _peers()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    print(f"Python {platform.python_version()}, {machine}", flush=True)
    if compare.IB_ASYNC not in compare.clients():
        print(compare.GET_IB_ASYNC)
    if UVLOOP not in loops():
        print(scale.GET_UVLOOP)
    try:
        chosen = options.only or options.name
        for name in [chosen] if chosen else BENCHMARKS:
            print(f"\n{BENCHMARKS[name](options.rounds)}", flush=True)
    except NoFake as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _peers() -> int:
    try:
        print(peers_page.run(lambda line: print(line, flush=True)))
    except NoFake as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="The suite beside other clients, against fake gateways on 127.0.0.1.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "name",
        nargs="?",
        choices=[*BENCHMARKS, PEERS],
        metavar="NAME",
        help=f"one of them alone; {PEERS}: what other checks make of a faulty gateway, for docs/",
    )
    parser.add_argument("--only", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument(
        "--rounds", type=_rounds, metavar="N", help="of every measurement, instead of its own"
    )
    return parser


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
