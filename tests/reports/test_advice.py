"""Advice in two parts: a command is found where one is, and nowhere else."""

from __future__ import annotations

import pytest

from golive.reports import advice
from tests.reports.test_sign_off import text_of
from tests.support.runs_on_disk import a_no_go


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Run this once, not before 16:58 local: golive check", "golive check"),
        ("Look for zombies: ss -tanp state close-wait 'sport = :4001'",
         "ss -tanp state close-wait 'sport = :4001'"),
        ("Do not try again now: every attempt may leave a zombie.", ""),
        ("Close IB Gateway.", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_command_is_what_follows_a_colon_and_is_no_sentence(text: str, command: str) -> None:
    found = advice.of(text)
    assert found.command == command
    assert " ".join(filter(None, found)) == text


def test_contact_is_listed_once_on_the_sign_off() -> None:
    found = a_no_go(failed="handshake.connect-ack")
    assert found.diagnosis is not None
    support = "IBKR support for gateway issues: 877-442-2757."
    more = {"if_that_fails": ["Switch to TWS.", f"{support} TWS needs no call."]}
    told = found.diagnosis.model_copy(update={**more, "contacts": [support]})
    page = text_of(found.model_copy(update={"diagnosis": told}))
    assert page.count("877-442-2757") == 1
    assert "Switch to TWS." in page
