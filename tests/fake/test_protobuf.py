"""The fake's protobuf: generated from what is checked in, and numbered as the official client's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from fake_ib_gateway.protocol.protobuf import __main__ as protobuf
from fake_ib_gateway.protocol.protobuf import (
    account_pb2,
    config_pb2,
    contract_pb2,
    orders_pb2,
    session_pb2,
)
from tests.support.clients import environments
from tests.support.official import NEW, Codec
from tests.support.projects import ROOT, environment
from tests.support.steered import official_client
from tests.support.talking import Talking

MODULES = (account_pb2, config_pb2, contract_pb2, orders_pb2, session_pb2)
OURS: dict[str, Descriptor] = {
    name: descriptor
    for module in MODULES
    for name, descriptor in module.DESCRIPTOR.message_types_by_name.items()
}

CLASSES = {
    "ApiSettings": "ApiSettingsConfig",
    "Empty": "PositionEnd",
    "Error": "ErrorMessage",
    "LockAndExit": "LockAndExitConfig",
    "LogLevelRequest": "SetServerLogLevelRequest",
    "RequestId": "ExecutionDetailsEnd",
}
"""Classes that the official client calls otherwise; of those without fields, one for all."""

FIELDS = {
    "AccountDataEnd": "account=accountName",
    "AccountDataRequest": "account=acctCode",
    "AccountUpdateMulti": "model=modelCode",
    "AccountUpdateTime": "time=timeStamp",
    "AccountUpdatesMultiRequest": "model=modelCode ledger=ledgerAndNLV",
    "AccountValue": "account=accountName",
    "ApiSettings": "read_only=readOnlyApi trusted_ips=trustedIPs",
    "AutoOpenOrdersRequest": "bind=autoBind",
    "Contract": "expiry=lastTradeDateOrContractMonth primary_exchange=primaryExch",
    "CurrentTime": "seconds=currentTime",
    "CurrentTimeInMillis": "milliseconds=currentTimeInMillis",
    "Error": "request_id=id milliseconds=errorTime code=errorCode text=errorMsg"
    " reject_json=advancedOrderRejectJson",
    "ExecutionFilter": "account=acctCode",
    "ExecutionRequest": "filter=executionFilter",
    "IdsRequest": "count=numIds",
    "LogLevelRequest": "level=logLevel",
    "ManagedAccounts": "accounts=accountsList",
    "MarketDataTypeRequest": "type=marketDataType",
    "OpenOrder": "state=orderState",
    "Order": "quantity=totalQuantity limit_price=lmtPrice time_in_force=tif",
    "OrderStatus": "average_price=avgFillPrice last_price=lastFillPrice"
    " market_cap_price=mktCapPrice",
    "PortfolioValue": "quantity=position unrealized=unrealizedPNL realized=realizedPNL"
    " account=accountName",
    "Position": "quantity=position average_cost=avgCost",
    "PositionMulti": "quantity=position average_cost=avgCost model=modelCode",
    "PositionsMultiRequest": "model=modelCode",
    "StartApiRequest": "options=optionalCapabilities",
}
"""Fields that the official client calls otherwise than we do, in camel case or at all."""


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return {"request_id": "reqId"}.get(name, first + "".join(map(str.capitalize, rest)))


def theirs(name: str | None) -> str | None:
    return CLASSES.get(name, name) if name else None


@pytest.fixture(scope="module")
def codec() -> Iterator[Codec]:
    with Codec(NEW) as codec:
        yield codec


@pytest.mark.parametrize("name", sorted(OURS))
def test_fields_have_the_official_clients_numbers_and_types(name: str, codec: Codec) -> None:
    called = dict(pair.split("=") for pair in FIELDS.get(name, "").split())
    (official,) = codec.ask("fields", [(theirs(name),)])
    for field in OURS[name].fields:
        kind = theirs(field.message_type.name if field.message_type else None)
        ours = [field.number, field.type, field.default_value == [], kind]
        assert official[called.get(field.name, camel(field.name))] == ours, field.name


def test_modules_are_those_that_the_proto_files_make(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="its protobuf is there for Python before 3.14")
    assert protobuf.generate(tmp_path) == 0
    made = {path.name: path for path in tmp_path.rglob("*_pb2.py*")}
    checked_in = {path.name: path for path in protobuf.HERE.glob("*_pb2.py*")}
    assert len(checked_in) == 2 * len(MODULES)
    assert {name: path.read_text(encoding="utf-8") for name, path in made.items()} == {
        name: path.read_text(encoding="utf-8") for name, path in checked_in.items()
    }


PROTOBUFS = {
    "4.21.1": pytest.param("protobuf-lowest", marks=pytest.mark.nightly),
    "5.29": "ibapi-10.37.2",
    "6.33": "ib_async",
    "7.36": "ibapi-10.50.2",
}
"""The environments that have these versions, the lowest that works among them."""

TIMES = {"currentTime", "currentTimeInMillis", "updateAccountTime"}


def read_from(python: str) -> dict[str, Any]:
    """All that the newest official client reads from a fake run by this interpreter."""
    env = environment(PYTHONPATH=str(ROOT / "fakes"))
    with Talking(python, "-m", "fake_ib_gateway", "--stop-with-stdin", env=env) as gateway:
        port = gateway.says(0).rpartition(":")[2]
        got = official_client(int(port), NEW)
    del got["connection_time"]
    for asked in got["asked"]:
        asked["came"] = [each for each in asked["came"] if each[0] not in TIMES]
    read: dict[str, Any] = json.loads(json.dumps(got).replace(port, "PORT"))
    return read


@pytest.mark.parametrize("name", PROTOBUFS.values(), ids=PROTOBUFS)
def test_client_reads_the_same_whatever_protobuf_the_fake_runs_with(name: str) -> None:
    read = read_from(str(environments.python(name)))
    assert len(read["positions"]) == 24
    assert read == read_from(sys.executable)
