"""A real Prometheus of this machine, and its checker: Debian's package `prometheus` has both."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from tests.support.fakes import wait_until
from tests.support.talking import SECONDS

PROGRAMS = ("prometheus", "promtool")
ALERTS = Path(str(resources.files("golive.monitor.served").joinpath("alerts.yml")))
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def missing() -> str:
    """What is not installed, and how to get it; empty where nothing is missing."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"needs {' and '.join(lacking)}: apt install prometheus" if lacking else ""


def promtool(*words: str, told: bytes = b"") -> tuple[int, str]:
    """Its exit code, and all that it says."""
    done = subprocess.run(
        ["promtool", *words],
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8")


class Prometheus:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def asked(self, path: str, **query: str) -> Any:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with NO_PROXY.open(address, timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, query: str) -> float | None:
        """Of a query with one result; None where there is none."""
        found = self.asked("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None

    def alerts(self, state: str) -> set[str]:
        """The names of those that are `pending` or `firing`."""
        found = self.asked("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == state}

    @property
    def target(self) -> dict[str, Any]:
        """The one target, as it was last scraped."""
        (found,) = self.asked("targets")["activeTargets"]
        return dict(found)


@contextmanager
def running(folder: Path, target: str) -> Iterator[Prometheus]:
    """One that scrapes `target`, host and port, five times a second. Raises AssertionError."""
    (folder / "prometheus.yml").write_text(_config(target), encoding="utf-8")
    log = folder / "prometheus.log"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
    ]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            wait_until(lambda: _address(log) is not None)
            yield Prometheus(f"http://{_address(log)}")
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            finally:
                process.kill()


def _address(log: Path) -> str | None:
    """Where it answers; None before it is ready to."""
    text = log.read_text(encoding="utf-8")
    found = re.search(r'msg="Listening on" address=(\S+)', text)
    return found[1] if found and "Server is ready" in text else None


def _config(target: str) -> str:
    every = {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"}
    scrape = {"job_name": "golive", "static_configs": [{"targets": [target]}]}
    document = {"global": every, "rule_files": [str(ALERTS)], "scrape_configs": [scrape]}
    return json.dumps(document)  # which is YAML
