"""`golive --version`: the versions that a bug report should name."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from golive import __version__

FAKE = "fake-ib-gateway"


def main(words: list[str]) -> int:
    """One line each; further arguments are ignored."""
    from golive.machine import installed

    api = installed.read()
    official = ", ".join(api.distributions) or "not installed"
    print(f"golive {__version__}")
    print(f"fake gateway {_fake()}")
    print(f"ibapi {api.version or 'not installed'} ({official})")
    print(f"Python {platform.python_version()} ({sys.executable})", flush=True)
    return 0


def _fake() -> str:
    try:
        return metadata.version(FAKE)
    except metadata.PackageNotFoundError:
        return "not installed"
