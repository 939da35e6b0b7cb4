"""A gateway that runs is found whether it listens or not, and nothing else is taken for one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from golive.machine import running_gateways
from golive.machine.running_gateways import RunningGateway
from golive.machine.sockets import Socket
from golive.settings.model import Settings
from tests.support.fakes import wait_until
from tests.support.programs import WAIT, started
from tests.support.projects import example_settings
from tests.support.talking import Talking

posix_only = pytest.mark.skipif(os.name == "nt", reason="starts programs by links of other names")


def settings(folder: Path | None = None, path: str = "", port: int = 4001) -> Settings:
    document = example_settings()
    document["IBKRCredentials"] |= {"GatewayPath": path, "Port": port}
    document["GoLive"]["GatewayFolder"] = None if folder is None else str(folder)
    return Settings.model_validate(document)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    with started(tmp_path) as begin:
        yield begin


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Talking]:
    """A process that was told a settings' folder as a gateway's is."""
    option = f"-DjtsConfigDir={tmp_path}"
    with Talking(sys.executable, "-c", f"import sys; {WAIT}", option) as program:
        program.says(0)
        yield program


def pids(found: list[RunningGateway]) -> set[int]:
    return {each.pid for each in found}


def test_process_that_was_told_the_settings_folder_is_the_gateway_of_it(
    told: Talking, tmp_path: Path
) -> None:
    assert told.pid in pids(running_gateways.find(settings(tmp_path)))
    assert pids(running_gateways.find(settings(tmp_path), rehearsed=True)) == {told.pid}
    assert told.pid not in pids(running_gateways.find(settings(tmp_path / "other")))
    assert told.pid not in pids(running_gateways.find(settings()))


@pytest.mark.parametrize(
    ("name", "words", "is_one", "kind"),
    [
        ("ibgateway.exe", ["C:\\Jts\\ibgateway\\1040\\ibgateway.exe"], True, "IB Gateway"),
        ("ibgateway1.exe", None, True, "IB Gateway"),
        ("tws", [], True, "TWS"),
        ("java", ["java", "-cp", "x.jar", "ibcalpha.ibc.IbcGateway", "c.ini"], True, "IB Gateway"),
        ("javaw.exe", ["javaw", "ibcalpha.ibc.IbcTws"], True, "TWS"),
        ("java", ["java", "-cp", "/home/me/Jts/ibgateway/1040/jars/x.jar"], True, "IB Gateway"),
        ("java", ["java", "-cp", "/opt/twslaunch-1019.jar", "jclient.LoginFrame"], True, "TWS"),
        ("JavaApplicationStub", ["/Users/me/Jts/x"], True, ""),
        ("java", ["java", "-DjtsConfigDir=/home/me/Jts", "a.Main"], True, ""),
        ("java", ["java", "-jar", "jts-core-1.19.jar"], False, ""),
        ("java", ["java", "-jar", "jenkins.war"], False, ""),
        ("java", None, None, ""),
        ("java", [], None, ""),
        ("less", ["less", "/home/me/Jts/launcher.log"], False, ""),
        (None, None, False, ""),
    ],
)
def test_gateway_is_known_by_name_or_by_its_java(
    name: str | None, words: list[str] | None, is_one: bool | None, kind: str
) -> None:
    assert running_gateways.is_the_gateway(settings(), name, None, words) is is_one
    assert running_gateways.is_the_gateway(settings(), name, None, words, rehearsed=True) is False
    assert running_gateways.kind_of(name or "", words or ()) == kind or not is_one


@posix_only
def test_program_of_the_settings_is_one_whatever_its_name(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    running = start("trading-desk")
    path = str(tmp_path / "trading-desk")
    assert running.pid in pids(running_gateways.find(settings(path=path)))
    assert running.pid not in pids(running_gateways.find(settings()))


@pytest.mark.parametrize(("main", "port"), [("IbcGateway", 4001), ("IbcTws", 7496)])
def test_tws_is_no_gateway_that_waits_nor_the_other_way_round(
    main: str, port: int, tmp_path: Path
) -> None:
    words = ("-c", f"import sys; {WAIT}", f"-DjtsConfigDir={tmp_path}", f"ibcalpha.ibc.{main}")
    with Talking(sys.executable, *words) as program:
        program.says(0)
        for number in (4001, 7496, 5000):
            meant = settings(tmp_path, port=number)
            is_meant = program.pid in pids(running_gateways.of_its_kind(meant))
            assert is_meant is (number in (port, 5000))


def row(port: int, pid: int | None) -> Socket:
    return Socket("LISTEN", "127.0.0.1", port, "", 0, pid)


def test_gateway_that_listens_on_one_of_the_four_ports_does_not_wait(
    told: Talking, tmp_path: Path
) -> None:
    def waiting(*rows: Socket) -> list[RunningGateway]:
        found = running_gateways.without_listener(settings(tmp_path), rows)
        return [each for each in found if each.pid == told.pid]

    assert len(waiting()) == 1
    assert waiting(row(7462, told.pid))[0].ports == (7462,)
    assert waiting(row(4002, told.pid)) == []
    assert waiting(row(4002, None)) == []  # it may be that one
    assert len(waiting(row(5000, None))) == 1


@pytest.mark.parametrize("fault", ["second-factor", "not-listening"])
def test_fake_that_waits_has_a_process_of_its_own_until_it_becomes_another(
    fault: str, tmp_path: Path
) -> None:
    def found() -> list[RunningGateway]:
        return running_gateways.find(settings(tmp_path), rehearsed=True)

    with FakeGateway(faults=[fault], settings_dir=tmp_path) as gateway:
        assert len(found()) == 1
        gateway.become("throttled")
        assert len(found()) == 1
        assert "Too many failed" in (tmp_path / "launcher.log").read_text(encoding="utf-8")
        gateway.become("down")
        assert found() == []
        gateway.become(fault)
        assert len(found()) == 1
    assert found() == []


def test_fake_that_waits_ends_its_process_also_where_it_is_killed(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "fake_ib_gateway", "--settings-dir", str(tmp_path))
    with Talking(*command, "--stop-with-stdin", "--fault", "second-factor") as gateway:
        gateway.says(0)
        assert len(running_gateways.find(settings(tmp_path), rehearsed=True)) == 1
        gateway.kill()
    wait_until(lambda: not running_gateways.find(settings(tmp_path), rehearsed=True))
