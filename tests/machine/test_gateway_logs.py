"""Logs are read as they are found, and tell no more than stands in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ib_gateway.disk.settings_folder import SettingsDirectory
from golive.kit.masking import without
from golive.machine.on_disk import log_lines
from golive.machine.on_disk.gateway_files import GatewayFile, GatewayFiles
from golive.machine.on_disk.gateway_logs import GatewayLogs, read_logs
from golive.machine.on_disk.log_files import ENCRYPTED, MOST_LOGS, Window
from golive.machine.on_disk.log_subject import Subject
from golive.machine.on_disk.logins import Login

BEGUN = datetime(2026, 9, 3, 9, 14, 5).astimezone(UTC)
"""A Thursday morning, here."""
ATTEMPT = Window(BEGUN, BEGUN + timedelta(seconds=10))
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

RESTART = "[JTS-Main] - ------------------------------- IB GATEWAY RESTART ---------------------"
PASSED = "[JTS-AuthDispatcherS2-18] - Passed pwd authentication."
WRONG = "[JTS-AuthDispatcherS2-18] - AUTH_RESULT indicates wrong password"
REJECTED = "[JTS-AuthDispatcherS2-18] - Authorization failed: Invalid username or password. "
NOT_DONE = "[JTS-A] - ### onAuthenticationCompleted tokenProtocol=0; authenticated=false"
DONE = "[JTS-A] - ### onAuthenticationCompleted tokenProtocol=5; authenticated=true"
LISTENING = "[JTS-SocketListener-58] - API server listening on port 4001"
HEADER = "[JTS-SocketListener-58] - State: HEADER, IsAPI: UNKNOWN"
CONVERSATION = (
    "[JTS-EServerSocket-63] - [-:203:203:1:0:0:0:SYS] Starting new conversation with client on"
    " 127.0.0.1"
)
IDLE = "[JTS-Ping-1] - instance of control is not created yet"


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now.astimezone().replace(tzinfo=None)


class Folder:
    """A gateway's folder, in which a log is last written when its last line says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(
        self, name: str, *lines: tuple[timedelta, str], tag: str = "[AB] ", end: str = "\n"
    ) -> Path:
        """Lines at so much before (-) or after the attempt's beginning."""
        said = [f"{local(BEGUN + at)} {tag}INFO  {text}" for at, text in lines]
        return self.put(name, ("\n".join(said) + end).encode(), BEGUN + lines[-1][0])

    def put(self, name: str, data: bytes, modified: datetime = BEGUN) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (modified.timestamp(), modified.timestamp()))
        return path

    @property
    def files(self) -> GatewayFiles:
        found = [path for path in self.path.rglob("*") if path.is_file()]
        files = [
            GatewayFile(path, datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in found
        ]
        return GatewayFiles(tuple(sorted(files, key=lambda each: each.modified, reverse=True)))

    def tells(self, attempt: Window | None = ATTEMPT, port: int = 4001, **how: Any) -> GatewayLogs:
        now = BEGUN + MINUTE
        return read_logs(self.files, port=port, client_id=10, now=now, attempt=attempt, **how)


def local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def fake(folder: Folder) -> Callable[..., None]:
    """A fake's disk; what is told happens so many seconds after the attempt's beginning."""
    clock = Clock(BEGUN)
    gateway = SettingsDirectory(folder.path, clock=clock)

    def tell(seconds: float, event: str, **what: Any) -> None:
        clock.now = BEGUN + timedelta(seconds=seconds)
        gateway(event, **what)
        for path in folder.path.rglob("*.log"):
            os.utime(path, (clock.now.timestamp(), clock.now.timestamp()))

    return tell


def start(tell: Callable[..., None], authenticated: bool = True, read_only: bool = False) -> None:
    tell(-120, "started", port=4001, host="127.0.0.1", authenticated=authenticated)
    if authenticated:
        tell(-119, "listening", host="127.0.0.1", port=4001, read_only=read_only)


# what the fake writes


def test_attempt_that_reached_the_gateway_is_seen(
    fake: Callable[..., None], folder: Folder
) -> None:
    start(fake)
    fake(0.1, "connected", connection=1, peer="127.0.0.1:53211")
    told = folder.tells()
    assert told.attempt_seen is True
    assert Path(told.attempt_log).name == "ibgateway.Thu.log"
    assert any("State: HEADER" in line for line in told.lines)


def test_attempt_that_left_no_entry_in_the_log_of_the_day_is_not_seen(
    fake: Callable[..., None], folder: Folder
) -> None:
    start(fake)
    told = folder.tells()
    assert told.attempt_seen is False
    assert Path(told.attempt_log).name == "ibgateway.Thu.log"
    assert told.listening_port == 4001
    assert told.read_only is False
    assert told.restarted == BEGUN - timedelta(seconds=120)
    assert told.logged_in == BEGUN - timedelta(seconds=120)
    assert told.authentication_failed is None
    assert {Path(name).name for name in told.read} == {"launcher.log", "ibgateway.Thu.log"}


def test_failed_login_is_told_with_its_reason(fake: Callable[..., None], folder: Folder) -> None:
    start(fake, authenticated=False)
    told = folder.tells()
    assert told.authentication_failed is not None
    assert "Authorization failed: Invalid username or password." in told.authentication_failed
    assert told.logged_in is None
    assert told.attempt_seen is False


def test_read_only_mode_is_told(fake: Callable[..., None], folder: Folder) -> None:
    start(fake, read_only=True)
    assert folder.tells().read_only is True


def test_clients_own_log_alone_shows_its_attempt(fake: Callable[..., None], folder: Folder) -> None:
    fake(0.1, "connected", connection=1, peer="127.0.0.1:53211")
    fake(0.2, "received", connection=1, message="START_API", number=71, fields={"client_id": "10"})
    fake(0.3, "sent", connection=1, message="", text=["9", "1", "1"])
    (folder.path / "ibgateway.Thu.log").unlink()
    assert folder.tells().attempt_seen is True


def test_log_of_another_client_id_shows_nothing(folder: Folder) -> None:
    folder.put("api.11.Thu.log", b"09:14:06:000 -> --- 9-1-1-\n", BEGUN)
    assert folder.tells().attempt_seen is None


# logins


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        ([WRONG, REJECTED, NOT_DONE], "Authorization failed: Invalid username"),
        ([WRONG, NOT_DONE], "indicates wrong password"),
        ([NOT_DONE], "authenticated=false"),
        ([REJECTED, DONE], None),
        ([REJECTED, PASSED], None),
        ([REJECTED, RESTART], None),
        ([PASSED, "[JTS-A] - Authorization failed: SUPPRESS_MESSAGE_BOX. MessageType: null."],
         None),  # nobody gave the second factor
        ([PASSED, "[JTS-A] - Authorization failed: You do not have access to this platform yet,"],
         "You do not have access"),
        ([REJECTED, "[JTS-A] - Too many failed login attempts. Please wait 4 minutes &"],
         "Authorization failed: Invalid username"),
        ([REJECTED, "[JTS-A] - Switching to a new encrypted log..."], None),
        ([RESTART, IDLE], None),
    ],
)  # fmt: skip
def test_last_login_counts(said: list[str], failed: str | None, folder: Folder) -> None:
    lines = [(timedelta(seconds=number - 100), text) for number, text in enumerate(said)]
    folder.write("launcher.log", *lines, tag="")
    told = folder.tells().authentication_failed
    assert (told is None) if failed is None else (told is not None and failed in told)


def test_login_is_followed_through_both_logs_by_time(folder: Folder) -> None:
    folder.write("launcher.20260901.log", (-2 * DAY, PASSED), tag="")
    folder.write("launcher.log", (-3 * MINUTE, RESTART), (-2 * MINUTE, REJECTED), tag="")
    assert folder.tells().authentication_failed is not None
    folder.write("ibgateway.Thu.log", (-MINUTE, DONE))
    told = folder.tells()
    assert told.authentication_failed is None
    assert told.logged_in == BEGUN - MINUTE


def test_password_alone_is_no_login_where_a_second_factor_is_asked_for(folder: Folder) -> None:
    challenge = "[JTS-AuthDispatcherS2-18] - Received CHALLENGE"
    folder.write("launcher.log", (-2 * MINUTE, PASSED), (-MINUTE, challenge), tag="")
    assert folder.tells().logged_in is None
    folder.write("launcher.log", (-2 * MINUTE, PASSED), (-MINUTE, challenge), (-SECOND, DONE))
    assert folder.tells().logged_in == BEGUN - SECOND


def test_login_is_that_of_the_program_that_started_then(folder: Folder) -> None:
    challenge = "[JTS-AuthDispatcherS2-18] - Received CHALLENGE"
    folder.write(
        "launcher.log",
        (-20 * MINUTE, RESTART), (-19 * MINUTE, challenge),
        (-10 * MINUTE, RESTART), (-9 * MINUTE, DONE),
    )  # fmt: skip
    newest, first = folder.tells().login, _login_since(folder, 20)
    assert newest is not None
    assert first is not None
    assert (newest.phase, first.phase) == ("logged-in", "second-factor")
    assert first.at == BEGUN - 19 * MINUTE
    assert _login_since(folder, 15) is None


def _login_since(folder: Folder, minutes: int) -> Login | None:
    """That of the process that started so long ago."""
    return folder.tells(subject=Subject(BEGUN - minutes * MINUTE)).login


def test_exported_gateway_log_tells_of_the_attempt_as_the_encrypted_one_would(
    folder: Folder,
) -> None:
    folder.put("user/ibgateway.20260903.091000.ibgzenc", b"\x00\x01")
    assert folder.tells().attempt_seen is None
    name = "user/gateway-exported-logs.txt"
    folder.write(name, (-MINUTE, LISTENING), (MINUTE, IDLE))
    assert folder.tells().attempt_seen is False
    folder.write(name, (-MINUTE, LISTENING), (SECOND, HEADER), (MINUTE, IDLE))
    told = folder.tells()
    assert told.attempt_seen is True
    assert Path(told.attempt_log).name == "gateway-exported-logs.txt"


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ("09:14:06:000 <- 71-2-10--\n", True),
        ("09:14:06:000 <- [71;2;10;;]\n", True),
        ("09:14:06:000 <- 71-2-11--\n", None),
        ("09:14:06:000 -> --- 9-1-1-\n", None),
        ("09:14:06:000 <- 71-2-10--\n08:00:00:000 -> --- 9-1-1-\n", None),  # the day before
    ],
)
def test_exported_api_log_shows_the_attempt_of_this_client_on_this_day_alone(
    lines: str, seen: bool | None, folder: Folder
) -> None:
    folder.put("api-exported-logs.txt", lines.encode(), BEGUN + MINUTE)
    assert folder.tells().attempt_seen is seen


def test_failure_of_a_week_ago_tells_nothing_of_today(folder: Folder) -> None:
    folder.write("launcher.log", (-8 * DAY, REJECTED), tag="")
    assert folder.tells().authentication_failed is None


# which log may say that there is no entry


def test_same_weekday_of_last_week_does_not_count(folder: Folder) -> None:
    folder.write("ibgateway.Thu.log", (-7 * DAY - SECOND, LISTENING), (-7 * DAY, HEADER))
    assert folder.tells().attempt_seen is None


def test_old_builds_times_without_a_date_are_of_the_day_the_log_was_last_written(
    folder: Folder,
) -> None:
    old = (
        "IJ 09:10:00:000 JTS-SocketListener-60: API server listening on port 4001\n"
        f"IJ {BEGUN.astimezone():%H:%M:%S}:671 JTS-SocketListener-60: State: STOP, IsAPI: NO\n"
    ).encode()
    folder.put("ibgateway.Thu.log", old, BEGUN)
    assert folder.tells().attempt_seen is True
    folder.put("ibgateway.Thu.log", old, BEGUN - 7 * DAY)
    assert folder.tells().attempt_seen is None
    folder.put("ibgateway.Wed.log", old, BEGUN)  # written on another day than its name says
    (folder.path / "ibgateway.Thu.log").unlink()
    assert folder.tells().attempt_seen is None


def test_export_made_before_the_attempt_does_not_say_that_it_left_no_entry(folder: Folder) -> None:
    name = "ibgateway.20260903.091000.log"
    folder.write(name, (-5 * MINUTE, LISTENING), (-4 * MINUTE, IDLE))
    assert folder.tells().attempt_seen is None
    folder.write(name, (-5 * MINUTE, LISTENING), (2 * MINUTE, IDLE))
    assert folder.tells().attempt_seen is False
    folder.write(name, (-5 * MINUTE, LISTENING), (SECOND, CONVERSATION), (MINUTE, IDLE))
    assert folder.tells().attempt_seen is True


def test_log_that_begins_after_the_attempt_does_not_say_that_it_left_no_entry(
    folder: Folder,
) -> None:
    folder.write("ibgateway.Thu.log", (30 * SECOND, LISTENING), (40 * SECOND, IDLE))
    assert folder.tells().attempt_seen is None


def test_encrypted_log_is_named_and_nothing_is_claimed_of_what_it_may_hold(folder: Folder) -> None:
    folder.write("ibgateway.Thu.log", (-5 * MINUTE, LISTENING))
    hidden = folder.put(f"{'a' * 40}/ibgateway.20260903.080000.ibgzenc", b"\x01\x02", BEGUN)
    told = folder.tells()
    assert told.attempt_seen is None
    assert told.unread == (f"{hidden}: {ENCRYPTED}",)
    os.utime(hidden, ((BEGUN - 3 * DAY).timestamp(),) * 2)  # of before the build was changed
    assert folder.tells().attempt_seen is False


def test_log_of_another_program_says_nothing_of_the_gateway(folder: Folder) -> None:
    folder.write("tws.Thu.log", (-MINUTE, LISTENING.replace("4001", "7497")), (SECOND, HEADER))
    folder.write("ibgateway.Thu.log", (-MINUTE, LISTENING))
    told = folder.tells()
    assert told.attempt_seen is False
    assert told.listening_port == 4001
    assert told.unread == (f"{folder.path / 'tws.Thu.log'}: it belongs to port 7497",)
    assert folder.tells(port=7497).attempt_seen is True


def two_in_one_launcher_log(folder: Folder) -> None:
    """Ours, logged in; then another one, which was refused."""
    folder.write(
        "launcher.log",
        (-60 * MINUTE, RESTART),
        (-59 * MINUTE, PASSED),
        (-30 * MINUTE, RESTART),
        (-29 * MINUTE, WRONG),
        tag="",
    )


@pytest.mark.parametrize(
    ("subject", "failed"),
    [
        (Subject(started=BEGUN - 60 * MINUTE), False),
        (Subject(started=BEGUN - 30 * MINUTE), True),
        (Subject(started=BEGUN - 10 * MINUTE), False),
        (Subject(others=(BEGUN - 30 * MINUTE,)), False),
        (Subject(others=(BEGUN - 60 * MINUTE,)), True),
        (Subject(), True),
    ],
    ids=["ours", "the other", "neither", "not the other's", "not ours", "not known"],
)
def test_login_of_another_gateway_in_the_same_log_is_none_of_this_one(
    subject: Subject, failed: bool, folder: Folder
) -> None:
    two_in_one_launcher_log(folder)
    told = folder.tells(subject=subject)
    assert (told.authentication_failed is not None) is failed
    if subject.started == BEGUN - 10 * MINUTE:
        assert (told.logged_in, told.restarted, told.lines) == (None, None, ())


def test_process_begins_its_log_a_while_after_it_was_started(folder: Folder) -> None:
    two_in_one_launcher_log(folder)
    ours = folder.tells(subject=Subject(BEGUN - 60 * MINUTE - 20 * SECOND))
    assert ours.logged_in == BEGUN - 59 * MINUTE


def test_gateway_that_listens_elsewhere_is_told(folder: Folder) -> None:
    folder.write("ibgateway.Thu.log", (-MINUTE, LISTENING.replace("4001", "4002")))
    assert folder.tells().listening_port == 4002


def test_without_an_attempt_none_is_looked_for(folder: Folder) -> None:
    folder.write("ibgateway.Thu.log", (-MINUTE, LISTENING), (SECOND, HEADER))
    told = folder.tells(attempt=None)
    assert told.attempt_seen is None
    assert told.listening_port == 4001


def test_no_logs_tell_nothing(folder: Folder) -> None:
    assert folder.tells() == GatewayLogs()


# zones


@pytest.mark.parametrize("hours", [-14, -3.5, 0, 5.5, 14])
def test_gateway_of_another_zone_tells_it_at_its_start(hours: float, folder: Folder) -> None:
    zone = timezone(timedelta(hours=hours))
    at = [(BEGUN + offset).astimezone(zone) for offset in (-2 * MINUTE, SECOND, MINUTE)]
    times = [f"{each:%Y-%m-%d %H:%M:%S}.000 [AB] INFO  " for each in at]
    started = f"[AWT-EventQueue-0] - Started on {BEGUN - 2 * MINUTE:%Y%m%d-%H:%M:%S}"
    log = "\n".join((times[0] + started, times[1] + HEADER, times[2] + IDLE, ""))
    folder.put("ibgateway.log", log.encode(), BEGUN + MINUTE)
    assert folder.tells().attempt_seen is True


def test_zone_that_cannot_be_is_not_believed(folder: Folder) -> None:
    started = "[AWT-EventQueue-0] - Started on 20200101-00:00:00"
    folder.write("ibgateway.log", (-MINUTE, started), (SECOND, HEADER))
    assert folder.tells().attempt_seen is True


# any bytes, at any moment


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gbk"])
def test_log_of_any_encoding_is_read(encoding: str, folder: Folder) -> None:
    line = f"{local(BEGUN + SECOND)} [AB] INFO  {HEADER}"
    user = {"cp1252": "Müller", "gbk": "用户"}.get(encoding, "用户 Müller")
    log = f"{local(BEGUN)} [AB] INFO  [JTS-Main] - user {user}\r\n{line}\r\n"
    folder.put("ibgateway.Thu.log", log.encode(encoding))
    assert folder.tells().attempt_seen is True


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_only_the_end_of_a_long_log_is_read(
    encoding: str, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "MOST_BYTES", 1000)
    idle = "".join(f"{local(BEGUN - MINUTE)} [AB] INFO  {IDLE}\n" for _ in range(100))
    log = f"{local(BEGUN - MINUTE)} [AB] INFO  {LISTENING}\nx{idle}"
    log += f"{local(BEGUN + SECOND)} [AB] INFO  {HEADER}\n"
    folder.put("ibgateway.Thu.log", log.encode(encoding))
    told = folder.tells()
    assert told.attempt_seen is True
    assert told.listening_port is None


def test_line_that_is_still_being_written_is_not_read(folder: Folder) -> None:
    cut = LISTENING.removesuffix("1").removesuffix("0")
    folder.write("ibgateway.Thu.log", (-MINUTE, LISTENING), (-SECOND, cut), end="")
    assert folder.tells().listening_port == 4001


def test_log_that_goes_away_meanwhile_is_said(folder: Folder) -> None:
    gone = folder.write("ibgateway.Thu.log", (-MINUTE, LISTENING))
    files = folder.files
    gone.unlink()
    told = read_logs(files, port=4001, client_id=10, now=BEGUN, attempt=ATTEMPT)
    assert told.attempt_seen is None
    assert told.unread[0].startswith(f"{gone}: ")


def test_only_the_newest_logs_of_a_kind_are_read(folder: Folder) -> None:
    for number in range(MOST_LOGS + 4):
        folder.write(f"ibgateway.2026090{number}.log", (-number * DAY, HEADER))
    assert len(folder.tells().read) == MOST_LOGS


@pytest.mark.parametrize(
    "lines",
    [b"2026-99-99 99:99:99.999 [AB] INFO  [x] - State: HEADER, IsAPI: UNKNOWN\n",
     b"0001-01-01 00:00:00.000 [AB] INFO  [x] - State: HEADER, IsAPI: UNKNOWN\n",
     b"9999-12-31 23:59:59.999 [AB] INFO  [x] - State: HEADER, IsAPI: UNKNOWN\n",
     b"0001-01-01 00:00:00.000 [AB] INFO  [x] - Started on 99991231-23:59:59\n",
     b"\n\n\r\r\0\n", b"x" * 100_000, b"\xff\xfe\n\n\n", b"\xff\xfe", b"\n"],
)  # fmt: skip
def test_nonsense_tells_nothing(lines: bytes, folder: Folder) -> None:
    folder.put("ibgateway.Thu.log", lines)
    told = folder.tells()
    assert told.attempt_seen is None
    assert told.lines == ()


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_a_log_raise(tmp_path_factory: Any, data: bytes, with_time: bool) -> None:
    folder = Folder(tmp_path_factory.mktemp("log"))
    folder.put("ibgateway.Thu.log", (local(BEGUN).encode() + b" " if with_time else b"") + data)
    folder.tells()


# what is shown


def test_lines_are_few_short_and_plain(folder: Folder) -> None:
    hostile = "[x] - State: HEADER, IsAPI: \u202e\x1b[2J\x07" + "y" * 1000
    lines = [(timedelta(milliseconds=number), f"{hostile}{number}") for number in range(50)]
    folder.write("ibgateway.Thu.log", *lines)
    shown = folder.tells().lines
    assert len(shown) <= 20
    assert all(len(line) <= 300 and line.isascii() and line.isprintable() for line in shown)


def test_user_and_accounts_are_taken_out_of_what_is_shown(folder: Folder) -> None:
    said = "[x] - Authorization failed: trader777 may not use U21146542, DU1234567 or DF7654321"
    folder.write("launcher.log", (-MINUTE, said), tag="")
    told = folder.tells(secrets=["Trader777", ""])
    assert told.authentication_failed is not None
    assert told.authentication_failed.endswith("failed: *** may not use ***, *** or ***")
    assert told.lines == (told.authentication_failed,)
    plain = "State: HEADER, port 4001, id 2147483647"
    assert without([], plain) == plain
