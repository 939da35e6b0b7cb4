"""What changed since the last GO, in a line."""

from __future__ import annotations

from datetime import datetime

from golive.evidence.record import Evidence
from golive.kit.text import counted
from golive.reports.terminal.screen import Lines


def line(found: Evidence) -> str:
    """`Since the last GO (Fri 28 Nov 09:13 local): 2 positions changed, nothing else.`"""
    since = found.since_last_go
    if since is None or since.run_id is None:
        return ""
    positions = since.positions or []
    changed = [f"{counted(len(positions), 'position')} changed"] if positions else []
    others = [each.what for each in since.others]
    if not changed and not others:
        said = "nothing changed"
    elif not others:
        said = f"{changed[0]}, nothing else"
    else:
        said = ", ".join([*changed, f"{', '.join(others)} changed"])
    return f"Since the last GO{_when(since.ended)}: {said}."


def write(lines: Lines, found: Evidence) -> None:
    if said := line(found):
        lines.plain()
        lines.text(said)


def _when(ended: str | None) -> str:
    try:
        return f" ({datetime.fromisoformat(ended or '').astimezone():%a %d %b %H:%M} local)"
    except (ValueError, OverflowError):
        return ""
