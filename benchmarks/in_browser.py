"""How the sign-off feels in a browser: milliseconds until what was asked for is on the screen."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measure
from tests.support import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

HEADS = ("in the browser", "rows", "ms", "/ fewest rows", "aim")
LOAD, SORT, FILTER = "load the page", "sort by a column", "filter, and clear the filter"
AIMS = {LOAD: "below 1,000", SORT: "below 100", FILTER: "below 100"}

LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
SHOWN = """async () => {
  const began = performance.now();
  %s;
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}"""
ACTIONS = {
    SORT: "document.querySelector('#rows thead button').click()",
    FILTER: """{ const field = document.getElementById('filter');
        field.value = field.value ? '' : 'a'; field.dispatchEvent(new Event('input')) }""",
}


def table(pages: Mapping[int, Path], rounds: int) -> str:
    """Of pages by their number of rows, fewest first. Without a browser it says so."""
    if lacking := browser.missing():
        return lacking
    with browser.running() as chromium:
        found = {rows: _measured(chromium, page, rounds) for rows, page in pages.items()}
    fewest = found[min(found)]
    lines = [
        [what, f"{rows:,}", measure.milliseconds(ms), measure.ratio(ms, fewest[what]), AIMS[what]]
        for what in fewest
        for rows, times in found.items()
        for ms in [times[what]]
    ]
    return measure.table(f"sign-off in Chromium, median of {rounds}", HEADS, lines)


def _measured(chromium: Chromium, page: Path, rounds: int) -> dict[str, float]:
    """Medians of each, in milliseconds, to the first frame after it."""
    samples = [_once(chromium, page) for _ in range(rounds)]
    return {what: statistics.median(each[what] for each in samples) for what in samples[0]}


def _once(chromium: Chromium, page: Path) -> dict[str, float]:
    with ExitStack() as stack:
        shown = browser.Browser(chromium, stack).open(page).page
        times = {LOAD: shown.evaluate(LOADED)}
        for what, act in ACTIONS.items():
            runs = [shown.evaluate(SHOWN % act) for _ in range(2)]
            times[what] = max(runs)
        return times
