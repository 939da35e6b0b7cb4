"""The gateway's own settings: told by itself where it can, else by its files, else not known."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ibapi.server_versions import MAX_CLIENT_VER

from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Speech
from fake_ib_gateway.protocol.protobuf import config_pb2
from golive.client.connection import Connection
from golive.client.identity import Identity, read_identity
from golive.client.messages import CONFIG_REQUEST
from golive.client.official_client import TELLS_CONFIG
from golive.discipline.attempts import Attempts
from golive.machine.api_settings import NOT_ASKED, ApiSettings
from golive.machine.on_disk.gateway_files import find
from golive.machine.sockets import NotObservable
from golive.settings import secrets_json
from golive.settings.model import Settings
from tests.support.fakes import Fake
from tests.support.gateways import Scripted, message
from tests.support.projects import ROOT, Project, Rehearsal

Started = Callable[..., Fake]
NOT_SERVED = errors.NOT_SERVED.about("it")
tells_config = pytest.mark.skipif(
    MAX_CLIENT_VER < TELLS_CONFIG, reason="this client has no such request"
)


def asked(port: int, seconds: float = 5) -> ApiSettings:
    """What a gateway tells of its settings; its positions must still be told after that."""
    connection = Connection("127.0.0.1", port, 10, Attempts())
    assert connection.open(5).stopped is None
    told = connection.api_settings(seconds)
    assert connection.own_address == "127.0.0.1"
    assert connection.positions(5).is_complete
    assert connection.close().is_clean
    return told


@tells_config
@pytest.mark.parametrize("version", ["219", "226"])
def test_gateway_tells_its_settings(version: str, fake: Started) -> None:
    words = ("--master-client-id", "7", "--trusted-ip", "10.0.0.5", "--trusted-ip", "10.0.0.6")
    told = asked(fake("healthy", "--server-version", version, *words).port)
    trusted = ("10.0.0.5", "10.0.0.6")
    assert told == ApiSettings("the gateway's answer", False, "7", trusted, True)


@tells_config
def test_blank_master_client_id_and_read_only_mode_are_told(fake: Started) -> None:
    told = asked(fake("read-only").port)
    assert (told.master_client_id, told.read_only) == ("", True)


def test_older_gateway_is_not_asked(fake: Started) -> None:
    gateway = fake("healthy", "--server-version", "203")
    assert asked(gateway.port) == ApiSettings("server version 203 does not report them")
    assert gateway.received == ["hello", "START_API", "REQ_POSITIONS"]


def frame(number: int, payload: bytes = b"") -> bytes:
    return (len(payload) + 4).to_bytes(4, "big") + number.to_bytes(4, "big") + payload


def shake_hands(gateway: socket.socket) -> None:
    """As a gateway at 226 does; then it is asked for its settings."""
    gateway.recv(4096)
    gateway.sendall(message(226, "20261122 09:00:00 UTC"))
    gateway.recv(4096)
    say = Speech(226)
    gateway.sendall(say.managed_accounts("U21146542").frame + say.next_valid_id(1).frame)
    gateway.recv(4096)


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """A gateway that answers the request for its settings with this."""

    def script(gateway: socket.socket) -> None:
        shake_hands(gateway)
        gateway.sendall(answer)
        gateway.recv(4096)
        gateway.sendall(Speech(226).position_end().frame)
        gateway.recv(4096)

    return script


def refused(request_id: int) -> bytes:
    return Speech(226).error(NOT_SERVED, request_id=request_id).frame


EMPTY = config_pb2.ApiConfig(settings=config_pb2.ApiSettings())


@tells_config
@pytest.mark.parametrize(
    ("answer", "source", "master"),
    [
        (b"", "the gateway did not report them: no answer within 0.2 s", None),
        (frame(310, b"\x08\x01"), "the gateway's answer, which has none", None),
        (
            refused(CONFIG_REQUEST),
            f"the gateway did not report them: error 321: {NOT_SERVED.text}",
            None,
        ),
        (Speech(226).config(1, EMPTY.settings).frame, "the gateway's answer", ""),
    ],
)
def test_what_is_left_out_is_not_told_and_a_refusal_harms_nothing(
    answer: bytes, source: str, master: str | None
) -> None:
    with Scripted(answering(answer)) as server:
        assert asked(server.port, 0.2) == ApiSettings(source, master_client_id=master)


@tells_config
def test_gateway_that_closes_instead_of_telling_is_said_to_have_closed() -> None:
    with Scripted(shake_hands) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        assert "closed the connection" in connection.api_settings(5).source
        assert "closed the connection" in connection.positions(5).reason
        connection.close()
    assert connection.positions(5).reason == "there is no connection"


@tells_config
@pytest.mark.parametrize("number", [-1, 2**31 - 1])
def test_number_that_is_no_client_id_is_a_blank(number: int) -> None:
    answer = Speech(226).config(1, config_pb2.ApiSettings(master_client_id=number)).frame
    with Scripted(answering(answer)) as server:
        assert asked(server.port).master_client_id == ""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a gateway whose files are in a folder of the test."""
    example = secrets_json.read(ROOT / "secrets.example.json").settings
    golive = example.golive.model_copy(update={"gateway_folder": str(tmp_path)})
    return example.model_copy(update={"golive": golive})


def test_files_tell_what_the_gateway_does_not(settings: Settings, tmp_path: Path) -> None:
    ini = tmp_path / "jts.ini"
    ini.write_text("[IBGateway]\nTrustedIPs=10.0.0.9\n", encoding="ascii")
    told = ApiSettings("the gateway's answer", master_client_id="7")
    found = read_identity(told, find(settings)).told
    assert (found.master_client_id, found.trusted_ips) == ("7", ("10.0.0.9",))
    assert found.source == f"the gateway's answer, {ini}"

    assert ApiSettings("nothing").completed(found) == found

    told = ApiSettings("the gateway's answer", master_client_id="7", trusted_ips=("10.0.0.5",))
    assert read_identity(told, find(settings)).told == told


@pytest.mark.parametrize(
    "claim", [lambda known: known.has_master(10), lambda known: known.trusts("127.0.0.1")]
)
def test_what_nobody_tells_is_not_observable_and_says_why(
    claim: Callable[[Identity], bool], settings: Settings
) -> None:
    with pytest.raises(NotObservable, match=r"was not asked for them; .*no jts\.ini"):
        claim(read_identity(NOT_ASKED, find(settings)))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_files_of_this_machine_say_nothing_of_a_gateway_on_another(
    host: str, settings: Settings
) -> None:
    there = settings.credentials.model_copy(update={"host": host})
    golive = settings.golive.model_copy(update={"gateway_folder": None})
    elsewhere = settings.model_copy(update={"credentials": there, "golive": golive})
    (_, untold) = read_identity(NOT_ASKED, find(elsewhere)).untold[:2]
    assert "another machine" in untold


@pytest.mark.parametrize(("master", "holds"), [("", True), ("10", True), ("99", False)])
def test_master_client_id_is_ours_or_blank(master: str, holds: bool) -> None:
    assert Identity(ApiSettings("", master_client_id=master)).has_master(10) is holds


@pytest.mark.parametrize(
    ("trusted", "address", "holds"),
    [
        (("127.0.0.1",), "127.0.0.1", True),
        (("10.0.0.5", " 127.0.0.1 "), "127.0.0.1", True),
        (("127.0.0.1",), "::1", True),
        (("10.0.0.5",), "10.0.0.5", True),
        (("10.0.0.5", "gateway"), "127.0.0.1", False),
        ((), "127.0.0.1", False),
    ],
)
def test_loopback_address_is_trusted_only_where_one_is_listed(
    trusted: tuple[str, ...], address: str, holds: bool
) -> None:
    assert Identity(ApiSettings("", trusted_ips=trusted)).trusts(address) is holds


def test_another_machines_address_may_be_seen_as_another_one() -> None:
    with pytest.raises(NotObservable, match=r"10\.0\.0\.8 is not a trusted IP, but"):
        Identity(ApiSettings("", trusted_ips=("127.0.0.1",))).trusts("10.0.0.8")


@tells_config
def test_read_only_mode_that_only_the_settings_tell_is_no_go(
    own_project: Project, secrets: Callable[..., Any]
) -> None:
    own_project.edit(
        "fakes/fake_ib_gateway/answering/answers.py",
        "read_only=settings.read_only,",
        "read_only=True,",
    )
    edited = str(own_project.folder / "fakes")  # before the fake that is installed
    run = own_project.rehearse("--fake", PYTHONPATH=edited)
    assert (run.exit_code, run.having("failed")) == (1, ["handshake.read-only-off"]), run.output
    assert run.evidence["diagnosis"]["code"] == "read-only-api"


@pytest.mark.parametrize(
    ("fault", "code"), [("other-master", "master-client-id"), ("untrusted", "untrusted-address")]
)
def test_smoke_test_claims_the_same(
    fault: str, code: str, fake: Started, secrets: Callable[..., Path], tmp_path: Path
) -> None:
    gateway = fake(fault, "--settings-dir", str(tmp_path / "Jts"))
    path = secrets(gateway.port, GatewayFolder=str(tmp_path / "Jts"))
    done = Project(ROOT).run("golive", "smoke", "--secrets", str(path))
    assert (done.exit_code, f"Diagnosis: {code}" in done.output) == (2, True), done.output


def test_smoke_test_says_what_it_could_not_learn(
    fake: Started, secrets: Callable[..., Path], tmp_path: Path
) -> None:
    gateway = fake("healthy", "--server-version", "203")
    path = secrets(gateway.port, GatewayFolder=str(tmp_path / "nothing"))
    done = Project(ROOT).run("golive", "smoke", "--secrets", str(path))
    assert done.exit_code == 0, done.output
    said = [line for line in done.output.splitlines() if line.startswith("Note: ")]
    look = "Note: not observed; check in the gateway's API settings: "
    assert said == [f"{look}master API client id 10 or blank, 127.0.0.1 among the trusted IPs"]


def noted(run: Rehearsal) -> list[str]:
    """But for what a run says of a fake whose command line it sees."""
    return [each for each in run.evidence["noted"] if "a fake gateway listens" not in each]


def test_read_only_mode_that_only_files_and_log_tell_is_noted_and_no_obstacle(
    fake: Started, secrets: Callable[..., Path], project: Project, tmp_path: Path
) -> None:
    gateway = fake("healthy", "--settings-dir", str(tmp_path / "Jts"))
    (xml,) = (tmp_path / "Jts").rglob("ibg.xml")
    text = xml.read_text(encoding="utf-8")
    xml.write_text(text.replace('readOnlyApi="false"', 'readOnlyApi="true"'), encoding="utf-8")
    (log,) = (tmp_path / "Jts").glob("ibgateway.*.log")
    said = log.read_text(encoding="utf-8")
    log.write_text(said.replace("Read-Only mode: false", "Read-Only mode: true"), encoding="utf-8")
    path = str(secrets(gateway.port, GatewayFolder=str(tmp_path / "Jts")))
    run = project.rehearse("--secrets", path)
    assert run.exit_code == 0, run.output
    (note,) = noted(run)
    assert "grants order ids" in note
    assert "ibg.xml and its log its Read-Only API is on: check its API settings" in note
    smoke = project.run("golive", "smoke", "--secrets", path)
    assert (smoke.exit_code, f"Note: {note}" in smoke.output) == (0, True), smoke.output


def test_files_and_log_that_agree_with_the_gateway_are_not_noted(
    fake: Started, secrets: Callable[..., Path], project: Project, tmp_path: Path
) -> None:
    gateway = fake("healthy", "--settings-dir", str(tmp_path / "Jts"))
    path = str(secrets(gateway.port, GatewayFolder=str(tmp_path / "Jts")))
    run = project.rehearse("--secrets", path)
    assert (run.exit_code, noted(run)) == (0, []), run.output
