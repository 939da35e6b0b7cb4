"""The settings file of a program that is tried: the run's own, or one aimed where the run is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from golive.discipline import settings_copies
from golive.settings import secrets_json
from golive.trials.parent_run import ParentRun

NEVER = {"AutoLaunch": False, "AutoReconnect": False}
"""What a program that is tried on the fallback, or on a fake, must not do of itself."""


@contextmanager
def file_for(run: ParentRun) -> Iterator[Path]:
    """Of a live run its own file, else a private copy, which is gone at the end.

    Raises OSError where that cannot be written, and settings_file.SettingsError where the run's own
    cannot be read any more.
    """
    if not run.target.is_rehearsal and not run.target.is_fallback:
        yield run.file.path.absolute()
        return
    data = json.dumps(_aimed(run)).encode("utf-8")
    with settings_copies.private_copy(data) as path:
        yield path


def _aimed(run: ParentRun) -> dict[str, Any]:
    """The document as it stands in the file, other programs' sections too, aimed at the target."""
    document, settings = secrets_json.document(run.file.path), run.file.settings
    golive = settings.golive.model_dump(mode="json", by_alias=True) | {"AutoFallback": False}
    if run.target.is_rehearsal:
        golive["InitializationSeconds"] = 0  # it has been up for its time
    credentials = settings.credentials.model_dump(mode="json", by_alias=True)
    return {**document, "IBKRCredentials": {**credentials, **NEVER}, "GoLive": golive}
