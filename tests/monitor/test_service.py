"""`golive service`: files that systemd, Windows and Docker take, for these settings."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from golive.kit import project
from golive.monitor.service import container, systemd, windows
from golive.monitor.service.started import NoService, Started
from golive.settings import secrets_json
from tests.support.projects import ROOT, Outcome, Project, write_secrets

Made = Callable[..., Started]
NAMESPACE = {"t": windows.NAMESPACE}
WITHOUT_RECONNECT: dict[str, Any] = {"Monitor": {"HealthPort": 9410}}


@pytest.fixture
def started(tmp_path: Path) -> Made:
    """`started(credentials={"AutoReconnect": True}, RetryCooldownSeconds=120)`."""

    def make(
        folder: str = "settings", on_fallback: bool = False, credentials: Any = None, **golive: Any
    ) -> Started:
        path = tmp_path / folder / "secrets.json"
        path.parent.mkdir(exist_ok=True)
        write_secrets(path, 4001, **(WITHOUT_RECONNECT | golive))
        document = json.loads(path.read_text(encoding="utf-8"))
        document["IBKRCredentials"] |= credentials or {}
        path.write_text(json.dumps(document), encoding="utf-8")
        file = secrets_json.read(path, on_fallback)
        return Started.by_this_user(file, on_fallback)

    return make


# systemd ------------------------------------------------------------------------------------------


def directives(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def verified(text: str, folder: Path) -> Outcome:
    """What systemd itself says of a unit. Skips where there is no systemd."""
    verifier = shutil.which("systemd-analyze")
    if verifier is None:
        pytest.skip("needs systemd")
    path = folder / "golive-monitor.service"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [verifier, "verify", "--man=no", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    mine = [line for line in done.stdout.splitlines() if "golive" in line]  # others' units aside
    return Outcome(done.returncode, "\n".join(mine))


@pytest.mark.parametrize("folder", ["settings", "with a space", "100%$HOME'\"\\x;y", "grün"])
@pytest.mark.parametrize("reconnects", [False, True])
def test_unit_is_one_that_systemd_takes(
    folder: str, reconnects: bool, started: Made, tmp_path: Path
) -> None:
    text = systemd.unit(started(folder, credentials={"AutoReconnect": reconnects}))
    assert verified(text, tmp_path) == Outcome(0, "")


def test_verifier_is_red_on_a_broken_unit(started: Made, tmp_path: Path) -> None:
    text = systemd.unit(started()).replace("WatchdogSec=", "WatchdogSeconds=")
    assert "WatchdogSeconds" in verified(text, tmp_path).output


def test_unit_starts_the_monitor_of_these_settings(started: Made) -> None:
    wanted = started("with a space")
    found = directives(systemd.unit(wanted))
    assert found["ExecStart"] == (
        f'{sys.executable} -m golive monitor --secrets "{wanted.file.path}"'
    )
    assert found["WorkingDirectory"] == str(ROOT)
    assert found["User"] == getpass.getuser()
    assert found["ReadWritePaths"] == str(wanted.state)
    assert f"GOLIVE_STATE={wanted.state}" in found["Environment"]


def test_unit_never_starts_sooner_than_the_cool_down_nor_without_end(started: Made) -> None:
    wanted = started(
        credentials={"AutoReconnect": True, "ReconnectDelaySeconds": 7}, RetryCooldownSeconds=120.5
    )
    found = directives(systemd.unit(wanted))
    assert (found["Restart"], found["RestartSec"]) == ("on-failure", "121")
    often, within = int(found["StartLimitBurst"]), int(found["StartLimitIntervalSec"])
    assert within > often * int(found["RestartSec"])
    late = started(credentials={"ReconnectDelaySeconds": 5000})
    found = directives(systemd.unit(late))
    assert found["RestartSec"] == "5000"
    assert int(found["StartLimitIntervalSec"]) > often * 5000


def test_monitor_that_may_not_reconnect_is_started_again_only_if_it_broke(started: Made) -> None:
    assert directives(systemd.unit(started()))["Restart"] == "on-abnormal"


def test_watchdog_waits_for_more_than_a_slow_heartbeat(started: Made) -> None:
    assert directives(systemd.unit(started()))["WatchdogSec"] == "30"
    slow = started(HeartbeatSeconds=60)
    assert directives(systemd.unit(slow))["WatchdogSec"] == "240"


def test_start_may_take_as_long_as_the_gateway_needs(started: Made) -> None:
    seconds = int(directives(systemd.unit(started(InitializationSeconds=90)))["TimeoutStartSec"])
    assert seconds > 90 + 2
    twice = started(InitializationSeconds=90, AutoFallback=True)
    assert int(directives(systemd.unit(twice))["TimeoutStartSec"]) > 2 * (90 + 2)


def test_nothing_but_this_machine_is_reached_where_the_gateway_is_here(started: Made) -> None:
    assert "IPAddressDeny=any" in systemd.unit(started())
    assert "IPAddressDeny" not in systemd.unit(started(credentials={"Host": "10.0.0.7"}))


def test_service_has_no_desktop_to_launch_a_gateway_at(started: Made) -> None:
    with pytest.raises(NoService, match="set it to false"):
        systemd.unit(started(credentials={"AutoLaunch": True}))


def test_path_that_would_be_another_line_is_refused(started: Made) -> None:
    wanted = replace(started(), folder=Path("/a\nExecStart=/bin/x"))
    with pytest.raises(NoService, match="cannot be used in a systemd unit"):
        systemd.unit(wanted)


# Windows ------------------------------------------------------------------------------------------

KNOWN = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"},
    "RegistrationInfo": {"Description"},
    "Triggers": {"LogonTrigger"},
    "LogonTrigger": {"Enabled", "UserId"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "RunLevel"},
    "Settings": {
        "RestartOnFailure", "MultipleInstancesPolicy", "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries", "StartWhenAvailable", "ExecutionTimeLimit", "Priority",
    },
    "RestartOnFailure": {"Interval", "Count"},
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}  # fmt: skip
"""What of the schema is used, [MS-TSCH] 2.5: each at most once, in any order (xs:all), but that the
base of a trigger (Enabled) comes before what a LogonTrigger adds to it (UserId)."""


@pytest.fixture
def on_windows(started: Made) -> Made:
    """The same on Windows, where paths have spaces and users a domain."""

    def make(**changes: Any) -> Started:
        path = PureWindowsPath(r"C:\Users\Rev Option\go & live\secrets.json")
        return replace(
            started(**changes),
            python=r"C:\Program Files\golive\Scripts\python.exe",
            arguments=("-m", "golive", "monitor", "--secrets", str(path)),
            folder=path.parent,
            user=r"DESK\Rev Opti\u00f6n",
        )

    return make


def tree(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def said(root: ElementTree.Element, path: str) -> str | None:
    return root.findtext("/".join(f"t:{name}" for name in path.split("/")), None, NAMESPACE)


def test_task_has_what_the_schema_knows_and_nothing_twice(on_windows: Made) -> None:
    root = tree(windows.task(on_windows(credentials={"AutoReconnect": True})))
    for parent in root.iter():
        names = [child.tag.removeprefix(f"{{{windows.NAMESPACE}}}") for child in parent]
        assert len(names) == len(set(names))
        parent_name = parent.tag.removeprefix(f"{{{windows.NAMESPACE}}}")
        assert set(names) <= KNOWN.get(parent_name, set())
    assert [child.tag.rpartition("}")[2] for child in root] == [
        "RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"
    ]  # fmt: skip
    context = root.find("t:Actions", NAMESPACE)
    principal = root.find("t:Principals/t:Principal", NAMESPACE)
    assert context is not None
    assert principal is not None
    assert context.get("Context") == principal.get("id")


def test_task_starts_the_monitor_by_quoted_paths(on_windows: Made) -> None:
    root = tree(windows.task(on_windows()))
    assert said(root, "Actions/Exec/Command") == r"C:\Program Files\golive\Scripts\python.exe"
    assert said(root, "Actions/Exec/Arguments") == (
        r'-m golive monitor --secrets "C:\Users\Rev Option\go & live\secrets.json"'
    )
    assert said(root, "Actions/Exec/WorkingDirectory") == r"C:\Users\Rev Option\go & live"
    assert said(root, "Settings/ExecutionTimeLimit") == "PT0S"
    assert said(root, "Settings/MultipleInstancesPolicy") == "IgnoreNew"


def test_task_is_started_again_by_the_rules_or_not_at_all(on_windows: Made) -> None:
    assert said(tree(windows.task(on_windows())), "Settings/RestartOnFailure/Interval") is None
    again = on_windows(credentials={"AutoReconnect": True}, RetryCooldownSeconds=10)
    root = tree(windows.task(again))
    assert said(root, "Settings/RestartOnFailure/Interval") == "PT60S"  # the least there is
    assert said(root, "Settings/RestartOnFailure/Count") == "5"


def test_file_of_a_task_is_the_utf_16_that_it_declares(on_windows: Made) -> None:
    text = windows.task(on_windows())
    assert text.isascii()
    data = windows.file(text)
    assert data.decode("utf-16").startswith('<?xml version="1.0" encoding="UTF-16"?>\n<Task')
    assert data[:2] in (b"\xff\xfe", b"\xfe\xff")
    root = ElementTree.fromstring(data)
    assert said(root, "Principals/Principal/UserId") == r"DESK\Rev Opti\u00f6n"


# a container --------------------------------------------------------------------------------------


def test_compose_file_runs_golive_in_the_network_of_the_gateway(started: Made) -> None:
    wanted = started("with $a 'space\"")
    document = yaml.safe_load(container.compose(wanted))
    service = document["services"]["golive"]
    assert service["network_mode"] == service["pid"] == "service:gateway"
    assert service["command"] == ["golive", "monitor", "--secrets", "/run/secrets/golive"]
    assert service["restart"] == "no"
    assert service["environment"]["GOLIVE_STATE"] == "/state"
    assert document["secrets"]["golive"]["file"].replace("$$", "$") == str(wanted.file.path)
    kind, test = service["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert test == "golive health --secrets /run/secrets/golive; test $$? -le 1"
    assert service["build"]["context"].replace("$$", "$") == str(ROOT)


def image(text: str) -> list[list[str]]:
    """The instructions of a compose file's image, in words."""
    build = yaml.safe_load(text)["services"]["golive"]["build"]
    return [line.split() for line in build["dockerfile_inline"].splitlines()]


def test_image_has_what_golive_is_made_of_and_neither_settings_nor_reports(started: Made) -> None:
    copied = {
        source
        for instruction, *words in image(container.compose(started()))
        if instruction == "COPY"
        for source in words[:-1]
    }
    assert copied == {
        "requirements/run.txt", "pyproject.toml", "README.md", "LICENSE", "conftest.py",
        "secrets.example.json", "golive", "acceptance", "fakes",
    }  # fmt: skip
    assert [source for source in copied if not (ROOT / source).exists()] == []
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = built["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert copied >= {*wheel["packages"], *wheel["force-include"]}


def test_image_installs_golive_itself_and_starts_it_away_from_its_source(started: Made) -> None:
    steps = image(container.compose(started()))
    installed = [words for instruction, *words in steps if instruction == "RUN"]
    assert [words[:3] for words in installed] == [["pip", "install", "--no-cache-dir"]] * 2
    assert installed[0][3:] == ["--require-hashes", "-r", "requirements/run.txt"]
    assert installed[1][3:] == ["--no-deps", "--no-build-isolation", ".", "./fakes"]
    locked = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    assert "\nhatchling==" in locked  # builds both, without isolation
    assert steps[-1] == ["WORKDIR", "/"]


def test_image_of_an_installed_golive_is_refused_for_want_of_a_clone(
    started: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = started()
    monkeypatch.setattr(project, "IS_INSTALLED", True)
    with pytest.raises(container.NoClone, match="built from a clone of golive"):
        container.compose(wanted)


def test_health_check_of_a_container_asks_for_the_same_endpoint(started: Made) -> None:
    service = yaml.safe_load(container.compose(started(on_fallback=True)))["services"]["golive"]
    assert service["command"][-1] == "--fallback"
    assert "/run/secrets/golive --fallback;" in service["healthcheck"]["test"][1]


@pytest.mark.parametrize("monitor", [None, {}, {"HealthPort": 0}])
def test_container_without_a_port_to_ask_is_refused(monitor: Any, started: Made) -> None:
    with pytest.raises(NoService, match=r"set GoLive\.Monitor\.HealthPort"):
        container.compose(started(Monitor=monitor))


# the command --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "begins"),
    [
        ((), "# Made by: golive service"),
        (("--docker",), "# Made by: golive service"),
        (("--windows",), "<Task version="),
        (("--prometheus",), "# Made by: golive service"),
    ],
)
def test_service_is_printed_or_written_and_only_its_like_is_written_over(
    option: tuple[str, ...], begins: str, project: Project, tmp_path: Path
) -> None:
    path = write_secrets(tmp_path / "secrets.json", 4001, **WITHOUT_RECONNECT)
    words = ("golive", "service", *option, "--secrets", str(path))
    printed = project.run(*words)
    assert (printed.exit_code, printed.output.startswith(begins)) == (0, True)
    target = tmp_path / "service"
    for _ in range(2):
        assert project.run(*words, str(target)).output == f"Written: {target}\n"
    target.write_text("mine", encoding="utf-8")
    refused = project.run(*words, str(target))
    assert (refused.exit_code, "another file" in refused.output) == (4, True)
    assert target.read_text(encoding="utf-8") == "mine"


def test_what_cannot_be_served_is_said_in_one_line(project: Project, tmp_path: Path) -> None:
    path = write_secrets(tmp_path / "secrets.json", 4001, Monitor={})
    for words in (("--docker", "--secrets", str(path)), ("--secrets", str(tmp_path / "none"))):
        done = project.run("golive", "service", *words)
        assert done.exit_code == 4
        assert done.output.startswith("golive: settings: ")
        assert done.output.count("\n") == 1


def test_folder_that_the_unit_may_write_to_is_there(
    project: Project, tmp_path: Path, state: Path
) -> None:
    path = write_secrets(tmp_path / "secrets.json", 4001)
    assert not state.exists()
    done = project.run("golive", "service", "--secrets", str(path))
    assert f"ReadWritePaths={state}\n" in done.output
    assert state.is_dir()
