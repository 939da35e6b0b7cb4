"""`golive monitor`: opens the one connection and keeps it until it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golive.cli import parsing
from golive.cli.parsing import INTERRUPTED

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from golive.monitor.holding.requests import Source
    from golive.settings.secrets_json import SettingsFile


def main(words: list[str]) -> int:
    """0 stopped and all was well; the other exit codes are those of `smoke`."""
    from golive.kit.clock import SYSTEM
    from golive.monitor.lines import stamped
    from golive.monitor.monitor import monitor
    from golive.monitor.printing import Printer
    from golive.monitor.stopping import Stop
    from golive.run.session import NOT_BEGUN

    parser = parsing.Parser("monitor", "Opens the one connection and keeps it until you stop it.")
    parser.takes_settings()
    parser.takes_override()
    options = parser.checked(words)
    found = parsing.settings(options)
    printer, stop = Printer(lambda line: print(line, flush=True)), Stop()
    say = stamped(printer.write, SYSTEM)
    if found.path.exists():
        say(found.line)
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
        say("interrupted; no connection was left open")
        return INTERRUPTED
    finally:
        printer.close()


def _mcp_tools(source: Source, file: SettingsFile) -> Starlette:
    from golive.mcp.server import http_app  # slow to import, and needed only to serve

    return http_app(source, file)
