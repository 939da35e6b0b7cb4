"""Faults of what is set in the gateway, and of who is logged in: heard by the official client."""

from __future__ import annotations

from pathlib import Path

from fake_ib_gateway import FakeGateway
from tests.support.heard import positions
from tests.support.proving import proves
from tests.support.steered import PlainClient


@proves("wrong-account", "wrong-account=DU1")
def test_wrong_account_is_told_and_holds_the_positions(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    account = faults.partition("=")[2] or "U99999999"
    assert {row[0] for row in positions(client)} == {account}
    assert client.all("managedAccounts") == [[account]]


@proves("other-master=99", "untrusted=192.0.2.7")
def test_what_is_set_otherwise_is_told_and_keeps_nobody_out(faults: str, tmp_path: Path) -> None:
    with FakeGateway(faults=[faults], settings_dir=tmp_path) as gateway, PlainClient() as client:
        client.connect(gateway.port)
        assert len(positions(client)) == 24
    files = [*tmp_path.rglob("ibg.xml"), *tmp_path.rglob("jts.ini")]
    told = "".join(path.read_text(encoding="utf-8") for path in files)
    others = ('masterClientID="99"' in told, "TrustedIPs=192.0.2.7" in told)
    assert others == (faults.startswith("other-master"), faults.startswith("untrusted"))


@proves("read-only")
def test_read_only_gateway_refuses_what_might_write_and_shows_positions(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error", 3)
    client.ask("reqIds", -1)
    client.ask("reqOpenOrders")
    client.ask("reqAllOpenOrders")
    client.ask("reqCompletedOrders", False)
    client.ask("reqAutoOpenOrders", False)
    assert len(positions(client)) == 24
    refusals = client.all("error")[3:]
    assert [(request_id, code) for request_id, code, _ in refusals] == [(-1, 321)] * 5
    assert all("The API interface is currently in Read-Only mode" in it[2] for it in refusals)
    assert client.all("nextValidId") == [[1]]
