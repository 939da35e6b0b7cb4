"""The site of docs/, opened from disk in a real browser."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.browser import Browser
from tests.support.projects import ROOT

THEMES_OWN = ("landmark-unique", "scrollable-region-focusable")
"""The theme gives all blocks of code one name, and its wide tables scroll by pointer alone."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site; skips where what builds it is missing."""
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("needs zensical: pip install --require-hashes -r requirements/docs.txt")
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    subprocess.run(command, cwd=folder, check=True, timeout=120, capture_output=True)
    return folder / "site"


@pytest.mark.parametrize("name", ["index", "start", "monday", "checks", "causes/zombies"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_opens_from_disk_and_asks_for_nothing_else(
    browser: Browser, built: Path, name: str, width: int
) -> None:
    shown = browser.open(built / f"{name}.html", width=width)
    assert [each for each in shown.requests if not each.startswith("file:")] == []
    assert shown.errors == []
    assert [each for each in shown.violations() if not each.startswith(THEMES_OWN)] == []
    assert shown.overflow <= 0  # less, where a gutter is kept for a scroll bar


def test_search_works_from_disk(browser: Browser, built: Path) -> None:
    shown = browser.open(built / "start.html")
    shown.page.keyboard.press("Control+k")
    shown.page.keyboard.type("zombies")
    found = shown.page.get_by_text("results").first
    found.wait_for()
    assert int(str(found.text_content()).split()[0]) > 0
