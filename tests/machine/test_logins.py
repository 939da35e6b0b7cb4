"""How far a login has come is told by the last word about it, of the program that is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ib_gateway.disk import logins as written
from golive.machine.on_disk.log_lines import Line
from golive.machine.on_disk.logins import IN_WORDS, Login, Phase, last

START = datetime(2026, 9, 3, 7, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
RESTART = f"{'-' * 31} IB GATEWAY RESTART {'-' * 32}"
CHALLENGE, PASSED = "Received CHALLENGE", "Passed pwd authentication."
EXPIRED = "Authorization failed: SUPPRESS_MESSAGE_BOX. MessageType: null. FailReason: 2147483647"
HEARTBEAT = "SPLASH 20066 step 2 AuthDispatcher.processDataItr"
DONE = "### onAuthenticationCompleted tokenProtocol=5; authenticated=true"
NOT_DONE = "### onAuthenticationCompleted tokenProtocol=5; authenticated=false"
WRONG = "AUTH_RESULT indicates wrong password"
TRIES = "LauncherLoginThread.runLoginWithUI()[loginAttempt=8,socketDelay=30000]."


def told(*texts: str, begin: datetime = START) -> list[Line]:
    """A line a second."""
    return [Line(begin + number * SECOND, text) for number, text in enumerate(texts)]


def phase(*texts: str) -> Phase | None:
    found = last(told(*texts))
    return found.phase if found else None


@pytest.mark.parametrize(
    ("texts", "phase_then"),
    [
        ([RESTART], "starting"),
        ([RESTART, "SPLASH Authenticating"], "under-way"),
        ([RESTART, PASSED], "under-way"),
        ([RESTART, PASSED, CHALLENGE], "second-factor"),
        ([RESTART, PASSED, CHALLENGE, HEARTBEAT, HEARTBEAT], "second-factor"),
        ([RESTART, PASSED, CHALLENGE, "Finished authentication."], "under-way"),
        ([RESTART, PASSED, CHALLENGE, DONE], "logged-in"),
        ([RESTART, PASSED, CHALLENGE, EXPIRED], "second-factor-expired"),
        ([RESTART, PASSED, EXPIRED], "unanswered"),  # nothing was asked of anybody
        ([RESTART, CHALLENGE, EXPIRED, TRIES], "under-way"),
        ([RESTART, CHALLENGE, NOT_DONE], "rejected"),
        ([RESTART, CHALLENGE, EXPIRED, NOT_DONE], "second-factor-expired"),
        ([RESTART, WRONG, NOT_DONE], "rejected"),
        ([RESTART, "Authorization failed: You do not have access to this platform"], "rejected"),
        ([RESTART, WRONG, TRIES, PASSED], "under-way"),
        ([RESTART, "AuthTimeoutMonitor-CCP: Timeout!"], "unanswered"),
        ([RESTART, "SPLASH Attempt 13: network error, will retry in seconds"], "unanswered"),
        ([RESTART, "AuthTimeoutMonitor-CCP: pause"], "starting"),
        ([RESTART, DONE, "COMPETE: session kicked out"], "session-taken"),
        ([RESTART, DONE, "COMPETE: session kicked out", DONE], "logged-in"),
        ([RESTART, DONE, "COMPETE [msg=192.0.2.1/20260828-16:57:52]."], "logged-in"),
        ([RESTART, DONE, "isIbKeyAuth=true; continue login without competition"], "logged-in"),
        ([RESTART, "Switching to a new encrypted log..."], "logged-in"),
        (["instance of control is not created yet"], None),
        ([], None),
    ],
)
def test_phase_is_what_was_said_last(texts: list[str], phase_then: Phase | None) -> None:
    assert phase(*texts) == phase_then


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ("55 seconds", 55),
        ("4 minutes & 55 seconds", 295),
        ("1 hour & 0 minutes & 1 second", 3601),
        ("a while", None),
    ],
)
def test_pause_of_logins_is_told_with_its_end(wait: str, seconds: int | None) -> None:
    said = f"Too many failed login attempts. Please wait {wait} before attempting to re-login."
    found = last(told(RESTART, said))
    assert found is not None
    assert found.phase == "throttled"
    until = None if seconds is None else START + SECOND + timedelta(seconds=seconds)
    assert found.until == until


def test_second_pause_is_the_one_that_counts() -> None:
    said = "Too many failed login attempts. Please wait {} seconds before attempting to re-login."
    found = last(told(RESTART, said.format(55), said.format(200)))
    assert found is not None
    assert found.until == START + timedelta(seconds=202)


def test_login_is_told_since_when_it_is_so_and_when_anything_was_heard_last() -> None:
    found = last(told(RESTART, CHALLENGE, HEARTBEAT, "anything"))
    assert found == Login("second-factor", START + SECOND, START + 3 * SECOND)


def test_two_programs_that_share_a_log_are_told_apart_by_their_start() -> None:
    second = START + 30 * MINUTE
    lines = [*told(RESTART, CHALLENGE), *told(RESTART, DONE, begin=second)]
    for started, expected in (
        (START - SECOND, "second-factor"),
        (second - 4 * SECOND, "logged-in"),
        (None, "logged-in"),
    ):
        found = last(lines, started)
        assert found is not None
        assert found.phase == expected
    assert last(lines, START + 10 * MINUTE) is None
    assert last(lines, START - 10 * MINUTE) is None


def test_start_that_two_logs_tell_is_one() -> None:
    lines = sorted([*told(RESTART, CHALLENGE), *told(RESTART)], key=lambda line: line.at)
    found = last(lines, START)
    assert found is not None
    assert found.phase == "second-factor"


def test_log_whose_start_was_cut_off_still_tells_the_last_word() -> None:
    assert phase(CHALLENGE) == "second-factor"


def test_every_phase_has_its_words() -> None:
    assert set(IN_WORDS) == set(get_args(Phase))


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("succeeds", "logged-in"),
        ("not-begun", "starting"),
        *((each, each) for each in written.LOGINS if each not in ("succeeds", "not-begun")),
    ],
)
def test_logins_of_the_fake_are_told_as_what_they_are(login: str, expected: Phase) -> None:
    assert phase(*(text for _, text in written.lines(login, START))) == expected


@given(st.lists(st.text(max_size=60), max_size=20))
def test_no_text_makes_it_raise(texts: list[str]) -> None:
    last(told(*texts))
