"""The sign-off: all of the evidence that matters, the same bytes everywhere, and no false GO."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from golive.evidence import storage
from golive.evidence.record import (
    Candidate,
    Change,
    Evidence,
    HandshakeTimes,
    PositionChange,
    PositionsRecord,
    SinceLastGo,
    SocketsRecord,
    StepRecord,
)
from golive.procedure import steps
from golive.reports import sign_off, writing
from tests.support import runs_on_disk as made
from tests.support.projects import IDS, ROOT, Project, environment
from tests.support.read_page import PageRead

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'); } body { display: none } @import url(//example.invalid/x);",
    "</style></title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eOG-ON\u2066\x1b[2J\x00\r\nnew line\tand tab\ud800",
    "9999-99-99T99:99:99Z",
    "0001-01-01T00:00:00+00:00",
    "../../etc/passwd",
    "javascript:alert(1)",
    "X" * 10_000,
    "",
)


def holding(positions: PositionsRecord, **more: Any) -> Evidence:
    return made.a_go(**more).model_copy(update={"positions": positions})


OWN = ("#", "data:image/svg+xml,")
"""How addresses begin that ask for nothing: places on the page, and its icon."""


def read(found: Evidence) -> PageRead:
    return PageRead(sign_off.page(found.sealed()))


def text_of(found: Evidence) -> str:
    return read(found).text


# what stands there


def test_go_shows_what_was_aimed_at_with_what_and_by_whom() -> None:
    found = made.a_go().sealed()
    text = text_of(found)
    for each in (
        "GO , LIVE", "127.0.0.1:4001", "IB Gateway (live)", "U21146542", "10.37.02", "203",
        "Alex Example", "trading-1", "Linux 6.1, x86_64", "3.11.7", "secrets.json",
        "c324dc19" * 8, found.run_id, found.digest, "2026-11-22 02:00:00 UTC",
        "2026-11-21 21:00:00 UTC-0500", "97.4 ms", "24 open positions", "1 attempt",
        "golive report verify",
    ):  # fmt: skip
        assert each in text


def test_title_which_many_browsers_print_on_each_sheet_names_run_and_evidence() -> None:
    found = made.a_no_go(target="fake").sealed()
    title = next(text for tag, text in read(found).texts if tag == "title")
    assert title == f"NO-GO, REHEARSAL: {found.run_id}, evidence {found.digest[:12]}"


def test_every_step_stands_there_with_its_outcome_its_section_and_what_it_saw() -> None:
    text = text_of(made.a_no_go(failed="positions.count"))
    for step in steps.of("golive"):
        assert step.title in text
        assert step.section in text
    assert text.count(" passed ") >= 25
    assert "looked at: positions are complete" in text
    assert "blocked by positions.count" in text


def test_failed_step_is_open_and_no_other() -> None:
    page = read(made.a_no_go())
    shown = [each for each in page.all("details") if "long" not in each.attributes.get("class", "")]
    assert len(shown) == len(steps.of("golive"))
    assert sum("open" in each.attributes for each in shown) == 1


def test_no_go_shows_cause_cure_facts_contacts_and_log() -> None:
    found = made.a_no_go(failed="handshake.connect-ack")
    assert found.diagnosis is not None
    more = {
        "stopped_at": "no byte",
        "not_before": "2026-11-22T02:01:30+00:00",
        "if_that_fails": ["Switch to TWS paper."],
        "contacts": ["IBKR support, 877-442-2757"],
        "log": ["02:00:01 API server listening"],
        "also": [Candidate(code="too-early", cause="it has just been started")],
    }
    text = text_of(found.model_copy(update={"diagnosis": found.diagnosis.model_copy(update=more)}))
    for each in (
        "NO-GO", f"Stopped at check 18 of {len(IDS)}: gateway acknowledges the connection",
        "nothing listens on the configured port", "gateway-not-running", "Procedure A",
        "Close IB Gateway.", "first step not passed", "no byte", "Next attempt not before",
        "2026-11-21 21:01:30 UTC-0500", "Switch to TWS paper.", "877-442-2757",
        "API server listening", "too-early", "it has just been started",
        "Positions were not requested.", "This run does not permit going live on this gateway.",
        "docs/causes/gateway-not-running.md",
    ):  # fmt: skip
        assert each in text, each


def test_steps_to_recover_are_check_boxes_with_names() -> None:
    page = read(made.a_no_go())
    boxes = [each for each in page.all("input") if each.attributes["type"] == "checkbox"]
    assert len(boxes) == len(page.all("label")) - page.attributes("for").count("filter") == 2


def test_rehearsal_and_paper_are_as_loud_as_the_verdict_and_never_called_live() -> None:
    for found, target in (
        (made.a_go(target="fake"), "REHEARSAL"),
        (made.a_go(target="fallback"), "PAPER FALLBACK"),
        (_at_paper(made.a_go()), "PAPER"),
    ):
        page = read(found)
        assert ("bdi", found.run_id) in page.texts
        assert any(target in text for _, text in page.texts)
        assert "LIVE" not in page.page
    assert "It is not a go-live approval." in text_of(made.a_go(target="fake"))
    assert "(fault: silent)" in text_of(made.a_go(target="fake", fault="silent"))
    assert "LIVE" in text_of(made.a_go())


def _at_paper(found: Evidence) -> Evidence:
    there = found.endpoint.model_copy(update={"port": 4002, "kind": "IB Gateway (paper)"})
    return found.model_copy(update={"endpoint": there})


def test_override_is_told_at_the_top_in_the_signature_and_on_every_sheet() -> None:
    page = read(made.overridden(made.a_go()))
    headings = [text for tag, text in page.texts if tag == "h2"]
    assert headings[0] == "Overridden"
    assert "the gateway was restarted" in page.text
    assert "18 s ago" in page.text
    assert "with 1 rule overridden" in page.text
    assert "OVERRIDDEN" in page.page
    assert "Nothing was overridden, weakened, left unobserved or noted." in text_of(made.a_go())


def test_what_was_not_observed_or_not_configured_is_told_with_its_reason() -> None:
    steps = [
        each.model_copy(update={"outcome": "not-observable", "observed": {"reason": "no queue"}})
        if each.id == "gateway.accept-queue"
        else each
        for each in made.a_go().steps
    ]
    page = text_of(made.a_go(steps=steps))
    assert "gateway accept queue is empty : no queue" in page
    assert "Review the exceptions below" in page
    assert "All 29 steps" not in page


def test_sockets_out_of_sight_are_no_zero() -> None:
    steps = [
        each.model_copy(update={"outcome": "not-observable"})
        if each.id == "afterwards.no-zombies"
        else each
        for each in made.a_go().steps
    ]
    text = text_of(made.a_go(steps=steps))
    assert "? zombies: the gateway's sockets were not observed (not shown)" in text


def test_metrics_that_this_run_says_nothing_of_are_named() -> None:
    assert "no zombie after an hour of operation" in text_of(made.a_go())


def test_zombie_in_the_socket_table_is_marked() -> None:
    zombie = made.socket("live") | {"state": "CLOSE_WAIT", "remote_ip": "10.0.0.9"}
    sockets = SocketsRecord(before=[zombie], after=[])
    page = read(made.a_no_go(sockets=sockets))
    assert "zombie" in page.attributes("class")
    assert "10.0.0.9:0" in page.text
    assert "None on port 4001." in page.text


def test_row_that_is_not_counted_says_why() -> None:
    rows = [
        made.position(0, "U21146542"),
        made.position(3, "U21146542", quantity="0"),
        made.position(6, "U999"),
    ]
    record = PositionsRecord(account="U21146542", count=1, rows=rows)
    text = text_of(holding(record))
    assert "1 open position in U21146542 ; 3 rows received" in text
    assert "closed , not counted" in text
    assert "of U999 , not counted" in text


# since the last GO


def since(**more: Any) -> SinceLastGo:
    change = PositionChange(account="U21146542", contract="SPY STK USD", before="100", now=None)
    other = Change(what="server version", before=203, now=204)
    values = {"run_id": "20261121T020000Z-live", "ended": "2026-11-21T02:00:02+00:00"}
    return SinceLastGo.model_validate(
        {**values, "digest": "ab" * 32, "positions": [change], "others": [other], **more}
    )


def test_what_changed_since_the_last_go_stands_there_with_a_link_to_it() -> None:
    page = read(made.a_go(since_last_go=since()))
    assert "../20261121T020000Z-live/sign-off.html" in page.attributes("href")
    for each in ("SPY STK USD 100 not held", "server version 203 204", "abababababab"):
        assert each in page.text


def test_without_a_last_go_the_reason_is_told() -> None:
    nothing = SinceLastGo(reason="there is no earlier GO on this target")
    assert "there is no earlier GO on this target" in text_of(made.a_go(since_last_go=nothing))
    assert "No earlier run was compared with this one." in text_of(made.a_go())


def test_name_of_a_run_that_leads_elsewhere_is_no_link() -> None:
    for name in ("../..", "javascript:alert(1)", "//example.invalid", ""):
        page = read(made.a_go(since_last_go=since(run_id=name)))
        assert all(each.startswith(OWN) for each in page.attributes("href"))


# no false GO


def test_mark_of_go_is_nowhere_on_a_no_go_nor_the_other_way_round() -> None:
    go, no_go = read(made.a_go()), read(made.a_no_go())
    assert "mark-go" in go.page
    assert "mark-no-go" not in go.page
    assert "mark-no-go" in no_go.page
    assert "mark-go" not in no_go.page.replace("mark-no-go", "")
    assert not re.search(r"(?<!NO-)(?<!last )\bGO\b", no_go.text)


def test_no_go_with_17_passed_headlines_no_percentage() -> None:
    text = text_of(made.a_no_go(failed="handshake.connect-ack"))
    assert "%" not in text
    assert "17 passed" not in text


def test_no_go_makes_no_statement_of_success() -> None:
    assert "What was shown" not in text_of(made.a_no_go())


# the same everywhere, and nothing from elsewhere

TELL = """
import hashlib, sys
from pathlib import Path
from golive.evidence import storage
from golive.reports import sign_off
page = sign_off.page(storage.read(Path(sys.argv[1])))
print(hashlib.sha256(page.encode()).hexdigest())
"""


def test_page_is_the_same_byte_for_byte_in_any_time_zone_and_process(
    project: Project, tmp_path: Path
) -> None:
    """Written by the run itself, and again by others elsewhere."""
    run = project.rehearse("--fake=missing-positions")
    written = (run.folder / sign_off.FILE_NAME).read_text(encoding="utf-8")
    assert written == sign_off.page(storage.read(run.folder))
    made_elsewhere = {
        subprocess.run(
            [sys.executable, "-c", TELL, str(run.folder)],
            cwd=ROOT,
            env=environment(TZ=zone, PYTHONHASHSEED=seed, LC_ALL="C"),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone, seed in (("UTC", "1"), ("Asia/Kolkata", "2"), ("XYZ8", "3"))
    }
    assert len(made_elsewhere) == 1


def test_what_a_step_saw_is_told_in_the_time_of_the_machine_that_ran_it() -> None:
    saw = {"started": "2026-11-22T01:58:00+00:00"}
    steps = [each.model_copy(update={"observed": saw}) for each in made.a_go().steps]
    assert "started: 2026-11-21 20:58:00" in text_of(made.a_go(steps=steps))


@pytest.mark.parametrize("found", [made.a_go(), made.a_no_go()], ids=["GO", "NO-GO"])
def test_page_asks_for_nothing_and_is_well_made(found: Evidence) -> None:
    page = read(found)
    assert page.unclosed == []
    assert page.attributes("src") == []
    assert page.all("base") == page.all("iframe") == []
    assert [each.attributes["rel"] for each in page.all("link")] == ["icon"]
    assert all(each.startswith(OWN) for each in page.attributes("href"))
    assert set(re.findall(r"url\(([^)]*)\)", page.page)) == {"#waiting"}
    assert "@import" not in page.page
    assert "://" not in page.page


@pytest.mark.parametrize("found", [made.a_go(), made.a_no_go()], ids=["GO", "NO-GO"])
def test_names_lead_somewhere_and_headings_are_in_order(found: Evidence) -> None:
    page = read(made.overridden(found))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "for"):
        for each in page.attributes(name):
            assert set(each.split()) <= set(ids)
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_page_of_24_positions_is_small() -> None:
    assert len(sign_off.page(made.a_go().sealed()).encode()) < 80_000


def test_long_tables_are_printed_in_part_and_say_so() -> None:
    found = made.a_go(positions=100)
    assert "The first 30 of 100 rows are printed; all are in evidence.json." in text_of(found)
    rule = f"tr:nth-child(n+{sign_off.PRINTED + 1})"
    assert rule in read(found).page


# what comes from elsewhere


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts stand in a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        if isinstance(each, dict | list):
            yield from paths(each, (*at, key))
        elif isinstance(each, str):
            yield (*at, key)


def full_of(text: str, found: Evidence) -> Evidence:
    """The same with this text wherever the schema allows any."""
    document = found.document()
    for *way, last in list(paths(document)):
        at: Any = document
        for key in way:
            at = at[key]
        kept, at[last] = at[last], text
        if last in ("target", "verdict", "outcome", "procedure", "plan"):
            at[last] = kept
    return Evidence.model_validate(document)


def everything() -> list[Evidence]:
    no_go = made.a_no_go(failed="positions.count", since_last_go=since())
    assert no_go.diagnosis is not None
    more = {
        "also": [Candidate(code="x", cause="x")],
        "stopped_at": "x", "not_before": "x", "if_that_fails": ["y"], "log": ["x"],
        "contacts": ["x"],
    }  # fmt: skip
    diagnosis = no_go.diagnosis.model_copy(update=more)
    return [
        made.overridden(made.a_go(since_last_go=since(), fault="x", target="fake")),
        made.overridden(no_go.model_copy(update={"diagnosis": diagnosis})),
    ]


def shape(page: PageRead) -> set[tuple[str, str]]:
    return {(each.tag, name) for each in page.elements for name in [*each.attributes, ""]}


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_text_from_elsewhere_stays_text_wherever_it_stands(text: str) -> None:
    usual = {("details", "class"), ("em", "")}
    for found in everything():
        page = PageRead(sign_off.page(full_of(text, found)))
        assert shape(page) - shape(PageRead(sign_off.page(found))) <= usual
        assert page.unclosed == []
        assert len(page.all("script")) == len(page.all("style")) == 1
        assert all(each.startswith((*OWN, "../")) for each in page.attributes("href"))
        assert all(each.isprintable() or each == "\n" for each in page.page)
        style = next(data for tag, data in page.texts if tag == "style")
        assert style.count("{") == style.count("}")
        assert "example.invalid" not in style


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=300))
def test_no_text_at_all_breaks_the_page(text: str) -> None:
    for found in everything():
        page = PageRead(sign_off.page(full_of(text, found)))
        assert page.unclosed == []
        assert len(page.all("script")) == 1
        page.page.encode("utf-8")


any_number = st.floats() | st.sampled_from([0.0, -1.0, 1e300])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(any_number, any_number), max_size=29), st.lists(any_number, max_size=5))
def test_no_times_at_all_break_the_pictures(
    times: list[tuple[float, float]], phases: list[float]
) -> None:
    steps = [
        step.model_copy(update={"began": began, "seconds": seconds})
        for step, (began, seconds) in zip(made.a_go().steps, times, strict=False)
    ]
    handshake = dict(zip(HandshakeTimes.model_fields, phases, strict=False))
    found = made.a_go(steps=steps, handshake=HandshakeTimes.model_validate(handshake))
    page = PageRead(sign_off.page(found))
    assert page.unclosed == []
    places = [float(each[:-1]) for each in page.attributes("x") if each.endswith("%")]
    assert all(0 <= each <= 100.001 for each in places)
    assert "nan%" not in page.page


def test_long_name_is_folded_away_whole() -> None:
    rows = [made.position(0, "U21146542", symbol="X" * 10_000)]
    page = read(holding(PositionsRecord(account="U2", count=1, rows=rows)))
    texts = [text for _, text in page.texts if text.startswith("XXX")]
    assert [len(text) for text in texts] == [40, 10_000]


def test_steps_of_another_version_are_shown_as_they_are() -> None:
    other = StepRecord(id="weather.fine", stage="weather", title="it is fine", outcome="passed")
    no_times = [other, other.model_copy(update={"outcome": "failed"})]
    text = text_of(made.a_no_go(steps=no_times, diagnosis=None))
    assert "weather 1 passed, 1 failed" in text
    assert "Stopped at check 2 of 2: it is fine" in text
    assert "No step has a time on record." in text
    text_of(made.a_no_go(steps=[]))


def test_rows_of_any_shape_are_shown() -> None:
    rows: list[dict[str, Any]] = [{}, {"symbol": 7, "strike": "x", "average_cost": True}]
    record = PositionsRecord(account="U21146542", count=0, rows=rows)
    sockets = SocketsRecord(before=[{}], after=[{"state": 1, "pid": "x"}])
    assert read(holding(record, sockets=sockets)).unclosed == []


# where it is written


def test_run_leaves_its_sign_off_beside_its_evidence(tmp_path: Path) -> None:
    folder = made.kept(made.a_go(), tmp_path)
    sign_off.write(storage.read(folder), folder, writing.Wanted())
    assert (folder / "sign-off.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert os.listdir(folder).count("sign-off.html") == 1
    assert writing.TELLERS[0] == ("the sign-off", "golive.reports.sign_off")


def test_evidence_that_was_changed_is_not_signed_off(tmp_path: Path) -> None:
    folder = made.kept(made.a_go(), tmp_path)
    path = folder / storage.FILE_NAME
    path.write_text(path.read_text(encoding="utf-8").replace("passed", "failed", 1), "utf-8")
    assert "its digest does not match" in writing.write(folder, writing.Wanted()).failures[0]
    assert not (folder / "sign-off.html").exists()
    with pytest.raises(ValidationError):
        Evidence.model_validate({})
