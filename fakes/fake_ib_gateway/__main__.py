"""`fake-ib-gateway`: runs a gateway in the foreground until it is stopped, or the recorder."""

from __future__ import annotations

import argparse
import sys

from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.kit.parsing import USAGE
from fake_ib_gateway.options import PROGRAM, parser
from fake_ib_gateway.replay.gateway import replayed
from fake_ib_gateway.replay.recording import RecordingError, read
from fake_ib_gateway.serving import foreground
from fake_ib_gateway.world.book import ACCOUNT, options_book


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: stopped on request, 4: could not start; one line says why."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["record"]:
        from fake_ib_gateway.record import (
            command,  # only when needed: a gateway starts faster without it
        )

        return command.main(words[1:])
    return _serve(parser().parse_args(words))


def _serve(options: argparse.Namespace) -> int:
    try:
        foreground.run(plan(options))
    except RecordingError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE
    except UnicodeError:
        print(f"{PROGRAM}: --host: {options.host!r} is not a host name", file=sys.stderr)
        return USAGE
    except OSError as error:
        where = error.filename or f"{options.host} port {options.port}"
        print(f"{PROGRAM}: {where}: {error.strerror or error}", file=sys.stderr)
        return USAGE
    return 0


def plan(options: argparse.Namespace) -> foreground.Plan:
    """What the command line asks for. Raises RecordingError."""
    return foreground.Plan(
        _gateway(options),
        options.fault,
        options.host,
        options.port,
        options.log,
        options.settings_dir,
        options.control,
        options.stop_with_stdin,
    )


def _gateway(options: argparse.Namespace) -> Gateway:
    settings = ApiSettings(
        master_client_id=options.master_client_id,
        trusted_ips=tuple(options.trusted_ip or ["127.0.0.1"]),
    )
    if options.replay is not None:
        return replayed(
            read(options.replay),
            settings=settings,
            max_clients=options.max_clients,
            messages_per_second=options.max_messages,
            seconds_between_times=options.time_apart,
        )
    accounts = options.account or [ACCOUNT]
    return Gateway(
        tuple(options_book(account, options.positions) for account in accounts),
        options.server_version,
        settings,
        max_clients=options.max_clients,
        messages_per_second=options.max_messages,
        seconds_between_times=options.time_apart,
        no_overlap=options.no_overlap,
    )


if __name__ == "__main__":
    sys.exit(main())
