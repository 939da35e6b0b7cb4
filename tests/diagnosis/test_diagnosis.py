"""The decision tree: each branch can be reached, and each failing step reaches one."""

from __future__ import annotations

import re
import textwrap
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from golive.client.answers import Access, Behind, Handshake, Position, Positions
from golive.client.messages import ApiError
from golive.diagnosis import placeholders
from golive.diagnosis.commands import HERE, LINUX, MACOS, WINDOWS
from golive.diagnosis.decision_tree import BY_CODE, TREE, WRITTEN
from golive.diagnosis.diagnose import SOAK, Next, diagnose
from golive.diagnosis.recovery import PROCEDURES, SUPPORT
from golive.diagnosis.seen import Seen
from golive.discipline.one_run import Holder
from golive.discipline.rules import Discipline, Made
from golive.evidence.record import Diagnosis, Soak
from golive.machine.api_settings import ApiSettings
from golive.machine.gateway import Uptime
from golive.machine.on_disk.gateway_logs import GatewayLogs
from golive.machine.on_disk.logins import IN_WORDS, Login, Phase
from golive.machine.processes import Process
from golive.machine.running_gateways import RunningGateway
from golive.machine.sockets import Port, Socket
from golive.machine.stale_clients import StaleClient
from golive.monitor.holding.stale_answers import Doubt
from golive.procedure import steps
from golive.settings.secrets_json import read
from tests.support import recorded
from tests.support.projects import ROOT

SETTINGS = read(ROOT / "secrets.example.json").settings
QUIET = Port(4001, ("127.0.0.1",), tuple(recorded.WINDOWS))
ZOMBIES = Port(4001, ("127.0.0.1",), (recorded.ZOMBIE,))
ELSEWHERE = Port(4001, ("10.0.0.5",), (Socket("LISTEN", "127.0.0.1", 4001, "", 0, 812),))
NOW = datetime(2026, 11, 23, 9, 14, 30, tzinfo=UTC)
GATEWAY = Process(812, "ibgateway.exe", NOW - timedelta(hours=1))
IDLE = StaleClient(901, "dotnet", NOW, "its name")
CONNECTED = replace(IDLE, pid=902, connection="ESTABLISHED from 127.0.0.1:51910")
STOP_IT = f"by Ctrl-C or: {HERE.end(812)}"
NEXT = Next("again", "fall back", "kill", "s.json")
AGO = timedelta(minutes=1)


def seen(failed: str, **more: Any) -> Seen:
    return Seen(failed, SETTINGS, QUIET, NOW, after=QUIET, **more)


def stopped(at: str, failed: str = "handshake.next-valid-id", **more: Any) -> Seen:
    handshake = Handshake(stopped=at, reason="no answer within 10 s")
    return seen(failed, attempted=NOW - AGO, handshake=handshake, **more)


def asked(
    failed: str, reason: str = "no answer within 10 s", said: int | None = None, **more: Any
) -> Seen:
    access = Access(failed != "handshake.read-only-off", reason=reason)
    error = ApiError(-1, said, "as it says") if said else None
    told = None if failed.startswith("handshake") else Positions(against=error, reason=reason)
    done = Handshake(accounts=more.pop("accounts", ("U21146542",)))
    return seen(
        failed, **{"handshake": done, "access": access, "positions": told, "against": error} | more
    )


def whole(failed: str, behind: Behind) -> Seen:
    """All positions came, and behind them this."""
    return asked(failed, "", positions=Positions((SPY,), has_ended=True), behind=behind)


SPY = Position(
    "U21146542", 1, "SPY", "STK", "", 0.0, "", "", "ARCA", "USD", "SPY", "SPY", Decimal(5), 1.5
)
LINK_LOST = ApiError(-1, 1100, "lost")
FEWER = SPY._replace(quantity=Decimal(4))


CLOSED = "the gateway closed the connection (FIN)"
FAILED_LOGIN = "2026-11-23 09:12:00 Authorization failed: Invalid username or password."
NOT_LOGGED_IN = GatewayLogs(authentication_failed=FAILED_LOGIN)
ENTRY = GatewayLogs(attempt_seen=True, attempt_log="a.log")
MISSPELT = Handshake(accounts=("DU1", " u21146542"))
BY_HAND = Handshake(
    tcp_ms=0.3, server_version_ms=4200, managed_accounts_ms=4210, next_valid_id_ms=4211
)
YOUNG = Uptime(20.0, 0.0, GATEWAY, True)
READ_ONLY = Access(refusal=ApiError(-1, 321, "The API interface is in Read-Only mode."))
TOLD = ApiSettings("jts.ini", False, "99", ("192.0.2.7",))


def waiting(phase: Phase, until: datetime | None = None, **more: Any) -> Seen:
    """A gateway runs, and nothing listens; its log says how far its login has got."""
    login = Login(phase, NOW - AGO, NOW - AGO, until)
    running = (RunningGateway(GATEWAY, "IB Gateway"),)
    logs = GatewayLogs(login=login)
    return replace(seen("gateway.listening"), running=running, logs=logs, **more)


def spoken(protocol: str) -> Seen:
    what = stopped("protocol-error", "handshake.connect-ack")
    return replace(what, handshake=Handshake(stopped="protocol-error", spoken=protocol))


def held(code: str, **more: Any) -> Soak:
    """A soak that ended early."""
    return Soak(wanted=3600, seconds=61.2, heartbeats=13, answers=12, code=code, **more)


HELD = {
    "soak.answers": held("half-open"),
    "soak.no-zombies": held("zombies"),
    "soak.full-time": held("connection-lost"),
}
UNANSWERED = {"clients": [{}], "opened": [{}], "received_bytes": 0, "least_bytes": 1326}
WALK = {
    "ibapi-not-the-one": seen("environment.ibapi-version"),
    "settings-changed": seen("environment.settings"),
    "client-id-changed": seen("environment.client-id"),
    "identity-mismatch": seen("environment.identity"),
    "another-run": seen("environment.only-run"),
    "cool-down": seen("environment.cool-down"),
    "flipping": seen("environment.no-flipping"),
    "attempt-forbidden": seen("handshake.one-attempt", forbidden="the lock was removed"),
    "not-remembered": seen("handshake.one-attempt", unremembered="/state/attempts.jsonl: full"),
    "another-client": seen("environment.no-stale-client", others=(CONNECTED,)),
    "stale-client": seen("environment.no-stale-client", others=(IDLE,)),
    "not-observable": replace(seen("environment.no-zombies", unobserved="no"), before=None),
    "zombies": replace(seen("environment.no-zombies"), before=ZOMBIES),
    "wrong-address": replace(seen("gateway.listening"), before=ELSEWHERE),
    "second-factor-pending": waiting("second-factor"),
    "second-factor-expired": waiting("second-factor-expired"),
    "login-throttled": waiting("throttled", until=NOW + timedelta(minutes=4)),
    "session-taken": waiting("session-taken"),
    "login-unanswered": waiting("unanswered"),
    "authentication-failed": stopped("no-byte", "handshake.connect-ack", logs=NOT_LOGGED_IN),
    "logged-in-not-listening": waiting("logged-in"),
    "gateway-not-logged-in": waiting("under-way"),
    "wrong-port": seen("gateway.listening", other_listeners=(7497,)),
    "gateway-not-running": seen("gateway.listening"),
    "gateway-restarted": seen("gateway.initialized"),
    "too-early": stopped("no-byte", "handshake.connect-ack", uptime=YOUNG),
    "connection-not-accepted": stopped("no-byte", "handshake.connect-ack", logs=ENTRY),
    "api-listener-stuck": stopped("no-byte", "handshake.connect-ack"),
    "handshake-refused": stopped("closed-at-once", "handshake.connect-ack"),
    "other-protocol": spoken("TLS"),
    "protocol-error": stopped("protocol-error", "handshake.connect-ack"),
    "client-id-in-use": stopped("client-id-in-use", against=ApiError(-1, 326, "in use")),
    "no-id-no-account": replace(
        stopped("version-only", "handshake.next-valid-id"),
        handshake=Handshake(stopped="version-only", talked=True),
    ),
    "no-next-valid-id": stopped("no-next-valid-id"),
    "no-managed-accounts": stopped("no-managed-accounts", "handshake.managed-accounts"),
    "account-misspelt": seen("handshake.managed-accounts", handshake=MISSPELT),
    "wrong-account": seen("handshake.managed-accounts", handshake=Handshake()),
    "accepted-by-hand": seen("handshake.under-budget", handshake=BY_HAND),
    "slow-handshake": seen("handshake.under-budget", handshake=Handshake()),
    "read-only-api": seen("handshake.read-only-off", handshake=Handshake(), access=READ_ONLY),
    "half-open": asked("handshake.read-only-off"),
    "machine-suspended": seen("soak.full-time", soak=held("machine-suspended")),
    "master-client-id": seen("handshake.master-client-id", api_settings=TOLD),
    "untrusted-address": seen("handshake.trusted-addresses", api_settings=TOLD),
    "login-not-usable": asked("handshake.no-obstacle", "", 10141),
    "port-changed": asked("positions.complete", said=1300),
    "connectivity-lost": asked("positions.complete", said=1100),
    "positions-not-available": asked("positions.complete", said=2151),
    "too-many-accounts": asked("positions.complete", accounts=tuple(map(str, range(51)))),
    "request-refused": asked("positions.complete", said=10999),
    "gateway-in-trouble": asked("positions.settled", "", said=9999),
    "accounts-changed": whole("positions.settled", Behind(has_other_accounts=True)),
    "positions-changed": whole("positions.settled", Behind((FEWER,))),
    "positions-contradictory": asked(
        "positions.complete", "", positions=Positions(contradictions=((SPY, FEWER),))
    ),
    "flood": asked("positions.complete", "", positions=Positions(is_flood=True)),
    "connection-lost": asked("positions.complete", CLOSED),
    "positions-incomplete": asked("positions.complete"),
    "positions-mismatch": asked("positions.count", reason=""),
    "monitor-not-ready": seen("monitor.connected", program={"stopped": "it printed nothing"}),
    "monitor-mismatch": seen("monitor.positions", program={"open": 23}),
    "second-connection": seen("monitor.one-connection", program={"clients": [{}, {}]}),
    "monitor-not-connected": seen("monitor.one-connection", program={"clients": []}),
    "monitor-not-answered": seen("monitor.one-connection", program=UNANSWERED),
    "program-not-ended": seen("monitor.left-as-asked", program={"how": "firmly"}),
    "program-still-connected": seen(
        "gateway.no-other-client", others=(CONNECTED,), left_by="the MCP server"
    ),
    "mcp-failed": seen("mcp.positions", program={"stopped": "it answered with an error"}),
    "mcp-mismatch": seen("mcp.positions", program={"different": ["it lacks 5 SPY"]}),
    "mcp-stale": seen("mcp.of-this-run", program={"as_of": "yesterday"}),
}
"""What must have been seen for each branch to be the cause."""


def found(what: Seen, run_next: Next = NEXT) -> Diagnosis:
    return diagnose(what, run_next)


def test_handshake_that_was_given_up_for_what_was_said_is_not_called_slow() -> None:
    found = diagnose(asked("handshake.under-budget", said=10141), Next("again"))
    assert found.code == "login-not-usable"


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (1100, "connectivity-lost"),
        (1300, "port-changed"),
        (10141, "login-not-usable"),
        (326, "client-id-in-use"),
        (2151, "too-many-accounts"),
        (321, "too-many-accounts"),
    ],
)
def test_many_accounts_explain_what_is_said_of_positions_and_no_more(code: int, named: str) -> None:
    accounts = tuple(map(str, range(51)))
    found = diagnose(asked("positions.complete", said=code, accounts=accounts), Next("again"))
    assert found.code == named
    assert Doubt.by(ApiError(-1, code, "said"), 51).code == named


def test_every_branch_is_walked() -> None:
    assert [branch.code for branch in TREE] == list(WALK)


@pytest.mark.parametrize("code", WALK)
def test_branch_is_the_only_one_for_what_it_asks(code: str) -> None:
    others = {
        "wrong-port": ["gateway-not-running"],
        "authentication-failed": ["api-listener-stuck"],
        "too-early": ["api-listener-stuck"],
        "accepted-by-hand": ["slow-handshake"],
    }.get(code, [])
    diagnosis = found(WALK[code])
    assert diagnosis.code == code
    assert [each.code for each in diagnosis.also] == others
    assert diagnosis.next_steps
    assert "{" not in "".join([diagnosis.cause, *diagnosis.next_steps, *diagnosis.if_that_fails])


@pytest.mark.parametrize("step", [step.id for step in steps.STEPS])
def test_every_step_that_fails_is_explained(step: str) -> None:
    zombies = step in ("environment.no-zombies", "afterwards.no-zombies")
    what = replace(stopped("no-byte", step), soak=HELD.get(step))
    diagnosis = found(replace(what, before=ZOMBIES) if zombies else what)
    assert diagnosis.next_steps
    if step not in ("handshake.one-attempt", "handshake.managed-accounts"):
        assert diagnosis.code != "unexplained"


@pytest.mark.parametrize(
    "code",
    ["zombies", "half-open", "connection-lost", "connectivity-lost", "gateway-restarted",
     "protocol-error", "machine-suspended"],
)  # fmt: skip
def test_what_ended_a_soak_is_the_cause_with_how_long_it_was_held(code: str) -> None:
    diagnosis = found(seen("soak.full-time", soak=held(code, stopped="as it was")))
    assert (diagnosis.code, diagnosis.also) == (code, [])
    assert "soak: held for 61.2 of 3600 s, 12 of 13 heartbeats answered" in diagnosis.facts
    assert f"soak: ended by {code}: as it was" in diagnosis.facts


def test_positions_that_do_not_come_after_a_soak_are_explained_as_those_before() -> None:
    whole = Soak(wanted=6, seconds=6, heartbeats=5, answers=5)
    for code in ("positions-incomplete", "connection-lost", "connectivity-lost"):
        assert found(replace(WALK[code], failed="soak.positions", soak=whole)).code == code


def test_after_a_soak_the_same_is_run_again_and_on_the_fallback_the_procedure_first() -> None:
    run_next = Next.after(SOAK, None, False, False, "secrets.json")
    assert run_next.again == "pytest acceptance -m soak"
    assert run_next.kill_stale == "pytest acceptance -m soak --kill-stale"
    assert run_next.fall_back == "pytest acceptance -m golive --fallback"


def test_every_branch_of_the_written_tree_has_one_of_ours() -> None:
    assert sorted(branch.written for branch in TREE if branch.written) == sorted(WRITTEN)


def test_zombies_are_named_with_both_ends_and_the_pid() -> None:
    diagnosis = found(WALK["zombies"])
    assert diagnosis.procedure == "A"
    assert "before: CLOSE_WAIT 127.0.0.1:4001 from 127.0.0.1:51901, pid 8124" in diagnosis.facts


def test_zombies_come_before_the_silence_they_may_explain() -> None:
    diagnosis = found(replace(WALK["api-listener-stuck"], after=ZOMBIES))
    assert (diagnosis.code, diagnosis.procedure) == ("zombies", "A")
    assert [each.code for each in diagnosis.also] == ["api-listener-stuck"]


def test_failed_login_explains_why_nothing_listens_or_answers() -> None:
    for code in ("gateway-not-running", "api-listener-stuck"):
        diagnosis = found(replace(WALK[code], logs=NOT_LOGGED_IN))
        assert diagnosis.code == "authentication-failed"
        assert [each.code for each in diagnosis.also] == [code]
        assert f"the gateway's log: {FAILED_LOGIN}" in diagnosis.facts


def test_failed_login_is_not_the_cause_where_the_gateway_saw_the_attempt_or_answered() -> None:
    entry = replace(NOT_LOGGED_IN, attempt_seen=True)
    assert found(replace(WALK["api-listener-stuck"], logs=entry)).code == "connection-not-accepted"
    assert found(replace(WALK["slow-handshake"], logs=NOT_LOGGED_IN)).code == "slow-handshake"


@pytest.mark.parametrize(
    ("logs", "told"),
    [
        (GatewayLogs(attempt_seen=False, attempt_log="a.log"),
         ["the gateway's log has no entry for this attempt: a.log"]),
        (GatewayLogs(attempt_seen=True, attempt_log="a.log"),
         ["the gateway's log has an entry for this attempt: a.log"]),
        (GatewayLogs(unread=("b.ibgzenc: encrypted",)),
         ["no readable log of the gateway says whether it saw this attempt",
          "not read: b.ibgzenc: encrypted"]),
        (GatewayLogs(listening_port=7497, read_only=True, attempt_seen=False),
         ["the gateway's log: it listens on port 7497",
          "the gateway's log: its API is in read-only mode"]),
        (GatewayLogs(restarted=NOW, attempt_seen=False),
         [f"the gateway's log: last start {NOW.astimezone():%Y-%m-%d %H:%M:%S} local time"]),
    ],
)  # fmt: skip
def test_what_the_logs_say_is_a_fact(logs: GatewayLogs, told: list[str]) -> None:
    assert found(replace(WALK["api-listener-stuck"], logs=logs)).facts[-len(told) :] == told


@pytest.mark.parametrize("phase", IN_WORDS)
def test_gateway_that_runs_without_a_listener_is_named_and_no_second_one_is_started(
    phase: Phase,
) -> None:
    diagnosis = found(waiting(phase))
    assert "812" in diagnosis.cause + " ".join(diagnosis.next_steps)
    assert not [each for each in diagnosis.next_steps if each.startswith("Start IB Gateway")]
    assert "gateway-not-running" not in [each.code for each in diagnosis.also]
    assert any(f"log, state of its login: {IN_WORDS[phase]}" in fact for fact in diagnosis.facts)
    assert any(fact.startswith("IB Gateway runs, but does not listen") for fact in diagnosis.facts)


def test_gateway_that_runs_is_named_also_where_its_log_says_nothing() -> None:
    diagnosis = found(replace(waiting("logged-in"), logs=None))
    assert diagnosis.code == "gateway-not-logged-in"
    assert diagnosis.cause.endswith("No readable log says how far its login has got.")


def test_what_a_log_said_long_ago_of_a_gateway_that_is_gone_is_no_cause() -> None:
    gone = replace(waiting("second-factor"), running=())
    assert found(gone).code == "second-factor-pending"
    assert "process not found" in found(gone).cause
    assert found(replace(gone, now=NOW + timedelta(minutes=10))).code == "gateway-not-running"
    assert found(replace(waiting("logged-in"), running=())).code == "gateway-not-running"


def test_process_that_may_be_a_gateway_is_a_fact_and_the_start_is_on_condition() -> None:
    java = RunningGateway(replace(GATEWAY, name="java"), is_sure=False)
    diagnosis = found(replace(WALK["gateway-not-running"], running=(java,)))
    assert diagnosis.code == "gateway-not-running"
    assert "Check that no IB Gateway is running" in diagnosis.next_steps[0]
    assert any("perhaps a gateway" in fact and "812" in fact for fact in diagnosis.facts)


def test_gateway_that_waits_is_named_before_another_that_listens_and_is_not_started_twice() -> None:
    both = replace(waiting("second-factor"), other_listeners=(7497,))
    assert [found(both).code, found(both).also[0].code] == ["second-factor-pending", "wrong-port"]
    assert "do not start a second one" in str(placeholders.of(both, NOW)["log_in"])


def test_pause_of_logins_is_told_as_advice_since_no_rule_refuses_an_attempt_for_it() -> None:
    diagnosis = found(WALK["login-throttled"])
    assert "Restart" not in "".join(diagnosis.if_that_fails)
    until = (NOW + timedelta(minutes=4)).astimezone()
    assert diagnosis.next_steps[0].startswith(f"Do not log in before {until:%H:%M:%S} local time.")
    assert diagnosis.not_before is None


def test_login_under_way_explains_silence_where_the_log_has_no_entry_of_the_attempt() -> None:
    login = Login("second-factor", NOW - AGO, NOW - AGO)
    silent = replace(WALK["api-listener-stuck"], listener=GATEWAY)
    assert found(replace(silent, logs=GatewayLogs(login=login))).code == "second-factor-pending"
    entry = GatewayLogs(login=login, attempt_seen=True)
    assert found(replace(silent, logs=entry)).code == "connection-not-accepted"


@pytest.mark.parametrize(
    ("logs", "says"),
    [(None, "No readable log says whether it saw the attempt."),
     (GatewayLogs(attempt_seen=False), "Its log has no entry for the attempt.")],
)  # fmt: skip
def test_reinstalling_is_advised_with_what_the_log_says_of_the_attempt(
    logs: GatewayLogs | None, says: str
) -> None:
    diagnosis = found(replace(WALK["api-listener-stuck"], logs=logs))
    assert (diagnosis.procedure, says in diagnosis.cause) == ("B", True)


def test_gateway_that_answers_the_hello_alone_is_stuck_unless_its_log_has_the_attempt() -> None:
    unheard, heard = found(stopped("version-only")), found(stopped("version-only", logs=ENTRY))
    assert (unheard.code, unheard.procedure) == ("api-listener-stuck", "B")
    assert (heard.code, heard.procedure) == ("connection-not-accepted", None)


@pytest.mark.parametrize("milliseconds", [999.0, 5000.0])
def test_slow_gateway_is_not_said_to_have_been_accepted_by_hand(milliseconds: float) -> None:
    slow = Handshake(
        tcp_ms=0,
        server_version_ms=milliseconds,
        managed_accounts_ms=milliseconds * 2,
        next_valid_id_ms=milliseconds * 2,
    )
    assert found(seen("handshake.under-budget", handshake=slow)).code == "slow-handshake"


def test_lost_link_that_lasts_has_a_way_out() -> None:
    lasting = found(WALK["connectivity-lost"]).if_that_fails
    assert "restart the gateway (Procedure A)" in lasting[0]


def test_account_that_is_managed_as_it_is_written_is_not_misspelt() -> None:
    accounts = Handshake(accounts=("u21146542", "U21146542", "DU1"))
    assert found(seen("handshake.managed-accounts", handshake=accounts)).code == "wrong-account"


def test_account_is_told_as_the_gateway_writes_it() -> None:
    assert found(WALK["account-misspelt"]).next_steps[0].endswith(":  u21146542")


@pytest.mark.parametrize(
    ("here", "path", "folders", "told"),
    [
        (WINDOWS, "C:\\IBKR\\ibgateway\\1040\\ibgateway.exe", ["C:\\Jts\\abc"],
         ['robocopy "C:\\Jts\\abc" "C:\\Jts\\abc-saved"']),
        (WINDOWS, "C:\\IBKR\\1040\\ibgateway.exe", ["C:\\IBKR\\1040\\abc"],
         ['robocopy "C:\\IBKR\\1040\\abc" "C:\\IBKR\\1040-abc-saved"']),
        (WINDOWS, "C:\\IBKR\\1040\\ibgateway.exe", [],
         ['robocopy "C:\\IBKR\\1040" "C:\\IBKR\\1040-saved"']),
        (LINUX, "", ["/home/me/Jts/abc", "/home/me/Jts/abd"],
         ["cp -Rp -- /home/me/Jts/abc /home/me/Jts/abc-saved; cp -Rp -- /home/me/Jts/abd"]),
        (MACOS, "", ["/Users/me/Jts/abc"], ["cp -Rp /Users/me/Jts/abc /Users/me/Jts/abc-saved"]),
        (MACOS, "", [], ["copy the folder with the 40-letter name"]),
    ],
)  # fmt: skip
def test_back_up_is_of_the_folder_that_holds_the_settings_and_lies_outside_what_is_deleted(
    here: Any, path: str, folders: list[str], told: list[str]
) -> None:
    credentials = SETTINGS.credentials.model_copy(update={"gateway_path": path})
    settings = SETTINGS.model_copy(update={"credentials": credentials})
    kind = PureWindowsPath if here is WINDOWS else PurePosixPath
    stuck = replace(WALK["api-listener-stuck"], settings=settings)
    filled = placeholders.of(replace(stuck, settings_folders=tuple(map(kind, folders))), NOW, here)
    assert all(each in str(filled["back_up"]) for each in told), filled["back_up"]


def test_whom_the_gateway_trusts_is_a_fact() -> None:
    trusted = ApiSettings("C:\\Jts\\jts.ini", trusted_ips=("10.0.0.5",), localhost_only=True)
    diagnosis = found(replace(WALK["handshake-refused"], api_settings=trusted))
    told = "trusted IPs 10.0.0.5; localhost only on (from C:\\Jts\\jts.ini)"
    assert diagnosis.facts[-1].endswith(told)


def test_gateway_on_another_of_the_four_ports_is_named() -> None:
    assert "7497, TWS (paper)" in found(WALK["wrong-port"]).cause


def test_silence_of_a_young_gateway_is_waited_out_before_anything_is_reinstalled() -> None:
    diagnosis = found(WALK["too-early"])
    assert (diagnosis.code, diagnosis.procedure) == ("too-early", None)
    assert "20 s" in diagnosis.cause
    assert [each.code for each in diagnosis.also] == ["api-listener-stuck"]
    older = found(replace(WALK["too-early"], uptime=replace(YOUNG, seconds=60.0)))
    assert (older.code, older.procedure) == ("api-listener-stuck", "B")


@pytest.mark.parametrize("at", ["version-only", "no-next-valid-id", "no-managed-accounts"])
def test_handshake_that_ends_with_the_link_to_ibkr_is_no_stuck_listener(at: str) -> None:
    diagnosis = found(stopped(at, against=LINK_LOST))
    assert (diagnosis.code, diagnosis.also) == ("connectivity-lost", [])
    assert diagnosis.stopped_at == "error 1100"


def test_read_only_mode_that_only_the_settings_tell_is_named() -> None:
    told = ApiSettings("the gateway's answer", read_only=True)
    what = seen("handshake.read-only-off", access=Access(True), api_settings=told)
    assert found(what).code == "read-only-api"
    assert (
        "the gateway's settings: Read-Only API on (from the gateway's answer)" in found(what).facts
    )


def test_silence_stays_the_cause_though_a_file_says_read_only() -> None:
    told = ApiSettings("ibg.xml", read_only=True)
    assert found(replace(WALK["half-open"], api_settings=told)).code == "half-open"


def test_settings_of_the_gateway_are_told_with_their_source() -> None:
    (fact,) = (each for each in found(WALK["master-client-id"]).facts if "settings" in each)
    told = "Read-Only API off; master client id 99; trusted IPs 192.0.2.7"
    assert fact == f"the gateway's settings: {told} (from jts.ini)"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("monitor-not-ready", "The Monitor is not ready: it printed nothing."),
        ("monitor-mismatch", "The Monitor printed 23 positions, 24 were expected."),
        ("second-connection", "2 connections to port 4001 were opened. One is enough."),
        ("monitor-not-answered", "only 0 bytes. That many positions need at least 1326."),
        ("program-not-ended", "as asked: it had to be killed."),
        ("mcp-failed", "The MCP server did not answer correctly: it answered with an error."),
        ("mcp-mismatch", "report different positions: it lacks 5 SPY."),
        ("mcp-stale", "older than this run: it is from yesterday."),
    ],
)
def test_what_a_program_did_is_the_cause_in_its_own_words(code: str, told: str) -> None:
    diagnosis = found(WALK[code])
    assert diagnosis.cause.endswith(told)
    assert not BY_CODE[code].is_the_gateways


def test_nothing_of_a_monitors_positions_is_no_wrong_number_of_them() -> None:
    what = seen("monitor.positions", program={"open": None, "stopped": "it ended by itself"})
    assert found(what).code == "monitor-not-ready"


def test_monitor_that_has_ended_meanwhile_is_told_as_one_that_has() -> None:
    program = {"clients": [], "stopped": "it ended by itself, exit code 3"}
    cause = found(seen("monitor.one-connection", program=program)).cause
    assert cause.endswith("not connected to port 4001; it ended by itself, exit code 3.")


def test_program_that_cannot_be_left_is_told_with_the_reason() -> None:
    program = {"how": "politely", "stopped": "it prints without end"}
    cause = found(seen("monitor.left-as-asked", program=program)).cause
    assert cause.endswith("or keep running, as asked: it prints without end.")


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ({"clients": [], "opened": []}, "monitor-not-connected"),
        ({"not_its_own": [{}]}, "monitor-not-connected"),
        ({"received_bytes": None}, "monitor-not-connected"),
        ({"opened": [{}, {}]}, "second-connection"),
    ],
)
def test_too_little_is_the_cause_where_the_monitor_has_the_one_connection(
    program: dict[str, Any], code: str
) -> None:
    what = seen("monitor.one-connection", program={**UNANSWERED, **program})
    assert found(what).code == code


def test_second_connection_of_an_mcp_server_is_named_with_how_many() -> None:
    what = seen("mcp.one-connection", program={"opened": [{}, {}, {}], "may_open": 1})
    assert found(what).cause.startswith("3 connections to port 4001")


def test_zombies_that_a_monitor_left_are_named_also_where_they_have_gone_since() -> None:
    diagnosis = found(seen("monitor.no-zombies"))
    assert (diagnosis.code, diagnosis.procedure) == ("zombies", "A")
    assert diagnosis.cause.startswith("Connections to port 4001 were abandoned")


def test_link_lost_at_the_end_is_named() -> None:
    diagnosis = found(seen("afterwards.closed-cleanly", against=LINK_LOST))
    assert diagnosis.code == "connectivity-lost"


def test_connection_closed_at_the_end_is_named() -> None:
    assert found(seen("afterwards.closed-cleanly")).code == "connection-lost"


@pytest.mark.parametrize(
    ("code", "at"),
    [
        ("handshake-refused", "closed at once"),
        ("api-listener-stuck", "no byte"),
        ("no-next-valid-id", "accounts without nextValidId"),
        ("client-id-in-use", "error 326"),
        ("read-only-api", "error 321"),
        ("wrong-account", "wrong account"),
        ("slow-handshake", None),
    ],
)
def test_stage_at_which_the_handshake_stopped_is_told(code: str, at: str | None) -> None:
    assert found(WALK[code]).stopped_at == at


@pytest.mark.parametrize("step", ["handshake.no-obstacle", "positions.settled"])
def test_message_behind_a_complete_handshake_is_no_place_where_that_stopped(step: str) -> None:
    assert found(seen(step, handshake=Handshake(), against=LINK_LOST)).stopped_at is None


def test_message_that_kept_several_answers_from_coming_is_told_once() -> None:
    against = ApiError(-1, 2151, "not available yet")
    what = seen(
        "positions.complete",
        handshake=Handshake(errors=(against,)),
        access=Access(reason=str(against)),
        positions=Positions(against=against, reason=str(against)),
        behind=Behind(against=against, reason=str(against)),
        against=against,
    )
    assert [each for each in found(what).facts if str(against) in each] == [
        "error 2151: not available yet",
        "positions: error 2151: not available yet",
    ]


def test_next_attempt_is_not_before_the_cool_down_is_over() -> None:
    diagnosis = found(WALK["handshake-refused"])
    assert diagnosis.not_before == (NOW + timedelta(seconds=90)).isoformat()
    later = (NOW + timedelta(seconds=90 + 60)).astimezone()
    assert later.second == 0, "the cool-down ends on a full minute, so the next one is safe"
    assert f", not before {later:%H:%M} local time: " in diagnosis.next_steps[-1]


@pytest.mark.parametrize("code", ["wrong-port", "gateway-not-running", "stale-client"])
def test_time_is_told_only_where_a_rule_would_refuse_before_it(code: str) -> None:
    free = found(WALK[code])
    assert "not before" not in " ".join([*free.next_steps, *free.if_that_fails])


FAILED_BEFORE = (0, 3, 8)
"""How many attempts failed in a row before; eight make the back-off longer than the cool-down."""


@pytest.mark.parametrize("failures", FAILED_BEFORE)
@pytest.mark.parametrize("code", WALK)
def test_not_before_is_a_time_that_a_rule_keeps_and_missing_where_none_would(
    code: str, failures: int
) -> None:
    past = _past(failures)
    what = replace(WALK[code], discipline=past)
    diagnosis = found(what)
    told = re.search(r", not before (\d\d:\d\d) local time", " ".join(diagnosis.next_steps))
    after = _with(past, code) if what.attempted else past
    allowed = after.refused_until
    if allowed is None:
        assert (diagnosis.not_before, told) == (None, None)
        return
    assert datetime.fromisoformat(str(diagnosis.not_before)) == allowed
    if not BY_CODE[code].procedure or told:
        assert told, diagnosis.next_steps
        at = datetime.strptime(told[1], "%H:%M").time()
        there = datetime.combine(allowed.astimezone().date(), at).astimezone()
        assert timedelta(0) <= there - allowed <= timedelta(seconds=65)


def _past(failures: int) -> Discipline:
    """So many failures in a row, the last a moment ago, with a cool-down of 90 s."""
    here, gap = "127.0.0.1:4001", timedelta(minutes=3)
    begun = [NOW - timedelta(seconds=5) - gap * (failures - 1 - each) for each in range(failures)]
    made = tuple(Made(here, 10, each, each, "half-open") for each in begun)
    return Discipline(made, here, frozenset(), NOW, timedelta(seconds=90))


def _with(past: Discipline, code: str) -> Discipline:
    """The same once the run's own attempt has failed as well."""
    return replace(past, past=(*past.past, Made(past.endpoint, 10, NOW - AGO, NOW, code)))


@pytest.mark.parametrize("code", ["zombies", "half-open", "flood"])
def test_wait_after_a_restart_is_advice_and_no_time_that_a_rule_would_keep(code: str) -> None:
    diagnosis = found(replace(WALK[code], attempted=None))
    assert diagnosis.not_before is None
    assert "After the login wait 90 seconds. Do not touch its window." in diagnosis.next_steps
    assert diagnosis.next_steps[-1] == "Run this once: again"


@pytest.mark.parametrize("minutes", [10, 14])
def test_after_ten_minutes_the_advice_is_to_stop_and_switch(minutes: int) -> None:
    late = replace(WALK["api-listener-stuck"], first_failure=NOW - timedelta(minutes=minutes))
    diagnosis = found(late)
    assert (diagnosis.code, diagnosis.procedure) == ("api-listener-stuck", "C")
    assert f", {minutes} minutes ago. The limit is ten." in diagnosis.next_steps[0]
    assert diagnosis.next_steps[-2].endswith("fall back")
    assert diagnosis.next_steps[-1].startswith("If TWS works")
    assert diagnosis.if_that_fails == ["IBKR support for gateway issues: 877-442-2757."]


@pytest.mark.parametrize(
    ("outcome", "first", "then"),
    [("api-listener-stuck", "Stop. ", "IBKR support"),
     ("positions-mismatch", "First do what that failure asked for", "")],
)  # fmt: skip
def test_retry_that_comes_too_early_is_no_way_round_the_ten_minutes(
    outcome: str, first: str, then: str
) -> None:
    eleven = NOW - timedelta(minutes=11)
    last = Made("127.0.0.1:4001", 10, eleven, NOW - AGO, outcome)
    past = Discipline((last,), "127.0.0.1:4001", frozenset(), NOW, 2 * AGO)
    what = seen("environment.cool-down", discipline=past, first_failure=eleven)
    diagnosis = found(what)
    assert diagnosis.code == "cool-down"
    assert diagnosis.next_steps[0].startswith(first)
    assert "".join(diagnosis.if_that_fails).startswith(then)
    assert not BY_CODE[diagnosis.code].is_the_gateways  # so that nothing falls back by itself


def test_before_ten_minutes_are_over_the_advice_says_when_they_will_be() -> None:
    nine = replace(WALK["api-listener-stuck"], first_failure=NOW - timedelta(minutes=9))
    diagnosis = found(nine)
    assert diagnosis.procedure == "B"
    at = (NOW + AGO).astimezone()
    assert any(
        f"fixed by {at:%H:%M} local time, switch" in step for step in diagnosis.if_that_fails
    )


def test_switching_to_tws_is_no_advice_for_what_is_not_the_gateways_fault() -> None:
    late = replace(WALK["client-id-changed"], first_failure=NOW - timedelta(hours=1))
    diagnosis = found(late)
    assert "fall back" not in "".join([*diagnosis.next_steps, *diagnosis.if_that_fails])


def test_there_is_no_fallback_from_the_fallback() -> None:
    late = replace(WALK["zombies"], first_failure=NOW - timedelta(hours=1))
    diagnosis = found(late, Next("again"))
    assert diagnosis.procedure == "A"
    assert not any("Procedure C" in step for step in diagnosis.if_that_fails)
    assert diagnosis.if_that_fails == ["IBKR support for gateway issues: 877-442-2757."]


def test_recovery_names_this_machines_paths_pids_and_commands() -> None:
    stuck = replace(WALK["api-listener-stuck"], listener=GATEWAY)
    filled = placeholders.of(stuck, NOW, WINDOWS)
    told = [step.format(**filled, **asdict(NEXT)) for step in PROCEDURES["B"]]
    assert any("PID eq 812" in step for step in told)
    assert any(r"C:\IBKR\ibgateway\1040" in step and "robocopy" in step for step in told)


@pytest.mark.parametrize("path", ["/usr/bin/ibgateway", "/opt/ibgateway", "/home/me/Desktop/it"])
def test_folder_that_may_not_be_the_gateways_alone_is_not_named_for_deletion(path: str) -> None:
    credentials = SETTINGS.credentials.model_copy(update={"gateway_path": path})
    settings = SETTINGS.model_copy(update={"credentials": credentials})
    filled = placeholders.of(replace(WALK["zombies"], settings=settings), NOW, LINUX)
    assert filled["remove"] == "the one it was installed in."


@pytest.mark.parametrize("name", ["svchost.exe", "com.docker.backend.exe", "sshd"])
def test_forwarder_is_not_what_is_to_be_ended(name: str) -> None:
    forwarder = replace(GATEWAY, name=name)
    filled = placeholders.of(replace(WALK["half-open"], listener=forwarder), NOW, WINDOWS)
    assert not any("812" in str(each) for each in filled.values())


@pytest.mark.parametrize(
    ("listener", "is_told"),
    [(None, False), (replace(GATEWAY, name="docker-proxy"), False), (GATEWAY, True)],
)
def test_restart_that_cannot_be_proven_has_a_way_out(listener: Process, is_told: bool) -> None:
    facts = found(seen("gateway.restarted", listener=listener)).facts
    assert any("--override" in fact for fact in facts) is not is_told


def test_path_of_another_platform_is_told_in_words() -> None:
    filled = placeholders.of(WALK["zombies"], NOW, LINUX)
    assert "IBKR" not in "".join(map(str, filled.values()))
    assert filled["start"] == "as usual."


@pytest.mark.parametrize("here", [WINDOWS, LINUX, MACOS])
def test_every_text_can_be_filled_in_on_every_platform(here: Any) -> None:
    filled = placeholders.of(WALK["gateway-not-running"], NOW, here) | asdict(NEXT)
    for branch in TREE:
        assert bool(branch.next_steps) != bool(branch.procedure)
        for text in (branch.cause, *branch.next_steps, *PROCEDURES[branch.procedure or "A"]):
            assert "{" not in text.format(**filled)


def test_open_positions_are_counted_in_what_is_told() -> None:
    row = Position("U21146542", 1, "SPY", "STK", "", 0.0, "", "", "", "USD", "", "", Decimal(1), 1)
    what = seen("positions.count", positions=Positions(rows=(row,), has_ended=True))
    assert found(what).cause == "1 open position arrived, 24 were expected."


def test_client_that_is_connected_and_one_that_is_idle_are_two_causes() -> None:
    others = (IDLE, CONNECTED)
    diagnosis = found(seen("environment.no-stale-client", others=others))
    assert diagnosis.code == "another-client"
    assert [each.code for each in diagnosis.also] == ["stale-client"]


def test_each_client_is_named_with_the_command_that_ends_it() -> None:
    spared = replace(IDLE, pid=903, spared="it is a parent of this run")
    steps = found(seen("environment.no-stale-client", others=(CONNECTED, spared))).next_steps
    assert f"dotnet: {HERE.end(902)}; not 903, it is a parent of this run" in steps[0]
    assert steps[1].endswith(f"dotnet: {HERE.end_firmly(902)}; not 903, it is a parent of this run")
    assert steps[2].endswith(": kill")


def test_who_is_left_connected_by_a_program_that_was_tried_is_ended_by_pid_alone() -> None:
    diagnosis = found(WALK["program-still-connected"])
    assert diagnosis.cause.startswith("The MCP server was ended, but a connection")
    assert diagnosis.next_steps[0].endswith(f"dotnet: {HERE.end(902)}")
    assert not any(step.endswith(": kill") for step in diagnosis.next_steps)


def test_hundreds_of_clients_fill_no_screen() -> None:
    others = tuple(replace(IDLE, pid=pid) for pid in range(1000, 1300))
    steps = found(seen("environment.no-stale-client", others=others)).next_steps
    assert "; and 295 more" in steps[0]


def test_file_is_named_as_it_was_on_the_command_line() -> None:
    for code in ("settings-changed", "identity-mismatch", "positions-mismatch", "wrong-port"):
        diagnosis = found(WALK[code])
        assert "s.json" in "".join([diagnosis.cause, *diagnosis.next_steps])
        assert "secrets.json" not in "".join([diagnosis.cause, *diagnosis.next_steps])


def test_zombies_of_an_earlier_attempt_are_not_said_to_be_there() -> None:
    diagnosis = found(seen("gateway.restarted"))
    assert diagnosis.code == "zombies"
    assert diagnosis.cause.startswith("An earlier attempt left zombies on port 4001")


SAY_SO = (
    "Set ClientId and PinnedClientId back to 10. If that attempt used the wrong one, add: "
    '--override "reason"'
)


def test_time_of_the_next_attempt_is_told_to_who_was_refused() -> None:
    steps = found(stopped("refused", "handshake.connect-ack")).next_steps
    assert steps[-1].startswith("Then run again, not before ")


def test_queue_that_is_not_empty_is_no_answer_that_was_asked_for() -> None:
    cause = found(seen("gateway.accept-queue")).cause
    assert cause == "Port 4001 is open, but the gateway does not accept connections."


def test_client_of_an_id_in_use_is_not_claimed_where_the_gateway_alone_says_so() -> None:
    assert found(WALK["client-id-in-use"]).cause.startswith(
        "The gateway says that client id 10 is already in use"
    )


@pytest.mark.parametrize(
    ("pinned", "configured", "last", "advice"),
    [
        (10, 11, None, "Set ClientId back to 10. It never changes."),
        (10, 11, 11, "Set ClientId back to 10. It never changes."),
        (11, 11, 10, SAY_SO),
    ],
)  # fmt: skip
def test_which_client_id_to_set_is_told(
    pinned: int, configured: int, last: int | None, advice: str
) -> None:
    golive = SETTINGS.golive.model_copy(update={"pinned_client_id": pinned})
    credentials = SETTINGS.credentials.model_copy(update={"client_id": configured})
    settings = SETTINGS.model_copy(update={"golive": golive, "credentials": credentials})
    entries = [] if last is None else [Made("127.0.0.1:4001", last, NOW, NOW, "GO")]
    past = Discipline(tuple(entries), "127.0.0.1:4001", frozenset(), NOW, AGO)
    what = replace(seen("environment.client-id"), settings=settings, discipline=past)
    assert found(what).next_steps == [advice, "Then run again: again"]
    assert "None" not in found(what).cause


def test_address_to_be_trusted_is_the_one_we_connect_from() -> None:
    for code in ("untrusted-address", "handshake-refused"):
        assert "127.0.0.1" in found(WALK[code]).next_steps[0]
        from_afar = found(replace(WALK[code], own_address="192.168.1.20"))
        assert "192.168.1.20" in from_afar.next_steps[0]


def test_good_news_of_the_farms_is_no_error() -> None:
    told = Handshake(errors=(ApiError(-1, 2104, "OK:usfarm"), ApiError(-1, 2110, "broken")))
    facts = found(seen("positions.count", handshake=told)).facts
    assert facts[-2:] == ["notice 2104: OK:usfarm", "error 2110: broken"]


@pytest.mark.parametrize(
    ("run", "advice"),
    [
        ("20261123T091402Z-live", "Let it finish. Two runs at once make each other fail."),
        ("20261123T091402Z-smoke", "Let it finish. Two runs at once make each other fail."),
        ("20261123T091402Z-monitor", f"It runs until it is stopped, {STOP_IT}"),
        ("20261123T091402Z-mcp", f"It runs until it is stopped, {STOP_IT}"),
    ],
)
def test_who_holds_the_endpoint_for_good_is_not_waited_for(run: str, advice: str) -> None:
    holder = Holder(pid=812, run=run, since=NOW, process_started=NOW)
    steps = found(seen("environment.only-run", other_run=holder)).next_steps
    assert steps == [advice, "Then run again: again"]


@pytest.mark.parametrize("code", WALK)
def test_cause_and_advice_are_whole_sentences_and_few_enough_for_one_screen(code: str) -> None:
    """A command comes behind a colon, at the end, and without a full stop."""
    diagnosis = found(WALK[code])
    assert len(textwrap.wrap(diagnosis.cause, 76)) <= 3
    ways_out = [each for each in diagnosis.if_that_fails if not each.startswith(SUPPORT)]
    assert len(diagnosis.next_steps) <= 9
    assert len(ways_out) <= 4
    for each in (diagnosis.cause, *diagnosis.next_steps, *diagnosis.if_that_fails):
        is_a_name = each.startswith(("ibapi", NEXT.settings))
        assert each[0].isupper() or each[0].isdigit() or is_a_name
        words, colon, command = each.rpartition(": ")
        assert each.endswith(".") or (colon and command), each
        assert len(textwrap.wrap(words if colon else each, 74)) <= 2 or each == diagnosis.cause
