"""The read-only surface: how each request is answered once a session has started.

To serve one more, write a function from client, request and time to what is sent, and enter it
under the request's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from fake_ib_gateway.answering.actions import Action
from fake_ib_gateway.answering.login import Client
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.protobuf import config_pb2
from fake_ib_gateway.protocol.requests import Request
from fake_ib_gateway.world.book import Book

Answer = Callable[[Client, Request, float], Iterable[Action]]

ANSWERS: dict[str, Answer] = {}

MOST_SUMMARIES = 2
"""Subscriptions to the account summary that a client may have at a time (documented)."""

LEDGER = {"CashBalance", "NetLiquidation", "RealizedPnL", "TotalCashValue", "UnrealizedPnL"}
"""What is told of an account where only its ledger is asked for."""


def _answers(*names: str) -> Callable[[Answer], Answer]:
    def enter(answer: Answer) -> Answer:
        ANSWERS.update(dict.fromkeys(names, answer))
        return answer

    return enter


def _writing(answer: Answer) -> Answer:
    """Of requests that a gateway in Read-Only mode refuses (ib_insync #1, #7, #224)."""

    def unless_read_only(client: Client, request: Request, now: float) -> Iterable[Action]:
        if client.gateway.settings.read_only:
            return [client.error(errors.READ_ONLY, now)]
        return answer(client, request, now)

    return unless_read_only


@_answers("SET_SERVER_LOGLEVEL", "REQ_MARKET_DATA_TYPE")
def _silently(client: Client, request: Request, now: float) -> Iterable[Action]:
    return ()


@_answers("REQ_IDS")
@_writing
def _ids(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [client.speech.next_valid_id(client.gateway.next_order_id)]


@_answers("REQ_MANAGED_ACCTS")
def _managed_accounts(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [client.speech.managed_accounts(client.gateway.accounts)]


@_answers("REQ_CURRENT_TIME")
def _current_time(client: Client, request: Request, now: float) -> Iterable[Action]:
    """A second request within a second is dropped without a word (ib_insync #479)."""
    if 0 <= now - client.time_asked < client.gateway.seconds_between_times:
        return []
    client.time_asked = now
    return [client.speech.current_time(int(now))]


@_answers("REQ_CURRENT_TIME_IN_MILLIS")
def _current_time_in_millis(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [client.speech.current_time_in_millis(int(now * 1000))]


@_answers("REQ_POSITIONS")
def _positions(client: Client, request: Request, now: float) -> Iterable[Action]:
    """From then on what changes is told."""
    client.follows_positions = True
    return [client.speech.positions(client.gateway.books)]


@_answers("CANCEL_POSITIONS")
def _no_positions(client: Client, request: Request, now: float) -> Iterable[Action]:
    client.follows_positions = False
    return ()


@_answers("REQ_POSITIONS_MULTI")
def _positions_multi(client: Client, request: Request, now: float) -> Iterator[Action]:
    say, number, model = client.speech, request.request_id, request["model"]
    for book in _books(client, request["account"], model):
        for row in book.positions:
            yield say.position_multi(number, book.account, row, model)
    yield say.position_multi_end(number)


@_answers("REQ_ACCT_DATA")
def _account_data(client: Client, request: Request, now: float) -> Iterator[Action]:
    """Subscribing is answered at once with everything; unsubscribing with nothing."""
    say, account = client.speech, request["account"]
    if request["subscribe"] != "1":
        return
    if not account and len(client.gateway.books) > 1:
        yield client.error(errors.NO_ACCOUNT, now)
        return
    books = _books(client, account)
    if not books:
        yield client.error(errors.UNKNOWN_ACCOUNT.about(account), now)
    for book in books:
        yield from (say.account_value(book.account, line) for line in book.values)
        yield from (say.portfolio_value(book.account, row) for row in book.positions)
        yield say.account_update_time(f"{datetime.fromtimestamp(now, UTC):%H:%M}")
        yield say.account_download_end(book.account)


@_answers("REQ_ACCOUNT_UPDATES_MULTI")
def _account_updates_multi(client: Client, request: Request, now: float) -> Iterator[Action]:
    say, number, model = client.speech, request.request_id, request["model"]
    for book in _books(client, request["account"], model):
        for line in book.values:
            if request["ledger"] != "1" or line.key in LEDGER:
                yield say.account_update_multi(number, book.account, model, line)
    yield say.account_update_multi_end(number)


@_answers("REQ_ACCOUNT_SUMMARY")
def _account_summary(client: Client, request: Request, now: float) -> Iterator[Action]:
    """Of all accounts, whatever the group's name; from then on what changes is told."""
    say, number = client.speech, request.request_id
    summaries = client.summaries
    if number not in summaries and len(summaries) >= MOST_SUMMARIES:
        yield client.error(errors.TOO_MANY_SUMMARIES, now, number)
        return
    tags = summaries[number] = frozenset(tag.strip() for tag in request["tags"].split(","))
    for book in client.gateway.books:
        for line in book.values:
            if line.key in tags:
                yield say.account_summary(number, book.account, line)
    yield say.account_summary_end(number)


@_answers("CANCEL_ACCOUNT_SUMMARY")
def _no_account_summary(client: Client, request: Request, now: float) -> Iterable[Action]:
    client.summaries.pop(request.request_id, None)
    return ()


@_answers("REQ_OPEN_ORDERS", "REQ_ALL_OPEN_ORDERS")
@_writing
def _open_orders(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [client.speech.open_order_end()]


@_answers("REQ_COMPLETED_ORDERS")
@_writing
def _completed_orders(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [client.speech.completed_orders_end()]


@_answers("REQ_AUTO_OPEN_ORDERS")
@_writing
def _auto_open_orders(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [] if client.client_id == 0 else [client.error(errors.NO_AUTO_BIND, now)]


@_answers("REQ_EXECUTIONS")
def _executions(client: Client, request: Request, now: float) -> Iterable[Action]:
    return [client.speech.executions_end(request.request_id)]


@_answers("REQ_CONFIG")
def _config(client: Client, request: Request, now: float) -> Iterable[Action]:
    gateway, settings = client.gateway, client.gateway.settings
    told = config_pb2.ApiSettings(
        read_only=settings.read_only,
        socket_port=gateway.port,
        master_client_id=settings.master_client_id,
        create_api_message_log_file=True,
        reject_messages_above_max_rate=True,
        allow_localhost_only=True,
        trusted_ips=settings.trusted_ips,
    )
    return [client.speech.config(request.request_id, told)]


@_answers("PLACE_ORDER", "CANCEL_ORDER", "REQ_GLOBAL_CANCEL", "EXERCISE_OPTIONS")
def _refuse(client: Client, request: Request, now: float) -> Iterable[Action]:
    """No order is ever taken."""
    refused = errors.READ_ONLY if client.gateway.settings.read_only else errors.ORDER_REFUSED
    return [client.error(refused, now, request.request_id)]


def _books(client: Client, account: str, model: str = "") -> list[Book]:
    """Of one account, or of all where none is named; no account here holds a model."""
    if model:
        return []
    return [book for book in client.gateway.books if account in ("", book.account)]
