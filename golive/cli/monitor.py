"""`golive monitor`: opens the one connection and keeps it until it is stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from golive.cli import parsing
from golive.cli.parsing import INTERRUPTED

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from golive.monitor.holding.requests import Source
    from golive.settings.secrets_json import SettingsFile


def main(words: list[str]) -> int:
    """0 stopped and all was well; the other exit codes are those of `smoke`."""
    from golive.monitor.monitor import monitor
    from golive.monitor.printing import Printer
    from golive.monitor.stopping import Stop
    from golive.run.session import NOT_BEGUN

    parser = parsing.Parser("monitor", "Opens the one connection and keeps it until you stop it.")
    parser.takes_settings()
    parser.takes_override()
    options = parser.checked(words)
    found = parsing.settings(options)
    parsing.say_which(found, sys.stdout)
    printer, stop = Printer(lambda line: print(line, flush=True)), Stop()
    try:
        with stop.by_signals(is_last=True):
            return monitor(
                found.path,
                printer.write,
                stop,
                on_fallback=options.fallback,
                override=options.override,
                secrets=options.secrets,
                beside=_mcp_tools,
            )
    except NOT_BEGUN as error:
        return parsing.settings_refused(error)
    except KeyboardInterrupt:
        printer.write("interrupted; no connection was left open")
        return INTERRUPTED
    finally:
        printer.close()


def _mcp_tools(source: Source, file: SettingsFile) -> Starlette:
    from golive.mcp.server import http_app  # slow to import, and needed only to serve

    return http_app(source, file)
