"""The sign-off in a real browser: read, sorted, filtered, printed, and never a request made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from golive.evidence.record import Evidence, PositionsRecord, SinceLastGo
from golive.reports import page as pages
from golive.reports import sign_off
from tests.reports.test_sign_off import everything, full_of, holding, since
from tests.reports.test_soak_reports import a_broken_one, a_soak
from tests.support import runs_on_disk as made
from tests.support.browser import Browser, Scheme
from tests.support.projects import Project

ROWS = "document.getElementById('rows').tBodies[0].rows"
FIRST_CELLS = f"Array.from({ROWS}, row => row.cells[0].textContent)"
LONGEST_MS = 500
"""The longest that a click or a key may take, drawing included; 30 where nothing else runs."""


def on_disk(folder: Path, found: Evidence) -> Path:
    path = folder / sign_off.FILE_NAME
    pages.write(path, sign_off.page(found.sealed()))
    return path


FOUND = {
    "go": made.a_go(since_last_go=since()),
    "no-go": made.a_no_go(failed="handshake.connect-ack", target="fake", fault="silent"),
    "overridden": made.overridden(made.a_no_go(failed="positions.count", target="fallback")),
    "soak": a_soak(),
    "broken soak": a_broken_one(),
    "nasty": full_of("<img src=x onerror=window.bad=1><script>window.bad=1</script>" * 3,
                     everything()[1]),
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", FOUND)
def test_page_is_beyond_reproach_in_any_light_and_width(
    browser: Browser, tmp_path: Path, name: str, scheme: Scheme
) -> None:
    path = on_disk(tmp_path, FOUND[name])
    for width in (1280, 390):
        shown = browser.open(path, scheme=scheme, width=width)
        shown.page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
        assert shown.overflow == 0
        assert shown.violations() == []
        assert shown.errors == shown.requests == []


TO_DO = """all => all.map(each => {
    const lefts = [...each.getClientRects()].map(line => Math.round(line.left));
    const height = Math.round(each.getBoundingClientRect().height);
    return {edges: new Set(lefts).size, height}})"""


def a_cure() -> Evidence:
    """With commands as long as they get."""
    found = made.a_no_go(failed="handshake.connect-ack")
    assert found.diagnosis is not None
    steps = [
        "Check that its process is gone: ps -ww -o pid,lstart,args -p 18686",
        "Run this once, not before 19:09: pytest acceptance -m golive --fake=silent --fallback",
    ]
    return found.model_copy(
        update={"diagnosis": found.diagnosis.model_copy(update={"next_steps": steps})}
    )


@pytest.mark.parametrize("width", [1366, 390])
def test_first_thing_to_do_is_seen_without_scrolling(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    shown = browser.open(on_disk(tmp_path, a_cure()), width=width, height=650)
    box = shown.page.locator(".to-do li").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 650


def test_command_to_be_typed_is_never_broken_at_a_hyphen_and_its_lines_are_aligned(
    browser: Browser, tmp_path: Path
) -> None:
    shown = browser.open(on_disk(tmp_path, a_cure()))
    shown.page.emulate_media(media="print")
    for width in range(450, 800, 25):
        shown.page.set_viewport_size({"width": width, "height": 1000})
        found = shown.page.locator(".to-do .word").evaluate_all(TO_DO)
        assert len(found) == 6  # as many as have a hyphen
        assert len({each["height"] for each in found}) == 1
        texts = shown.page.locator(".to-do label > span").evaluate_all(TO_DO)
        assert {each["edges"] for each in texts} == {1}


@pytest.mark.parametrize("name", FOUND)
def test_page_prints_on_two_sheets_each_with_verdict_target_run_and_digest(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    found = FOUND[name].sealed()
    sheets = browser.open(on_disk(tmp_path, found)).pdf(tmp_path)
    assert len(sheets) == 2
    if name == "nasty":
        return
    target = {"live": "LIVE", "fallback": "PAPER FALLBACK", "fake": "REHEARSAL"}[found.target]
    for number, sheet in enumerate(sheets, start=1):
        for each in (found.verdict, target, found.run_id, found.digest, f"{number} of 2"):
            assert each in sheet
    assert "signature" in sheets[1]


def long_no_go() -> Evidence:
    """What a gateway that is silent leaves to be told, on a machine where all of it can be seen."""
    found = made.a_no_go(failed="handshake.connect-ack", since_last_go=since())
    assert found.diagnosis is not None
    folder = "/home/alex/golive/reports/runs/20261122T230218Z-fake/gateway-folder"
    more: dict[str, Any] = {
        "next_steps": ["close it; check that its process is gone: ps -ww -o pid,lstart,args -p 8"]
        * 9,
        "if_that_fails": ["switch to TWS paper, and go on with it until this is mended"] * 4,
        "facts": ["something that was seen, and where"] * 7 + [f"its log: {folder}/{folder}"] * 3,
        "log": ["2026-11-22 02:00:01 a line of the gateway's log"] * 6,
        "contacts": ["IBKR support, 877-442-2757"] * 2,
        "not_before": found.ended,
    }
    return found.model_copy(update={"diagnosis": found.diagnosis.model_copy(update=more)})


def full_no_go() -> Evidence:
    """As much as a run may have to tell: long facts, log and steps, and all positions."""
    found = made.overridden(made.a_no_go(failed="positions.count", since_last_go=_changed()))
    assert found.diagnosis is not None
    more: dict[str, Any] = {
        "next_steps": [f"{number}. do what is to be done" for number in range(9)],
        "if_that_fails": ["switch to TWS paper, and go on with it until this is mended"] * 4,
        "facts": ["something that was seen, and where it was seen, at what time"] * 20,
        "log": ["2026-11-22 02:00:01 " + "a line of the gateway's log " * 4] * 20,
        "contacts": ["IBKR support, 877-442-2757"] * 2,
        "not_before": found.ended,
    }
    diagnosis = found.diagnosis.model_copy(update=more)
    return found.model_copy(update={"diagnosis": diagnosis})


def _changed() -> SinceLastGo:
    one = since().positions
    assert one is not None
    return since(positions=one * 50)


@pytest.mark.parametrize(
    "found",
    [long_no_go(), full_no_go(), made.a_go(positions=10_000)],
    ids=["silent", "NO-GO", "GO"],
)
def test_run_with_much_to_tell_prints_on_two_sheets_as_well(
    browser: Browser, tmp_path: Path, found: Evidence
) -> None:
    assert len(browser.open(on_disk(tmp_path, found)).pdf(tmp_path)) == 2


def test_print_of_a_sorted_and_filtered_table_is_whole_and_in_the_gateways_order(
    browser: Browser, tmp_path: Path
) -> None:
    path = on_disk(tmp_path, made.a_go())
    shown = browser.open(path)
    untouched = shown.pdf(tmp_path)
    shown.page.get_by_role("button", name="symbol").click()
    shown.page.get_by_label("Filter").fill("no such")
    assert shown.pdf(tmp_path) == untouched
    assert shown.page.evaluate(f"{ROWS}.length") == 0


def test_table_is_sorted_by_its_headings_with_the_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    shown = browser.open(on_disk(tmp_path, made.a_go()))
    heading = shown.page.get_by_role("columnheader", name="symbol")
    symbols = [made.position(number, "")["symbol"] for number in range(24)]
    heading.get_by_role("button").focus()
    for order, is_down in (("ascending", False), ("descending", True)):
        shown.page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == order
        assert shown.page.evaluate(FIRST_CELLS) == sorted(symbols, reverse=is_down)
    shown.page.get_by_role("button", name="average cost").click()
    assert heading.get_attribute("aria-sort") is None
    costs = shown.page.evaluate(f"Array.from({ROWS}, row => parseFloat(row.cells[8].textContent))")
    assert costs == sorted(costs)
    shown.page.get_by_role("button", name="strike").click()
    strikes = shown.page.evaluate(f"Array.from({ROWS}, row => row.cells[3].textContent)")
    assert strikes[0]
    assert not any(strikes[-8:])


def test_verdict_is_the_loudest_thing_and_the_target_the_second(
    browser: Browser, tmp_path: Path
) -> None:
    size = "each => parseFloat(getComputedStyle(each).fontSize)"
    for width in (1280, 390):
        shown = browser.open(on_disk(tmp_path, made.a_go()), width=width).page
        verdict = shown.locator("h1 .verdict").evaluate(size)
        target = shown.locator("h1 .target").evaluate(size)
        others = shown.locator("main *").evaluate_all(f"all => Math.max(...all.map({size}))")
        assert verdict > 2 * target
        assert verdict > others
        assert target > 16


def test_command_is_copied_whole_with_a_button(browser: Browser, tmp_path: Path) -> None:
    shown = browser.open(on_disk(tmp_path, a_cure()))
    shown.page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value:"
        " {writeText: async text => { window.copied = text; }}})"
    )
    command = "pytest acceptance -m golive --fake=silent --fallback"
    button = shown.page.get_by_role("button", name=f"Copy: {command}")
    button.click()
    shown.page.wait_for_function("window.copied")
    assert shown.page.evaluate("window.copied") == command
    assert button.inner_text() == "Copied"


def test_contents_lead_to_the_sections_and_are_not_printed(
    browser: Browser, tmp_path: Path
) -> None:
    for found in (made.a_go(), a_cure(), a_broken_one()):
        shown = browser.open(on_disk(tmp_path, found)).page
        links = shown.locator(".contents a").evaluate_all(
            "all => all.map(each => each.getAttribute('href'))"
        )
        assert len(links) >= 6
        assert all(shown.locator(f"h2{each}").count() == 1 for each in links)
        shown.emulate_media(media="print")
        assert not shown.locator(".contents").is_visible()


def test_filter_says_how_many_rows_are_left(browser: Browser, tmp_path: Path) -> None:
    shown = browser.open(on_disk(tmp_path, made.a_go()))
    shown.page.get_by_label("Filter").fill("aapl stk")
    assert shown.page.get_by_role("status").inner_text() == "4 of 24 rows"
    assert shown.page.evaluate(FIRST_CELLS) == ["AAPL"] * 4
    shown.page.get_by_label("Filter").fill("")
    assert shown.page.evaluate(f"{ROWS}.length") == 24


def test_step_is_opened_with_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    shown = browser.open(on_disk(tmp_path, made.a_go()))
    step = shown.page.locator(".steps details").first
    step.locator("summary").focus()
    shown.page.keyboard.press("Enter")
    assert step.get_by_text("looked at: exactly one ibapi is installed").nth(1).is_visible()


def test_page_without_scripts_is_whole_and_offers_nothing_that_does_not_work(
    browser: Browser, tmp_path: Path
) -> None:
    shown = browser.open(on_disk(tmp_path, made.a_go()), javascript=False)
    assert shown.page.locator("#rows tbody tr").count() == 24
    assert not shown.page.get_by_label("Filter").is_visible()
    assert shown.page.locator("button:visible").count() == 0
    assert shown.errors == shown.requests == []


TIMED = """async act => {
    const began = performance.now();
    new Function(act)();
    document.body.offsetHeight;
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
}"""


def test_ten_thousand_positions_are_sorted_and_filtered_without_a_wait(
    browser: Browser, tmp_path: Path
) -> None:
    shown = browser.open(on_disk(tmp_path, made.a_go(positions=10_000)))
    shown.page.get_by_label("Filter").scroll_into_view_if_needed()
    find = "const found = document.getElementById('filter'); found.value = '{}';"
    change = find + "found.dispatchEvent(new Event('input'))"
    click = "document.querySelectorAll('#rows th button')[{}].click()"
    for act in (*map(click.format, (0, 0, 8)), *map(change.format, ("S", "SPY 50", "none", ""))):
        assert min(shown.page.evaluate(TIMED, act) for _ in range(3)) < LONGEST_MS, act
    assert "the first 200 shown" in shown.page.get_by_role("status").inner_text()
    shown.page.get_by_role("button", name="Show 200 more").click()
    assert shown.page.evaluate(f"{ROWS}.length") == 400


@pytest.mark.parametrize("name", ["nasty", "rehearsed"])
def test_nothing_that_a_gateway_says_is_executed_or_breaks_the_layout(
    browser: Browser, tmp_path: Path, project: Project, name: str
) -> None:
    path = on_disk(tmp_path, FOUND["nasty"])
    if name == "rehearsed":
        path = project.rehearse("--fake=hostile").folder / sign_off.FILE_NAME
    for width in (1280, 390):
        shown = browser.open(path, width=width)
        shown.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        assert shown.page.evaluate("window.bad") is None
        assert shown.errors == shown.requests == []
        assert shown.overflow == 0
    assert shown.page.locator("h1").inner_text().split()[0] == (
        "NO-GO" if name == "nasty" else "GO"
    )


def test_name_of_10_kilobytes_is_clipped_and_there_in_full(
    browser: Browser, tmp_path: Path
) -> None:
    row = made.position(0, "U21146542", symbol="LONG" * 2_500)
    record = PositionsRecord(account="U21146542", count=1, rows=[row])
    shown = browser.open(on_disk(tmp_path, holding(record)), width=390)
    name = shown.page.locator("#rows details")
    assert name.bounding_box()["height"] < 150  # type: ignore[index]
    name.locator("summary").click()
    assert name.locator("> bdi").inner_text() == "LONG" * 2_500
    assert shown.overflow == 0
