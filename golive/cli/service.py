"""`golive service`: files that run the Monitor as a service, for systemd and others."""

from __future__ import annotations

from golive.cli import parsing

KINDS = {
    "windows": "print a scheduled task for Windows",
    "docker": "print an example for a gateway in a container, with its health check",
    "prometheus": "print alerting rules for Prometheus",
}


def main(words: list[str]) -> int:
    """0 printed or written, 4 for bad usage or settings."""
    from golive.discipline.earlier_attempts import NoMemory
    from golive.monitor.service.container import NoClone
    from golive.monitor.service.making import made
    from golive.monitor.service.started import NoService
    from golive.settings import secrets_json

    options = _parser().checked(words)
    try:
        service = made(options.kind, parsing.settings(options).path, options.fallback)
    except (secrets_json.SettingsError, NoMemory, NoService) as error:
        return parsing.settings_refused(error)
    except NoClone as error:
        return parsing.refused(str(error))
    if options.file is None:
        print(service.text, end="", flush=True)
        return 0
    return parsing.write(options.file, service.mark, lambda path: path.write_bytes(service.data))


def _parser() -> parsing.Parser:
    parser = parsing.Parser(
        "service",
        "Prints a file that runs the Monitor as a service: a systemd unit, unless an option"
        " asks for another.",
    )
    parser.takes_settings()
    kinds = parser.add_mutually_exclusive_group()
    for kind, what in KINDS.items():
        kinds.add_argument(
            f"--{kind}", dest="kind", action="store_const", const=kind, default="systemd", help=what
        )
    parser.add_argument("file", nargs="?", metavar="FILE", help="write to FILE instead of stdout")
    return parser
