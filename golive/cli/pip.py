"""Runs pip for an environment: shows its progress, and says what a failure means."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LOG = "golive-pip.txt"
"""The file in the environment with pip's latest output."""

NO_CONNECTION = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ConnectionReset|ProxyError|NameResolution"
    r"|Network is unreachable|Temporary failure in name resolution|Connection refused"
    r"|connection broken|Failed to establish"
)
NO_INDEX = re.compile(r"No matching distribution found")
NO_SPACE = re.compile(r"No space left|not enough space")
OTHER_BYTES = re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES")
REQUIREMENT = re.compile(r"(?m)^[A-Za-z0-9][\w.-]*==[^\s;]+(?P<where> *;[^\\\n]*)?")

SETTINGS_OF_OTHERS = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
"""Variables that would make pip install somewhere else."""


class Failed(Exception):
    """Why pip installed nothing and what to do about it, in one line."""


def counted(lock: Path) -> int:
    """Roughly how many packages a lock file lists for this platform and this Python."""
    found = REQUIREMENT.finditer(lock.read_text(encoding="utf-8"))
    elsewhere = "'win32'" if sys.platform != "win32" else "!= 'win32'"
    return sum(1 for each in found if elsewhere not in (each["where"] or ""))


def install(python: Path, *words: str, where: Path, most: int = 0) -> None:
    """Runs `pip install` with these arguments. Raises Failed."""
    command = [
        str(python),
        "-I",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--retries=2",
        "install",
        "--progress-bar=off",
        *words,
    ]
    kept = {k: v for k, v in os.environ.items() if k not in SETTINGS_OF_OTHERS}
    process = subprocess.Popen(
        command,
        cwd=where,
        env=kept | {"PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    said = _followed(process, most)
    log = python.parent.parent / LOG
    log.write_text("".join(said), encoding="utf-8")
    if process.returncode != 0:
        raise Failed(_why("".join(said), log))


def _followed(process: subprocess.Popen[str], most: int) -> list[str]:
    """All of its output; on a terminal, progress is shown meanwhile."""
    assert process.stdout is not None
    is_shown, said, count = bool(most) and sys.stderr.isatty(), [], 0
    with process:
        for line in process.stdout:
            said.append(line)
            count += line.startswith("Collecting ")
            if is_shown:
                doing = "unpacking" if line.startswith("Installing") else f"{count} of {most}"
                print(f"\rgolive: {doing}".ljust(40), end="", file=sys.stderr, flush=True)
    if is_shown:
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
    return said


def _why(said: str, log: Path) -> str:
    if NO_CONNECTION.search(said):
        return (
            "cannot reach the package index; check the network and the proxy"
            " (HTTPS_PROXY, PIP_INDEX_URL), then run this again: it continues from here"
        )
    if OTHER_BYTES.search(said):
        return f"a package does not match its locked hash, so nothing was installed; see {log}"
    if NO_SPACE.search(said):
        return f"no space left for {log.parent}; free some, then run this again"
    if NO_INDEX.search(said):
        return f"{_error(said)}: not on the package index, or PIP_NO_INDEX is set; see {log}"
    return f"pip failed: {_error(said)}; its full output is in {log}"


def _error(said: str) -> str:
    errors: Sequence[str] = [line for line in said.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ").rstrip(".") if errors else "no reason given"
