"""A fake gateway as a fixture, in every project that has this package installed.

pytest loads this module in all of them, even if no test uses a gateway, so only the fixtures import
the fake itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fake_ib_gateway.library import FakeGateway


@pytest.fixture(scope="session")
def make_fake_gateway() -> Iterator[Callable[..., FakeGateway]]:
    """Makes running gateways, with the arguments of `FakeGateway`; they end with the session."""
    from fake_ib_gateway.library import FakeGateway

    with ExitStack() as stack:

        def make(*arguments: Any, **options: Any) -> FakeGateway:
            return stack.enter_context(FakeGateway(*arguments, **options))

        yield make


@pytest.fixture(scope="session")
def _fake_gateway_of_the_session(
    make_fake_gateway: Callable[..., FakeGateway],
) -> FakeGateway:
    return make_fake_gateway()


@pytest.fixture
def fake_gateway(_fake_gateway_of_the_session: FakeGateway) -> FakeGateway:
    """A healthy gateway with 24 positions; made once, and reset before each test."""
    _fake_gateway_of_the_session.reset()
    return _fake_gateway_of_the_session
