"""What the gateway keeps on disk is looked at where it is the gateway's, and only there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway.disk.settings_folder import SettingsDirectory
from golive.diagnosis import seen_on_disk
from golive.diagnosis.seen import Seen
from golive.machine.api_settings import NOT_ASKED, ApiSettings
from golive.machine.on_disk import reading
from golive.machine.on_disk.gateway_files import ELSEWHERE
from golive.settings.secrets_json import read
from tests.support.projects import ROOT

NOW = datetime.now(UTC)
SETTINGS = read(ROOT / "secrets.example.json").settings


def look(folder: Path | None, told: ApiSettings = NOT_ASKED, **credentials: Any) -> Seen:
    golive = SETTINGS.golive.model_copy(update={"gateway_folder": folder and str(folder)})
    there = SETTINGS.credentials.model_copy(update=credentials)
    settings = SETTINGS.model_copy(update={"golive": golive, "credentials": there})
    attempted = NOW - timedelta(seconds=10)
    seen = Seen(
        "handshake.connect-ack", settings, None, NOW, attempted=attempted, api_settings=told
    )
    return seen_on_disk.added_to(seen)


@pytest.fixture
def jts(tmp_path: Path) -> Path:
    before = (NOW - timedelta(minutes=1)).astimezone().replace(tzinfo=None)
    gateway = SettingsDirectory(tmp_path / "Jts", clock=lambda: before)
    gateway("started", authenticated=False)
    return tmp_path / "Jts"


def test_gateway_here_is_told_of_with_its_logs_and_settings(jts: Path) -> None:
    seen = look(jts)
    assert seen.logs is not None
    assert "Invalid username or password" in str(seen.logs.authentication_failed)
    assert seen.api_settings.trusted_ips == ("127.0.0.1",)


def test_what_the_gateway_told_itself_is_kept(jts: Path) -> None:
    seen = look(jts, ApiSettings("the gateway's answer", read_only=True))
    assert seen.api_settings.read_only is True
    assert seen.api_settings.trusted_ips == ("127.0.0.1",)


def test_gateway_elsewhere_is_looked_for_only_in_the_folder_that_is_named(
    jts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(jts.parent))
    monkeypatch.setenv("USERPROFILE", str(jts.parent))
    seen = look(None, host="192.0.2.1")
    assert seen.logs is not None
    assert seen.logs.unread == (ELSEWHERE,)
    assert seen.logs.authentication_failed is None
    assert seen.api_settings == ApiSettings("")
    named = look(jts, host="192.0.2.1").logs
    assert named is not None
    assert named.authentication_failed is not None


def test_user_and_account_of_the_settings_are_not_shown(jts: Path) -> None:
    said = "INFO  [x] - Authorization failed: YOURUSERNAME may not use U21146542"
    with (jts / "launcher.log").open("a", encoding="utf-8") as log:
        log.write(f"{NOW.astimezone():%Y-%m-%d %H:%M:%S}.999 {said}\n")
    logs = look(jts).logs
    assert logs is not None
    assert str(logs.authentication_failed).endswith("failed: *** may not use ***")
    assert "yourusername" not in repr(logs.lines).casefold()


def test_login_is_when_the_gateways_log_says(tmp_path: Path) -> None:
    then = (NOW - timedelta(minutes=5)).replace(microsecond=0)
    SettingsDirectory(tmp_path, clock=lambda: then.astimezone())("started", authenticated=True)
    golive = SETTINGS.golive.model_copy(update={"gateway_folder": str(tmp_path)})
    settings = SETTINGS.model_copy(update={"golive": golive})
    assert reading.logged_in(settings, NOW) == then


def test_login_of_a_gateway_elsewhere_is_not_known() -> None:
    there = SETTINGS.credentials.model_copy(update={"host": "192.0.2.1"})
    settings = SETTINGS.model_copy(update={"credentials": there})
    assert reading.logged_in(settings, NOW) is None
