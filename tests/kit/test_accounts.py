"""What an account looks like: golive and the fake have a definition each, held to one table."""

from __future__ import annotations

import pytest

from fake_ib_gateway.record.identities import Identities
from golive.kit import accounts
from golive.kit.masking import MASK, masked, without
from golive.reports.redaction import Redaction

ACCOUNTS = {
    "U21146542": "live",
    "U1234567": "live",
    "F1234567": "live",
    "F1234567A": "live",
    "FA1234567": "live",
    "I1234567": "live",
    "DU1234567": "paper",
    "DUM123456": "paper",
    "DUP123456": "paper",
    "DUN123456": "paper",
    "DF1234567": "paper",
    "DF1234567A": "paper",
    "DFP123456": "paper",
    "DI1234567": "paper",
}
NO_ACCOUNTS = (
    "SU21146542", "IE0031442068", "U212", "AU1234567", "U1234567890", "DX1234567", "DUMM123456",
    "SPY", "265598", "GATEWAY10193", "U", "D1234567", "UM1",
)  # fmt: skip


def is_one_to_the_fake(word: str) -> bool:
    """Whether its recorder puts another in its place, before it was told of any account."""
    payload = f"4\0{word}\0".encode()
    identities = Identities()
    identities.learn(payload, 200)
    return identities.replaced(payload) != payload


@pytest.mark.parametrize("account", ACCOUNTS)
def test_account_is_known_as_one_to_both_sides(account: str) -> None:
    assert accounts.is_one(account)
    assert accounts.is_one(account.lower())
    assert is_one_to_the_fake(account)


@pytest.mark.parametrize("word", NO_ACCOUNTS)
def test_other_word_is_none_to_either_side(word: str) -> None:
    assert not accounts.is_one(word)
    assert not is_one_to_the_fake(word)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_account_that_nobody_told_of_is_masked_wherever_text_is_shown(account: str) -> None:
    for written in (account, account.lower(), f"x_{account}", f"({account})"):
        assert account.lower() not in without([], f"log: {written}, more").lower()
        assert account.lower() not in masked(["client", written]).lower()
        assert account.lower() not in Redaction([]).text(f"about {written}.").lower()


@pytest.mark.parametrize("account", ACCOUNTS)
def test_account_is_masked_where_it_is_percent_encoded_in_part(account: str) -> None:
    written = f"{account[:2]}%{ord(account[2]):x}{account[3:]}"
    for shown in (
        without([], f"log: {written}"),
        masked(["client", written]),
        Redaction([]).text(f"about {written}."),
    ):
        assert MASK in shown
        assert account[3:] not in shown


@pytest.mark.parametrize(("account", "kind"), ACCOUNTS.items())
def test_paper_is_told_from_live_by_the_same_definition(account: str, kind: str) -> None:
    assert accounts.is_paper(account) is (kind == "paper")
    assert accounts.is_paper(f" {account.lower()} ") is (kind == "paper")


@pytest.mark.parametrize("account", ["U21146542", "DUM123456", "DFP123456", "FA1234567"])
def test_pseudonym_keeps_the_letters_of_the_kind_and_nothing_else(account: str) -> None:
    letters = account.rstrip("0123456789")
    assert Redaction([], [account]).text(account) == f"{letters}***1"
    assert accounts.kind(account) == letters


@pytest.mark.parametrize(
    ("account", "is_so"),
    [("U21146542", True), ("<script>", True), ("All", True), ("", False), (" ", False),
     ("u21146542", False), ("U21146542 ", False), ("DU 123456", False)],
)  # fmt: skip
def test_name_that_is_an_account_but_for_blanks_and_small_letters_is_not_as_written(
    account: str, is_so: bool
) -> None:
    assert accounts.is_as_written(account) is is_so
