"""The gateway's files are found where they are, and what cannot be read is said, not guessed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ib_gateway.disk.settings_folder import SettingsDirectory
from golive.machine.api_settings import ApiSettings
from golive.machine.on_disk import gateway_files
from golive.machine.on_disk.gateway_files import GatewayFiles, find, places
from golive.machine.on_disk.gateway_settings import (
    ENCRYPTED,
    MOST_BYTES,
    Unreadable,
    from_ini,
    from_xml,
    read_api_settings,
)
from golive.settings import secrets_json
from golive.settings.model import Settings
from tests.support.projects import ROOT

USER = "a" * 40
WINDOWS_GATEWAY = "C:\\IBKR\\ibgateway\\1040\\ibgateway.exe"
OLD_BUILD = (
    '<?xml version="1.0"?>\n<ibg><ApiSettings varName="api" dde="false" readOnlyApi="true"'
    ' allowOnlyLocalhost="true" socketClient="false" autoOpenOrdDonwload="true" port="4001"'
    ' masterClientID="-1" createApiMsgLogFile="false"/></ibg>\n'
)
"""Attributes as an old build wrote them (ib-controller #65)."""

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file")


@pytest.fixture(scope="module")
def example() -> Settings:
    return secrets_json.read(ROOT / "secrets.example.json").settings


def aimed(settings: Settings, folder: Path | None = None, path: str = "") -> Settings:
    update: dict[str, Any] = {"gateway_folder": None if folder is None else str(folder)}
    return settings.model_copy(
        update={
            "golive": settings.golive.model_copy(update=update),
            "credentials": settings.credentials.model_copy(update={"gateway_path": path}),
        }
    )


@pytest.fixture
def jts(tmp_path: Path) -> Path:
    (tmp_path / "Jts").mkdir()
    return tmp_path / "Jts"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def write(path: Path, content: str | bytes = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def names(found: GatewayFiles, folder: Path) -> set[str]:
    return {file.path.relative_to(folder).as_posix() for file in found.files}


# where


def test_windows_gateway_is_looked_for_in_its_own_folder_and_in_jts(example: Settings) -> None:
    assert places(example, "win32") == (["C:\\IBKR\\ibgateway\\1040", "C:\\Jts"], [])


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_gateway_elsewhere_is_looked_for_in_its_own_folder_and_at_home(
    platform: str, example: Settings, home: Path
) -> None:
    here = aimed(example, path="/opt/ibgateway/1040/ibgateway")
    assert places(here, platform)[0] == ["/opt/ibgateway/1040", os.path.expanduser("~/Jts")]
    assert os.path.expanduser("~/Jts").startswith(str(home))


@pytest.mark.parametrize(
    ("platform", "path"),
    [("linux", WINDOWS_GATEWAY), ("linux", "\\\\server\\share\\ibgateway.exe"),
     ("win32", "/opt/ibgateway/ibgateway"), ("win32", "ibgateway.exe")],
)  # fmt: skip
def test_path_of_another_platform_is_not_looked_into_and_said(
    platform: str, path: str, example: Settings
) -> None:
    folders, untold = places(aimed(example, path=path), platform)
    assert len(folders) == 1
    assert folders[0].endswith("Jts")
    assert untold == ["GatewayPath: not a full path on this platform, so not searched"]


def test_folder_of_the_settings_is_the_only_one_looked_into(example: Settings, jts: Path) -> None:
    assert places(aimed(example, jts, WINDOWS_GATEWAY), "linux") == ([str(jts)], [])


def test_settings_may_name_the_folder_and_need_not(tmp_path: Path) -> None:
    text = (ROOT / "secrets.example.json").read_text(encoding="utf-8")
    assert secrets_json.read(ROOT / "secrets.example.json").settings.golive.gateway_folder is None
    named = text.replace('"GoLive": {', '"GoLive": {"GatewayFolder": "/srv/Jts",')
    path = write(tmp_path / "secrets.json", named)
    assert secrets_json.read(path).settings.golive.gateway_folder == "/srv/Jts"


# what


def test_files_are_found_beside_jts_ini_with_the_user_and_in_the_profiles_logs(
    example: Settings, jts: Path
) -> None:
    wanted = {
        "jts.ini", "launcher.log", "launcher.20260831.log", "ibgateway.Mon.log", "tws.Tue.log",
        "ibgateway.20260903.091405.log", f"{USER}/ibg.xml", f"{USER}/api.10.Thu.log",
        f"{USER}/ibgateway.20260903.091405.ibgzenc", "djkknie/tws.xml",
        "profile/logs/ibgateway.log", f"{USER}/gateway-exported-logs.txt",
        f"{USER}/api-exported-logs.txt",
    }  # fmt: skip
    for name in (*wanted, "ibgateway.exe", "secrets.json", f"{USER}/notes.txt", "a/b/c/jts.ini"):
        write(jts / name)
    found = find(aimed(example, jts))
    assert names(found, jts) == wanted
    assert found.untold == ()


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        (["jts.ini", f"{USER}/ibg.xml", f"{USER}/ibgateway.1.ibgzenc"], [USER]),
        (["jts.ini", f"{USER}/ibgateway.20260903.091405.ibgzenc"], [USER]),
        (["jts.ini", "djkknie/tws.xml", f"{USER}/api.10.Thu.log"], ["djkknie", USER]),
        (["jts.ini", "launcher.log"], ["."]),
        (["profile/logs/ibgateway.log"], []),
    ],
)
def test_folders_of_the_users_settings_are_those_that_hold_them(
    files: list[str], folders: list[str], example: Settings, jts: Path
) -> None:
    for each in files:
        write(jts / each)
    found = find(aimed(example, jts)).settings_folders
    assert {each.relative_to(jts).as_posix() for each in found} == set(folders)


def test_last_written_file_comes_first(example: Settings, jts: Path) -> None:
    for age, name in enumerate(("ibgateway.Tue.log", "ibgateway.Mon.log", "ibgateway.Sun.log")):
        os.utime(write(jts / name), (1_700_000_000 - age, 1_700_000_000 - age))
    found = find(aimed(example, jts))
    assert [file.name for file in found.files] == [
        "ibgateway.tue.log", "ibgateway.mon.log", "ibgateway.sun.log",
    ]  # fmt: skip


def test_folder_that_is_not_there_is_said_in_a_line(example: Settings, tmp_path: Path) -> None:
    found = find(aimed(example, tmp_path / "nowhere"))
    assert found.files == ()
    (said,) = found.untold
    assert "nowhere: " in said
    assert "\n" not in said


def test_folder_of_a_name_no_folder_can_have_is_said(example: Settings) -> None:
    folder = aimed(example, Path("x\0y"))
    assert find(folder).files == ()
    assert len(find(folder).untold) == 1


def test_huge_folder_is_looked_at_up_to_a_limit_and_said(
    example: Settings, jts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_files, "MOST_ENTRIES", 20)
    for number in range(30):
        write(jts / f"api.{number}.Mon.log")
    found = find(aimed(example, jts))
    assert len(found.files) == 20
    assert found.untold == (f"{jts}: only the first 20 entries were searched",)


if sys.platform != "win32":

    def test_pipe_of_a_logs_name_is_never_waited_for(example: Settings, jts: Path) -> None:
        os.mkfifo(jts / "ibgateway.Mon.log")
        found = find(aimed(example, jts))
        assert found.files == ()
        assert found.untold == (f"{jts / 'ibgateway.Mon.log'}: not a regular file",)
        with pytest.raises(OSError, match="not a regular file"):
            gateway_files.opened(jts / "ibgateway.Mon.log")


@posix_only
def test_links_that_go_round_are_followed_once_and_broken_ones_are_said(
    example: Settings, jts: Path
) -> None:
    write(jts / USER / "ibg.xml", OLD_BUILD)
    (jts / "round").symlink_to(jts)
    (jts / USER / "back").symlink_to(jts / USER)
    (jts / "again").symlink_to(jts / USER)
    (jts / "jts.ini").symlink_to(jts / "jts.ini")
    found = find(aimed(example, jts))
    assert [file.name for file in found.files] == ["ibg.xml"]
    assert all("jts.ini: " in said for said in found.untold)


# settings


def test_settings_of_the_fake_are_read_as_it_has_them(example: Settings, jts: Path) -> None:
    gateway = SettingsDirectory(jts, trusted_ips=("127.0.0.1", "10.0.0.5"), master_client_id=10)
    gateway("listening", host="127.0.0.1", port=4001, read_only=False)
    found, untold = read_api_settings(find(aimed(example, jts)))
    assert (found.read_only, found.master_client_id, found.localhost_only) == (False, "10", True)
    assert found.trusted_ips == ("127.0.0.1", "10.0.0.5")
    assert str(jts / "jts.ini") in found.source
    assert "ibg.xml" in found.source
    assert untold == ()


def test_old_builds_settings_are_read_and_a_blank_master_client_is_blank() -> None:
    found = from_xml(OLD_BUILD.encode())
    assert found == ApiSettings("", read_only=True, master_client_id="", localhost_only=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_settings_of_any_encoding_are_read(encoding: str) -> None:
    assert from_xml(OLD_BUILD.replace('<?xml version="1.0"?>', "").encode(encoding)).read_only
    ini = "[IBGateway]\r\nTrustedIPs=127.0.0.1\r\n".encode(encoding)
    assert from_ini(ini).trusted_ips == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("text", "trusted"),
    [
        ("[IBGateway]\nTrustedIPs=127.0.0.1, 10.0.0.5,\n", ("127.0.0.1", "10.0.0.5")),
        ("[ibgateway]\ntrustedips = ::1\n", ("::1",)),
        ("[IBGateway]\nTrustedIPs=\n", ()),
        ("[IBGateway]\nTrustedIPs=1.1.1.1\nTrustedIPs=2.2.2.2\n", ("2.2.2.2",)),
        ("[Logon]\nTrustedIPs=127.0.0.1\n", None),
        ("TrustedIPs=127.0.0.1\n", None),
        ("", None),
    ],
)
def test_trusted_addresses_are_those_of_the_gateways_section(
    text: str, trusted: tuple[str, ...] | None
) -> None:
    assert from_ini(text.encode()).trusted_ips == trusted


def test_port_and_mode_of_jts_ini_are_not_believed(example: Settings, jts: Path) -> None:
    write(jts / "jts.ini", "[IBGateway]\nLocalServerPort=4000\nReadOnlyApi=true\n")
    found, _ = read_api_settings(find(aimed(example, jts)))
    assert found == ApiSettings(str(jts / "jts.ini"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x8f\x01\x02 encrypted", ENCRYPTED),
        (b"", ENCRYPTED),
        (OLD_BUILD.encode()[:90], "damaged, or being written"),
        (b"<a/><b/>", "damaged"),
        (b"<ibg/>", "it has 0 ApiSettings elements"),
        (b"<ibg><ApiSettings/><ApiSettings/></ibg>", "it has 2 ApiSettings elements"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ApiSettings readOnlyApi="&a;"/>', "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'.encode("utf-16"), "document type"),
        (b"<a>" * 100_000, "damaged"),
        (b"<ApiSettings/>" + b" " * MOST_BYTES, "more than"),
    ],
)
def test_settings_that_cannot_be_understood_are_said_and_nothing_is_taken_from_them(
    content: bytes, says: str, example: Settings, jts: Path
) -> None:
    write(jts / USER / "ibg.xml", content)
    found, untold = read_api_settings(find(aimed(example, jts)))
    assert found == ApiSettings("")
    assert untold[0].startswith(f"{jts / USER / 'ibg.xml'}: ")
    assert says in untold[0]


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ('masterClientID=""', ApiSettings("", master_client_id="")),
        ('masterClientID="10"', ApiSettings("", master_client_id="10")),
        ('readOnlyApi="yes"', ApiSettings("")),
        ('readOnlyApi="false"', ApiSettings("", read_only=False)),
        ("", ApiSettings("")),
    ],
)
def test_attribute_that_tells_nothing_is_not_told(attributes: str, found: ApiSettings) -> None:
    assert from_xml(f"<ibg><ApiSettings {attributes}/></ibg>".encode()) == found


def test_two_users_who_contradict_each_other_are_not_believed(example: Settings, jts: Path) -> None:
    write(jts / USER / "ibg.xml", OLD_BUILD)
    write(
        jts / ("b" * 40) / "ibg.xml", OLD_BUILD.replace('readOnlyApi="true"', 'readOnlyApi="false"')
    )
    found, untold = read_api_settings(find(aimed(example, jts)))
    assert found.read_only is None
    assert found.master_client_id == ""
    (said,) = untold
    assert said.startswith("read only: ")
    assert said.endswith("contradict each other")


def test_nothing_to_read_is_said(example: Settings, jts: Path) -> None:
    found, untold = read_api_settings(find(aimed(example, jts)))
    assert found == ApiSettings("")
    assert untold == ("no jts.ini or ibg.xml of the gateway could be read",)


def test_file_that_goes_away_meanwhile_is_said(example: Settings, jts: Path) -> None:
    write(jts / "jts.ini")
    files = find(aimed(example, jts))
    (jts / "jts.ini").unlink()
    assert read_api_settings(files)[1][0].startswith(f"{jts / 'jts.ini'}: ")


def test_hostile_values_are_shown_printable_and_short() -> None:
    found = from_ini(("[IBGateway]\nTrustedIPs=\u202e\x1b[2J" + "x" * 10_000 + "\n").encode())
    assert found.trusted_ips is not None
    assert all(each.isprintable() and len(each) <= 100 for each in found.trusted_ips)


@given(st.binary(max_size=400))
def test_no_bytes_make_a_settings_file_raise_anything_else(data: bytes) -> None:
    from_ini(data)
    for content in (data, b"<" + data, b'<?xml version="1.0"' + data):
        try:
            from_xml(content)
        except Unreadable:
            continue
