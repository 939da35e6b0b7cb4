"""`python -m fake_ib_gateway`: a fake gateway in the foreground, until it is told to stop."""

from __future__ import annotations

import argparse
import sys

from fake_ib_gateway.answering.gateway import ApiSettings, Gateway
from fake_ib_gateway.options import parser
from fake_ib_gateway.replay.gateway import replayed
from fake_ib_gateway.replay.recording import RecordingError, read
from fake_ib_gateway.serving import foreground
from fake_ib_gateway.world.book import ACCOUNT, options_book


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when told to stop, 2 for bad input, with one line that says what is allowed."""
    options = parser().parse_args(arguments)
    try:
        foreground.run(_plan(options))
    except RecordingError as error:
        print(f"fake gateway: {error}", file=sys.stderr)
        return 2
    except UnicodeError:
        print(f"fake gateway: --host: {options.host!r} is no host name", file=sys.stderr)
        return 2
    except OSError as error:
        where = error.filename or f"{options.host} port {options.port}"
        print(f"fake gateway: {where}: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


def _plan(options: argparse.Namespace) -> foreground.Plan:
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
