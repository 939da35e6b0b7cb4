"""What people read: its form, the words it avoids, and that each command it names exists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from golive.cli.main import main
from golive.cli.screen import COMMANDS
from golive.settings.model import Credentials, Fallback, GoLive, Mcp, Monitor
from tests.support import commands, texts
from tests.support.projects import ROOT
from tests.support.texts import HOLE, Text

# the form of each kind

NAMES = {
    "IB", "IBKR", "TWS", "API", "HTTP", "HTTPS", "JSON", "TLS", "MCP", "TCP", "UTC", "GO", "NO-GO",
    "Monitor", "Python", "Windows", "Linux", "Docker", "Prometheus", "Gateway", "Allure", "Ctrl-C",
    "CLOSE_WAIT", "FIN", "Java", "Chromium", "StaleProcesses", "IBKRCredentials", "GoLive", "IP",
    "SoakMinutes", "Content-Type", "JUnit", "macOS", "Master",
    *(str(field.alias) for model in (Credentials, GoLive, Fallback, Monitor, Mcp)
      for field in model.model_fields.values()),
}  # fmt: skip
"""Words with a capital wherever they stand."""

SENTENCE = 4
"""Words; less is a label."""

PROGRAMS = (
    "golive", r"python\S*", "pip", "pytest", "fake-ib-gateway", "kill", "taskkill", "ps", "pgrep",
    "ss", "cp", "rm", "lsof", "nohup", "open", "netstat", "tasklist", "robocopy", "powershell",
    "nox", "git", "systemctl", "docker", "sudo",
)  # fmt: skip
RUN = re.compile(
    rf": (?:\S+ )?(?:{'|'.join(PROGRAMS)}|[~/{{]|[A-Z]:)\S*.*$|: ?\{{\}}$|: +\S*[^.\s]$"
)
"""A command behind a colon, which has no full stop behind it."""


def _begins_small(text: str) -> bool:
    first = re.split(r"[\s:;,.(\]]", text.lstrip("`'\""))[0].removesuffix("'s")
    return not first[:1].isupper() or first in NAMES or first.isupper() or "_" in first


def _begins_large(text: str) -> bool:
    first = text.lstrip("`'\"(")
    if first.startswith(("golive", HOLE, "startApi", "nextValidId", "ibapi", "secrets.json", "--")):
        return True
    return first[:1].isupper() or first[:1].isdigit() or bool(re.match(r"\w+[._]\w", first))


def _stops(text: str) -> bool:
    return text.rstrip("`'\")").endswith((".", "!", "?")) and not text.endswith("...")


def _has_a_stop(text: str) -> bool:
    """A question may stand at the end of a line: `did you mean X?`."""
    return text.rstrip("`'\"").endswith((".", "!")) and not text.endswith("...")


def _is_no_sentence(text: str) -> bool:
    has_an_end = _stops(text) or RUN.search(text) or text.endswith(HOLE)
    return not _begins_large(text) or not has_an_end


def _is_no_phrase(text: str) -> bool:
    """The help of an option, an error behind its place."""
    return _has_a_stop(text) or not _begins_small(text)


def _is_open(text: str) -> bool:
    """A paragraph of a page; what ends with something filled in has its stop there."""
    is_short = len(text.replace(HOLE, "").split()) < SENTENCE
    return not is_short and not (_begins_large(text) and text.endswith((*".:?!)", HOLE)))


WRONG: dict[str, Callable[[str], bool]] = {
    "sentence": _is_no_sentence,
    "help": _is_no_phrase,
    "error": _is_no_phrase,
    "label": lambda text: text.endswith(".") and " " in text,
    "paragraph": _is_open,
    "any": lambda text: False,
}


def told(found: Iterable[object]) -> str:
    return "\n".join(map(str, found))


def test_each_text_has_the_capital_and_the_full_stop_of_its_kind() -> None:
    wrong = [each for each in texts.everywhere() if WRONG[each.kind](each.text)]
    assert wrong == [], told(wrong)


def test_lister_finds_texts_of_every_kind() -> None:
    found = texts.everywhere()
    assert {each.kind for each in found} == set(WRONG)
    assert len(found) > 1000


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("sentence", "the gateway is down."), ("sentence", "The gateway is down"),
        ("sentence", "Start it: as you always do"), ("help", "Which file"), ("help", "a file."),
        ("error", "The file is missing"), ("error", "the file is missing."),
        ("label", "All facts."), ("paragraph", "The gateway was not asked"),
    ],
)  # fmt: skip
def test_text_of_another_form_is_found(kind: str, text: str) -> None:
    assert WRONG[kind](text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("sentence", "The gateway is down."), ("sentence", "Then run again: golive check"),
        ("help", "TWS paper instead"), ("error", "IsPaperTrading must be true or false"),
        ("label", "24 open positions, 24 expected"),
    ],
)  # fmt: skip
def test_text_of_its_form_is_left_alone(kind: str, text: str) -> None:
    assert not WRONG[kind](text)


# the words

BANNED = (
    r"whom",
    r"of whose",
    r"lest",
    r"be it",
    r"answers? for",
    r"of that one",
    r"thereof",
    r"whilst",
    r"hither",
    r"thither",
    r"whence",
    r"thence",
    r"hence",
    r"henceforth",
    r"hereby",
    r"herein",
    r"therein",
    r"whereby",
    r"wherein",
    r"amongst",
    r"betwixt",
    r"ere",
    r"albeit",
    r"nay",
    r"forthwith",
    r"heretofore",
    r"hereafter",
    r"at the least",
    r"at the most",
    r"so as to",
    r"as it were",
    r"in vain",
    r"is a thing of",
    r"no wonder",
    r"of its own accord",
    r"not observable",
    r"belongs into",
    r"(?:this|that|it) is no [a-z]+",
    r"cannot stand in",
    r"is no (?:regular|number|message|object|JSON|host|account|ordinary)",
    r"must not stand in",
    r"stands? (?:twice|there|behind|on it|in its place)",
    r"as it stands",
)
"""What nobody says who speaks English today."""

_BANNED = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)


def _lines(paths: Iterable[Path]) -> Iterator[Text]:
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield Text("any", line, f"{path.relative_to(ROOT).as_posix()} line {number}")


def _read() -> Iterator[Text]:
    """All that is read, in the program and beside it."""
    yield from texts.everywhere()
    yield from texts.literals()
    yield from _lines([*texts.templates(), *texts.documents()])
    yield from _lines([ROOT / "CHANGELOG.md"])


def test_no_text_has_a_word_that_nobody_says_today() -> None:
    found = [each for each in _read() if _BANNED.search(each.text)]
    assert found == [], told(found)


# what texts name

WRITTEN = re.compile(
    r"(?<![\w./-])(?:python3? -m )?(golive|fake-ib-gateway|fake_ib_gateway)((?: +[^\s`|;&<>\"]+)*)"
)
OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]*)")
SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^( *)```\w*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
OTHERS = re.compile(
    r"\b(?:pip|git|docker|podman|nox|npm|npx|node|curl|systemctl|systemd\S*|loginctl|journalctl|uv|"
    r"pipx|ruff|mypy|twine|build|schtasks|apt|brew|zensical|gh|chmod|ib-gateway\S*|ibkr\S*|ibc2\S*|"
    r"playwright|socat|tar|coverage|ps|pytest|benchmarks|venv|tests\.\S+|HEALTHCHECK|my-monitor)\b"
)
"""Programs with options of their own."""


def _commands(text: str) -> Iterator[str]:
    """What is written as code: in spans and in blocks."""
    for _, block in FENCE.findall(text):
        yield from block.splitlines()
    yield from SPAN.findall(FENCE.sub("", text))


def misnamed(code: str) -> Iterator[str]:
    """The commands of ours in a line of code that do not exist, and their options."""
    if "pytest" in code.split("golive")[0].split():
        yield from _misnamed("pytest", code.split("golive")[-1].split())
        return
    for program, rest in WRITTEN.findall(code):
        if rest and not rest.strip().startswith(("=", "{", "(", "'")):
            yield from _misnamed(program.replace("_", "-"), rest.split())


def _misnamed(program: str, words: list[str]) -> Iterator[str]:
    known = commands.options()
    name = program
    while words and f"{name} {words[0]}" in known:
        name = f"{name} {words.pop(0)}"
    if name == "golive" and words and re.fullmatch(r"[a-z]+", words[0]):
        yield f"golive {words[0]}"
    if name == "golive selftest":
        return
    for word in words:
        option = word.partition("=")[0].rstrip(".,:)]")
        if re.fullmatch(r"--[a-z][\w-]*|-[a-zA-Z]", option) and option not in known[name]:
            yield f"{name} {option}"


def unknown_options(code: str) -> Iterator[str]:
    """Options that stand alone, and that none of our commands has."""
    if OTHERS.search(code) or WRITTEN.search(code):
        return
    known = frozenset().union(*commands.options().values())
    yield from (each for each in OPTION.findall(code) if each not in known)


def test_each_command_and_option_that_a_page_names_exists() -> None:
    wrong = []
    for path in texts.documents():
        for code in _commands(path.read_text(encoding="utf-8")):
            alone = unknown_options(code) if path.parent.name != "benchmarks" else ()
            for each in (*misnamed(code), *alone):
                wrong.append(f"{path.relative_to(ROOT).as_posix()}: {each}: {code}")
    assert wrong == [], told(wrong)


def _told_to_be_typed(text: str) -> Iterator[str]:
    """The commands in a sentence: in backticks, or at its end behind a colon."""
    yield from SPAN.findall(text)
    yield from re.findall(r": ((?:python3? -m )?(?:golive|fake-ib-gateway) [^;`,()]*)$", text)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Start it: golive monitor --fallback", ["golive monitor --fallback"]),
        ("`golive lok` shows it.", ["golive lok"]),
        ("once more: golive asks for order ids, which it refuses", []),
    ],
)
def test_command_in_a_sentence_is_found(text: str, typed: list[str]) -> None:
    assert list(_told_to_be_typed(text)) == typed


def test_each_command_and_option_that_the_program_names_exists() -> None:
    wrong = []
    for each in (*texts.everywhere(), *texts.literals()):
        for code in _told_to_be_typed(each.text):
            wrong += [f"{each.place}: {what}: {each.text}" for what in misnamed(code)]
        wrong += [f"{each.place}: {what}: {each.text}" for what in unknown_options(each.text)]
    assert wrong == [], told(wrong)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("golive chekc", ["golive chekc"]), ("golive check --fack", ["golive check --fack"]),
        ("golive report verfy RUN", []), ("golive check --fake silent", []),
        ("python3 -m golive rehearse --list", []),
        ("fake-ib-gateway --falt mute", ["fake-ib-gateway --falt"]),
        ("golive look --json --secrets x", []),
    ],
)  # fmt: skip
def test_command_that_does_not_exist_is_found(code: str, wrong: list[str]) -> None:
    assert list(misnamed(code)) == wrong


# --help


def helped(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `--help` of a command prints."""
    if name.startswith(commands.FAKE):
        commands.parsers()[name].print_help()
        return capsys.readouterr().out
    try:
        code = main([*name.split()[1:], "--help"])
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == 0
    return capsys.readouterr().out


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


NAMED = sorted({*commands.parsers(), *(f"golive {name}" for name in COMMANDS)})


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", NAMED)
def test_each_command_takes_help_with_an_example_in_80_columns(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = helped(name, capsys)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    usage = text.partition("\n\n")[0]
    lines = text.removeprefix(usage).splitlines()
    typed = re.compile(rf"(?:^|  |: )(?:python3? -m )?{re.escape(name)}(?: |$)")
    assert [line for line in lines if typed.search(line)], text


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("words", [[], ["rehearse", "--list"]])
def test_other_lists_fit_80_columns_too(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80] == []
