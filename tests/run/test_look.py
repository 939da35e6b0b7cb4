"""`golive look`: what it shows of each gateway, that it connects to none, and writes nothing."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from fake_ib_gateway import FakeGateway
from golive.cli.main import main
from golive.discipline.earlier_attempts import Aim, Memory
from golive.discipline.lock import Lock
from golive.discipline.one_run import file_name
from golive.evidence.look_record import LookRecord
from golive.reports import look_screen
from golive.reports.look_screen import Screen
from golive.run.look import look
from golive.run.smoke import smoke
from golive.settings import secrets_json
from tests.support import forked
from tests.support.fakes import Fake
from tests.support.monitors import Running

Started = Callable[..., Fake]
Written = Callable[..., Path]
ELSEWHERE = "192.0.2.1"


class Looked:
    """What `golive look` printed and returned; the state folder is as it was."""

    def __init__(self, capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> None:
        before = _contents(path.parent / "state")
        self.exit_code = main(["look", "--secrets", str(path), *more])
        told = capsys.readouterr()
        self.output, self.complaint = told.out, told.err
        assert _contents(path.parent / "state") == before

    def row(self, name: str) -> str:
        marks = "|".join({*look_screen.SHAPES.values(), *look_screen.WINDOWS.values()})
        (row,) = re.findall(rf"^(?:{marks}) {name} .*$", self.output, re.MULTILINE)
        return str(row)


def _contents(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def seen(path: Path) -> LookRecord:
    return look(secrets_json.read(path, on_fallback=False))


def test_nothing_speaks_against_a_healthy_gateway_and_nothing_is_connected(
    fake: Started, secrets: Written, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = fake()
    path = secrets(gateway.port)
    looked = Looked(capsys, path)
    assert looked.exit_code == 0, looked.output
    assert "Nothing stands in the way of an attempt." in looked.output
    assert looked.output.splitlines()[-1].endswith(f"--secrets {path}")
    assert "listening, accept queue empty" in looked.row("port")
    assert "nobody is connected" in looked.row("clients")
    assert not state.exists()
    assert gateway.connections == 0


def test_fake_gateway_on_the_port_is_called_fake_and_gets_no_tick(
    fake: Started, secrets: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forked.FRESH, "1")  # its command line is to be its own
    gateway = fake()
    row = next(each for each in seen(secrets(gateway.port)).rows if each.name == "process")
    assert row.text.startswith(f"a fake gateway, not a real one, pid {gateway.pid}, since ")
    assert (row.state, row.facts["kind"]) == ("note", "fake")


@pytest.mark.parametrize(
    ("fault", "code", "row", "says", "connections"),
    [
        ("down", "gateway-not-running", "port", "nothing listens", 0),
        ("wrong-port", "wrong-port", "port", "nothing listens", 0),
        ("zombies", "zombies", "zombies", "3 zombies (CLOSE_WAIT)", 0),
        ("wedged", "api-listener-stuck", "port", "accept queue", 0),
        ("busy", "another-client", "clients", "connected, pid", 1),  # the other one's
    ],
)
def test_what_can_be_seen_of_a_fault_is_named_with_its_cure(
    fault: str, code: str, row: str, says: str, connections: int, fake: Started,
    secrets: Written, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    gateway = fake(fault)
    looked = Looked(capsys, secrets(gateway.port))
    assert looked.exit_code == 1, looked.output
    assert says in looked.row(row)
    assert f"\nCause   {code}\n" in looked.output
    assert "\nWhat to do" in looked.output
    assert "Nothing stands in the way" not in looked.output
    assert gateway.connections == connections


def test_gateway_that_has_just_started_is_no_obstacle_but_an_attempt_waits(
    fake: Started, secrets: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = fake("starting")
    looked = Looked(capsys, secrets(gateway.port, InitializationSeconds=90))
    assert looked.exit_code == 0, looked.output
    assert "an attempt first waits" in looked.row("startup")
    assert "Nothing stands in the way of an attempt. It first waits" in looked.output
    assert gateway.connections == 0


def test_failed_attempt_is_refused_until_its_cool_down_is_over(
    fake: Started, secrets: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = fake("silent")
    path = secrets(gateway.port, HandshakeTimeoutSeconds=0.5, RetryCooldownSeconds=90)
    assert smoke(path, lambda line: None) == 2
    record = seen(path)
    looked = Looked(capsys, path)
    assert looked.exit_code == 1, looked.output
    assert "the last attempt failed; the next" in looked.row("discipline")
    assert "An attempt is refused until" in looked.output
    (refusal,) = record.refusals
    assert refusal.step == "environment.cool-down"
    assert refusal.until == record.refused_until
    assert gateway.connections == 1, "that of the attempt"


def test_zombies_of_a_failed_attempt_are_told_before_its_cool_down(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("leaky")
    path = secrets(gateway.port, RetryCooldownSeconds=90)
    assert smoke(path, lambda line: None) == 2
    record = seen(path)
    assert [each.code for each in record.causes] == ["zombies", "cool-down"]
    text = "\n".join(look_screen.lines(record, Screen()))
    assert text.index("Procedure A") < text.index("After that:") < text.index("cool-down:")
    assert gateway.connections == 1, "that of the attempt"


def test_run_that_is_under_way_is_named_and_keeps_its_lock(
    fake: Started, secrets: Written, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = secrets(fake().port)
    memory = Memory(state, Aim.of(secrets_json.read(path, on_fallback=False)), "20261201-check")
    try:
        looked = Looked(capsys, path)
        assert looked.exit_code == 1
        assert "\nCause   another-run\n" in looked.output
        assert "another run is using this endpoint" in looked.row("runs")
        assert memory.forbidden() == ""
    finally:
        memory.close()
    assert Looked(capsys, path).exit_code == 0


def test_running_monitor_is_named_and_left_in_peace(
    start: Callable[..., tuple[FakeGateway, Running]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway, monitor = start()
    monitor.hears("Retrieved")
    code = main(["look", "--json", "--secrets", str(tmp_path / "settings.json")])
    told = json.loads(capsys.readouterr().out)
    rows = {each["name"]: each for each in told["rows"]}
    assert rows["monitor"]["facts"]["running"]["pid"] == monitor.pid
    assert code == 1
    refused = {each["step"] for each in told["refusals"]}
    assert {"environment.only-run", "gateway.no-other-client"} <= refused
    assert "environment.cool-down" not in refused, "nothing has failed"
    under_way = f"an attempt is under way (Monitor, pid {monitor.pid})"
    assert (rows["discipline"]["state"], rows["discipline"]["text"]) == ("ok", under_way)
    assert told["refused_until"] is None
    assert "not before" not in str(told["causes"])
    assert gateway.connections == 1, "the Monitor's"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a lock")
def test_lock_whose_holder_is_not_told_speaks_against_an_attempt(
    fake: Started, secrets: Written, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = secrets(fake().port)
    aim = Aim.of(secrets_json.read(path, on_fallback=False))
    Memory(state, aim, "first").close()
    lock = Lock(state / f"{file_name(aim.endpoint)}.lock")
    assert lock.take()
    try:
        assert Looked(capsys, path).exit_code == 1
    finally:
        lock.release()
    assert Looked(capsys, path).exit_code == 0


def test_what_is_not_observed_is_never_fine_unless_the_settings_say_so(
    secrets: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    blind = secrets(4001, ELSEWHERE)
    looked = Looked(capsys, blind)
    assert looked.exit_code == 1
    for name in ("port", "clients", "zombies"):
        assert "not observed" in looked.row(name)
        assert not looked.row(name).startswith(("✓", "√", "ok"))
        assert looked.row(name)[0] in (
            look_screen.SHAPES["against"],
            look_screen.WINDOWS["against"],
        )
    assert looked.output.count("Host is another machine") == 2, "once above, once as the cause"
    assert "\nCause   not-observable\n" in looked.output
    allowed = Looked(capsys, secrets(4001, ELSEWHERE, AllowUnobservedSockets=True))
    assert allowed.exit_code == 0
    for name in ("port", "clients", "zombies"):
        assert "not observed" in allowed.row(name)
        assert not allowed.row(name).startswith(("✓", "√", "ok"))


def test_json_is_one_object_of_the_documented_form(
    fake: Started, secrets: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    looked = Looked(capsys, secrets(fake("zombies").port), "--json")
    told = json.loads(looked.output)
    record = LookRecord.model_validate(told)
    assert (looked.exit_code, record.schema_, record.refused) == (1, 1, True)
    assert list(told) == [
        "schema", "golive", "seen", "settings", "endpoint", "fallback", "refused",
        "refused_until", "waits_seconds", "missing_settings", "missing_programs", "rows",
        "refusals", "causes", "again",
    ]  # fmt: skip
    assert [each["name"] for each in told["rows"]] == [
        "process", "login", "startup", "port", "clients", "zombies", "programs", "discipline",
        "runs", "monitor", "commands", "ibapi", "settings", "clock", "resets",
    ]  # fmt: skip
    (zombies,) = (each for each in told["rows"] if each["name"] == "zombies")
    assert len(zombies["facts"]["rows"]) == 3
    assert {each["step"] for each in told["refusals"]} == {"environment.no-zombies"}
    assert [each["code"] for each in told["causes"]] == ["zombies"]


def test_one_may_look_before_the_expected_account_is_known(
    fake: Started, secrets: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    path = secrets(fake().port)
    written = json.loads(path.read_text(encoding="utf-8"))
    for key in ("ExpectedAccount", "ExpectedPositions"):
        written["GoLive"].pop(key, None)
    path.write_text(json.dumps(written), encoding="utf-8")
    looked = Looked(capsys, path)
    assert looked.exit_code == 0, looked.complaint
    assert "needs ExpectedAccount, ExpectedPositions" in looked.row("settings")
    assert "First set ExpectedAccount and ExpectedPositions." in " ".join(looked.output.split())


def test_program_of_a_command_that_cannot_be_found_is_named_though_no_rule_refuses_for_it(
    fake: Started, secrets: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = {"Monitor": {"Command": ["no-such-monitor"]}, "Mcp": {"Command": [sys.executable]}}
    looked = Looked(capsys, secrets(fake().port, **commands))
    assert looked.exit_code == 0, looked.output
    row = looked.row("commands")
    assert "Monitor: no-such-monitor cannot be found (GoLive.Monitor.Command)" in row
    assert "First correct GoLive.Monitor.Command." in " ".join(looked.output.split())


def test_settings_that_cannot_be_read_are_one_line_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looked = Looked(capsys, tmp_path / "missing.json")
    assert (looked.exit_code, looked.output) == (4, "")
    assert looked.complaint.startswith("golive: settings: ")
    assert len(looked.complaint.splitlines()) == 1


def test_state_folder_in_which_no_run_could_remember_is_refused_as_a_run_is(
    fake: Started, secrets: Written, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = secrets(fake().port)
    monkeypatch.setenv("GOLIVE_STATE", "not-a-full-path")
    looked = Looked(capsys, path)
    assert looked.exit_code == 4
    assert "not a full path" in looked.complaint


@pytest.mark.parametrize("fault", ["", "zombies", "wedged", "busy"])
def test_screen_fits_80_columns_but_for_what_is_to_be_copied(
    fault: str, fake: Started, secrets: Written
) -> None:
    record = seen(secrets(fake(*filter(None, [fault])).port))
    lines = list(look_screen.lines(record, Screen(width=80)))
    commands = [each for each in lines if each.startswith("       ") or record.again in each]
    assert [each for each in lines if len(each) > 80 and each not in commands] == []


def test_console_that_knows_few_characters_gets_words_for_shapes(
    fake: Started, secrets: Written
) -> None:
    record = seen(secrets(fake("zombies").port))
    console = TextIOWrapper(BytesIO(), encoding="cp1252")
    assert not Screen.of(console).shapes
    text = "\n".join(look_screen.lines(record, Screen.of(console)))
    text.encode("cp1252")
    assert "\nFAIL zombies" in text
    assert "\nok   clients" in text
    assert "\x1b[" not in text
