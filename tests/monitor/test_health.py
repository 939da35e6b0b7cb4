"""`golive health`: the state of the Monitor as one of four, and never a false OK."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.cli import health
from golive.cli.health import Status
from golive.discipline.running_monitor import RunningMonitor
from golive.kit.clock import SYSTEM
from golive.monitor.health_check.readyz import NoAnswer
from golive.monitor.health_check.wanted import Wanted
from golive.monitor.holding.state import State
from golive.monitor.served import health as served
from golive.monitor.served.server import Server
from tests.support.projects import ROOT, environment
from tests.support.states import ACCOUNT, MONOTONIC, NOW, Standing, Telling, positions, state

URL = "http://127.0.0.1:9410"
LIVE, PAPER = ("127.0.0.1", 4001, 10), ("127.0.0.1", 7497, 10)
GOAL = Wanted(URL, (LIVE, PAPER))
OK, WARNING, CRITICAL, UNKNOWN = Status


def judged(status: int, body: dict[str, Any], goal: Wanted = GOAL, late: float = 0.0) -> str:
    try:
        return health.judged(status, body, goal, NOW + timedelta(seconds=late)).line
    except NoAnswer as none:
        return f"GOLIVE UNKNOWN - {none}"


def ready_body(**changes: Any) -> dict[str, Any]:
    return served.ready(state(), Standing()).body | changes


WHAT_IS_TOLD = [
    (state(), 200, "", OK),
    (state(answered_at=MONOTONIC - 6.9), 200, "", OK),
    (state(zombies=None, may_be_blind=True), 200, "", WARNING),
    (state(positions=positions(23)), 200, "", WARNING),
    (state(farms={"usfarm": False}), 200, "", WARNING),
    (state(smoke="NO-GO"), 200, "", WARNING),
    (state(smoke=None), 200, "", WARNING),
    (state(port=7497), 200, "", WARNING),
    (state(port=4002), 200, "", UNKNOWN),
    (state(client_id=11), 200, "", UNKNOWN),
    (state(host="10.0.0.1"), 200, "", UNKNOWN),
    (state(condition="starting", answered_at=None), 503, "starting", CRITICAL),
    (state(condition="half-open"), 503, "half-open", CRITICAL),
    (state(condition="connectivity-lost"), 503, "connectivity-lost", CRITICAL),
    (state(condition="disconnected"), 503, "disconnected", CRITICAL),
    (state(condition="stopped"), 503, "stopped", CRITICAL),
    (state(answered_at=None), 503, "half-open", CRITICAL),
    (state(answered_at=MONOTONIC - 7.1), 503, "half-open", CRITICAL),
    (state(made_at=MONOTONIC - 7.1), 503, "monitor-stuck", CRITICAL),
    (state(zombies=1), 503, "zombies", CRITICAL),
    (state(zombies=None), 503, "not-observable", CRITICAL),
    (state(positions=None), 503, "positions-incomplete", CRITICAL),
    (state(positions=positions(has_ended=False)), 503, "positions-incomplete", CRITICAL),
    (state(code="connection-lost", cause="it closed"), 503, "connection-lost", CRITICAL),
]


@pytest.mark.parametrize(("known", "status", "code", "nagios"), WHAT_IS_TOLD)
def test_each_state_has_its_http_status_its_code_and_one_of_four(
    known: State, status: int, code: str, nagios: Status
) -> None:
    told = served.ready(known, Standing())
    assert (told.status, told.body.get("code", "")) == (status, code)
    line = judged(told.status, json.loads(json.dumps(told.body)))
    assert line.startswith(f"GOLIVE {nagios.name} - ")
    assert nagios is not CRITICAL or code in line


def test_line_of_what_is_well_is_as_nagios_reads_it() -> None:
    assert judged(200, ready_body()) == (
        "GOLIVE OK - 24 positions, last answer 2 s ago, 127.0.0.1:4001 client id 10"
        " | answer_age=2s;;7;0 answer_time=0.0015s;;;0 positions=24;24:24;;0 zombies=0;;0;0"
        " reconnects=0c;;;0"
    )


def test_line_of_what_is_wrong_says_what_to_do_and_from_when() -> None:
    known = state(
        code="zombies", cause="2 CLOSE_WAIT | on 4001\n", next_steps=("Restart",), not_before=NOW
    )
    told = served.ready(known, Standing())
    line = health.judged(told.status, told.body, GOAL, NOW).line
    told_of = "zombies: 2 CLOSE_WAIT ? on 4001?; Restart; not before 2026-11-23T09:14:02"
    assert line.startswith(f"GOLIVE CRITICAL - {told_of}")
    assert line.count("|") == 1


WRONG: list[dict[str, Any]] = [
    {"status": "not-ready"},
    {"status": None},
    {"told": "yesterday"},
    {"told": "2026-11-23T09:14:02"},
    {"told": "2026-11-22T09:14:02+00:00"},
    {"told": "2026-11-24T09:14:02+00:00"},
    {"age_seconds": 7.1},
    {"age_seconds": None},
    {"age_seconds": -1},
    {"age_seconds": "0"},
    {"answer_age_seconds": 7.1},
    {"answer_age_seconds": None},
    {"answer_age_seconds": float("nan")},
    {"answer_age_seconds": True},
    {"heartbeat_seconds": None, "answer_age_seconds": 3},
    {"heartbeat_seconds": 1e9, "answer_age_seconds": 4000},
    {"endpoint": None},
    {"endpoint": {"host": "127.0.0.1", "port": "4001", "client_id": 10}},
    {"condition": "half-open"},
    {"zombies": 1},
    {"zombies": "none"},
    {"positions": None},
    {"farms": []},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_answer_that_cannot_be_relied_on_is_never_ok(changes: dict[str, Any]) -> None:
    assert judged(200, ready_body(**changes)).startswith("GOLIVE UNKNOWN - ")


@pytest.mark.parametrize("key", sorted(ready_body()))
def test_answer_that_lacks_something_is_never_ok(key: str) -> None:
    body = ready_body()
    del body[key]
    is_ok = judged(200, body).startswith("GOLIVE OK - ")
    told_only = {"since", "positions_age_seconds", "zombies_age_seconds", "notices"}
    assert is_ok == (key in told_only | {"notices_left_out"})


def test_answer_grows_old_on_its_way() -> None:
    body = ready_body(answer_age_seconds=4.0)
    assert judged(200, body, late=2.9).startswith("GOLIVE OK")
    assert judged(200, body, late=3.1).startswith("GOLIVE UNKNOWN - answer_age_seconds is 4")


# over the wire ------------------------------------------------------------------------------------


Act = Callable[[socket.socket, threading.Event], object]
"""What a server does with a connection, until it is over."""
Answering = Callable[[Act], str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that does with its first connection as told; gives its URL."""
    with ExitStack() as stack:
        over = threading.Event()

        def start(act: Act) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    act(connection, over)
                    over.wait(60)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            stack.callback(thread.join, 20)
            stack.callback(over.set)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start


def asked(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    nowhere = Path("nowhere")
    code = health.main(["--url", url], lambda _: nowhere)
    return code, capsys.readouterr().out


def says(data: bytes) -> Act:
    def act(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    return act


def http_of(status: str, body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + status.encode() + b"\r\n" + headers + b"\r\n" + body


READY = json.dumps(ready_body()).encode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "not HTTP"),
        (b"\x00\x01\xff", "not HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (http_of("302 Found", b"", b"Location: http://127.0.0.1:1/readyz\r\n"), "HTTP status 302"),
        (http_of("404 Not Found", READY), "HTTP status 404"),
        (http_of("200 OK", b"OK"), "not a Monitor's answer"),
        (http_of("200 OK", READY[:-1]), "not a Monitor's answer"),
        (http_of("200 OK", b"[]"), "not a Monitor's answer"),
        (http_of("200 OK", b"[" * 60_000), "not a Monitor's answer"),
        (http_of("200 OK", b'{"age_seconds": ' + b"9" * 6000 + b"}"), "not a Monitor's answer"),
        (http_of("200 OK", b'{"age_seconds": NaN}'), "not a Monitor's answer"),
        (http_of("200 OK", b" " * 70_000 + READY), "more than 65536 bytes"),
        (http_of("200 OK", READY), "the answer is from 2026-11-23 09:14:02 UTC, not from now"),
        (http_of("503 Busy", b"Service Unavailable"), "not a Monitor's answer"),
    ],
)
def test_whatever_else_answers_there_is_unknown(
    sent: bytes, said: str, answering: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = asked(answering(says(sent)), capsys)
    assert code == UNKNOWN
    assert said in line
    assert line.count("\n") == 1


def drips(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.02):
        connection.sendall(b"H")


def is_silent(_: socket.socket, over: threading.Event) -> None:
    over.wait(60)


@pytest.mark.parametrize("act", [is_silent, drips])
def test_answer_that_does_not_come_is_not_waited_for(
    act: Act,
    answering: Answering,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.3)
    code, line = asked(answering(act), capsys)  # which goes on until it is over
    assert (code, "no answer within" in line) == (UNKNOWN, True)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:1", "http://a@127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:x", "http://",
     "http://127.0.0.1:1/other", "http://127.0.0.1:1/?x", "http://a b/", "file:///etc/passwd"],
)  # fmt: skip
def test_url_that_is_none_of_a_monitor_is_not_asked(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = asked(url, capsys)
    assert (code, " is not a" in line) == (UNKNOWN, True)


# as a command -------------------------------------------------------------------------------------


class Fresh(Telling):
    """What is known is of the moment in which it is told, by the machine's own clock."""

    known = state()

    @property
    def state(self) -> State:
        now = SYSTEM.monotonic()
        return replace(self.known, made_at=now, answered_at=now, positions_at=now, zombies_at=now)

    @state.setter
    def state(self, known: State) -> None:
        self.known = known


@pytest.fixture
def monitor() -> Iterator[tuple[Server, Telling]]:
    """What answers of a Monitor."""
    source = Fresh(state())
    server = Server(source, "127.0.0.1", 0)
    server.start()
    yield server, source
    server.stop()


def run(*words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "golive", "health", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_running_monitor_is_found_by_the_settings(
    monitor: tuple[Server, Telling], secrets: Callable[..., Path]
) -> None:
    path = secrets(port=4001, Monitor={"HealthPort": monitor[0].port})
    code, line = run("--secrets", str(path))
    assert code == OK, line
    assert line.startswith("GOLIVE OK - 24 positions, last answer ")
    assert ACCOUNT not in line


def test_monitor_that_chose_its_port_is_found_by_what_it_noted(
    monitor: tuple[Server, Telling], secrets: Callable[..., Path], state: Path
) -> None:
    path = secrets(port=4001, Monitor={"HealthPort": 0})
    code, line = run("--secrets", str(path))
    assert (code, "no Monitor with a health port is running" in line) == (UNKNOWN, True)
    state.mkdir(exist_ok=True)
    RunningMonitor.this_one(url=monitor[0].url).enter(state, "127.0.0.1:4001")
    assert run("--secrets", str(path))[0] == OK


def test_monitor_of_another_endpoint_is_unknown(
    monitor: tuple[Server, Telling], secrets: Callable[..., Path]
) -> None:
    path = secrets(port=4002, Monitor={"HealthPort": monitor[0].port})
    code, line = run("--secrets", str(path))
    assert code == UNKNOWN
    assert "is for 127.0.0.1:4001 client id 10; settings: 127.0.0.1:4002" in line


def test_fallback_is_expected_where_it_is_asked_for(
    monitor: tuple[Server, Telling], secrets: Callable[..., Path]
) -> None:
    server, source = monitor
    source.state = state(port=7497)
    words = ("--secrets", str(secrets(port=4001)), "--url", server.url)
    assert run(*words)[0] == UNKNOWN
    assert run(*words, "--fallback")[0] == OK
    automatic = str(secrets(port=4001, AutoFallback=True))
    code, line = run("--secrets", automatic, "--url", server.url)
    assert (code, "WARNING - on the fallback" in line) == (WARNING, True)


@pytest.mark.parametrize(
    ("golive", "said"),
    [
        ({"Monitor": None}, "GoLive.Monitor is null"),
        ({"Monitor": {}}, "set GoLive.Monitor.HealthPort"),
        ({"Monitor": {"HealthPort": None}}, "set GoLive.Monitor.HealthPort"),
        ({"Monitor": {"HealthPort": "9410"}}, "HealthPort is not valid"),
        ({"Monitor": [1]}, "Monitor is not valid"),
        ({"Monitor": {"HealthPort": 1}}, "start it: python -m golive monitor --secrets "),
    ],
)
def test_what_is_not_configured_or_not_running_is_unknown(
    golive: dict[str, Any], said: str, secrets: Callable[..., Path]
) -> None:
    code, line = run("--secrets", str(secrets(port=4001, **golive)))
    assert (code, said in line) == (UNKNOWN, True), line


def test_settings_that_are_not_there_or_nonsense_are_unknown(tmp_path: Path) -> None:
    nonsense = tmp_path / "secrets.json"
    assert run("--secrets", str(nonsense))[0] == UNKNOWN
    for text in ("", "[]", "{}", '{"IBKRCredentials": {"Host": 1}}', "\x00"):
        nonsense.write_text(text, encoding="utf-8")
        code, line = run("--secrets", str(nonsense))
        assert (code, line.count("\n")) == (UNKNOWN, 1)


def test_settings_that_are_not_there_are_told_whole_on_any_console(tmp_path: Path) -> None:
    path = str(tmp_path / "M\u00fcller" / "secrets.json")
    for encoding, shown in (
        ("utf-8", "M\u00fcller"),
        ("cp1252", "M\u00fcller"),
        ("ascii", "M\\xfcller"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "golive", "health", "--secrets", path],
            cwd=ROOT,
            env=environment(PYTHONIOENCODING=encoding),
            capture_output=True,
            check=False,
        )
        line = done.stdout.decode(encoding)
        assert shown in line
        assert "no such file; name it: --secrets PATH" in line
        assert (done.returncode, line.count("\n")) == (UNKNOWN, 1)


def test_wrong_word_is_unknown_and_help_is_not() -> None:
    assert run("--nope")[0] == UNKNOWN
    assert run("--help")[0] == OK


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has such a device")
def test_exit_code_stands_where_nobody_can_read_the_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "golive", "health", "--secrets", str(tmp_path / "none.json")]
    for words in ((), ("--nope",)):
        with open("/dev/full", "w") as full:
            done = subprocess.run([*command, *words], cwd=ROOT, stdout=full, check=False)
        assert done.returncode == UNKNOWN


LOADED = """
import sys
before = set(sys.modules)
import golive.cli.health
print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))
"""


def test_only_the_standard_library_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert set(done.stdout.split()) <= sys.stdlib_module_names | {"golive"}
