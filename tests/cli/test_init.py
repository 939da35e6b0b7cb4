"""`golive init`: what it sees, what it asks, what it writes, and that it connects to nothing."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golive.cli import asking, init_screen
from golive.settings import schema, secrets_json, writing
from golive.settings.writing import OWN, Program
from tests.support import four_ports
from tests.support.fakes import Fake
from tests.support.programs import WAIT, started
from tests.support.projects import ROOT, Outcome, Project
from tests.support.typing_there import Typing

HERE = Project(ROOT)
NAMED = ("--account", "DU1234567", "--positions", "3", "--yes")
EXAMPLE = ("--account", "U21146542", "--positions", "24", "--port", "4001", "--yes")

posix_only = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal or POSIX rights")


@dataclass(frozen=True)
class Place:
    """A folder to write into, and a home in which no gateway has been."""

    folder: Path

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def document(self) -> Any:
        return json.loads(self.secrets.read_text(encoding="utf-8"))

    @property
    def variables(self) -> dict[str, str]:
        there = str(self.folder / "home")
        return {"HOME": there, "USERPROFILE": there, "GOLIVE_SECRETS": str(self.secrets)}

    def init(self, *words: str) -> Outcome:
        return HERE.run("golive", "init", *words, **self.variables)

    def typing(self, *words: str) -> Typing:
        command = [sys.executable, "-m", "golive", "init", *words]
        return Typing(command, ROOT, **self.variables)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Nobody else listens on the four ports meanwhile."""
    (tmp_path / "home").mkdir()
    with four_ports.alone():
        yield Place(tmp_path)


@pytest.fixture
def gateway(place: Place, fake: Callable[..., Fake]) -> Callable[..., Fake]:
    """Starts one on a port, with its settings where a gateway keeps them: `gateway(4002)`."""
    folder = str(place.folder / "home" / "Jts")
    return lambda port, *more: fake("--port", str(port), "--settings-dir", folder, *more)


def test_file_holds_no_more_than_is_needed_and_is_read(place: Place) -> None:
    done = place.init(*EXAMPLE)
    assert done.exit_code == 0, done.output
    assert place.document == {
        "$schema": "./secrets.schema.json",
        "IBKRCredentials": {
            "Host": "127.0.0.1",
            "Port": 4001,
            "ClientId": 10,
            "IsPaperTrading": False,
        },
        "GoLive": {"ExpectedAccount": "U21146542", "ExpectedPositions": 24},
    }
    settings = secrets_json.read(place.secrets).settings
    assert settings.disagreements == []
    there = place.secrets.with_name("secrets.schema.json")
    assert there.read_text(encoding="utf-8") == schema.text()
    assert max(map(len, done.output.replace(str(place.folder), "").splitlines())) <= 80
    assert [line.split()[3] for line in done.output.splitlines()[-3:]] == [
        "look",
        "rehearse",
        "check",
    ]


@pytest.mark.parametrize(
    ("named", "of_the_rehearsal"), [((), "secrets.json"), (("--secrets", "x.json"), "x.json")]
)
def test_next_commands_name_the_file_and_stand_in_columns(
    named: tuple[str, ...], of_the_rehearsal: str, place: Place
) -> None:
    variables = {**place.variables, "GOLIVE_SECRETS": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = Project(place.folder).run("golive", "init", *EXAMPLE, *named, **variables)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()[-3:]
    given = f" {' '.join(named)}" if named else ""
    told = [line.strip().partition("  ")[0] for line in lines]
    assert told == [
        f"python -m golive look{given}",
        f"python -m golive rehearse --secrets {of_the_rehearsal}",
        f"python -m golive check{given}",
    ]
    assert max(map(len, lines)) <= 80
    assert len({line.index(line.strip().partition("  ")[2].strip()) for line in lines}) == 1


@posix_only
def test_file_is_readable_by_its_owner_alone(place: Place) -> None:
    place.init(*EXAMPLE)
    assert stat.S_IMODE(place.secrets.stat().st_mode) == 0o600


def test_gateway_that_runs_is_seen_with_its_own_settings_and_not_connected_to(
    place: Place, gateway: Callable[..., Fake]
) -> None:
    one = gateway(4002, "read-only", "--master-client-id", "7", "--trusted-ip", "10.0.0.5")
    done = place.init(*NAMED)
    assert done.exit_code == 0, done.output
    assert "4002 IB Gateway (paper): python" in done.output.replace(sys.executable, "python")
    assert "Read-Only API on; trusted IPs 10.0.0.5; Master API client ID 7" in done.output
    assert "turn Read-Only API off" in done.output
    assert "add 127.0.0.1 to the trusted IPs" in done.output
    assert "set Master API client ID to 10 or blank" in done.output
    assert place.document["IBKRCredentials"]["Port"] == 4002
    assert place.document["IBKRCredentials"]["IsPaperTrading"] is True
    one.stop()
    assert one.connections == 0


def test_where_two_gateways_listen_it_asks_which(
    place: Place, gateway: Callable[..., Fake]
) -> None:
    both = gateway(4001), gateway(7497)
    done = place.init(*NAMED)
    assert (done.exit_code, "add --port 4001|7497" in done.output) == (4, True), done.output
    assert not place.secrets.exists()
    done = place.init(*NAMED, "--port", "7497")
    assert (done.exit_code, place.document["IBKRCredentials"]["Port"]) == (0, 7497)
    for each in both:
        each.stop()
    assert [each.connections for each in both] == [0, 0]


def test_port_that_is_named_but_not_the_one_that_listens_is_told(
    place: Place, gateway: Callable[..., Fake]
) -> None:
    gateway(4002)
    done = place.init(*EXAMPLE)
    assert done.exit_code == 0, done.output
    told = "Nothing listens on port 4001, but something does on 4002, IB Gateway (paper)."
    assert told in done.output
    assert place.document["IBKRCredentials"]["Port"] == 4001


def test_file_that_is_there_is_never_written_over(place: Place) -> None:
    place.secrets.write_text("mine", encoding="utf-8")
    done = place.init(*EXAMPLE)
    assert (done.exit_code, done.output.count("\n")) == (4, 1)
    assert "golive init never overwrites a file" in done.output
    assert place.secrets.read_text(encoding="utf-8") == "mine"


def test_file_that_appears_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        writing.write(path, "other")
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.json"]
    assert path.read_text(encoding="utf-8") == "mine"


def test_schema_that_is_there_is_left_alone(place: Place) -> None:
    mine = place.secrets.with_name("secrets.schema.json")
    mine.write_text("mine", encoding="utf-8")
    assert place.init(*EXAMPLE).exit_code == 0
    assert mine.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no terminal to ask on; add --yes --account U... --positions N"),
        (("--account", "U21146542"), "no terminal to ask on; add --yes --positions N"),
        (("--yes",), "--yes asks nothing; add --account U... --positions N"),
        (EXAMPLE[:4] + EXAMPLE[-1:], "no listening gateway was found; add --port 4001"),
        ((*EXAMPLE, "--account", "24"), "--account: not an account: U1234567 is a live one"),
        ((*EXAMPLE, "--port", "4002"), "--account: port 4002 is IB Gateway (paper)"),
        ((*EXAMPLE, "--account", "DU1"), "--account: not an account"),
        ((*EXAMPLE, "--account", "DU1234567"), "its account does not begin with D"),
        ((*EXAMPLE, "--positions", "-1"), "--positions: must be 0 or more"),
        ((*EXAMPLE, "--positions", "24.0"), "--positions: not a whole number"),
        ((*EXAMPLE, "--port", "0"), "--port: a port is a number from 1 to 65535"),
        ((*EXAMPLE, "--client-id", "x"), "--client-id: not a whole number"),
        ((*EXAMPLE, "--fallback-account", "U1234567", "--fallback-positions", "3"),
         "--fallback-account: port 7497 is TWS (paper): its account begins with D"),
        ((*EXAMPLE, "--fallback-account", "DU1234567"),
         "--yes asks nothing; add --fallback-positions N"),
        ((*EXAMPLE, "--fallback-positions", "3"),
         "--fallback-positions: add --fallback-account DU..."),
        ((*EXAMPLE, "--monitor", "'a"), "--monitor: a quote is not closed"),
        ((*EXAMPLE, "--monitor", "maybe so"), "--monitor: the program maybe cannot be found"),
        ((*EXAMPLE, "--mcp", "/no/such/server"), "--mcp: the program /no/such/server cannot be"),
        ((*EXAMPLE, "--mcp", "''"), "--mcp: type a command, own or none"),
        ((*EXAMPLE, "--host", "http://x"), "IBKRCredentials.Host must be only a name"),
        ((*EXAMPLE, "--secrets", "no/such/file"), "no such folder; make it first"),
    ],
)  # fmt: skip
def test_what_is_lacking_or_wrong_is_one_line_and_nothing_is_written(
    words: tuple[str, ...], says: str, place: Place
) -> None:
    done = place.init(*words)
    assert done.exit_code == 4, done.output
    assert says in done.output.splitlines()[-1]
    assert done.output.splitlines()[-1].startswith("golive: init: ")
    assert [each.name for each in place.folder.iterdir() if each.name != "state"] == ["home"]


def test_programs_and_other_answers_are_written_where_they_are_not_the_default(
    place: Place,
) -> None:
    command = f'"{sys.executable}" "--a b"'
    more = ("--monitor", command, "--mcp", "none", "--client-id", "7")
    assert place.init(*EXAMPLE, *more, "--host", "localhost", "--port", "4003").exit_code == 0
    assert place.document["GoLive"] == {
        "ExpectedAccount": "U21146542",
        "ExpectedPositions": 24,
        "PinnedClientId": 7,
        "Monitor": {"Command": [sys.executable, "--a b"]},
        "Mcp": None,
    }
    assert place.document["IBKRCredentials"] == {
        "Host": "localhost",
        "Port": 4003,
        "ClientId": 7,
        "IsPaperTrading": False,
    }


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        *[(each, OWN) for each in ("", "own", "OWN", "y", "Y", "yes", " Yes ")],
        *[(each, None) for each in ("none", "None", "n", "N", "no", "NO")],
    ],
)
def test_words_of_agreement_and_refusal_are_no_commands(answer: str, program: Program) -> None:
    assert asking.program(answer) == program


@posix_only
def test_folder_that_a_gateway_is_told_is_written_and_one_that_waits_for_its_login_is_told(
    place: Place,
) -> None:
    listens = "import socket; s = socket.create_server(('127.0.0.1', 7496)); " + WAIT
    folder = place.folder / "its settings"
    folder.mkdir()
    with started(place.folder) as start:
        start("java", listens, f"-DjtsConfigDir={folder}")
        waiting = start("ibgateway")
        done = place.init(*EXAMPLE[:4], "--yes")
    assert done.exit_code == 0, done.output
    assert "7496 TWS (live): java (pid " in done.output
    assert f"IB Gateway without a listener: ibgateway (pid {waiting.pid}) since" in done.output
    assert place.document["IBKRCredentials"]["Port"] == 7496
    assert place.document["GoLive"]["GatewayFolder"] == str(folder)


def test_other_ibapi_than_the_procedures_is_named_with_what_that_means() -> None:
    assert list(init_screen.of_the_api("")) == []
    named, weakened = init_screen.of_the_api("10.50.02")
    assert named == "ibapi 10.50.02 is installed, so ApiVersion names it."
    assert weakened.endswith("asks for 10.37.02: each run lists that as weakened.")


def test_host_that_is_another_machine_is_not_looked_at_and_needs_a_port(place: Place) -> None:
    done = place.init(*EXAMPLE[:4], "--yes", "--host", "192.0.2.1")
    assert (done.exit_code, "add --port 4001" in done.output) == (4, True)
    done = place.init(*EXAMPLE, "--host", "192.0.2.1")
    assert (done.exit_code, "192.0.2.1 is another machine" in done.output) == (0, True)
    assert place.document["IBKRCredentials"]["Host"] == "192.0.2.1"


@posix_only
def test_on_a_terminal_it_asks_for_what_it_cannot_see_and_checks_each_answer(
    place: Place, gateway: Callable[..., Fake]
) -> None:
    one = gateway(4002)
    with place.typing() as terminal:
        terminal.sees("Account whose positions must arrive")
        terminal.types("U1234567")
        terminal.sees("port 4002 is IB Gateway (paper): its account begins with D")
        terminal.sees("Account")
        terminal.types("du1234567")
        terminal.sees("How many positions")
        terminal.types("many")
        terminal.sees("not a whole number")
        terminal.types("3")
        terminal.sees("TWS paper account to fall back to (DU..., Enter: none): ")
        terminal.types("")
        terminal.sees("Monitor to try? own or yes (or Enter): golive's own; none or no: none;")
        terminal.sees("or the command that starts yours [own]: ")
        terminal.types("maybe")
        terminal.sees("the program maybe cannot be found")
        terminal.sees("Monitor to try?")
        terminal.types("")
        terminal.sees("MCP server to try?")
        terminal.types("No")
        assert terminal.ended() == 0, terminal.text
    assert max(map(len, terminal.text.replace(str(place.folder), "").splitlines())) <= 80
    assert place.document["GoLive"] == {
        "ExpectedAccount": "DU1234567",
        "ExpectedPositions": 3,
        "Mcp": None,
    }
    one.stop()
    assert one.connections == 0


@posix_only
def test_account_of_the_fallback_is_asked_for_with_its_positions(place: Place) -> None:
    with place.typing(*EXAMPLE[:-1], "--monitor", "own", "--mcp", "own") as terminal:
        terminal.sees("TWS paper account to fall back to")
        terminal.types("U7654321")
        terminal.sees("port 7497 is TWS (paper): its account begins with D")
        terminal.sees("TWS paper account to fall back to")
        terminal.types("du7654321")
        terminal.sees("How many positions are open in it")
        terminal.types("7")
        assert terminal.ended() == 0, terminal.text
    assert place.document["GoLive"]["Fallback"] == {
        "ExpectedAccount": "DU7654321",
        "ExpectedPositions": 7,
    }
    on_fallback = secrets_json.read(place.secrets).on_fallback().settings
    assert (on_fallback.disagreements, on_fallback.golive.expected_positions) == ([], 7)


def test_fallback_of_the_options_is_written(place: Place) -> None:
    more = ("--fallback-account", "DU7654321", "--fallback-positions", "7")
    assert place.init(*EXAMPLE, *more).exit_code == 0
    assert place.document["GoLive"]["Fallback"] == {
        "ExpectedAccount": "DU7654321",
        "ExpectedPositions": 7,
    }


@posix_only
@pytest.mark.parametrize("by", ["interrupts", "ends_its_input"])
def test_terminal_that_gives_up_leaves_nothing_half_written(by: str, place: Place) -> None:
    with place.typing() as terminal:
        terminal.sees("API port of the gateway [4001]")
        terminal.types("")
        terminal.sees("Account")
        getattr(terminal, by)()
        assert terminal.ended() == (130 if by == "interrupts" else 4)
    assert "nothing was written" in terminal.text
    assert "Traceback" not in terminal.text
    assert [each.name for each in place.folder.iterdir() if each.name != "state"] == ["home"]
