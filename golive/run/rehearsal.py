"""A fake gateway of our own, in a process of its own, for a rehearsal. Known here by name only."""

from __future__ import annotations

import difflib
import queue
import re
import subprocess
import sys
import threading
from pathlib import Path

from golive.client.heartbeat import TIMES_APART
from golive.kit import project
from golive.settings.model import GoLive, Settings
from golive.settings.secrets_json import SettingsFile
from golive.settings.target import HEALTHY, Choice, Target

START_SECONDS = 20.0
STOP_SECONDS = 5.0
INITIALIZATION_SECONDS = 0.25
"""Stands for the ninety seconds where the settings do not name a time of their own."""

SOAK_SECONDS = 6.0
"""Stands for the hour, likewise."""

PROGRAM = "fake_ib_gateway"

STARTING, STARTING_SECONDS = "starting", 2.0
"""The fault of a gateway that is silent while it initializes, and how long it then takes."""

HOST = "127.0.0.1"
LOG_NAME = "fake-gateway.jsonl"
GATEWAY_FOLDER = "gateway-folder"
"""In the run's folder: what the fake leaves on disk, as a gateway does."""

_ANNOUNCED = re.compile(r"on \S+:(\d+)\s*$")


class NoRehearsal(Exception):
    """The fake did not start; the text is its own line."""


def faults_told() -> str:
    """The faults that the fake knows, a line each: `silent  what it does`. Raises NoRehearsal."""
    command = [sys.executable, "-m", PROGRAM, "--list-faults"]
    try:
        done = subprocess.run(
            command,
            cwd=project.HOME,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"the fake gateway listed no faults within {START_SECONDS:g} s"
        raise NoRehearsal(why) from None
    if done.returncode != 0:
        raise NoRehearsal(done.stderr.strip() or "the fake gateway could not list its faults")
    return done.stdout.rstrip()


def no_such_fault(fault: str) -> str:
    """A line for a fault that the fake does not know, with the nearest; "" for one it knows."""
    try:
        names = [line.split()[0] for line in faults_told().splitlines() if line.strip()]
    except NoRehearsal:  # then what the fake has said itself is all there is
        return ""
    named = fault.partition("=")[0]
    if named in names:
        return ""
    near = difflib.get_close_matches(named, names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"no fault {named!r}; {meant}golive rehearse --list shows them all"


class FakeGateway:
    """Started at once; `port` waits for it to say where it is. It does not outlive this process."""

    def __init__(self, fault: str, golive: GoLive, folder: Path, root: Path) -> None:
        if fault == STARTING:  # half of the time it is given: it counts from later than we do
            fault = f"{STARTING}={initialization_seconds(golive, fault) / 2:g}"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                PROGRAM,
                "--port",
                "0",
                "--host",
                HOST,
                "--fault",
                fault,
                "--account",
                golive.expected_account,
                "--positions",
                str(golive.expected_positions),
                "--log",
                str(folder / LOG_NAME),
                "--settings-dir",
                str(folder / GATEWAY_FOLDER),
                "--stop-with-stdin",
            ],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def port(self) -> int:
        """The port it announced. Raises NoRehearsal."""
        try:
            line = self._said.get(timeout=START_SECONDS)
        except queue.Empty:
            line = f"it said nothing within {START_SECONDS:g} s"
        announced = _ANNOUNCED.search(line)
        if announced is None:
            self.stop()
            raise NoRehearsal(line.strip() or "the fake gateway ended and printed nothing")
        return int(announced[1])

    def stop(self) -> None:
        """Ends it by ending its input; firmly where that does not help."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line.decode("utf-8", "replace"))
        self._said.put("")


def target(choice: Choice, port: int) -> Target:
    """The fake's endpoint, which stands for what was chosen."""
    fault = None if choice.fault == HEALTHY else choice.fault
    kind = f"fake {'TWS paper' if choice.is_fallback else 'gateway'} (rehearsal)"
    return Target("fake", HOST, port, kind, fault, choice.is_fallback)


def aimed(file: SettingsFile, port: int, folder: Path) -> SettingsFile:
    """The same settings with the fake's address, and its files in the folder of the run."""
    credentials = file.settings.credentials.model_copy(update={"host": HOST, "port": port})
    gateway_folder = {"gateway_folder": str(folder / GATEWAY_FOLDER)}
    golive = file.settings.golive.model_copy(update=gateway_folder)
    settings = Settings.model_construct(credentials=credentials, golive=golive)
    return SettingsFile(file.path, settings, file.fingerprint)


def soak_seconds(golive: GoLive) -> float:
    """No hour with a fake, unless the settings name a time themselves."""
    named = "soak_minutes" in golive.model_fields_set
    return golive.soak_minutes * 60 if named else SOAK_SECONDS


def heartbeat_seconds(golive: GoLive) -> float:
    """Five heartbeats at least, as often as a gateway answers; likewise."""
    if "heartbeat_seconds" in golive.model_fields_set:
        return golive.heartbeat_seconds
    return min(golive.heartbeat_seconds, max(soak_seconds(golive) / 5, TIMES_APART))


def initialization_seconds(golive: GoLive, fault: str | None) -> float:
    """No ninety seconds for a fake, unless the settings name a time themselves."""
    if "initialization_seconds" in golive.model_fields_set:
        return golive.initialization_seconds
    return STARTING_SECONDS if fault == STARTING else INITIALIZATION_SECONDS
