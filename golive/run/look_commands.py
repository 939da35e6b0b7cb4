"""Which Monitor and MCP server a run would start, and whether their programs are here."""

from __future__ import annotations

from collections.abc import Iterator

from golive.kit import masking, programs_here
from golive.settings.model import Mcp, Monitor, Settings


def missing(settings: Settings) -> list[str]:
    """The keys of commands whose program cannot be found."""
    return [
        f"GoLive.{key}.Command"
        for key, _, found in _both(settings)
        if found and found.command and programs_here.missing(found.command)
    ]


def told(settings: Settings) -> Iterator[str]:
    """In words, a part for each."""
    for key, name, found in _both(settings):
        if found is None:
            yield f"{name}: none"
        elif found.command is None:
            yield f"{name}: golive's own"
        else:
            program = masking.masked(found.command[:1], settings.secret_words)
            is_here = not programs_here.missing(found.command)
            yield f"{name}: {program}" + (
                "" if is_here else f" cannot be found (GoLive.{key}.Command)"
            )


def _both(settings: Settings) -> Iterator[tuple[str, str, Monitor | Mcp | None]]:
    yield "Monitor", "Monitor", settings.golive.monitor
    yield "Mcp", "MCP server", settings.golive.mcp
