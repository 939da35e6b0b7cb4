"""The command line that starts a program of the settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from golive.kit.project import HOME
from golive.settings.model import Settings
from golive.settings.target import Target
from golive.trials.parent_run import ParentRun

Kind = Literal["monitor", "mcp"]

WHERE = ("{secrets}", "{port}")
"""Each of them tells a program where to connect."""


def why_not(kind: str, settings: Settings, target: Target) -> str:
    """Why it is not configured; "" where it is.

    One that cannot be told to connect elsewhere is not: a rehearsal starts nothing that would go to
    the live gateway.
    """
    name = f"GoLive.{kind.capitalize()}"
    found = settings.golive.monitor if kind == "monitor" else settings.golive.mcp
    if found is None:
        return f"{name} is null"
    is_told = found.command is None or any(each in " ".join(found.command) for each in WHERE)
    if is_told or not (target.is_rehearsal or target.is_fallback):
        return ""
    return (
        f"{'a rehearsal' if target.is_rehearsal else '--fallback'} does not start it:"
        f" {name}.Command has neither {' nor '.join(WHERE)}, so it would go to the live gateway"
    )


def words(run: ParentRun, kind: Kind, command: Sequence[str] | None, secrets: Path) -> list[str]:
    """The command with its placeholders replaced; golive's own program if there is none."""
    if command is None:
        override = ["--override", run.override] if run.override else []
        return [sys.executable, "-m", "golive", kind, "--secrets", str(secrets), *override]
    filled = {
        "{secrets}": str(secrets),
        "{host}": run.target.host,
        "{port}": str(run.target.port),
        "{client_id}": str(run.file.settings.credentials.client_id),
    }
    return [_filled(word, filled) for word in command]


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def folder(command: Sequence[str] | None) -> Path | None:
    """Where it is started: this project's own where `golive` is found, another one here."""
    return HOME if command is None else None
