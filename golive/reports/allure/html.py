"""allure.html: Allure's own page of the run, one file that opens from disk and asks for nothing.

The Allure command line makes it, version 3, where the machine has it. It is run in the run's
folder with plain relative names, so that no shell (allure.cmd on Windows) has anything to quote,
and with a configuration of ours, so that it reads no other and sends nothing anywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from golive.evidence.record import Evidence
from golive.reports import page as pages
from golive.reports import results, wording
from golive.reports.allure import history
from golive.reports.allure.results_folder import FOLDER

if TYPE_CHECKING:
    from golive.reports.writing import Wanted

VARIABLE = "GOLIVE_ALLURE"
OFF = "off"
NAME = "allure.html"
SECONDS = 20.0
"""It usually takes one. A machine on which node starts more slowly gets no page."""

HEAD = """
    <meta http-equiv="Content-Security-Policy" content="default-src 'none';
 script-src 'unsafe-inline' data:; style-src 'unsafe-inline' data:; img-src data: blob:;
 font-src data:; connect-src data: blob:; form-action 'none'">
    <style>.chart__caption { display: none }</style>"""
"""Added to the page: it may load nothing, and its headline is not the share of passed steps, which
would be `89 %` for a NO-GO. The title shows the verdict."""

GET_IT = f"npm install -g allure; {VARIABLE}={OFF} does without"
MISSING = f"no {NAME}: the Allure command line is not installed ({GET_IT})"
TOO_OLD = f"no {NAME}: this is Allure 2, and it takes Allure 3 ({GET_IT})"
LONGEST = 200
LOOK_SECONDS, MOST_BYTES, LAST_BYTES = 0.1, 10_000_000, 4096
"""How often it is looked at, the most it may say, and how much of that is read."""


class NotMade(Exception):
    """Allure did not make the page. Its text says why."""


def write(found: Evidence, folder: Path, wanted: Wanted) -> list[str]:
    """Returns a line where Allure was asked for and is missing. Raises OSError, NotMade."""
    page = folder / NAME
    page.unlink(missing_ok=True)
    named = os.environ.get(VARIABLE, "")
    if named == OFF:
        return []
    command = shutil.which(named or "allure")
    if command is None:
        if named:
            return [f"no {NAME}: {VARIABLE} names no program: {named}"]
        return [MISSING] if wanted.allure is not None else []
    with tempfile.TemporaryDirectory(prefix=".allure-", dir=folder) as own:
        report = Path(own, "report")
        (Path(own) / "allurerc.json").write_text(_configuration(found), encoding="utf-8")
        _run([command, *_arguments(Path(own).name)], folder, Path(own, "said"))
        if (report / "app.js").exists():
            return [TOO_OLD]
        text = (report / "index.html").read_text(encoding="utf-8")
        pages.write(page, text.replace("<head>", f"<head>{HEAD}", 1))
    return []


def _configuration(found: Evidence) -> str:
    """The verdict is the page's title: the share of passed steps is no verdict."""
    why = results.code(found)
    title = f"{found.verdict}{f': {why}' if why else ''}, {wording.target(found)}"
    options = {"singleFile": True, "reportName": title, "reportLanguage": "en"}
    return json.dumps({"name": title, "plugins": {"allure2": {"options": options}}})


def _arguments(own: str) -> list[str]:
    output = ["--config", f"{own}/allurerc.json", "--output", f"{own}/report"]
    return ["generate", *output, FOLDER, f"{FOLDER}/{history.FOLDER}"]


def _run(command: list[str], folder: Path, said: Path) -> None:
    """Runs it until it ends or takes too long; then also ends everything that it started."""
    with said.open("w+b") as output:
        process = psutil.Popen(
            command,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that all of it can be ended; on Ctrl-C we end it
        )
        try:
            code = _code(process, said)
        finally:
            _end(process)
        output.seek(max(0, said.stat().st_size - LAST_BYTES))
        lines = output.read(LAST_BYTES).decode("utf-8", "replace").strip().splitlines()
    if code:
        raise NotMade(f"Allure ended with {code}: {(lines or ['no word'])[-1][:LONGEST]}")


def _code(process: psutil.Popen, said: Path) -> int:
    """Its exit code. Raises NotMade where it takes too long, or fills the disk."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(psutil.TimeoutExpired):
            return int(process.wait(LOOK_SECONDS))
        if said.stat().st_size > MOST_BYTES:
            raise NotMade(f"Allure said more than {MOST_BYTES:,} bytes")
    raise NotMade(f"Allure took longer than {SECONDS:.0f} s")


def _end(process: psutil.Popen) -> None:
    """Also what a wrapper like allure.cmd leaves behind."""
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        found = process.children(recursive=True)
    for each in (*found, process):
        with contextlib.suppress(psutil.Error):  # it has ended in between
            each.kill()
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # and who has left its parent; there may be none
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(SECONDS)


def _environment() -> dict[str, str]:
    """Without Allure's own variables, which may name a service to send results to."""
    kept = {name: each for name, each in os.environ.items() if not name.startswith("ALLURE_")}
    return kept | {"ALLURE_NO_ANALYTICS": "true", "NO_COLOR": "1"}
