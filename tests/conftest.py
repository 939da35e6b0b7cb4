"""What the tests run: a copy of the project as a user would have it, and fake gateways."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fake_ib_gateway import FakeGateway
from tests.support import browser as browsers
from tests.support import forked, four_ports
from tests.support import prometheus as prometheuses
from tests.support.failing import (  # noqa: F401
    pytest_make_collect_report,
    pytest_runtest_makereport,
)
from tests.support.fakes import Fake
from tests.support.monitors import Running, settings_for
from tests.support.projects import ROOT, Project, example_settings, write_secrets

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

NOT_THE_PROJECT = (
    ".git", ".venv", ".clients", ".nox", "runs", "node_modules", "__pycache__", "*.egg-info",
    ".*_cache", "secrets.json", ".index.*", "site", ".cache",
)  # fmt: skip

MARKED = {"browser": "browser", "prometheus_here": "prometheus"}
"""Tests that need what not every machine has, by the fixture they ask for."""


APART = ("nightly", "wheels")
"""Marks of tests that run only where -m asks for them."""

LONGEST = (
    "tests/trials/test_trials.py", "tests/run/test_faults.py", "tests/monitor/test_monitor.py",
    "tests/run/test_scripted.py", "tests/run/test_gate.py", "tests/run/test_smoke.py",
    "tests/plugin/test_standing_options.py", "tests/reports/test_reporting_failures.py",
    "tests/reports/test_terminal.py", "tests/discipline/test_discipline.py",
    "tests/mcp/test_stdio.py", "tests/monitor/test_reconnecting.py", "tests/run/test_soak_runs.py",
)  # fmt: skip
"""Files that take long, first: else one of them would be left for one worker at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nightly tests run only where -m asks: `-m nightly`, `-m "nightly or not nightly"`.

    So do those of the wheels, which have a session of their own.

    A test that asks for the browser is marked `browser`, and so for Prometheus.
    """
    for item in items:
        for fixture, marker in MARKED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
    if not config.option.markexpr:
        apart = {item for item in items for each in APART if item.get_closest_marker(each)}
        config.hook.pytest_deselected(items=list(apart))
        items[:] = [item for item in items if item not in apart]
    items.sort(key=lambda item: _place(item.nodeid.partition("::")[0]))


def _place(file: str) -> int:
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each test's runs remember their attempts: nowhere near the user's own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("GOLIVE_STATE", str(folder))
    monkeypatch.setenv("GOLIVE_BOOTSTRAP", "off")  # a copy of the project is not installed
    return folder


@pytest.fixture(scope="session", autouse=True)
def forked_gateways() -> Iterator[None]:
    """Fake gateways in a process of their own begin without its imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fake_ib_gateway.serving.running.subprocess", forked.ForThisProject)
        yield


def _copied(folder: Path) -> Project:
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_THE_PROJECT))
    (folder / "reports" / "index.html").unlink(missing_ok=True)
    example = folder / "secrets.example.json"
    example.write_text(json.dumps(example_settings()), encoding="utf-8")
    return Project(folder)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project that tests only read and run."""
    copy = _copied(tmp_path_factory.mktemp("copy") / "golive")
    forked.unedited(copy.folder)
    return copy


@pytest.fixture
def own_project(tmp_path: Path) -> Project:
    """A copy of its own, to be changed."""
    return _copied(tmp_path / "golive")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[..., Fake]]:
    """Starts fake gateways: `fake("silent", "--positions", "7")`. They end with the test."""
    with ExitStack() as stack:

        def start(*faults_and_options: str) -> Fake:
            stack.enter_context(four_ports.alone_with(*faults_and_options))
            log = tmp_path / f"fake-{len(list(tmp_path.glob('fake-*')))}.jsonl"
            return stack.enter_context(Fake(faults_and_options, log))

        yield start


@pytest.fixture
def secrets(tmp_path: Path) -> Callable[..., Path]:
    """Writes settings files: `secrets(port=4001, HandshakeTimeoutSeconds=2)`."""

    def write(port: int, host: str = "127.0.0.1", **golive: Any) -> Path:
        number = len(list(tmp_path.glob("secrets-*")))
        return write_secrets(tmp_path / f"secrets-{number}.json", port, host, **golive)

    return write


def _is_here(config: pytest.Config, marker: str, lacking: str) -> None:
    """Skips where something is lacking, unless -m asks for it by name."""
    if lacking and marker in re.findall(r"\w+", config.option.markexpr):
        pytest.fail(lacking, pytrace=False)
    if lacking:
        pytest.skip(lacking)


@pytest.fixture(scope="session")
def prometheus_here(pytestconfig: pytest.Config) -> None:
    """The programs of Prometheus."""
    _is_here(pytestconfig, "prometheus", prometheuses.missing())


@pytest.fixture
def gateways() -> Iterator[Callable[..., FakeGateway]]:
    """Starts fake gateways that can be changed while they run: `gateways("mute")`."""
    with ExitStack() as stack:

        def start(*faults: str) -> FakeGateway:
            stack.enter_context(four_ports.alone_with(*faults))
            return stack.enter_context(FakeGateway(faults=faults, process=True))

        yield start


@pytest.fixture
def start(
    gateways: Callable[..., FakeGateway], tmp_path: Path
) -> Iterator[Callable[..., tuple[FakeGateway, Running]]]:
    """Starts one with these faults, and a Monitor on it: `start("mute", HeartbeatSeconds=2)`."""
    with ExitStack() as stack:

        def started(*faults: str, **settings: Any) -> tuple[FakeGateway, Running]:
            gateway = gateways(*faults)
            path = settings_for(tmp_path / "settings.json", gateway.port, **settings)
            return gateway, stack.enter_context(Running(path))

        yield started


@pytest.fixture(scope="module")
def chromium(pytestconfig: pytest.Config) -> Iterator[Chromium]:
    """A headless browser; ends with the module, so that no other has its event loop."""
    _is_here(pytestconfig, "browser", browsers.missing())
    with browsers.running() as chromium:
        yield chromium


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[browsers.Browser]:
    """Opens pages: `browser.open(path, scheme="dark", width=390, javascript=False)`."""
    with ExitStack() as stack:
        yield browsers.Browser(chromium, stack)
