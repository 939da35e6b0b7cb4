"""What other checks say of a gateway that has a fault: `python -m benchmarks peers`.

Each check is a command as its own help documents it, run against a fake gateway of its own on
127.0.0.1. The tools come from PyPI, into an environment that is made for this and then removed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fake import ASYNCIO, HOST, ROOT, running_fake
from golive import __version__

VERSIONS = {"ibkr-cli": "0.7.2", "ibkr-ops": "0.1.1", "ibc2": "0.1.0"}
"""Those that were looked at: another one may have other commands."""

LONGEST_SECONDS = 60.0
INSTALL_SECONDS = 600.0
AT_ONCE = 2
HEALTHY = "healthy"
FAULTS = (
    "down", "wrong-port", "wedged", "silent", "leaky", "zombies", "no-close", "busy",
    "refuses", "garbage", "no-start", "drops-after-start", "client-id-in-use", "accounts-only",
    "slow", "authentication-failed", "wrong-account", "read-only", "mute", "connectivity-lost",
    "endless-positions", "drops", "missing-positions",
)  # fmt: skip
"""Each is NO-GO by the written procedure."""

GREEN, RED, HANG, NOT_RUN = "GREEN", "RED", "hang", "not run"
PROFILE = "measured"
PORT_CHECK = (
    "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A fake gateway, and a folder for whatever a check keeps."""

    port: int
    folder: Path
    gateway_folder: Path


@dataclass(frozen=True, slots=True)
class Check:
    """One command; `package` is where it comes from, "" where none is needed."""

    short: str
    name: str
    package: str
    words: Callable[[Place], Sequence[str]]
    is_green: Callable[[subprocess.CompletedProcess[str]], bool]
    judged: str
    meant_for: str


def _exit_0(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == 0


def _says_that_the_api_responds(done: subprocess.CompletedProcess[str]) -> bool:
    """Its exit code is about its supervisor too, which is not what is measured here."""
    return json.loads(done.stdout)["api_responding"] is True


CHECKS = (
    Check(
        "port", "port open", "",
        lambda at: ["python", "-c", PORT_CHECK, HOST, str(at.port)], _exit_0,
        "a TCP connection opens within 2 s", "seeing whether anything listens",
    ),
    Check(
        "ibc2", "`ibc2 status --json`", "ibc2", lambda at: ["ibc2", "status", "--json"],
        _says_that_the_api_responds, "`api_responding` is true",
        "keeping a gateway logged in and restarting one that is frozen",
    ),
    Check(
        "doctor", "`ibkr doctor --api`", "ibkr-cli",
        lambda at: ["ibkr", "doctor", "--api", "--profile", PROFILE], _exit_0, "the exit code is 0",
        "finding out why a command-line client cannot connect",
    ),
    Check(
        "probe", "`ibkr-ops probe --handshake`", "ibkr-ops",
        lambda at: ["ibkr-ops", "probe", "--handshake", "--host", HOST, "--port", str(at.port)],
        _exit_0, "the exit code is 0", "a check before a scheduled job",
    ),
    Check(
        "positions", "`ibkr positions`", "ibkr-cli",
        lambda at: ["ibkr", "positions", "--profile", PROFILE], _exit_0,
        "the exit code is 0", "showing the positions; it is not told how many to expect",
    ),
    Check(
        "smoke", "`golive smoke`", "golive",
        lambda at: ["golive", "smoke", "--secrets", str(at.folder / "secrets.json")], _exit_0,
        "the exit code is 0", "the handshake alone, in one attempt; it asks for no positions",
    ),
    Check(
        "check", "`golive check`", "golive",
        lambda at: ["golive", "check", "-q", "--secrets", str(at.folder / "secrets.json")], _exit_0,
        "the exit code is 0 (GO)", "going live",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """What each check said of each fault, by its name; and of a healthy gateway."""

    said: Mapping[str, Mapping[str, str]]
    versions: Mapping[str, str]
    not_installed: Mapping[str, str]

    def false_greens(self, check: Check) -> int:
        return sum(self.said[fault][check.name] == GREEN for fault in FAULTS)


def measured(tell: Callable[[str], object]) -> Measured:
    """Makes the environment, runs every check on every fault, and removes what it made."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        missing = _install(folder / "environment", tell)
        said: dict[str, dict[str, str]] = {fault: {} for fault in (HEALTHY, *FAULTS)}
        jobs = [(fault, check) for fault in said for check in CHECKS]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [pool.submit(asked, folder, *each, missing) for each in jobs]
            for (fault, check), answer in zip(jobs, answers, strict=True):
                said[fault][check.name] = answer.result()
                tell(f"{fault}: {check.name}: {answer.result()}")
        there = {name: said for name, said in VERSIONS.items() if name not in missing}
        return Measured(said, {"golive": __version__, **there}, missing)


def _install(folder: Path, tell: Callable[[str], object]) -> dict[str, str]:
    """Why a package cannot be had here, by its name: one does not keep the others away."""
    venv.create(folder, with_pip=True)
    missing = {}
    for name, version in VERSIONS.items():
        tell(f"installing {name} {version}")
        pip = [_program(folder, "python"), "-m", "pip", "install", "-q", f"{name}=={version}"]
        try:
            done = subprocess.run(
                pip, capture_output=True, encoding="utf-8", timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            missing[name] = f"not installed within {INSTALL_SECONDS:g} s"
            continue
        if done.returncode:
            missing[name] = "it could not be installed"
    return missing


def _program(environment: Path, name: str) -> str:
    if os.name == "nt":
        return str(environment / "Scripts" / f"{name}.exe")
    return str(environment / "bin" / name)


def asked(folder: Path, fault: str, check: Check, missing: Mapping[str, str]) -> str:
    """One check against a new fake with this fault."""
    if check.package in missing:
        return NOT_RUN
    with _gateway(fault) as place:
        _configure(place)
        words = list(check.words(place))
        command = [*_started(folder / "environment", words[0]), *words[1:]]
        try:
            done = subprocess.run(
                command,
                cwd=place.folder,
                env=_environment(place, check),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=LONGEST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return HANG
        except OSError:
            return NOT_RUN
    try:
        return GREEN if check.is_green(done) else RED
    except (ValueError, KeyError):  # it did not come so far as to answer
        return NOT_RUN


def _started(environment: Path, name: str) -> list[str]:
    """golive is the one of this clone, all others are those that were installed."""
    return [sys.executable, "-m", "golive"] if name == "golive" else [_program(environment, name)]


@contextmanager
def _gateway(fault: str) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="peer-") as name:
        folder, there = Path(name, "kept"), Path(name, "gateway")
        folder.mkdir()
        options = ("--fault", fault, "--settings-dir", str(there))
        with running_fake(ASYNCIO, *options) as fake:
            yield Place(fake.port, folder, there)


def _configure(place: Place) -> None:
    """What each reads: secrets.json, and the profile of ibkr-cli."""
    settings = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    settings["IBKRCredentials"] |= {"Host": HOST, "Port": place.port}
    settings["GoLive"] |= {"InitializationSeconds": 0, "GatewayFolder": str(place.gateway_folder)}
    (place.folder / "secrets.json").write_text(json.dumps(settings), encoding="utf-8")
    profile = (
        f'default_profile = "{PROFILE}"\n\n[profiles.{PROFILE}]\nhost = "{HOST}"\n'
        f'port = {place.port}\nclient_id = 10\nmode = "live"\n'
    )
    for where in (".config/ibkr-cli", "Library/Application Support/ibkr-cli", "ibkr/ibkr-cli"):
        _write(place.folder / where / "config.toml", profile)
    newest = json.dumps({"version": VERSIONS["ibkr-cli"], "timestamp": time.time()})
    for where in (".cache/ibkr-cli", "Library/Caches/ibkr-cli", "ibkr/ibkr-cli/Cache"):
        _write(place.folder / where / "latest_version.json", newest)  # so that it asks nobody


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _environment(place: Place, check: Check) -> dict[str, str]:
    """Nothing of the caller's own settings; what a check keeps stays in the fake's folder."""
    left_out = ("GOLIVE_", "IB_", "IBKR", "IBC2_", "PYTEST_", "PYTHON", "XDG_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
    folder = str(place.folder)
    ours = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "fakes")])}
    return (
        kept
        | (ours if check.package == "golive" else {})
        | {
            "HOME": folder,
            "LOCALAPPDATA": folder,
            "IBC2_API_PORT": str(place.port),
            "IBC2_HOME": str(place.folder / "ibc2"),
            "GOLIVE_STATE": str(place.folder / "state"),
            "GOLIVE_BOOTSTRAP": "off",
            "GOLIVE_ALLURE": "off",
            "NO_COLOR": "1",
        }
    )
