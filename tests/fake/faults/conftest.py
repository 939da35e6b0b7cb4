"""A gateway with the faults that a test proves, and the official client connecting to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fake_ib_gateway import FakeGateway
from tests.support.steered import PlainClient


@pytest.fixture
def gateway(faults: str) -> Iterator[FakeGateway]:
    """In this process; the clients are in others."""
    with FakeGateway(faults=faults.split()) as gateway:
        yield gateway


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[PlainClient]:
    """The official client, which is connecting."""
    with PlainClient() as client:
        client.connect(gateway.port)
        yield client
