"""The session is judged on all of it: what comes behind the positions' end, up to the close."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest

from golive.client import position_answer
from golive.client.answers import MOST_CHANGES, MOST_ROWS, Behind, Position, Positions
from golive.client.connection import TIMES, Connection
from golive.client.messages import CONFIG_REQUEST
from golive.client.position_answer import PositionAnswer, TooManyRows
from golive.client.transport import MOST_AT_LAST
from golive.discipline.attempts import Attempts
from tests.support.fakes import Fake
from tests.support.gateways import Scripted, handshake, heard, message

Started = Callable[..., Fake]
ACCOUNT = "U21146542"
END = message(1, number=62)
IDS = message(1, 1, number=9) * 2


def row(con_id: int, quantity: str, cost: float = 1.5, account: str = ACCOUNT) -> bytes:
    contract = (con_id, "SPY", "STK", "", 0.0, "", "", "ARCA", "USD", "SPY", "SPY")
    return message(3, account, *contract, quantity, cost, number=61)


def said(code: int, request_id: int = -1) -> bytes:
    return message(request_id, code, "text", "", 0, number=4)


def told(*answers: bytes, at_last: bytes = b"") -> tuple[Positions, Behind, Behind]:
    """What is found, after each request the next answer; and what had come by the close."""

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        for number, answer in enumerate(answers):
            heard(gateway, 1 if number % 2 == 0 else TIMES)  # positions and ids, by turns
            gateway.sendall(answer)
        assert asked.wait(60)
        gateway.sendall(at_last)
        sent.set()
        gateway.recv(4096)

    asked, sent = threading.Event(), threading.Event()
    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        found, behind = connection.settled(connection.positions(5), 5)
        asked.set()
        assert sent.wait(60)
        connection.close()
    return found, behind, connection.behind()


@pytest.mark.parametrize("code", [1100, 2110, 1300, 326, 10141, 2151, 10275, 321, 10999, 9999])
def test_what_is_said_behind_the_end_stands_in_the_way(code: int) -> None:
    found, behind, _ = told(row(1, "5") + END, said(code) + IDS)
    assert found.is_complete
    assert not behind.is_quiet(ACCOUNT, found)
    assert behind.against is not None
    assert behind.against.code == code


def test_what_is_said_while_the_connection_is_closed_counts_as_well() -> None:
    found, behind, at_last = told(row(1, "5") + END, IDS, at_last=said(10275))
    assert behind.is_quiet(ACCOUNT, found)
    assert not at_last.is_quiet(ACCOUNT, found)


def test_positions_that_are_refused_under_the_number_of_the_settings_are_not_complete() -> None:
    found, behind, _ = told(END, said(10275, CONFIG_REQUEST) + IDS)
    assert not behind.is_quiet(ACCOUNT, found)


@pytest.mark.parametrize("code", [1101, 1102])
def test_link_that_comes_back_at_the_close_leaves_positions_of_before(code: int) -> None:
    found, behind, at_last = told(row(1, "5") + END, IDS, at_last=said(code))
    assert behind.is_quiet(ACCOUNT, found)
    assert not at_last.is_quiet(ACCOUNT, found)


def test_row_behind_the_end_is_no_part_of_the_answer_and_a_change_if_it_is_one() -> None:
    found, behind, _ = told(row(1, "5") + END + row(1, "6") + row(2, "1"), IDS)
    assert [str(each.quantity) for each in found.open_in(ACCOUNT)] == ["5"]
    assert [str(each.quantity) for each in behind.changes(ACCOUNT, found)] == ["6", "1"]


@pytest.mark.parametrize(
    "row_behind", [row(1, "5"), row(1, "5", 9.5), row(7, "0"), row(1, "9", account="U7")]
)
def test_row_behind_the_end_that_changes_no_quantity_of_the_account_is_harmless(
    row_behind: bytes,
) -> None:
    found, behind, at_last = told(row(1, "5") + END + row_behind, IDS, at_last=row_behind)
    assert behind.is_quiet(ACCOUNT, found)
    assert at_last.is_quiet(ACCOUNT, found)


@pytest.mark.parametrize(
    "row_behind",
    [row(1, "0"), row(1, ""), row(1, "-5"), row(8, "NaN"), row(8, "1", account="")],
)
def test_position_that_is_closed_turned_or_unreadable_behind_the_end_is_a_change(
    row_behind: bytes,
) -> None:
    found, behind, at_last = told(row(1, "5") + END, IDS, at_last=row_behind)
    assert behind.is_quiet(ACCOUNT, found)
    assert at_last.changes(ACCOUNT, found) != ()


def test_change_behind_the_end_is_one_though_it_is_taken_back_at_once() -> None:
    opened, sold = row(2, "1") + row(2, "0"), row(1, "6") + row(1, "5")
    for there_and_back in (opened, sold):
        found, behind, at_last = told(row(1, "5") + END + there_and_back, IDS)
        assert len(behind.changes(ACCOUNT, found)) == len(at_last.changes(ACCOUNT, found)) == 1


def test_change_behind_many_rows_of_other_accounts_is_not_lost() -> None:
    others = b"".join(row(con_id, "1", account="U7") for con_id in range(1000, 1500))
    found, behind, _ = told(row(1, "5") + END + others + row(1, "6"), IDS)
    assert [str(each.quantity) for each in behind.changes(ACCOUNT, found)] == ["6"]


def test_flood_of_changes_behind_the_end_leaves_a_few() -> None:
    found = Positions(has_ended=True)
    behind = Behind(tuple(decoded(con_id) for con_id in range(1, 5001)))
    assert len(behind.changes(ACCOUNT, found)) == MOST_CHANGES


def test_more_rows_behind_the_end_than_any_book_has_are_a_flood() -> None:
    answer = PositionAnswer()
    answer.has_ended = True
    for con_id in range(1, MOST_ROWS + 1):
        answer.add(decoded(con_id))
    with pytest.raises(TooManyRows, match=f"{MOST_ROWS:,}"):
        answer.add(decoded(MOST_ROWS + 1))
    assert answer.is_flood
    assert len(answer.behind) < 100


def decoded(con_id: int) -> Position:
    contract = (con_id, "SPY", "STK", "", 0.0, "", "", "ARCA", "USD", "SPY", "SPY")
    return Position(ACCOUNT, *contract, Decimal(5), 1.5)


def test_two_rows_of_one_contract_that_differ_contradict_each_other() -> None:
    found, _, _ = told(row(1, "5") + row(2, "1") + row(1, "0") + END, IDS)
    ((one, other),) = found.contradictions
    assert (str(one.quantity), str(other.quantity)) == ("5", "0")
    assert not found.is_complete


def test_row_that_is_told_twice_alike_counts_once() -> None:
    found, _, _ = told((row(1, "5") + row(2, "-3", float("nan"))) * 2 + END, IDS)
    assert found.is_complete
    assert len(found.open_in(ACCOUNT)) == 2


@pytest.mark.parametrize("codes", [(1100, 1102), (2110, 1102), (1100, 1101), (1101,)])
def test_positions_are_asked_again_where_the_link_came_back_meanwhile(
    codes: tuple[int, ...],
) -> None:
    flaps = b"".join(map(said, codes))
    found, behind, _ = told(row(1, "5") + flaps + END, IDS, row(1, "6") + END, IDS)
    assert [str(each.quantity) for each in found.open_in(ACCOUNT)] == ["6"]
    assert found.is_complete
    assert behind.is_quiet(ACCOUNT, found)


def test_link_that_comes_and_goes_each_time_is_not_believed() -> None:
    answer = row(1, "5") + END + said(1101)
    found, behind, _ = told(answer, IDS, answer, IDS, answer, IDS)
    assert found.has_ended
    assert not behind.is_quiet(ACCOUNT, found)


def test_asking_again_and_again_takes_no_longer_than_asking_once() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.settimeout(None)
        positions, ids = row(1, "5") + END, said(1101) + IDS
        for number, answer in enumerate((positions, ids, positions, ids, positions, ids)):
            heard(gateway, 1 if number % 2 == 0 else TIMES)
            if number and is_over.wait(0.4):
                return
            answered.append(number)
            with suppress(OSError):
                gateway.sendall(answer)

    is_over, answered = threading.Event(), list[int]()
    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        found = connection.positions(5)
        found, behind = connection.settled(found, 0.6)
        is_over.set()
        connection.close()
    assert len(answered) < 6  # which is as many as six times that long would do for
    assert not (found.is_complete and behind.is_quiet(ACCOUNT, found))


@pytest.mark.parametrize(
    ("names", "is_other"),
    [("U21146542,U1,U2,", False), ("U2,U21146542,U1", False), ("U21146542,U1", True), ("", True)],
)
def test_accounts_told_again_are_others_only_where_one_is_missing_or_more(
    names: str, is_other: bool
) -> None:
    three = message(1, "U1,U2,U21146542", number=15)
    again = message(1, names, number=15)

    def script(gateway: socket.socket) -> None:
        handshake(gateway, three + message(1, 1, number=9))
        heard(gateway)
        gateway.sendall(END)
        heard(gateway, TIMES)
        gateway.sendall(again + IDS)
        gateway.recv(4096)

    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        _, behind = connection.settled(connection.positions(5), 5)
        connection.close()
    assert behind.has_other_accounts is is_other


def test_other_accounts_are_not_forgotten_where_the_first_are_named_again() -> None:
    there, back = message(1, "U9", number=15), message(1, ACCOUNT, number=15)
    found, behind, at_last = told(there + back + row(1, "5") + END, IDS)
    assert found.is_complete
    assert behind.has_other_accounts
    assert not at_last.is_quiet(ACCOUNT, found)


def test_message_that_is_cut_off_at_the_close_is_none_that_was_heard() -> None:
    found, behind, at_last = told(row(1, "5") + END, IDS, at_last=said(10275)[:-5])
    assert behind.is_quiet(ACCOUNT, found)
    assert "cut off" in at_last.reason


def test_more_than_is_heard_at_the_close_is_a_flood() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        while gateway.recv(65536):
            pass
        flood = row(1, "5") * 4000
        for _ in range(MOST_AT_LAST // len(flood) + 9):
            gateway.sendall(flood)
        gateway.sendall(said(10275))

    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        connection.close()
    behind = connection.behind()
    assert behind.is_flood
    assert not behind.is_quiet(ACCOUNT, Positions(has_ended=True))


def test_ids_that_came_unasked_are_no_answer_of_a_gateway_that_has_gone_mute() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        assert is_open.wait(60)
        gateway.sendall(IDS)
        sent.set()
        heard(gateway, TIMES)
        gateway.recv(4096)

    is_open, sent = threading.Event(), threading.Event()
    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        is_open.set()
        assert sent.wait(60)
        access = connection.access(0.3)
        connection.close()
    assert not access.is_granted
    assert "no answer" in access.reason


def test_gateway_that_goes_mute_behind_the_positions_is_not_settled() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        heard(gateway)
        gateway.sendall(row(1, "5") + END)
        heard(gateway, TIMES)
        gateway.recv(4096)

    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        found, behind = connection.settled(connection.positions(5), 0.2)
        connection.close()
    assert found.is_complete
    assert "no answer" in behind.reason


def test_rows_without_end_are_refused_and_a_few_are_kept(fake: Started) -> None:
    connection = Connection("127.0.0.1", fake("flood-of-rows").port, 10, Attempts())
    connection.open(30)
    found = connection.positions(120)
    connection.close()
    assert found.is_flood
    assert not found.is_complete
    assert f"more than {MOST_ROWS:,} rows" in found.reason
    assert 0 < len(found.rows) < 100


def test_rows_that_are_long_without_end_are_refused_by_their_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(position_answer, "MOST_BYTES", 1_000_000)
    long = "x" * 100_000

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        heard(gateway)
        with suppress(OSError):  # the client leaves in the middle
            for number in range(1, 1000):
                contract = (number, long, "STK", "", 0.0, "", "", "", "USD", "", "")
                gateway.sendall(message(3, ACCOUNT, *contract, "5", 1.5, number=61))

    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(5)
        found = connection.positions(60)
        connection.close()
    assert found.is_flood
    assert "MiB" in found.reason
