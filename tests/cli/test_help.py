"""Every command explains itself: with an example, and at most 80 columns wide."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from golive.cli.help_text import EXAMPLES
from golive.cli.main import main
from golive.cli.screen import COMMANDS

SUBCOMMANDS = [name for name in EXAMPLES if " " in name]


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GOLIVE_BOOTSTRAP", "off")


def told(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with suppress(SystemExit):
        main([*command.split(), "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [*COMMANDS, *SUBCOMMANDS])
def test_help_is_at_most_80_columns_wide_and_ends_with_an_example_of_its_own_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(command, capsys)
    assert max(map(len, said.splitlines())) <= 80
    above, _, example = said.rstrip().rpartition("\n")
    words = re.fullmatch(rf"Example: .* {command} (.+)|Example: golive {command} (.+)", example)
    assert words, example
    for option in re.findall(r"--[a-z-]+", example):
        assert f"{option} " in above


def test_each_command_of_the_report_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    said = told("report", capsys)
    found = re.findall(r"^    (\w+) ", said, re.MULTILINE)
    assert [f"report {name}" for name in found] == SUBCOMMANDS
