"""What a gateway says is kept in bounds, and what matters of it is never lost."""

from __future__ import annotations

from golive.client.gateway_messages import FIRST, LAST, LONGEST, GatewayMessages
from golive.client.messages import CONFIG_REQUEST, ApiError


def heard(*messages: tuple[int, str]) -> GatewayMessages:
    said = GatewayMessages()
    for number, (code, text) in enumerate(messages):
        said.add(ApiError(-1, code, text), float(number))
    return said


def test_hundred_thousand_different_notices_leave_the_first_the_last_and_a_count() -> None:
    said = heard(*((2104, f"farm is OK:farm{n}") for n in range(100_000)))
    assert len(said.remarks) == FIRST + LAST
    assert said.remarks[-1].error.text == "farm is OK:farm99999"
    assert list(said.noted()) == [
        f"the gateway sent 100,000 messages; {100_000 - FIRST - LAST:,} of them were left out"
    ]


def test_what_is_said_again_is_counted_and_not_kept_again() -> None:
    said = heard(*([(202, "cancelled"), (399, "waits")] * 500))
    assert [(each.error.code, each.times) for each in said.remarks] == [(202, 500), (399, 500)]


def test_obstacle_in_the_midst_of_a_flood_is_not_lost() -> None:
    flood = [(2104, f"farm is OK:farm{n}") for n in range(1000)]
    said = heard(*flood, (2151, "not available yet"), *flood)
    assert said.against is not None
    assert said.against.code == 2151


def test_late_word_about_the_settings_refuses_nothing_that_is_asked_for_later() -> None:
    said = GatewayMessages()
    said.ask()
    said.add(ApiError(CONFIG_REQUEST, 321, "no settings for you"), 1.0)
    assert said.refusal is None
    assert said.config_refusal is not None


def test_link_is_what_was_said_of_it_last() -> None:
    lost, restored = (1100, "lost"), (1102, "restored")
    assert heard(lost).against == ApiError(-1, 1100, "lost")
    assert heard(lost, restored).against is None
    assert heard((2110, "broken"), (1101, "restored, data lost")).against is None
    assert heard(lost, restored, lost).against is not None


def test_farm_is_noted_only_while_it_is_broken() -> None:
    broken, ok = (2103, "farm is broken:usfarm"), (2104, "farm is OK:usfarm")
    assert list(heard(broken).noted()) == ["market data farm usfarm is broken (2103)"]
    assert list(heard(broken, ok).noted()) == []
    assert list(heard(broken, ok, broken).noted()) == ["market data farm usfarm is broken (2103)"]


def test_text_of_ten_thousand_characters_is_shortened_and_made_printable() -> None:
    (remark,) = heard((9999, "\x1b[2J" + "x" * 10_000)).remarks
    assert len(remark.error.text) == LONGEST
    assert remark.error.text.isprintable()
