"""Each fault of the fake, run as a user would: it fails its step, and only a healthy one is GO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import ibapi
import pytest
from ibapi.server_versions import MAX_CLIENT_VER

from fake_ib_gateway.faults.shared.named import FAULTS
from golive.evidence import seen_words
from golive.evidence.digest import digest_of
from golive.evidence.record import Evidence
from tests.support.fakes import orders_received
from tests.support.on_screen import lines_at, told
from tests.support.projects import IDS, TRIED, Project, Rehearsal, patience, write_secrets


@dataclass(frozen=True)
class Expected:
    """What a run against the fault must say; `failed` None: GO."""

    failed: str | None = None
    code: str | None = None
    recovery: str | None = None
    attempts: int = 1
    others: int = 0
    """Connections of other programs, which the fake counts as well."""


GO = Expected()
EXPECTED = {
    "healthy": GO,
    "boundary": GO,
    "fragmented": GO,
    "joined": GO,
    "closed-positions": GO,
    "chatty": GO,
    "orders-first": GO,
    "hostile": GO,
    "late-zombies=1000": GO,  # long after the run
    "drops-late=1000": GO,
    "mute=1000": GO,
    "connectivity-lost=1000": GO,
    "farm-broken": GO,  # and noted
    "other-orders": GO,
    "paced": GO,
    "restored": GO,
    "restored-data-lost": GO,  # the positions were asked again
    "accounts-reordered": GO,
    "repeated-rows": GO,
    "same-rows-behind": GO,
    "flood-of-notices": GO,
    "busy": Expected("environment.no-stale-client", "another-client", attempts=0, others=1),
    "wrong-port": Expected("gateway.listening", "wrong-port", attempts=0),
    "wrong-address": Expected("gateway.listening", "wrong-address", attempts=0),
    "starting": GO,  # having waited
    "starting=60": Expected("handshake.connect-ack", "api-listener-stuck", "B"),
    "authentication-failed": Expected("handshake.connect-ack", "authentication-failed"),
    "mute": Expected("handshake.read-only-off", "half-open", "A"),
    "read-only": Expected("handshake.read-only-off", "read-only-api"),
    "other-master": Expected("handshake.master-client-id", "master-client-id"),
    "untrusted": Expected("handshake.trusted-addresses", "untrusted-address"),
    "down": Expected("gateway.listening", "gateway-not-running", None, attempts=0),
    "second-factor": Expected("gateway.listening", "second-factor-pending", attempts=0),
    "second-factor-expired": Expected("gateway.listening", "second-factor-expired", attempts=0),
    "throttled": Expected("gateway.listening", "login-throttled", attempts=0),
    "wrong-password": Expected("gateway.listening", "authentication-failed", attempts=0),
    "session-taken": Expected("gateway.listening", "session-taken", attempts=0),
    "login-unanswered": Expected("gateway.listening", "login-unanswered", attempts=0),
    "not-logged-in": Expected("gateway.listening", "gateway-not-logged-in", attempts=0),
    "not-listening": Expected("gateway.listening", "logged-in-not-listening", attempts=0),
    "zombies": Expected("environment.no-zombies", "zombies", "A", attempts=0),
    "wedged": Expected("gateway.accept-queue", "api-listener-stuck", "B", attempts=0),
    "silent": Expected("handshake.connect-ack", "api-listener-stuck", "B"),
    "leaky": Expected("handshake.connect-ack", "zombies", "A"),
    "refuses": Expected("handshake.connect-ack", "handshake-refused"),
    "garbage": Expected("handshake.connect-ack", "protocol-error"),
    "no-start": Expected("handshake.next-valid-id", "api-listener-stuck", "B"),
    "dialog": Expected("handshake.under-budget", "accepted-by-hand"),
    "dialog=1000": Expected("handshake.connect-ack", "connection-not-accepted"),
    "http": Expected("handshake.connect-ack", "other-protocol"),
    "tls": Expected("handshake.connect-ack", "other-protocol"),
    "drops-after-start": Expected("handshake.next-valid-id", "handshake-refused"),
    "client-id-in-use": Expected("handshake.next-valid-id", "client-id-in-use"),
    "accounts-only": Expected("handshake.next-valid-id", "no-next-valid-id", "A"),
    "wrong-account": Expected("handshake.managed-accounts", "wrong-account"),
    "wrong-account=u21146542": Expected("handshake.managed-accounts", "account-misspelt"),
    "slow": Expected("handshake.under-budget", "slow-handshake"),
    "endless-positions": Expected("positions.complete", "positions-incomplete", "A"),
    "drops": Expected("positions.complete", "connection-lost", "A"),
    "connectivity-lost": Expected("handshake.no-obstacle", "connectivity-lost"),
    "disclaimer": Expected("handshake.next-valid-id", "login-not-usable"),
    "disclaimer-closes": Expected("handshake.next-valid-id", "login-not-usable"),
    "disclaimer-granted": Expected("handshake.no-obstacle", "login-not-usable"),
    "port-changed": Expected("handshake.no-obstacle", "port-changed"),
    "unknown-code": Expected("handshake.no-obstacle", "gateway-in-trouble"),
    "unknown-at-positions": Expected("positions.complete", "gateway-in-trouble"),
    "request-refused": Expected("positions.complete", "request-refused"),
    "not-available": Expected("positions.complete", "positions-not-available"),
    "not-available-yet": Expected("positions.complete", "positions-not-available"),
    "available-late": Expected("positions.complete", "positions-not-available"),
    "account-unavailable": Expected("positions.complete", "positions-not-available"),
    "advisor": Expected("positions.complete", "too-many-accounts"),
    "advisor-refused": Expected("positions.complete", "too-many-accounts"),
    "contradictory-rows": Expected("positions.complete", "positions-contradictory"),
    "flood-of-rows": Expected("positions.complete", "flood", "A"),
    "says-between": Expected("positions.complete", "connectivity-lost"),
    "says-behind": Expected("positions.settled", "connectivity-lost"),
    "says-behind=1101": Expected("positions.settled", "connectivity-lost"),
    "says-behind=1300": Expected("positions.settled", "port-changed"),
    "says-behind=326": Expected("positions.settled", "client-id-in-use"),
    "says-behind=10275": Expected("positions.settled", "positions-not-available"),
    "accounts-behind": Expected("positions.settled", "accounts-changed"),
    "rows-behind": Expected("positions.settled", "positions-changed"),
    "twice-told": Expected("positions.settled", "positions-changed"),
    "missing-positions": Expected("positions.count", "positions-mismatch"),
    "drops-after-positions": Expected("positions.settled", "connection-lost", "A"),
    "no-close": Expected("afterwards.no-zombies", "zombies", "A"),
}


AT_NIGHT = {
    "disclaimer-closes", "unknown-at-positions", "not-available", "available-late",
    "advisor-refused", "says-between", "says-behind=1101", "says-behind=1300", "says-behind=326",
    "says-behind=10275", "other-orders", "paced", "restored", "accounts-reordered",
    "repeated-rows", "same-rows-behind", "flood-of-notices", "late-zombies=1000",
    "drops-late=1000", "mute=1000", "connectivity-lost=1000", "wrong-account=u21146542",
}  # fmt: skip
"""Drills of a rule that another one walks as well: what is different about them is tested on the
connection, the tree and the watch. The night performs them all, with either client."""

DRILLS = [
    pytest.param(fault, marks=pytest.mark.nightly) if fault in AT_NIGHT else fault
    for fault in EXPECTED
]


def test_every_fault_of_the_fake_has_its_expectation() -> None:
    assert {words.partition("=")[0] for words in EXPECTED} == set(FAULTS)


SLOW = {"slow", "dialog"}
"""Those that answer in the end, though later than they should."""


def budget(fault: str) -> float:
    return 1 if fault in SLOW else patience(fault)


@pytest.fixture(scope="module")
def rehearsals(
    request: pytest.FixtureRequest, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Rehearsal]]]:
    """Runs of the faults whose tests were chosen, begun here and performed two at a time."""
    folder = tmp_path_factory.mktemp("settings")

    def perform(number: int, fault: str) -> Rehearsal:
        path = folder / f"{number}.json"
        wait = 2 if fault == "starting" else 0
        write_secrets(
            path,
            4001,
            HandshakeTimeoutSeconds=patience(fault),
            HandshakeBudgetSeconds=budget(fault),
            InitializationSeconds=wait,
        )
        return project.rehearse(f"--fake={fault}", "--secrets", str(path))

    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    mine = [test for test in tests if "rehearsals" in test.fixturenames]
    chosen = dict.fromkeys(str(test.callspec.params["fault"]) for test in mine)
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {fault: pool.submit(perform, n, fault) for n, fault in enumerate(chosen)}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def run(fault: str, rehearsals: dict[str, Future[Rehearsal]]) -> Rehearsal:
    return rehearsals[fault].result()


@pytest.mark.parametrize("fault", DRILLS)
def test_fault_fails_its_step_blocks_the_rest_and_is_named(fault: str, run: Rehearsal) -> None:
    expected = EXPECTED[fault]
    failed_at = IDS.index(expected.failed) if expected.failed else len(TRIED)
    assert run.having("passed") == TRIED[:failed_at], run.output
    assert run.having("failed") == ([expected.failed] if expected.failed else [])
    assert run.having("blocked") == (IDS[failed_at + 1 :] if expected.failed else [])
    assert run.blockers <= {expected.failed}

    is_go = expected.failed is None
    assert run.exit_code == (0 if is_go else 1)
    assert run.evidence["verdict"] == ("GO" if is_go else "NO-GO")
    assert run.last_line.startswith("GO (rehearsal)" if is_go else "NO-GO (rehearsal)")

    assert run.evidence["attempts"] == expected.attempts
    assert run.connections == expected.attempts + expected.others
    assert orders_received(run.fake_log) == 0

    diagnosis = run.evidence["diagnosis"]
    assert (diagnosis and diagnosis["code"]) == expected.code
    assert (diagnosis and diagnosis["procedure"]) == expected.recovery


@pytest.mark.parametrize("fault", DRILLS)
def test_all_that_a_step_observed_is_told_in_words(fault: str, run: Rehearsal) -> None:
    found = Evidence.model_validate(run.evidence)
    settings = seen_words.settings_of(found)
    for record in found.steps:
        assert seen_words.without_words(record, settings) == [], record
        if record.outcome in ("passed", "failed"):
            assert seen_words.seen(record, settings) != [], record
            assert seen_words.expected(record, settings) != record.title


MOST_LINES = {"GO": 25, "NO-GO": 45}


@pytest.mark.parametrize("fault", DRILLS)
def test_what_is_told_of_a_fault_fits_a_screen(fault: str, run: Rehearsal) -> None:
    """As it is with the example's settings, which weaken nothing."""
    found = Evidence.model_validate(run.evidence).model_copy(update={"weakened": []})
    lines = told(found)
    assert lines_at(lines) <= MOST_LINES[found.verdict], "\n".join(lines)
    assert len(lines[-1]) <= 80
    assert lines[-1].startswith(f"{found.verdict} (rehearsal)")
    assert "Sign-off: " in lines[-2]
    assert len(set(re.findall(r"not before (\d\d:\d\d)", "\n".join(lines)))) <= 1


def test_evidence_of_a_rehearsal_is_complete_sealed_and_says_that_it_is_one(
    project: Project,
) -> None:
    run = project.rehearse("--fake")

    Evidence.model_validate(run.evidence)
    assert run.evidence["digest"] == digest_of(run.evidence)
    assert run.evidence["target"] == "fake"
    assert run.evidence["endpoint"]["kind"] == "fake gateway (rehearsal)"
    spoken = {"version": ibapi.get_version_string(), "server_version": MAX_CLIENT_VER}
    assert run.evidence["api"] == spoken
    assert run.evidence["positions"]["count"] == len(run.evidence["positions"]["rows"]) == 24
    assert all(ms is not None for ms in run.evidence["handshake"].values())
    assert run.evidence["sockets"]["after"] != []
    assert run.folder.name.endswith("-fake")
    assert "REHEARSAL" in run.output
    assert "rehearsal" in (run.folder / "junit.xml").read_text(encoding="utf-8")
    results = list((run.folder / "allure-results").glob("*-result.json"))
    assert all("REHEARSAL" in each.read_text(encoding="utf-8") for each in results)


def test_gateway_that_is_starting_is_waited_for_and_that_is_said(own_project: Project) -> None:
    own_project.finds_every_gateway_young()
    run = own_project.rehearse("--fake=starting")
    assert "waiting for initialization, " in run.output
    assert run.steps["gateway.initialized"]["observed"]["waited_seconds"] > 1
    assert run.evidence["verdict"] == "GO"


@pytest.mark.parametrize(
    ("fault", "says"),
    [("silent", "has no entry for this attempt"), ("no-start", "has no entry for this attempt"),
     ("dialog=1000", "has an entry for this attempt"), ("tls", "the first bytes are TLS"),
     ("throttled", "logins are paused until"), ("wrong-password", "Authorization failed: Invalid"),
     ("authentication-failed", "Authorization failed: Invalid username or password.")],
)  # fmt: skip
def test_what_the_gateways_log_says_of_the_attempt_is_a_fact(
    fault: str, says: str, run: Rehearsal
) -> None:
    facts = run.evidence["diagnosis"]["facts"]
    assert [fact for fact in facts if says in fact], facts
    assert "trusted IPs 127.0.0.1" in "\n".join(facts)


NOT_LISTENING = [
    fault for fault, said in EXPECTED.items()
    if said.failed == "gateway.listening"
    and fault not in ("down", "wrong-port", "wrong-address")  # nothing runs, or it listens
]  # fmt: skip


@pytest.mark.parametrize("fault", ["unknown-code", "not-available-yet"])
def test_what_the_diagnosis_is_about_is_not_noted_as_well(fault: str, run: Rehearsal) -> None:
    said = str(run.evidence["diagnosis"]["cause"])
    assert [each for each in run.evidence["noted"] if "error" in each] == [], said
    assert len([each for each in run.evidence["messages"] if str(each["code"]) in said]) == 1


@pytest.mark.parametrize("fault", NOT_LISTENING)
def test_gateway_that_runs_without_a_listener_is_named_by_pid_and_no_second_is_started(
    fault: str, run: Rehearsal
) -> None:
    diagnosis = run.evidence["diagnosis"]
    running = [fact for fact in diagnosis["facts"] if "runs, but does not listen" in fact]
    assert len(running) == 1, diagnosis["facts"]
    (pid,) = re.findall(r"pid (\d+)", running[0])
    assert f"pid {pid}" in diagnosis["cause"] + " ".join(diagnosis["next_steps"])
    started = [step for step in diagnosis["next_steps"] if step.lower().startswith("start")]
    assert [step for step in started if "no second one" not in step] == []


def test_gateway_that_asks_a_person_first_is_noted_also_where_that_is_in_time(
    project: Project, tmp_path: Path
) -> None:
    secrets = write_secrets(
        tmp_path / "s.json", 4001, HandshakeTimeoutSeconds=20, HandshakeBudgetSeconds=15
    )
    run = project.rehearse("--fake=dialog=2", "--secrets", str(secrets))
    assert run.evidence["verdict"] == "GO"
    (noted,) = (each for each in run.evidence["noted"] if "silent for" in each)
    assert "it may have asked a person to accept" in noted


def test_recovery_of_a_stuck_listener_saves_the_folder_that_holds_the_settings(
    project: Project,
) -> None:
    run = project.rehearse("--fake=silent")
    (xml,) = (run.folder / "gateway-folder").glob("*/ibg.xml")
    (step,) = (each for each in run.evidence["diagnosis"]["next_steps"] if "Back up" in each)
    assert str(xml.parent) in step or xml.parent.as_posix() in step


def test_zero_quantity_rows_are_reported_but_not_counted(project: Project) -> None:
    run = project.rehearse("--fake=closed-positions")
    assert run.evidence["positions"]["count"] == 24
    assert len(run.evidence["positions"]["rows"]) == 32


def test_unknown_fault_is_a_usage_error_that_says_what_names_the_known_ones(
    project: Project,
) -> None:
    before = project.runs
    done = project.run("pytest", "acceptance", "-m", "golive", "--fake=nope")
    assert done.exit_code == 4
    assert "no fault 'nope'" in done.output
    assert "golive rehearse --list shows them all" in done.output
    assert project.runs == before
