"""What `golive service` prints, or writes to a file."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from golive.discipline.earlier_attempts import prepare
from golive.monitor.service import container, systemd, windows
from golive.monitor.service.started import MADE_BY, Started
from golive.settings import secrets_json

Kind = Literal["systemd", "windows", "docker", "prometheus"]


@dataclass(frozen=True, slots=True)
class Made:
    """`text` is for the terminal, `data` for a file; `mark` tells a file of ours, as bytes."""

    text: str
    data: bytes
    mark: bytes


def made(kind: Kind, settings: Path, on_fallback: bool) -> Made:
    """Raises SettingsError, NoService, NoClone, and NoMemory where nothing can be remembered."""
    if kind == "prometheus":
        return _plain(
            resources.files("golive.monitor.served")
            .joinpath("alerts.yml")
            .read_text(encoding="utf-8")
        )
    started = Started.by_this_user(secrets_json.read(settings, on_fallback), on_fallback)
    if kind == "windows":
        text = windows.task(started)
        return Made(text, windows.file(text), MADE_BY.encode("utf-16-le"))
    if kind == "docker":
        return _plain(container.compose(started))
    prepare(started.state)  # what a unit may write to must be there before it starts
    return _plain(systemd.unit(started))


def _plain(text: str) -> Made:
    return Made(text, text.encode("utf-8"), MADE_BY.encode("ascii"))
