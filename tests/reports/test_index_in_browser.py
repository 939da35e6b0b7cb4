"""The index in a real browser: with and without JavaScript, light and dark, on a narrow screen."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from golive.reports import archive, index
from tests.support.browser import Browser, Scheme, Shown
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, nights, overridden
from tests.support.runs_on_disk import kept as keep

pytestmark = pytest.mark.browser
DAY = timedelta(days=1)
ALL = 37
LAST = date(2026, 11, 21)
"""The day of the last run, where it ran."""

TIMED = """() => {
    const began = performance.now();
    document.querySelector("#filter").dispatchEvent(new Event("input"));
    return performance.now() - began;
}"""


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A month of nights with a hole in it, live runs, a drill, and one that nobody can rely on."""
    runs = tmp_path / "reports" / "runs"
    for each in nights(30):
        if each.run_id[6:8] not in ("07", "08"):
            keep(each, runs)
    for each in nights(6, "live", NIGHT - DAY / 2, handshake_ms=110.0):
        keep(each, runs)
    keep(a_no_go(NIGHT - 3 * DAY / 2), runs)
    keep(overridden(a_go(NIGHT - 9 * DAY, "fallback")), runs)
    keep(a_no_go(NIGHT + DAY / 24, "fake", fault="silent"), runs)
    (keep(a_go(NIGHT + DAY / 12, "live"), runs) / "evidence.json").write_text("{", "utf-8")
    return runs.parent


def page(reports: Path, today: date = LAST) -> Path:
    found = archive.rows(reports / "runs", reports / index.ROWS)
    path = reports / index.FILE_NAME
    files = index.files(reports / "runs", found)
    path.write_text(index.page_of(found, files, today), encoding="utf-8")
    return path


def visible(shown: Shown) -> int:
    """How many rows of the table are to be seen."""
    return shown.page.locator("#runs tbody tr:visible").count()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_index_is_complete_accessible_and_fits(
    browser: Browser, reports: Path, scheme: Scheme, width: int
) -> None:
    shown = browser.open(page(reports), scheme=scheme, width=width)
    assert shown.requests == []
    assert shown.errors == []
    assert shown.overflow == 0
    assert shown.violations() == []
    assert visible(shown) == ALL


def test_all_of_it_is_there_without_javascript(browser: Browser, reports: Path) -> None:
    shown = browser.open(page(reports), javascript=False)
    assert (shown.requests, shown.errors) == ([], [])
    assert visible(shown) == ALL
    assert not shown.page.locator("#filter").is_visible()
    shown.page.get_by_role("link", name="All runs").click()
    shown.page.wait_for_url("**#all")


def test_runs_are_filtered_by_target_verdict_and_words(browser: Browser, reports: Path) -> None:
    shown = browser.open(page(reports))
    chosen = shown.page
    chosen.get_by_label("Target").select_option("LIVE")
    assert visible(shown) == 7
    chosen.get_by_label("Verdict").select_option("NO-GO")
    assert visible(shown) == 1
    assert chosen.get_by_role("status").inner_text() == f"1 of {ALL} runs"
    chosen.get_by_role("button", name="Show all").click()
    chosen.wait_for_function("document.querySelectorAll('#runs tr[hidden]').length === 0")
    chosen.get_by_label("Search").fill("overridden 2026-11-13")
    assert visible(shown) == 1
    assert shown.errors == []


def test_what_was_chosen_stands_in_the_address(browser: Browser, reports: Path) -> None:
    path = page(reports)
    shown = browser.open(path)
    shown.page.get_by_label("Target").select_option("PAPER FALLBACK")
    shown.page.get_by_label("Search").fill("Alex")
    address = shown.page.evaluate("location.href")
    again = browser.open(path).page
    again.goto(address)
    again.reload()
    assert again.get_by_label("Target").input_value() == "PAPER FALLBACK"
    assert again.get_by_label("Search").input_value() == "Alex"
    assert again.locator("#runs tbody tr:visible").count() == 1


def test_link_to_a_section_is_no_filter(browser: Browser, reports: Path) -> None:
    shown = browser.open(page(reports))
    shown.page.get_by_role("link", name="REHEARSAL").click()
    assert visible(shown) == ALL


def test_table_has_one_line_a_run_and_is_sorted_by_its_headings(
    browser: Browser, reports: Path
) -> None:
    shown = browser.open(page(reports)).page
    heights = "all => all.map(each => Math.round(each.getBoundingClientRect().height))"
    found = shown.locator("#runs tbody tr").evaluate_all(heights)
    assert sorted(found)[-2] < 1.5 * min(found)  # the longest tells why nobody can rely on it
    figures = "all => all.map(each => each.dataset.handshake)"
    for name, order in (("Handshake", "ascending"), ("Handshake", "descending")):
        heading = shown.get_by_role("columnheader", name=name)
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == order
        told = shown.locator("#runs tbody tr").evaluate_all(figures)
        there = [float(each) for each in told if each]
        assert there == sorted(there, reverse=order == "descending")
        assert not any(told[len(there) :])
    assert shown.locator("#runs th[aria-sort]").count() == 1


def test_missed_nights_are_seen_and_told(browser: Browser, reports: Path) -> None:
    shown = browser.open(page(reports), javascript=False)
    rehearsals = shown.page.locator("section", has=shown.page.locator("h2", has_text="REHEARSAL"))
    assert rehearsals.locator('use[href="#day-hole"]').count() == 2
    told = rehearsals.locator("details.holes")
    assert told.locator("summary").inner_text() == "2 days without a run"
    told.locator("summary").click()
    assert "2026-11-06 to 2026-11-07" in told.inner_text()


def test_days_that_passed_since_the_page_was_written_become_holes(
    browser: Browser, reports: Path
) -> None:
    shown = browser.open(page(reports))
    shown.page.clock.set_fixed_time("2026-11-25T12:00:00Z")
    shown.page.reload()
    rehearsals = shown.page.locator("section", has=shown.page.locator("h2", has_text="REHEARSAL"))
    since = rehearsals.locator(".since").inner_text()
    assert since == "No run since this page was written: 2026-11-22 to 2026-11-24"
    assert rehearsals.locator('use[href="#day-hole"]').count() == 2 + 3
    assert rehearsals.locator('use[href="#day-awaited"]').count() == 1
    assert shown.violations() == []
    assert shown.errors == []


def test_day_of_writing_without_a_run_is_a_hole_from_the_next_day_on(
    browser: Browser, reports: Path
) -> None:
    shown = browser.open(page(reports, LAST + 3 * DAY))
    shown.page.clock.set_fixed_time("2026-11-25T12:00:00Z")
    shown.page.reload()
    rehearsals = shown.page.locator("section", has=shown.page.locator("h2", has_text="REHEARSAL"))
    assert rehearsals.locator('use[href="#day-hole"]').count() == 2 + 3
    assert rehearsals.locator(".since").inner_text().endswith("written: 2026-11-24")


def test_verdict_is_told_in_words_and_shape_without_colour(browser: Browser, reports: Path) -> None:
    shown = browser.open(page(reports))
    verdicts = shown.page.locator("#runs .verdict")
    shapes = {
        each.inner_text().strip(): each.locator("use").get_attribute("href")
        for each in verdicts.all()
    }
    assert shapes == {
        "GO": "#go",
        "NO-GO": "#no-go",
        "UNRELIABLE": "#unreliable",
    }


def test_hostile_words_in_a_record_and_in_the_address_execute_nothing(
    browser: Browser, reports: Path
) -> None:
    evil = "\"'><img src=x onerror=document.title='evil'><script>document.title='evil'</script>"
    who = a_go().circumstances.model_copy(update={"operator": evil + "A" * 10_000})
    keep(a_go(NIGHT + DAY, circumstances=who), reports / "runs")
    (reports / "runs" / f"{evil[:9]}copy").mkdir()
    shown = browser.open(page(reports), width=390)
    shown.page.goto(f"{shown.page.url}#words={evil}&target=<b>")
    shown.page.reload()
    assert (shown.requests, shown.errors, shown.overflow) == ([], [], 0)
    assert shown.page.title() == "Runs of the go-live procedure"


def test_thousand_runs_are_filtered_at_once(browser: Browser, tmp_path: Path) -> None:
    runs = tmp_path / "reports" / "runs"
    runs.mkdir(parents=True)
    keep(a_go(), runs)
    (row,) = archive.rows(runs, tmp_path / "rows")
    names = [row.model_copy(update={"run_id": f"{n:04}", "code": f"code-{n}"}) for n in range(1000)]
    files = {each.run_id: ["evidence.json"] for each in names}
    path = tmp_path / "index.html"
    path.write_text(index.page_of(names, files, LAST), encoding="utf-8")
    shown = browser.open(path)
    shown.page.get_by_label("Search").fill("code-77")
    assert visible(shown) == 11
    timed = "() => { const t = performance.now(); document.querySelector('#filter').dispatchEvent("
    milliseconds = shown.page.evaluate(
        f"{timed}new Event('input')); return performance.now() - t }}"
    )
    assert milliseconds < 200


def test_index_prints_without_its_controls(browser: Browser, reports: Path, tmp_path: Path) -> None:
    pages = browser.open(page(reports)).pdf(tmp_path)
    text = " ".join("".join(pages).split())
    assert "Show all" not in text
    assert len(re.findall(r"2026-\d\d-\d\d \d\d:\d\d UTC", text)) >= ALL
