"""The documentation is true: its links lead somewhere, and what it shows can be used."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from fake_ib_gateway import options as fakes_options
from fake_ib_gateway.record import command as recording
from golive.cli.screen import COMMANDS
from golive.evidence.record import Evidence, StepRecord
from golive.procedure import steps
from golive.settings import secrets_json
from tests.support import site
from tests.support.projects import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "reports" / "README.md",
    ROOT / "fakes" / "README.md",
    *PAGES,
]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?\)")
SHELLS = ("", "bash", "sh", "console", "powershell")
OTHERS = {
    ".", ".venv/Scripts/activate", "cd", "cp", "docker", "git", "kill", "netstat", "npm", "pip",
    "ps", "py", "schtasks", "ss", "systemctl", "taskkill", "tasklist", "uvx",
}  # fmt: skip
"""Programs that are not of this project, and that the pages show."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    text = path.read_text(encoding="utf-8")
    return [(language, inside) for _, language, inside in FENCE.findall(text)]


def prose(path: Path) -> str:
    """The page without its blocks and code words."""
    return re.sub(r"`[^`\n]+`", "", FENCE.sub("", path.read_text(encoding="utf-8")))


def anchors(path: Path) -> set[str]:
    """The anchors that the headings of a page get, in the repository's view as on the site."""
    found: set[str] = set()
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    for heading in re.findall(r"^#{1,6} (.+?)(?: \{[^}]*\})?$", text, re.MULTILINE):
        words = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
        found.add(re.sub(r"\s", "-", words.strip()))
    return found | set(re.findall(r"<a id=\"([\w-]+)\"", text))


def links(path: Path) -> Iterator[str]:
    text = prose(path)
    for address in [*LINK.findall(text), *re.findall(r'<img[^>]* src="([^"]+)"', text)]:
        if not re.match(r"[a-z]+:", address):
            yield address


# links


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_link_leads_to_a_file_and_an_anchor_of_the_repository(path: Path) -> None:
    dead = []
    for address in links(path):
        name, _, fragment = address.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (fragment and fragment not in anchors(target)):
            dead.append(address)
    assert dead == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page_links_to_nothing_outside_of_the_site(path: Path) -> None:
    outside = [
        address
        for address in links(path)
        if not (path.parent / address.partition("#")[0]).resolve().is_relative_to(DOCS)
    ]
    assert outside == []


def test_every_page_is_in_the_navigation_or_listed_by_the_index_of_its_folder() -> None:
    read = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    named = {DOCS / name for name in _named(read["project"]["nav"])}
    assert [each for each in named if not each.is_file()] == []
    listed = {
        (index.parent / address.partition("#")[0]).resolve()
        for index in DOCS.glob("*/index.md")
        for address in links(index)
    }
    assert [page for page in PAGES if page not in named | listed] == []


def _named(nav: Any) -> Iterator[str]:
    """Every page that a navigation names."""
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(each)


# what is shown


class _Read(Exception):
    """The parser has read the words; nothing is performed."""


@pytest.fixture
def only_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands stop where their words have been read."""
    parse = argparse.ArgumentParser.parse_args

    def read(self: argparse.ArgumentParser, *given: Any, **named: Any) -> NoReturn:
        parse(self, *given, **named)
        raise _Read

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", read)


def commands() -> list[tuple[str, str]]:
    """Every line of a shell block that is a command, and where it stands."""
    found = []
    for path in TEXTS:
        for language, block in blocks(path):
            if language in SHELLS and _is_shell(block):
                joined = block.replace("\\\n", " ")
                found += [(name_of(path), line) for line in joined.splitlines() if _word(line)]
    return found


def _word(line: str) -> str:
    """The program that a line starts; none of a remark."""
    return next(iter(shlex.split(line, comments=True, posix=False)), "")


def _is_shell(block: str) -> bool:
    first = next(iter(block.split()), "")
    return first in {"golive", "pytest", "python", "python3", "nox", ".ci/run", "#", *OTHERS} | {
        "fake-ib-gateway"
    }


@pytest.mark.usefixtures("only_parsed")
@pytest.mark.parametrize(("where", "line"), commands())
def test_command_shown_is_one_that_is_understood(where: str, line: str) -> None:
    words = shlex.split(line.replace("\\", "/"), comments=True)
    if words[:3] in (["python3", "-m", "golive"], ["python", "-m", "golive"]):
        words = ["golive", *words[3:]]
    match words:
        case ["golive"] | ["golive", "selftest" | "--version", *_]:
            pass
        case ["golive", command, *rest]:
            assert command in COMMANDS
            with pytest.raises(_Read):
                importlib.import_module(f"golive.cli.{command}").main(rest)
        case ["fake-ib-gateway", "record", *rest]:
            with pytest.raises(_Read):
                recording.parser().parse_args(rest)
        case ["fake-ib-gateway", *rest]:
            with pytest.raises((_Read, SystemExit)) as ended:
                fakes_options.parser().parse_args(rest)
            assert getattr(ended.value, "code", 0) in (0, None)
        case ["nox", *rest]:
            sessions = (ROOT / "noxfile.py").read_text(encoding="utf-8")
            named = [each for each in rest if not each.startswith("-")]
            known = set(
                re.findall(r"^def (\w+)\(session|\"(change|night)\"", sessions, re.MULTILINE)
            )
            assert set(named) <= {each for pair in known for each in pair}
        case ["pytest", "acceptance", "-m", mark, *_]:
            assert mark in ("golive", "soak")
        case ["python", "-m", module, *_]:
            assert importlib.util.find_spec(module)
        case [program, *_]:
            assert program in {*OTHERS, ".ci/run", "pytest"}


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_command_named_in_a_sentence_is_one_that_there_is(path: Path) -> None:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    named = set(re.findall(r"`golive ([a-z]+)\b[^`\n]*`", text))
    assert named - set(COMMANDS) == set()


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_json_and_yaml_shown_is_read_as_such(path: Path) -> None:
    for language, block in blocks(path):
        if language == "json":
            json.loads(block)
        elif language in ("yaml", "yml"):
            assert yaml.safe_load(block)
        elif language == "toml":
            assert tomllib.loads(block)


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Objects key by key, everything else replaced."""
    both = {key for key in over if isinstance(over[key], dict) and isinstance(under.get(key), dict)}
    return under | over | {key: merged(under[key], over[key]) for key in both}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_settings_shown_are_taken(path: Path, tmp_path: Path) -> None:
    example = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    for language, block in blocks(path):
        if language == "json" and "GoLive" in (shown := json.loads(block)):
            file = tmp_path / "secrets.json"
            whole = shown if "IBKRCredentials" in shown else merged(example, shown)
            file.write_text(json.dumps(whole), encoding="utf-8")
            secrets_json.read(file)


def test_evidence_shown_has_the_keys_of_the_record() -> None:
    page = DOCS / "evidence.md"
    (shown,) = [json.loads(block) for language, block in blocks(page) if language == "json"]
    known = {name.rstrip("_"): each for name, each in Evidence.model_fields.items()}
    assert set(shown) <= set(known)
    assert StepRecord.model_validate(shown["steps"][0]).outcome == "passed"
    section = page.read_text(encoding="utf-8").partition("## evidence.json")[2]
    named = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    keys = {key for each in named for key in re.findall(r"`(\w+)", each)}
    assert keys <= set(known)
    assert set(known) - keys - set(shown) <= {"salt", "plan"}


# the procedure


def test_every_section_that_a_step_cites_is_a_heading_of_the_procedure() -> None:
    text = FENCE.sub("", (DOCS / "monday.md").read_text(encoding="utf-8"))
    above, found = "", set()
    for marks, heading in re.findall(r"^(##+) (.+)$", text, re.MULTILINE):
        above = heading if len(marks) == 2 else above
        found.add(heading if len(marks) == 2 else f"{above}, {heading}")
    assert {step.section for step in steps.STEPS} <= found
    assert {step.anchor for step in steps.STEPS} <= anchors(DOCS / "monday.md")


# the site as built


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ('<a href="b.html#here">x</a><img src="a.png">', []),
        ('<a href="gone.html">x</a>', ["a.html: dead link gone.html"]),
        ('<a href="b.html#gone">x</a>', ["a.html: dead anchor b.html#gone"]),
        ('<img src="gone.png">', ["a.html: lacks gone.png"]),
        ('<script src="https://example.org/x"></script>', ["a.html: loads https://example.org/x"]),
        ('<link rel="stylesheet" href="//example.org/x">', ["a.html: loads //example.org/x"]),
        ('<a href="https://example.org/">x</a>', []),
    ],
)  # fmt: skip
def test_dead_link_and_load_from_elsewhere_are_found(
    tmp_path: Path, inside: str, told: list[str]
) -> None:
    (tmp_path / "a.html").write_text(inside, encoding="utf-8")
    (tmp_path / "b.html").write_text('<h2 id="here">x</h2>', encoding="utf-8")
    (tmp_path / "a.png").touch()
    assert site.problems(tmp_path) == told


def test_style_that_loads_a_font_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").touch()
    (tmp_path / "a.css").write_text("@font-face{src:url(https://example.org/f)}", encoding="utf-8")
    assert site.problems(tmp_path) == ["a.css: loads https://example.org/f"]


def test_site_without_a_page_is_a_problem(tmp_path: Path) -> None:
    assert site.problems(tmp_path) == [f"{tmp_path}: no page"]
