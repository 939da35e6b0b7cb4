"""allure.html: one file that asks for nothing; and what becomes of a run where Allure fails."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from golive.evidence.record import Evidence
from golive.reports import writing
from golive.reports.allure import html, results_folder
from golive.reports.writing import Wanted
from tests.support.browser import Browser
from tests.support.projects import ROOT, Project
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, kept

TOOLS = ROOT / "tests" / "support" / "node-tools"
HERE = str(TOOLS / "node_modules" / ".bin")

SAYS_WHAT_IT_WAS_TOLD = """
report = pathlib.Path(sys.argv[5])
report.mkdir()
told = {"arguments": sys.argv[1:], "in": os.getcwd(), "variables": dict(os.environ)}
(report / "index.html").write_text("<head>" + json.dumps(told), encoding="utf-8")
"""
HANGS = """
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""
IS_ALLURE_2 = """
pathlib.Path(sys.argv[5]).mkdir()
pathlib.Path(sys.argv[5], "app.js").touch()
"""

Stub = Callable[[str], Path]


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Puts a program in Allure's place."""

    def make(body: str) -> Path:
        code = tmp_path / "stub.py"
        modules = "import json, os, pathlib, subprocess, sys, time\n"
        code.write_text(modules + body, encoding="utf-8")
        if os.name == "nt":
            program = tmp_path / "allure.cmd"
            program.write_text(f'@"{sys.executable}" "{code}" %*\n', encoding="utf-8")
        else:
            program = tmp_path / "allure"
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{code}" "$@"\n', "utf-8")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv(html.VARIABLE, str(program))
        return program

    return make


def written(found: Evidence, folder: Path) -> Path:
    """The folder of a run with its results."""
    own = kept(found, folder)
    results_folder.write(found, own, Wanted())
    return own


def test_allure_gets_plain_words_no_service_and_no_analytics(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(SAYS_WHAT_IT_WAS_TOLD)
    monkeypatch.setenv("ALLURE_TOKEN", "t")
    folder = written(a_go(), tmp_path / "a folder & %PATH%")
    assert html.write(a_go(), folder, Wanted()) == []
    text = (folder / "allure.html").read_text(encoding="utf-8")
    assert '"ALLURE_TOKEN"' not in text
    assert '"ALLURE_NO_ANALYTICS": "true"' in text
    words = re.search(r'"arguments": \[(.*?)\]', text)
    assert words
    assert re.fullmatch(r'("[\w./-]+"(, )?)+', words[1])
    assert "Content-Security-Policy" in text
    assert list(folder.glob(".allure*")) == []


def test_machine_without_allure_is_told_how_to_get_it_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(html.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    [line] = html.write(a_go(), tmp_path, Wanted(allure=tmp_path))
    assert "npm install -g allure" in line
    assert html.write(a_go(), tmp_path, Wanted()) == []  # nobody asked for Allure


def test_run_without_allure_says_so_before_its_verdict(project: Project) -> None:
    run = project.rehearse("--fake", GOLIVE_ALLURE="no-such-program")
    assert run.exit_code == 0
    assert "no allure.html: GOLIVE_ALLURE names no program: no-such-program" in run.output
    assert run.last_line.startswith("GO (rehearsal)")


def test_allure_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(html.VARIABLE, "off")
    assert html.write(a_go(), tmp_path, Wanted()) == []


def test_allure_2_is_not_taken_for_allure_3(stub: Stub, tmp_path: Path) -> None:
    stub(IS_ALLURE_2)
    folder = written(a_go(), tmp_path)
    assert html.write(a_go(), folder, Wanted()) == [html.TOO_OLD]
    assert not (folder / "allure.html").exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("print('first'); print('no such plugin: x'); sys.exit(3)", "ended with 3: no such plugin"),
        ("sys.exit(1)", "ended with 1: no word"),
        ("", "index.html"),
    ],
)
def test_failure_of_allure_is_a_line_and_the_page_before_it_is_gone(
    body: str, says: str, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(body)
    folder = written(a_go(), tmp_path)
    (folder / "allure.html").touch()
    monkeypatch.setattr(writing, "TELLERS", (("allure.html", "golive.reports.allure.html"),))
    [line] = writing.write(folder, Wanted()).failures
    assert line.startswith("allure.html could not be written: ")
    assert says in line
    assert not (folder / "allure.html").exists()
    assert list(folder.glob(".allure*")) == []


def test_allure_that_hangs_is_ended_with_whatever_it_started(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(HANGS)
    monkeypatch.setattr(html, "SECONDS", 1.5)
    folder = written(a_go(), tmp_path)
    with pytest.raises(html.NotMade, match="longer than 2 s"):
        html.write(a_go(), folder, Wanted())
    here = [each for each in psutil.process_iter(["cmdline"]) if _is_ours(each, tmp_path)]
    assert here == []


FLOODS = "while True: os.write(1, bytes(1_000_000))"
LEAVES_ONE_BEHIND = """
more = {"start_new_session": False, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[0]], **more)
sys.exit(1)
"""


def test_allure_that_never_stops_talking_is_ended_before_it_fills_the_disk(
    stub: Stub, tmp_path: Path
) -> None:
    stub(FLOODS)
    folder = written(a_go(), tmp_path)
    with pytest.raises(html.NotMade, match="said more than 10,000,000 bytes"):
        html.write(a_go(), folder, Wanted())


def test_of_what_allure_said_only_the_end_is_read(stub: Stub, tmp_path: Path) -> None:
    stub("os.write(1, b'x' * 100_000 + b'\\nno such plugin'); sys.exit(3)")
    with pytest.raises(html.NotMade, match="ended with 3: no such plugin"):
        html.write(a_go(), written(a_go(), tmp_path), Wanted())


@pytest.mark.skipif(os.name == "nt", reason="what has lost its parent is not found on Windows")
def test_what_allure_leaves_behind_is_ended_as_well(stub: Stub, tmp_path: Path) -> None:
    stub(LEAVES_ONE_BEHIND)
    with pytest.raises(html.NotMade):
        html.write(a_go(), written(a_go(), tmp_path), Wanted())
    here = [each for each in psutil.process_iter(["cmdline"]) if _is_ours(each, tmp_path)]
    psutil.wait_procs(here, 5)
    assert [each for each in here if each.is_running()] == []


def _is_ours(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in word for word in process.info["cmdline"] or ())


@pytest.fixture
def cli(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one: of tests/support/node-tools, that GOLIVE_ALLURE names, or on the PATH."""
    named = os.environ.get(html.VARIABLE, "").removeprefix(html.OFF)
    found = shutil.which(named or "allure", path=None if named else HERE) or shutil.which("allure")
    if found is None:
        lacking = f"Allure is needed: npm ci --prefix {TOOLS.relative_to(ROOT).as_posix()}"
        if "browser" in re.findall(r"\w+", pytestconfig.option.markexpr):
            pytest.fail(lacking, pytrace=False)
        pytest.skip(lacking)
    monkeypatch.setenv(html.VARIABLE, found)


@pytest.mark.usefixtures("cli")
def test_page_opens_from_disk_tells_the_verdict_and_asks_for_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    kept(a_go(), tmp_path)
    found = a_no_go(NIGHT + timedelta(days=1))
    folder = written(found, tmp_path)
    assert html.write(found, folder, Wanted()) == []
    text = (folder / "allure.html").read_text(encoding="utf-8")
    assert "googletagmanager" not in text
    shown = browser.open(folder / "allure.html")
    page = shown.page
    page.get_by_text("NO-GO: gateway-not-running, LIVE").first.wait_for()
    assert not page.locator(".chart__caption").first.is_visible()  # 84 % of a NO-GO
    page.goto(page.url + "#categories")
    page.get_by_text("NO-GO: gateway-not-running").first.click()
    page.get_by_text("gateway-not-running: nothing listens").first.click()
    page.get_by_text("Verdict: NO-GO (gateway-not-running)").first.click()
    page.get_by_text("1. Close IB Gateway.").wait_for()
    page.get_by_text("evidence, redacted").click()
    page.get_by_text('"schema": 1').first.wait_for()
    assert shown.errors == []
    assert shown.requests == []


@pytest.mark.usefixtures("cli")
def test_hostile_gateway_does_nothing_to_the_page(
    browser: Browser, project: Project, tmp_path: Path
) -> None:
    run = project.rehearse("--fake=hostile", GOLIVE_ALLURE=os.environ[html.VARIABLE])
    shown = browser.open(run.folder / "allure.html")
    page = shown.page
    page.add_init_script("window.alert = () => console.error('executed')")
    page.goto(page.url + "#suites")
    page.reload()
    for name in ("REHEARSAL", "verdict"):
        page.get_by_text(name, exact=True).first.click()
    page.get_by_text("Verdict: GO").first.click()  # with the checks that are weakened
    page.locator(".attachment-row").get_by_text("positions", exact=True).click()
    page.get_by_text("<img src=x onerror=alert(1)>").first.wait_for()
    assert shown.errors == []
    assert shown.requests == []
