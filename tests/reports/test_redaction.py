"""What leaves the machine names no account and no person, and can still be read."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golive.evidence.record import Evidence
from golive.kit.masking import MASK
from golive.kit.written import opened_of
from golive.reports.redaction import LONG, Redaction, redacted
from tests.support.projects import Project
from tests.support.runs_on_disk import a_no_go

NAMES = st.text(min_size=LONG, max_size=30).filter(lambda each: re.search(r"[^\W_]", each))
SHORT_NAMES = st.text("abcdefgh", min_size=2, max_size=LONG - 1)
ACCOUNTS = st.from_regex(r"(D[UFI][A-Z]?|FA|U|F|I)[0-9]{5,9}", fullmatch=True)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def stands_in(word: str, text: str) -> bool:
    return re.search(re.escape(word), text, re.I) is not None


@given(name=NAMES, before=st.text(), after=st.text())
def test_name_survives_nowhere_however_it_is_written(name: str, before: str, after: str) -> None:
    redaction = Redaction([name])
    for written in (str, lambda each: json.dumps(each)[1:-1], html.escape, quote):
        if name.strip():
            assert not stands_in(name, redaction.text(before + written(name) + after))


def test_name_is_masked_also_in_the_letters_of_another_system() -> None:
    composed, apart = "J\u00fcrgen", "Ju\u0308rgen"
    assert Redaction([composed]).text(f"/srv/{apart}/x {composed}") == f"/srv/{MASK}/x {MASK}"
    assert Redaction([apart]).text(f"/srv/{composed}/x {apart}") == f"/srv/{MASK}/x {MASK}"


@given(name=NAMES, data=st.data())
def test_name_survives_nowhere_encoded_in_part(name: str, data: st.DataObject) -> None:
    def encoded(character: str) -> str:
        hexed = "".join(f"%{each:02x}" for each in character.encode("utf-8", "replace"))
        ways = (character, hexed, hexed.replace("%", "%25"), f"&#{ord(character)};")
        return data.draw(st.sampled_from(ways))

    written = "".join(map(encoded, name))
    if name.strip() and not {"%", "&", "\\"} & set(name):
        assert not stands_in(name, opened_of(Redaction([name]).text(f"a {written} b")).text)


@given(name=SHORT_NAMES)
def test_short_name_is_masked_as_a_word_of_its_own_only(name: str) -> None:
    shown = Redaction([name]).text(f"/srv/{name}/x {name}_2 x{name}x")
    assert shown == f"/srv/{MASK}/x {MASK}_2 x{name}x"


@given(account=ACCOUNTS, text=st.text())
def test_account_that_nobody_knew_of_is_masked_also_inside_a_word(account: str, text: str) -> None:
    assert not stands_in(account, Redaction([]).text(f"{text}_x{account}y {text}"))


@given(account=ACCOUNTS, data=DATA)
def test_account_survives_nowhere_in_plain_data(account: str, data: Any) -> None:
    document = {"account": account, account: [data, {"seen": f"of {account};"}], "n": account[2:]}
    shown = Redaction([], [account]).plain(document)
    assert not stands_in(account, json.dumps(shown, ensure_ascii=False))


@given(accounts=st.lists(ACCOUNTS, min_size=2, max_size=5, unique=True))
def test_accounts_stay_apart_from_each_other(accounts: list[str]) -> None:
    redaction = Redaction([], accounts)
    shown = [redaction.text(each) for each in accounts]
    assert len(set(shown)) == len(accounts)
    assert redaction.text(", ".join(accounts)) == ", ".join(shown)


def test_pseudonym_tells_the_kind_of_the_account_and_its_place_and_no_more() -> None:
    redaction = Redaction(["DU1234567"], ["U21146542"])
    assert redaction.text("U21146542 and du1234567") == "U***1 and DU***2"
    assert redaction.text("number 21146542, 21146542x") == "number U***1, U***1x"


def test_homes_are_told_without_whose_they_are() -> None:
    shown = Redaction([]).text
    assert shown("/home/anna/Jts/jts.ini") == "/home/***/Jts/jts.ini"
    assert shown(r"C:\Users\Anna Smith\Jts") == r"C:\Users\***\Jts"
    assert shown("in /Users/anna: none") == "in /Users/***: none"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("read ~anna/Jts/jts.ini", "read ~***/Jts/jts.ini"),
        ("GatewayFolder=~anna.smith", "GatewayFolder=~***"),
        ("~/Jts, about ~90 s, a~b", "~/Jts, about ~90 s, a~b"),
        ("file:///home/anna%20smith/Jts", "file:///home/***/Jts"),
        ("path=%2Fhome%2Fanna%2FJts", "path=%2Fhome%2F***%2FJts"),
        ("C%3A%5CUsers%5CAnna%20Smith%5CJts", "C%3A%5CUsers%5C***%5CJts"),
        ("to=%252Fhome%252Fanna%252FJts", "to=%252Fhome%252F***%252FJts"),
        ("%2fhome%2fanna: none", "%2fhome%2f***: none"),
        (r"C:\Documents and Settings\Anna Smith\Jts", r"C:\Documents and Settings\***\Jts"),
    ],
)
def test_home_is_nobodys_however_it_is_written(written: str, shown: str) -> None:
    assert Redaction([]).text(written) == shown


def test_parts_of_the_operators_name_are_masked_but_no_word_of_a_diagnosis() -> None:
    cause = "anna's gateway, port 4001: SMITH left zombies; Annabel and the smithy stay; de facto"
    found = a_no_go(code="zombies", cause=cause)
    who = found.circumstances.model_copy(update={"operator": "Anna de Gateway-Smith, J."})
    shown = redacted(found.model_copy(update={"circumstances": who})).diagnosis
    assert shown
    assert shown.cause == (
        "***'s gateway, port 4001: *** left zombies; Annabel and the ***y stay; de facto"
    )


def test_what_could_be_turned_back_into_a_name_is_masked() -> None:
    """A sha256 of settings, and the folder that a gateway names after its user."""
    shown = Redaction([]).text
    assert shown("sha256: " + "0a1b" * 16) == "sha256: ***"
    assert shown("/jts/ikiljgnfcfidambakjcpnopcdjebdglnjlanhcbh/ibg.xml") == "/jts/***/ibg.xml"


def test_names_of_the_procedure_stay_even_where_a_person_is_called_so() -> None:
    found = a_no_go(code="zombies", cause="a socket of the gateway is in CLOSE_WAIT")
    who = found.circumstances.model_copy(update={"operator": "gateway", "machine": "zombies"})
    shown = redacted(found.model_copy(update={"circumstances": who}))
    assert [each.title for each in shown.steps] == [each.title for each in found.steps]
    assert shown.diagnosis
    assert shown.diagnosis.code == "zombies"
    assert shown.diagnosis.cause == f"a socket of the {MASK} is in CLOSE_WAIT"
    assert (shown.run_id, shown.digest) == (found.run_id, found.digest)


def test_salt_without_which_an_account_could_be_tried_on_the_digest_stays_on_the_machine() -> None:
    assert redacted(a_no_go(salt="9f" * 16)).salt == MASK


def test_evidence_of_a_hostile_gateway_is_still_evidence(project: Project) -> None:
    run = project.rehearse("--fake=hostile", "--operator=Anna Smith")
    shown = redacted(Evidence.model_validate(run.evidence), ["RevOption"])
    assert Evidence.model_validate(shown.document()) == shown
    text = json.dumps(shown.document(), ensure_ascii=False)
    assert [word for word in ("21146542", "Anna", "RevOption") if stands_in(word, text)] == []
