"""A soak as it is told: on the sign-off, in the index, to JUnit, to the next run."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.evidence import changes
from golive.evidence.contradictions import doubts
from golive.evidence.record import Evidence, PositionChange, Sample, Soak
from golive.procedure import steps
from golive.reports import index, junit, night, sign_off, soak_plots, success_metrics, wording
from golive.reports.allure import history
from golive.reports.index_rows import row_of
from golive.reports.redaction import redacted
from golive.reports.terminal.verdict import verdict_line
from golive.reports.terminal.waits import soaking
from tests.support import runs_on_disk as made
from tests.support.read_page import PageRead


def held(count: int = 720, **more: Any) -> Soak:
    """An hour in which all went well, or as much of it as there are heartbeats."""
    samples = [
        Sample(
            seconds=5.0 * number,
            answer_ms=1.0 + number % 7 if number else None,
            zombies=0,
            accept_queue=0,
            own_memory=60_000_000 + 1000 * number,
            own_threads=3,
            gateway_memory=900_000_000 - 5000 * number,
        )
        for number in range(count + 1)
    ]
    figures = {
        "wanted": 3600.0, "seconds": 5.0 * count, "heartbeats": count, "answers": count,
        "p50_ms": 3.0, "p95_ms": 6.5, "p99_ms": 7.0, "max_ms": 7.0, "slope_ms_per_hour": 0.012,
        "most_zombies": 0, "longest_accept_queue": 0, "position_drift": [], "samples": samples,
    }  # fmt: skip
    return Soak.model_validate({**figures, **more})


def a_soak(**more: Any) -> Evidence:
    return made.a_go(plan="soak", soak=held(), **more)


def a_broken_one(**more: Any) -> Evidence:
    broken = held(300, heartbeats=301, code="half-open", stopped="no answer within 5 s",
                  position_drift=None)  # fmt: skip
    cause = "the gateway completed the handshake, then stopped answering"
    return made.a_no_go(
        plan="soak", failed="soak.answers", code="half-open", cause=cause, soak=broken, **more
    )


def page_of(found: Evidence) -> PageRead:
    return PageRead(sign_off.page(found.sealed()))


def test_sign_off_of_a_soak_says_what_it_is_and_shows_its_figures() -> None:
    text = page_of(a_soak()).text
    for each in (
        "Soak sign-off", "LIVE SOAK", "All 35 checks", "60 min", "720 of 720 answered",
        "p50 3.00 ms, p95 6.50 ms, p99 7.00 ms, slowest 7.00 ms; trend +0.012 ms per hour",
        "memory 57.9 MiB (+0.7), threads 3 (+0)", "It did not check the Monitor or the MCP server.",
        "Latency of each heartbeat", "Memory since the start",
        "the gateway -3.4 MiB, this run (dashed) +0.7 MiB",
    ):  # fmt: skip
        assert each in text, each
    assert "Go-live sign-off" not in text


def test_sign_off_of_a_soak_that_broke_off_shows_where_and_why() -> None:
    page = page_of(a_broken_one())
    assert "25 min of 60 min ; ended early".replace(" ;", ";") in page.text
    assert "no answer within 5 s" in page.text
    assert "300 of 301 answered" in page.text
    assert "not requested again" in page.text
    assert "ended" in page.attributes("class")
    assert "What was shown" not in page.text


def test_page_without_a_soak_has_nothing_of_one() -> None:
    page = sign_off.page(made.a_go().sealed())
    assert "soak" not in page.replace("no zombie after an hour", "").partition("</style>")[0]
    assert 'id="soak"' not in page


def test_pictures_stay_within_their_frame_and_a_look_without_a_figure_is_a_gap() -> None:
    soak = held(10)
    samples = [
        each.model_copy(update={"gateway_memory": None}) if number in (4, 5) else each
        for number, each in enumerate(soak.samples)
    ]
    shown = soak_plots.of(soak.model_copy(update={"samples": samples, "wanted": 50.0}))
    assert shown is not None
    for plot in shown.plots:
        for line in plot.lines:
            places = [each.split() for each in line.path.replace("M", "L").split("L") if each]
            assert all(0 <= float(x) <= plot.width for x, _ in places)
            assert all(0 <= float(y) <= plot.height for _, y in places)
    gateway = shown.plots[1].lines[0]
    assert gateway.path.count("M") == 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_soak_of_hardly_any_heartbeat_can_be_shown(count: int) -> None:
    nothing: dict[str, Any] = {
        "p50_ms": None,
        "p95_ms": None,
        "p99_ms": None,
        "max_ms": None,
        "samples": [],
    }
    bare = held(count, **(nothing if count == 0 else {}), slope_ms_per_hour=None)
    shown = soak_plots.of(bare)
    assert shown is not None
    assert dict(shown.figures)["latency"] != ""


def test_zombies_and_positions_that_changed_are_told_and_what_was_out_of_sight() -> None:
    drift = [PositionChange(account="U1", contract="SPY STK USD", before="1", now=None)]
    shown = soak_plots.of(held(5, most_zombies=3, unseen=2, position_drift=drift))
    assert shown is not None
    figures = dict(shown.figures)
    assert figures["zombies"] == "at most 3 at once; not observed at 2 looks"
    assert figures["positions"] == "1 contract changed"


def test_soak_of_seconds_has_no_slope_an_hour() -> None:
    shown = soak_plots.of(held(60))
    assert shown
    assert "ms per hour" not in dict(shown.figures)["latency"]


def test_metric_of_the_hour_is_shown_by_a_soak_and_by_nothing_else() -> None:
    hour = "no zombie after an hour of operation"
    assert hour not in "".join(success_metrics.elsewhere(a_soak()))
    assert hour in success_metrics.elsewhere(made.a_go())
    shown = next(each for each in success_metrics.of(a_soak()) if each.figure == "60 min")
    assert shown.is_shown
    assert "720 of 720 heartbeats answered, no zombie" in shown.claim


def test_monitor_and_mcp_are_shown_where_they_passed_and_named_where_not_configured() -> None:
    found = made.a_go()
    saw = {"monitor.positions": {"open": 24}, "mcp.positions": {"rows": 24}}
    performed = [each.model_copy(update={"observed": saw.get(each.id, {})}) for each in found.steps]
    claims = [
        each.claim for each in success_metrics.of(found.model_copy(update={"steps": performed}))
    ]
    assert any("shown by the Monitor" in each for each in claims)
    assert any("through the MCP tool" in each for each in claims)
    assert success_metrics.elsewhere(found) == ["no zombie after an hour of operation"]

    off = [
        each.model_copy(update={"outcome": "not-configured"})
        if each.stage in steps.CONFIGURED_OUT
        else each
        for each in found.steps
    ]
    told = found.model_copy(update={"steps": off})
    assert success_metrics.elsewhere(told) == [
        "the Monitor connects (not configured)",
        "no zombie after an hour of operation",
        "the MCP tools work (not configured)",
    ]
    assert not any("Monitor" in each.claim for each in success_metrics.of(told))


def test_index_keeps_soaks_apart_from_go_live_runs(tmp_path: Path) -> None:
    later = made.NIGHT + timedelta(hours=2)
    rows = [
        row
        for found in (a_soak(started=later), made.a_go())
        if (row := row_of(made.kept(found, tmp_path)))
    ]
    tracks = index.tracks(rows, date(2026, 11, 22))
    assert [(each.heading, each.runs) for each in tracks] == [("LIVE", 1), ("LIVE SOAK", 1)]
    page = index.page_of(rows, {row.run_id: [] for row in rows}, date(2026, 11, 22))
    assert 'data-target="LIVE SOAK"' in page


def test_days_without_a_soak_are_no_holes(tmp_path: Path) -> None:
    soaks = (a_soak(started=made.NIGHT - timedelta(days=each)) for each in (0, 20))
    rows = [row for found in soaks if (row := row_of(made.kept(found, tmp_path)))]
    today = date(2026, 11, 24)
    (track,) = index.tracks(rows, today)
    assert (track.calendar.holes, len(track.calendar.with_runs)) == ([], 2)
    page = index.page_of(rows, {row.run_id: [] for row in rows}, today)
    days = PageRead(page).text.partition("Day by day")[2].partition("Handshake")[0]
    assert "2 days with a soak (not expected daily), last on 2026-11-21" in days
    assert "without a run" not in page
    assert "no run" not in days
    assert "data-until" not in page.partition("<body")[2].partition("<script")[0]


def test_what_changed_is_told_beside_the_last_go_of_the_same_kind(tmp_path: Path) -> None:
    made.kept(made.a_go(made.NIGHT - timedelta(days=2), positions=23), tmp_path)
    before = a_soak(started=made.NIGHT - timedelta(days=1))
    made.kept(before, tmp_path)
    for now, last in ((a_soak(), before.run_id), (made.a_go(), "20261120T020000Z-live")):
        since = changes.compared(now, tmp_path).since_last_go
        assert since is not None
        assert since.run_id == last


def test_allures_history_of_a_soak_is_that_of_soaks(tmp_path: Path) -> None:
    made.kept(made.a_go(made.NIGHT - timedelta(days=1)), tmp_path)
    assert history.files(a_soak(), tmp_path, "allure-results") == {}
    made.kept(a_soak(started=made.NIGHT - timedelta(days=2)), tmp_path)
    assert history.files(a_soak(), tmp_path, "allure-results") != {}


def test_junit_and_the_night_name_a_soak_as_one() -> None:
    text = junit.told(a_soak(target="fake"))
    assert 'name="golive.fake-soak"' in text
    assert "REHEARSAL SOAK" in text
    assert night._name(a_soak(target="fake")) == "soak, healthy"
    assert night._name(a_soak(target="fake", fault="mute=3")) == "soak, mute=3"
    assert night._name(made.a_go(target="fake")) == "healthy"


def test_nothing_speaks_against_a_soak_and_a_go_of_half_of_one_is_doubted() -> None:
    found = a_soak()
    assert doubts(found, found.run_id) == []
    half = found.model_copy(update={"soak": held(300)})
    assert doubts(half, half.run_id) == ["it says GO, but its soak does not"]
    settings = found.circumstances.model_copy(update={"settings": {"GoLive.HeartbeatSeconds": 5.0}})
    told = found.model_copy(update={"circumstances": settings})
    assert doubts(told, told.run_id) == []
    few = told.model_copy(
        update={"soak": held().model_copy(update={"heartbeats": 9, "answers": 9})}
    )
    assert doubts(few, few.run_id) == ["it says GO, but its soak does not"]
    none = found.model_copy(update={"soak": None})
    assert doubts(none, none.run_id) == ["it says GO, but its soak does not"]
    other = made.a_go(soak=held())
    assert doubts(other, other.run_id) == ["it has figures of a soak, but is not a soak"]


def test_last_line_says_how_long_it_was_held_and_what_of_it_was_answered() -> None:
    assert verdict_line(a_soak()) == (
        "GO: soak of 60 min, 720 of 720 heartbeats answered, no zombie"
    )
    assert verdict_line(a_broken_one()) == (
        "NO-GO: half-open, Procedure A, soak of 60 min ended after 25 min, no zombie"
    )
    early = made.a_no_go(plan="soak", target="fallback")
    assert verdict_line(early).startswith("NO-GO (fallback): ")
    assert verdict_line(early).endswith("soak not begun")


def test_progress_says_what_is_left_and_how_it_goes() -> None:
    class Going:
        wanted, heartbeats, answers = 3600.0, 20, 20
        last = Sample(seconds=100, answer_ms=1.21, zombies=0)

    assert soaking(Going())(3500.4) == (
        "58 min 20 s left, 20 of 20 heartbeats answered, the last in 1.21 ms, no zombie"
    )


def test_times_that_were_chosen_are_told_as_they_were_chosen() -> None:
    told = [wording.span(each) for each in (6, 6.017, 90, 3600, 3600.004, 7200, 1503.2, 86400)]
    assert told == ["6 s", "6.02 s", "90 s", "60 min", "60 min", "2 h", "25 min 3 s", "24 h"]


def test_what_a_gateway_said_during_a_soak_stays_text() -> None:
    said = ["2103 <script>alert(1)</script>", "1101 \u202eOG\x1b[2J", "2105 " + "x" * 10_000]
    page = page_of(made.a_go(plan="soak", soak=held(3, notices=said)))
    assert page.all("script") == page_of(a_soak()).all("script")
    assert "2103 <script>alert(1)</script>" in page.text
    assert "\u202e" not in page.page


def test_what_leaves_the_machine_of_a_soak_is_masked() -> None:
    drift = [PositionChange(account="U21146542", contract="SPY STK USD", before="1", now=None)]
    soak = held(3, notices=["2110 of U21146542"], position_drift=drift)
    told = redacted(made.a_go(plan="soak", soak=soak)).model_dump_json()
    assert "U21146542" not in told
    assert "U***1" in told
