"""The HTTP server of the Monitor: what it tells, and that whoever misuses it pays alone."""

from __future__ import annotations

import errno
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NoReturn

import pytest

from golive.client.answers import Positions
from golive.monitor.holding.state import State
from golive.monitor.served.server import NotServed, Server
from tests.support.states import ACCOUNT, MONOTONIC, Standing, Telling, positions, state

Serve = Callable[[State], Server]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, Telling]]:
    source = Telling(state())
    server = Server(source, "127.0.0.1", 0, Standing())
    server.start()
    yield server, source
    server.stop()


@pytest.fixture
def serve(server: tuple[Server, Telling]) -> Serve:
    """Has the server tell a state: `serve(state()).url`."""

    def tell(told: State) -> Server:
        server[1].state = told
        return server[0]

    return tell


def asked(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, str, Any]:
    """Status, body and the answer itself."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    with closing(connection):
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8"), answer


def told(server: Server, path: str) -> tuple[int, dict[str, Any]]:
    status, body, _ = asked(server, path)
    return status, json.loads(body)


def test_ready_is_told_with_its_age(serve: Serve) -> None:
    status, body = told(serve(state()), "/readyz")
    assert status == 200
    assert body == {
        "status": "ready",
        "condition": "connected",
        "since": "2026-11-23T09:14:02.000+00:00",
        "told": "2026-11-23T09:14:02.000+00:00",
        "age_seconds": 0.0,
        "endpoint": {
            "host": "127.0.0.1",
            "port": 4001,
            "kind": "IB Gateway (live)",
            "client_id": 10,
        },
        "heartbeat_seconds": 5.0,
        "answer_age_seconds": 2.0,
        "answer_ms": 1.5,
        "positions": 24,
        "expected_positions": 24,
        "positions_age_seconds": 3.0,
        "zombies": 0,
        "zombies_age_seconds": 1.0,
        "smoke": "GO",
        "reconnects": 0,
        "farms": {"usfarm": True},
        "notices": [],
        "notices_left_out": 0,
    }


ONE_MORE = positions(1).rows[0]._replace(con_id=99, quantity=None)
UNREADABLE = Positions((*positions().rows, ONE_MORE), has_ended=True)

NOT_READY = [
    (state(condition="starting", answered_at=None), "starting"),
    (state(condition="half-open"), "half-open"),
    (state(condition="connectivity-lost"), "connectivity-lost"),
    (state(condition="disconnected"), "disconnected"),
    (state(condition="stopped"), "stopped"),
    (state(answered_at=None), "half-open"),
    (state(answered_at=MONOTONIC - 7.1), "half-open"),
    (state(zombies=2), "zombies"),
    (state(zombies=None), "not-observable"),
    (state(positions=None), "positions-incomplete"),
    (state(positions=positions(has_ended=False)), "positions-incomplete"),
    (state(positions=UNREADABLE), "positions-incomplete"),
    (state(made_at=MONOTONIC - 7.1), "monitor-stuck"),
    (state(code="wrong-account", cause="the gateway manages DU7654321"), "wrong-account"),
]


@pytest.mark.parametrize(("known", "code"), NOT_READY, ids=lambda each: getattr(each, "code", each))
def test_whatever_is_not_ready_is_503_with_cause_and_next_step(
    serve: Serve, known: State, code: str
) -> None:
    status, body = told(serve(known), "/readyz")
    assert (status, body["status"], body["code"]) == (503, "not-ready", code)
    assert body["cause"] != ""
    assert body["next_steps"] != []


def test_monitor_is_alive_whatever_its_gateway_does(serve: Serve) -> None:
    status, body = told(serve(state(condition="half-open", code="half-open")), "/healthz")
    assert (status, body["status"], body["condition"]) == (200, "alive", "half-open")


def test_monitor_that_has_not_looked_for_long_is_not_alive(serve: Serve) -> None:
    status, body = told(serve(state(made_at=MONOTONIC - 8)), "/healthz")
    assert (status, body["code"], body["age_seconds"]) == (503, "monitor-stuck", 8.0)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_no_account_is_told(serve: Serve, path: str) -> None:
    wrong = state(code="wrong-account", cause=f"DU7654321, not {ACCOUNT}", next_steps=(ACCOUNT,))
    for known in (state(), wrong):
        _, body, _ = asked(serve(known), path)
        assert ACCOUNT not in body
        assert "DU7654321" not in body


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_head_is_answered_without_a_body(serve: Serve, path: str) -> None:
    status, body, answer = asked(serve(state()), path, "HEAD")
    assert (status, body) == (200, "")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_nothing_but_reading_is_allowed(serve: Serve, method: str) -> None:
    status, _, answer = asked(serve(state()), "/readyz", method)
    assert status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("host", ["rebound.example:80", "169.254.1.1", "localhost.example", ""])
def test_page_of_the_web_that_resolves_here_is_turned_away(serve: Serve, host: str) -> None:
    assert asked(serve(state()), "/readyz", Host=host)[0] == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1:80", "[::1]:80"])
def test_names_of_this_machine_are_answered(serve: Serve, host: str) -> None:
    assert asked(serve(state()), "/readyz", Host=host)[0] == 200


def test_path_that_is_none_of_them_is_not_found(serve: Serve) -> None:
    assert [asked(serve(state()), path)[0] for path in ("/", "/readyz/", "/x")] == [404, 404, 404]


def test_taken_port_is_said_in_one_line_before_anything_is_served(serve: Serve) -> None:
    first = serve(state())
    with pytest.raises(NotServed, match=rf"port {first.port}: .*HealthPort") as refused:
        Server(Telling(state()), "127.0.0.1", first.port)
    assert "\n" not in str(refused.value)


def test_address_of_a_family_that_this_machine_lacks_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lacking(*_: object) -> NoReturn:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", lacking)
    with pytest.raises(NotServed, match="::1 port 0: Address family not supported"):
        Server(Telling(state()), "::1", 0)


def test_port_is_free_again_at_once() -> None:
    first = Server(Telling(state()), "127.0.0.1", 0, Standing())
    first.start()
    assert asked(first, "/readyz")[0] == 200
    first.stop()
    again = Server(Telling(state()), "127.0.0.1", first.port)
    again.stop()
    again.stop()
