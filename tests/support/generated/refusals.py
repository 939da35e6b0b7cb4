"""What golive says of settings that it refuses: each is written to a file and read from there."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from golive.settings import secrets_json
from tests.support.generated import markdown
from tests.support.projects import ROOT

TRIED: dict[str, Sequence[object]] = {
    "IBKRCredentials.Host": ("", "http://127.0.0.1", "127.0.0.1:4001", "127.0.0.300", " localhost"),
    "IBKRCredentials.Port": ("4001", 0, 70000, 4001.5),
    "IBKRCredentials.ClientId": ("10", -1),
    "IBKRCredentials.IsPaperTrading": ("false", 0),
    "IBKRCredentials.ReconnectDelaySeconds": (-1, 100_000),
    "GoLive.ExpectedAccount": ("",),
    "GoLive.ExpectedPositions": (-1, "24", 24.0),
    "GoLive.ApiVersion": (10.37,),
    "GoLive.HandshakeBudgetSeconds": (0,),
    "GoLive.HandshakeTimeoutSeconds": (0,),
    "GoLive.InitializationSeconds": (-1,),
    "GoLive.SoakMinutes": (0,),
    "GoLive.HeartbeatSeconds": (1, 4000),
    "GoLive.StaleProcesses": ("dotnet", [""]),
    "GoLive.Fallback.IsPaperTrading": (False,),
    "GoLive.Monitor.Command": ([], "monitor.exe"),
    "GoLive.Monitor.ConnectedPattern": ("(",),
    "GoLive.Monitor.PositionsPattern": (r"\d+ positions",),
    "GoLive.Monitor.HealthAddress": ("0.0.0.0",),
    "GoLive.Monitor.HealthPort": (-1, 70000),
    "GoLive.KeepRuns": (0,),
}
"""Mistakes that people make, or that a limit is there for."""


def rows(section: str, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """For each value that is tried of a section: the line as it is written, and what is said."""
    example = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    known = {f"{section}.{key.strip('`')}" for key in keys}
    for place, values in TRIED.items():
        if not place.startswith(f"{section}."):
            continue
        if place not in known:
            raise ValueError(f"there is no key {place}")
        for value in values:
            path = place.split(".")
            line = f"{json.dumps(path[-1])}: {json.dumps(value)}"
            yield markdown.code(line), markdown.plain(_said(_with(example, path, value)))


def _with(example: dict[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(example)
    place = changed
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    return changed


def _said(document: dict[str, Any]) -> str:
    """Without the file's name and line."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "secrets.json")
        path.write_text(json.dumps(document, indent=2), encoding="utf-8")
        try:
            secrets_json.read(path)
        except secrets_json.SettingsError as error:
            return re.sub(rf"^{re.escape(str(path))}(?: line \d+)?[:,] ", "", str(error))
    raise ValueError(f"it is not refused: {document}")
