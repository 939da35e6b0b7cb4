"""The fake's settings directory: exact lines, where a diagnosis looks for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fake_ib_gateway.disk.settings_folder import SettingsDirectory

THURSDAY = datetime(2026, 9, 3, 9, 14, 5, 129_000, tzinfo=UTC)
AT = "2026-09-03 09:14:05.129"
USER = "trader777"

SESSION = """\
[JTS-Main] - ------------------------------- IB GATEWAY RESTART --------------------------------
[AWT-EventQueue-0] - Started on 20260903-09:14:05
[JTS-Login-14] - SPLASH Authenticating
[JTS-AuthDispatcherS2-18] - Starting password Authentication
[JTS-AuthDispatcherS2-18] - Received AUTH_RESULT
[JTS-AuthDispatcherS2-18] - Passed pwd authentication.
[JTS-AuthDispatcherS2-18] - Authentication completed.
[JTS-AuthDispatcherS2-18] - ### onAuthenticationCompleted tokenProtocol=0; authenticated=true
[JTS-SocketListener-58] - API server listening on port 4001
[JTS-SocketListener-58] - API in Read-Only mode: false
[JTS-SocketListener-58] - State: HEADER, IsAPI: UNKNOWN
[JTS-SocketListener-58] - State: STOP, IsAPI: YES
[JTS-SocketListener-58] - The following API connection flags are allowed: [PACEAPI]
[JTS-SocketListener-58] - ArEServer: Adding 787440755 with id 2147483647
[JTS-SocketListener-58] - eServersChanged: 1
[JTS-EServerSocket-63] - [-:203:203:1:0:0:0:SYS] Starting new conversation with client on 127.0.0.1
[JTS-EServerSocketNotifier-64] - Starting async queue thread
[JTS-EServerSocket-63] - [-:203:203:1:0:0:0:SYS] Server version is 203
[JTS-EServerSocket-63] - [-:203:203:1:0:0:0:SYS] Client version is 203
[JTS-EServerSocket-63] - [-:203:203:1:0:0:0:SYS] is 3rdParty true
[JTS-EServerSocket-63] - Start API message, ClientID=10
[JTS-EServerSocket-63] - [10:203:203:1:0:0:0:ERR] Socket connection for client{10} has closed.\x20
[JTS-EServerSocket-63] - Connection terminated
[JTS-EServerSocketNotifier-64] - Terminating async queue thread
[JTS-EServerSocket-63] - ArEServer: Removing 787440755 with id 10
[JTS-EServerSocket-63] - eServersChanged: 0
[JTS-EServerSocket-63] - [10:203:203:1:0:0:0:SYS] Ending conversation with client{10} at 127.0.0.1
[JTS-EWriter1-65] - [10:203:203:1:0:0:0:SYS] Writer thread terminated for socket client{10}.
"""
"""A start, a login, one client from connecting to leaving."""


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = THURSDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def jts(tmp_path: Path) -> Path:
    return tmp_path / "Jts"


@pytest.fixture
def gateway(jts: Path) -> SettingsDirectory:
    return SettingsDirectory(jts, user=USER, clock=Clock())


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()


def gateway_log(jts: Path, day: str = "Thu") -> list[str]:
    """What the gateway log's lines say, without time, tag and level."""
    return [line.partition("  ")[2] for line in lines(jts / f"ibgateway.{day}.log")]


def start(tell: Callable[..., None], authenticated: bool = True, read_only: bool = False) -> None:
    tell("started", port=4001, host="127.0.0.1", authenticated=authenticated)
    tell("listening", host="127.0.0.1", port=4001, read_only=read_only)


def connect(tell: Callable[..., None], number: int, client_id: str, version: int = 203) -> None:
    tell("connected", connection=number, peer=f"127.0.0.1:5321{number}")
    versions = {"lowest": 100, "highest": version, "options": "+PACEAPI"}
    tell("received", connection=number, message="hello", fields=versions)
    tell("sent", connection=number, message="serverVersion", text=(version, "now"))
    identity = {"client_id": client_id, "options": ""}
    tell("received", connection=number, message="START_API", number=71, fields=identity)


def answer(tell: Callable[..., None], number: int, *text: str) -> None:
    tell("sent", connection=number, message="", text=list(text))


def test_gateway_log_of_a_session_is_line_for_line_as_recorded(
    gateway: SettingsDirectory, jts: Path
) -> None:
    start(gateway)
    connect(gateway, 1, "10")
    gateway("closed", connection=1, by="client")
    gateway("stopped", orders_received=0)
    log = lines(jts / "ibgateway.Thu.log")
    assert {line[:35] for line in log} == {f"{AT} [ER] INFO  "}
    assert [line[35:] for line in log] == SESSION.splitlines()


def test_gateway_that_closes_itself_says_nothing_of_a_closed_socket(
    gateway: SettingsDirectory, jts: Path
) -> None:
    connect(gateway, 1, "10")
    gateway("closed", connection=1, by="gateway")
    log = gateway_log(jts)
    assert not any("has closed" in line for line in log)
    assert any("Ending conversation with client{10}" in line for line in log)


def test_nothing_is_written_for_a_connection_it_is_not_told_of(
    gateway: SettingsDirectory, jts: Path
) -> None:
    start(gateway)
    log = gateway_log(jts)
    gateway("closed", connection=1, by="client")
    gateway("received", connection=1, message="REQ_POSITIONS", number=61, fields={})
    gateway("something", connection=1)
    assert gateway_log(jts) == log
    assert list(gateway.user_directory.glob("*.log")) == []


def test_what_is_no_api_client_is_told_apart(gateway: SettingsDirectory, jts: Path) -> None:
    gateway("connected", connection=1, peer="127.0.0.1:53211")
    gateway("refused", connection=1, reason="not a hello: b'GET '")
    gateway("closed", connection=1, by="gateway")
    assert [line[24:] for line in lines(jts / "ibgateway.Thu.log")] == [
        "[AA] INFO  [JTS-SocketListener-58] - State: HEADER, IsAPI: UNKNOWN",
        "[AA] INFO  [JTS-SocketListener-58] - State: STOP, IsAPI: NO",
        "[AA] ERROR [JTS-SocketListener-58] - API failed to read client version",
    ]


def test_each_client_has_its_own_api_log_however_they_interleave(
    gateway: SettingsDirectory,
) -> None:
    connect(gateway, 1, "10")
    connect(gateway, 2, "0")
    answer(gateway, 1, "15", "1", "U21146542")
    gateway("received", connection=2, message="REQ_POSITIONS", number=61, fields={})
    answer(gateway, 2, "9", "1", "1")
    answer(gateway, 1, "9", "1", "1")
    orders = {"request_id": "7", "client_id": "3"}
    gateway("received", connection=1, message="REQ_EXECUTIONS", number=7, fields=orders)
    assert sorted(log.name for log in gateway.user_directory.iterdir()) == [
        "api.0.Thu.log",
        "api.10.Thu.log",
    ]
    assert lines(gateway.user_directory / "api.10.Thu.log") == [
        "09:14:05:129 -> --- 15-1-U21146542-",
        "09:14:05:129 -> --- 9-1-1-",
        "09:14:05:129 <- 7-7-3-",
    ]
    assert lines(gateway.user_directory / "api.0.Thu.log") == [
        "09:14:05:129 <- 61-",
        "09:14:05:129 -> --- 9-1-1-",
    ]


def test_sessions_are_counted_as_clients_come_and_go(gateway: SettingsDirectory, jts: Path) -> None:
    connect(gateway, 1, "10")
    connect(gateway, 2, "11")
    gateway("closed", connection=1, by="client (ConnectionResetError)")
    gateway("closed", connection=2, by="client")
    counts = [line[-1] for line in gateway_log(jts) if "eServersChanged" in line]
    assert counts == ["1", "2", "1", "0"]


@pytest.mark.parametrize("client_id", ["../../x", "", "x" * 300, "٣", "-1"])
def test_client_id_that_is_no_number_names_no_file(
    client_id: str, gateway: SettingsDirectory, jts: Path
) -> None:
    connect(gateway, 1, client_id)
    answer(gateway, 1, "4", "320")
    assert list(gateway.user_directory.iterdir()) == []
    assert not any("Start API message" in line for line in gateway_log(jts))


def test_hostile_text_stays_one_line(gateway: SettingsDirectory) -> None:
    connect(gateway, 1, "10")
    answer(gateway, 1, "61", "A\n09:00:00:000 <- 3-\u202e\ud800\x1b[2J")
    assert lines(gateway.user_directory / "api.10.Thu.log") == [
        "09:14:05:129 -> --- 61-A?09:00:00:000 <- 3-???[2J-"
    ]


def test_read_only_gateway_says_so(gateway: SettingsDirectory, jts: Path) -> None:
    start(gateway, read_only=True)
    assert gateway_log(jts)[-1] == "[JTS-SocketListener-58] - API in Read-Only mode: true"


def test_login_that_failed_is_told_in_both_logs(gateway: SettingsDirectory, jts: Path) -> None:
    start(gateway, authenticated=False)
    told = [
        "[JTS-AuthDispatcherS2-18] - AUTH_RESULT indicates wrong password",
        "[JTS-AuthDispatcherS2-18] - Authorization failed: Invalid username or password. ",
        "### onAuthenticationCompleted tokenProtocol=0; authenticated=false",
    ]
    for log in ("launcher.log", "ibgateway.Thu.log"):
        text = (jts / log).read_text(encoding="utf-8")
        assert all(line in text for line in told)
        assert "Passed" not in text
    assert "Switching" not in (jts / "launcher.log").read_text(encoding="utf-8")


def test_launcher_log_ends_with_the_switch_to_the_gateway_log(
    gateway: SettingsDirectory, jts: Path
) -> None:
    start(gateway)
    log = lines(jts / "launcher.log")
    assert log[1] == f"{AT} INFO  [AWT-EventQueue-0] - Started on 20260903-09:14:05"
    assert log[-1] == (
        f"{AT} INFO  [JTS-PostAuthenticateS2-25] - Switching to a new encrypted log..."
    )


def test_restart_appends_a_start_with_another_tag(jts: Path) -> None:
    clock = Clock()
    start(SettingsDirectory(jts, clock=clock))
    first = lines(jts / "ibgateway.Thu.log")
    clock.now += timedelta(minutes=2)
    start(SettingsDirectory(jts, clock=clock))
    log = lines(jts / "ibgateway.Thu.log")
    assert log[: len(first)] == first
    starts = [line for line in log if "IB GATEWAY RESTART" in line]
    assert len(starts) == len([line for line in log if "API server listening" in line]) == 2
    assert starts[0][24:28] != starts[1][24:28]


def test_restart_within_a_process_forgets_the_sessions(
    gateway: SettingsDirectory, jts: Path
) -> None:
    connect(gateway, 1, "10")
    start(gateway)
    connect(gateway, 2, "10")
    assert [line[-1] for line in gateway_log(jts) if "eServersChanged" in line] == ["1", "1"]


def test_logs_are_named_by_the_day_each_line_is_of(jts: Path) -> None:
    clock = Clock()
    gateway = SettingsDirectory(jts, clock=clock)
    connect(gateway, 1, "10")
    clock.now = datetime(2026, 9, 4, 0, 0, 0, tzinfo=UTC)
    answer(gateway, 1, "62", "1")
    gateway("closed", connection=1, by="client")
    assert lines(gateway.user_directory / "api.10.Fri.log") == ["00:00:00:000 -> --- 62-1-"]
    assert "Ending conversation" in gateway_log(jts, "Fri")[-2]


def test_settings_trust_this_machine_and_name_no_api_port(
    gateway: SettingsDirectory, jts: Path
) -> None:
    start(gateway)
    settings = lines(jts / "jts.ini")
    assert "TrustedIPs=127.0.0.1" in settings
    assert not any("4001" in line for line in settings)


def test_settings_of_before_are_left_alone(jts: Path) -> None:
    jts.mkdir()
    (jts / "jts.ini").write_text("[IBGateway]\nTrustedIPs=10.0.0.5\n", encoding="utf-8")
    SettingsDirectory(jts)
    assert lines(jts / "jts.ini") == ["[IBGateway]", "TrustedIPs=10.0.0.5"]


@pytest.mark.parametrize(("master", "told"), [(None, "-1"), (7, "7")])
def test_settings_of_the_user_tell_mode_and_master_client_but_not_where_it_listens(
    master: int | None, told: str, jts: Path
) -> None:
    gateway = SettingsDirectory(jts, master_client_id=master, clock=Clock())
    gateway("listening", host="127.0.0.1", port=53999, read_only=True)
    settings = ElementTree.parse(gateway.user_directory / "ibg.xml").find("ApiSettings")
    assert settings is not None
    assert settings.get("readOnlyApi") == "true"
    assert settings.get("allowOnlyLocalhost") == "true"
    assert settings.get("masterClientID") == told
    assert settings.get("port") != "53999"


def test_user_directory_is_the_same_for_the_same_user_and_names_nobody(
    gateway: SettingsDirectory, jts: Path
) -> None:
    start(gateway, authenticated=False)
    connect(gateway, 1, "10")
    answer(gateway, 1, "9", "1", "1")
    name = gateway.user_directory.name
    assert name == SettingsDirectory(jts, user=USER).user_directory.name
    assert name != SettingsDirectory(jts, user="another").user_directory.name
    assert len(name) == 40
    assert set(name) <= set("abcdefghijklmnop")
    written = [path for path in jts.rglob("*") if path.is_file()]
    assert len(written) == 5
    assert not any(USER in path.read_text(encoding="utf-8") for path in written)


def test_disk_that_refuses_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        SettingsDirectory(tmp_path / "file")
    (tmp_path / "Jts" / "launcher.log").mkdir(parents=True)
    gateway = SettingsDirectory(tmp_path / "Jts")
    with pytest.raises(OSError, match=r"launcher\.log"):
        start(gateway)
