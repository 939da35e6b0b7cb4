"""The quick reference card: made of what a run is made of, so that it cannot say anything else."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from golive.diagnosis import commands, recovery
from golive.diagnosis.commands import Commands
from golive.diagnosis.decision_tree import TREE, WRITTEN
from golive.procedure import steps
from golive.reports import card, card_text
from golive.reports import card_page as card_page
from golive.reports.card import NoCard
from golive.settings import secrets_json
from golive.settings.model import EXPECTED
from tests.support.browser import Browser, Scheme
from tests.support.projects import Outcome, Project, example_settings
from tests.support.read_page import PageRead

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PLATFORMS = {"linux": commands.LINUX, "windows": commands.WINDOWS, "macos": commands.MACOS}
PATHS = {
    "linux": "/opt/ibgateway/1040/ibgateway",
    "windows": r"C:\IBKR\ibgateway\1040\ibgateway.exe",
    "macos": "/Applications/IB Gateway 10.40/IB Gateway",
}


def written(folder: Path, **changes: Any) -> Path:
    """A settings file: the example's, with `Port=4002` or `Fallback_Port=7498`."""
    document = example_settings()
    document["GoLive"]["StaleProcesses"] = ["dotnet"]
    for key, value in changes.items():
        *section, name = key.split("_")
        place = document["IBKRCredentials" if name in document["IBKRCredentials"] else "GoLive"]
        (document["GoLive"][section[0]] if section else place)[name] = value
    path = folder / "secrets.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def made(
    folder: Path, here: Commands = commands.LINUX, on_fallback: bool = False, **changes: Any
) -> card.Card:
    file = secrets_json.read(written(folder, **changes), on_fallback)
    return card.of(file, NOW, on_fallback=on_fallback, here=here)


def text(folder: Path, *where: Any, **changes: Any) -> str:
    """In one line, so that it does not matter where its lines are broken."""
    return " ".join(card_text.text(made(folder, *where, **changes)).split())


def page_text(folder: Path) -> str:
    """The page, whose text has no markup in it."""
    card_page.write(asdict(made(folder)), folder / "card.html")
    return PageRead((folder / "card.html").read_text(encoding="utf-8")).text


def test_card_is_one_page_of_a_terminal_with_each_command_on_its_own_line(tmp_path: Path) -> None:
    for here, path in zip(PLATFORMS.values(), PATHS.values(), strict=True):
        found = made(tmp_path, here, GatewayPath=path, Monitor={}, Mcp={})
        lines = card_text.text(found).splitlines()
        assert len(lines) <= 60
        alone = [line.strip() for line in lines]
        for each in (*found.checklist, *found.rules, *found.escalation):
            assert not each.command or each.command in alone
            assert not each.then_command or each.then_command in alone


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "Wait until it shows that it is ready after the login. Do not touch its window."),
        (1, "Wait 1 second after the login: SET A TIMER. Do not touch its window."),
        (90, "Wait 90 seconds after the login: SET A TIMER. Do not touch its window."),
    ],
)
def test_wait_is_told_as_the_settings_have_it(seconds: int, told: str, tmp_path: Path) -> None:
    shown = text(tmp_path, InitializationSeconds=seconds)
    assert told in shown
    assert "0 seconds" not in shown.replace("90 seconds", "").replace("10 seconds", "")


def longest(lines: list[str]) -> int:
    """Of those that are no command alone, which is never broken."""
    alone = re.compile(r" {5,8}(cp|powershell|pytest|python|robocopy) ")
    return max(len(line) for line in lines if not alone.match(line))


def test_command_stays_in_one_line_to_be_copied(tmp_path: Path) -> None:
    lines = card_text.text(
        card.of(secrets_json.read(written(tmp_path)), NOW, secrets="secrets.example.json")
    ).splitlines()
    command = "pytest acceptance -m golive --fallback --secrets secrets.example.json"
    assert sum(line.strip() == command for line in lines) == 1
    assert longest(lines) <= card_text.COLUMNS


def test_command_is_whole_however_long_the_name_of_the_settings_is(tmp_path: Path) -> None:
    name = f"{'a-long-way/' * 9}secrets.json"
    file = secrets_json.read(written(tmp_path))
    lines = [each.strip() for each in card_text.text(card.of(file, NOW, secrets=name)).splitlines()]
    for command in ("pytest acceptance -m golive", "pytest acceptance -m soak"):
        assert f"{command} --secrets {name}" in lines
    assert f"pytest acceptance -m golive --secrets {name} --kill-stale" in lines


def pieces(template: str) -> list[str]:
    """What stands between the braces of a text."""
    return [piece for each in re.split(r"\{\w+\}", template) if (piece := each.strip(" :"))]


def test_every_stage_has_something_to_do_and_all_its_steps_in_order(tmp_path: Path) -> None:
    stages = [stage for stage, _, _ in card.CHECKLIST]
    assert list(dict.fromkeys(stages)) == list(steps.STAGES)
    shown = page_text(tmp_path)
    at = [shown.index(step.title, shown.index("What the run checks")) for step in steps.STEPS]
    assert at == sorted(at)


@pytest.mark.parametrize("letter", recovery.PROCEDURES)
def test_every_recovery_procedure_is_there_word_for_word(letter: Any, tmp_path: Path) -> None:
    shown = page_text(tmp_path)
    behind = shown[shown.index(f"Procedure {letter}: {card.NAMES[letter]} ") :]
    at = [behind.index(pieces(template)[0]) for template in recovery.PROCEDURES[letter]]
    assert at == sorted(at)
    for template in recovery.PROCEDURES[letter]:
        assert all(piece in behind for piece in pieces(template)), template


def test_every_branch_of_the_written_tree_is_there_with_its_cure(tmp_path: Path) -> None:
    found = dict(made(tmp_path).tree)
    assert list(found) == [each.code for each in TREE if each.written in WRITTEN]
    for branch in TREE:
        if branch.code in found and branch.procedure:
            assert found[branch.code].words.startswith(f"Procedure {branch.procedure}: ")
        elif branch.code in found:
            assert pieces(branch.next_steps[0])[0] in found[branch.code].words


def test_every_diagnosis_that_asks_for_a_recovery_procedure_stands_beside_it(
    tmp_path: Path,
) -> None:
    for each in made(tmp_path).recoveries:
        wanted = [branch.code for branch in TREE if branch.procedure == each.letter]
        assert list(each.codes) == wanted


def test_escalation_and_contacts_are_those_of_a_diagnosis(tmp_path: Path) -> None:
    shown = text(tmp_path)
    ways = (recovery.RESTART, recovery.FALL_BACK, recovery.DEADLINE, recovery.OFFLINE)
    for template in (*ways, *recovery.CONTACTS):
        assert all(piece in shown for piece in pieces(template)), template


PAPER = {"Port": 4002, "IsPaperTrading": True, "ExpectedAccount": "DU1234567"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Host": "10.0.0.5"}, "10.0.0.5:4001"),
        ({"Port": 4003}, "custom port (live), 127.0.0.1:4003"),
        ({"Port": 4003}, "sport = :4003"),
        ({"ClientId": 7, "PinnedClientId": 7}, "ClientId = 7, ALWAYS"),
        ({"GatewayPath": "/opt/gw/ibgateway"}, "nohup /opt/gw/ibgateway"),
        ({"ExpectedAccount": "U7654321"}, "account ...4321"),
        ({"ExpectedPositions": 31}, ": 31 positions"),
        ({"ApiVersion": "10.99.01"}, "ibapi 10.99.01"),
        ({"HandshakeBudgetSeconds": 0.5}, "under 500 ms"),
        ({"HandshakeTimeoutSeconds": 17}, "waits 17 s"),
        ({"InitializationSeconds": 75}, "Wait 75 seconds"),
        ({"RetryCooldownSeconds": 120}, "120 s later"),
        (
            {"StaleProcesses": ["quant", "dotnet"]},
            "Find every quant and dotnet process and end it: pgrep -af quant;",
        ),
        ({"StaleProcesses": []}, "Find every other client process and end it: ask whose it is."),
        ({"Fallback_Port": 7498}, "port 7498"),
        (PAPER, "GO (paper) with "),
    ],
)
def test_every_setting_it_uses_is_that_of_the_file(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    assert says in text(tmp_path, **changes)
    assert says not in text(tmp_path)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_card_of_each_platform_is_plain_80_columns_wide_and_complete(
    platform: str, tmp_path: Path
) -> None:
    here, path = PLATFORMS[platform], PATHS[platform]
    found = card_text.text(made(tmp_path, here, GatewayPath=path))
    assert found.isascii()
    assert longest(found.splitlines()) <= 80
    assert not set("{}") & set(found)
    for command in (here.zombies(4001), here.listeners(4001), here.named("dotnet")):
        assert " ".join(command.split()) in " ".join(found.split())


def test_card_of_the_fallback_leads_no_further(tmp_path: Path) -> None:
    shown = text(tmp_path, commands.LINUX, True)
    assert "GO-LIVE CARD OF THE FALLBACK: TWS (paper), 127.0.0.1:7497" in shown
    assert "GO (fallback) with " in shown
    assert "pytest acceptance -m golive --fallback" in shown
    assert "Procedure C" not in shown
    assert "Switch to TWS" not in shown


def test_card_shows_no_user_and_no_whole_account(tmp_path: Path) -> None:
    path = "/home/RevOption/Jts/ibgateway"
    found = made(tmp_path, GatewayPath=path, Username="RevOption")
    card_page.write(asdict(found), tmp_path / "card.html")
    page = (tmp_path / "card.html").read_text(encoding="utf-8")
    for shown in (card_text.text(found), page):
        assert "revoption" not in shown.casefold()
        assert "U21146542" not in shown


def test_card_tells_its_day_its_settings_and_whether_they_are_the_example(tmp_path: Path) -> None:
    file = secrets_json.read(written(tmp_path))
    shown = card_text.text(card.of(file, NOW))
    assert f"2026-11-22, settings secrets.json {file.fingerprint[:12]}, golive " in shown
    assert "NOT FOR THE WALL" not in shown
    example = file.path.rename(tmp_path / "secrets.example.json")
    assert "NOT FOR THE WALL" in card_text.text(card.of(secrets_json.read(example), NOW))


@pytest.mark.parametrize("changes", [{"ClientId": 11}, {"IsPaperTrading": True}, {"Port": 4002}])
def test_settings_that_contradict_themselves_get_no_card(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(NoCard):
        made(tmp_path, **changes)


# the command


def ask(project: Project, *words: str, **variables: str) -> Outcome:
    return project.run("golive", "card", *words, **variables)


def test_command_prints_the_card_of_the_settings(project: Project, tmp_path: Path) -> None:
    path = str(written(tmp_path, Port=4003))
    for done in (ask(project, "--secrets", path), ask(project, GOLIVE_SECRETS=path)):
        assert done.exit_code == 0
        assert "127.0.0.1:4003" in done.output
    assert "GO-LIVE CARD OF THE FALLBACK" in ask(project, "--secrets", path, "--fallback").output


def test_without_good_settings_there_is_one_line_and_exit_4(
    project: Project, tmp_path: Path
) -> None:
    missing = ask(project)
    misspelt = ask(project, "--secrets", str(written(tmp_path, ExpectedPosition=1)))
    wrong = ask(project, "--secrets", str(written(tmp_path, ClientId=11)))
    for done, says in (
        (missing, "secrets.json: no such file"),
        (misspelt, "unknown key GoLive.ExpectedPosition; did you mean ExpectedPositions?"),
        (wrong, "ClientId is 11, but PinnedClientId is 10"),
    ):
        assert (done.exit_code, done.output.count("\n")) == (4, 1), done.output
        assert says in done.output


def test_card_without_an_expectation_leaves_room_for_a_pen(
    project: Project, tmp_path: Path
) -> None:
    path = written(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    for key in EXPECTED:
        del document["GoLive"][key]
    path.write_text(json.dumps(document), encoding="utf-8")
    done = ask(project, "--secrets", str(path))
    assert done.exit_code == 0, done.output
    assert "account ____: ____ positions" in done.output
    assert "-1 positions" not in done.output


def test_page_is_written_over_a_card_and_over_nothing_else(
    project: Project, tmp_path: Path
) -> None:
    secrets, page = written(tmp_path), tmp_path / "card.html"
    words = ("--secrets", str(secrets), "--html")
    for _ in range(2):
        done = ask(project, *words, str(page))
        assert (done.exit_code, done.output) == (0, f"Written: {page}\n")
    before = secrets.read_bytes()
    for command in (("card", *words), ("schema",)):
        refused = project.run("golive", *command, str(secrets))
        assert (refused.exit_code, refused.output.count("\n")) == (4, 1)
    assert secrets.read_bytes() == before


# the page


@pytest.mark.parametrize("platform", PLATFORMS)
def test_page_is_one_sheet_of_paper(platform: str, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / f"{platform}.html"
    found = made(tmp_path, PLATFORMS[platform], GatewayPath=PATHS[platform])
    card_page.write(asdict(found), path)
    shown = browser.open(path)
    (sheet,) = shown.pdf(tmp_path)
    for each in (found.heading, found.foot, steps.STEPS[-1].title):
        assert " ".join(each.split()) in " ".join(sheet.split())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_page_can_be_read_on_any_screen_and_asks_for_nothing(
    scheme: Scheme, width: int, browser: Browser, tmp_path: Path
) -> None:
    card_page.write(asdict(made(tmp_path, commands.WINDOWS)), tmp_path / "card.html")
    shown = browser.open(tmp_path / "card.html", scheme=scheme, width=width)
    assert (shown.requests, shown.errors, shown.overflow) == ([], [], 0)
    assert shown.violations() == []


def test_markup_in_the_settings_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    path = "/opt/<img src=x onerror=alert(1)>/ibgateway"
    card_page.write(asdict(made(tmp_path, GatewayPath=path)), tmp_path / "card.html")
    shown = browser.open(tmp_path / "card.html")
    assert shown.errors == []
    assert "<img src=x onerror=alert(1)>" in shown.page.inner_text("body")


def test_steps_are_ticked_with_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    card_page.write(asdict(made(tmp_path)), tmp_path / "card.html")
    page = browser.open(tmp_path / "card.html").page
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_label("Find every dotnet").is_checked()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_command_that_ends_the_gateway_is_told_for_the_pid_that_is_found(
    platform: str, tmp_path: Path
) -> None:
    lines = [each for one in made(tmp_path, PLATFORMS[platform]).recoveries for each in one.lines]
    [end] = [each for each in lines if "end it:" in each.words]
    assert end.command == {"windows": "taskkill -F -PID PID"}.get(platform, "kill -KILL PID")


LINES = "all => all.map(each => each.getClientRects().length && each.clientHeight)"


def test_no_command_is_broken_or_cut_off_on_paper(browser: Browser, tmp_path: Path) -> None:
    card_page.write(
        asdict(made(tmp_path, commands.WINDOWS, GatewayPath=PATHS["windows"])),
        tmp_path / "card.html",
    )
    page = browser.open(tmp_path / "card.html", width=733).page  # of A4 without its margins
    page.emulate_media(media="print")
    code = page.locator(".fit code")
    assert code.count() > 15
    assert set(
        code.evaluate_all("all => all.map(each => each.scrollWidth - each.clientWidth)")
    ) == {0}
    assert max(code.evaluate_all(LINES)) < 16  # one line each


def test_no_command_is_broken_at_a_hyphen_on_any_screen(browser: Browser, tmp_path: Path) -> None:
    card_page.write(asdict(made(tmp_path)), tmp_path / "card.html")
    page = browser.open(tmp_path / "card.html").page
    for width in range(320, 1300, 35):
        page.set_viewport_size({"width": width, "height": 1000})
        words = page.locator(".then, code").evaluate_all(WORDS)
        assert not [word for word, lines in words if "-" in word and lines != 1]


WORDS = """all => all.flatMap(each => {
    const walker = document.createTreeWalker(each, NodeFilter.SHOW_TEXT), found = [];
    for (let node; node = walker.nextNode();)
        for (const word of node.data.matchAll(/\\S+/g)) {
            const range = new Range();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const tops = [...range.getClientRects()].map(line => Math.round(line.top));
            found.push([word[0], new Set(tops).size]);
        }
    return found})"""
