"""No secret of a command line is shown, and the rest of it is."""

from __future__ import annotations

import time

import pytest

from golive.masking import LONGEST, masked

SECRET = "hunter2"


@pytest.mark.parametrize(
    "words",
    [
        ["client", "--password", SECRET],
        ["client", "--password=" + SECRET],
        ["client", "--db-password", "-" + SECRET],
        ["client", "-Password:" + SECRET],
        ["client", "/pw:" + SECRET],
        ["client", "-pw", SECRET],
        ["client", "--password=two words " + SECRET],
        ["client", "-Dibkr.password=" + SECRET],
        ["client", "--api-key", SECRET, "--port", "4001"],
        ["client", "--access_token=" + SECRET],
        ["client", "--user", SECRET],
        ["client", "--login=" + SECRET],
        ["client", "--account", SECRET],
        ["client", "-u", "someone", "-p", SECRET],
        ["env", "IB_PASSWORD=" + SECRET, "client"],
        ["client", "https://someone:" + SECRET + "@example.invalid/x"],
        ["client", f"https://example.invalid/x?token={SECRET}&y=1"],
        ["client", f"Server=here;User Id=someone;Password={SECRET};Port=1"],
        ["client", f'{{"port": 4001, "password": "{SECRET}"}}'],
        ["sh", "-c", f"client --password {SECRET} --port 4001"],
        ["sh", "-c", f"client --password '{SECRET} {SECRET}'"],
        ["sh", "-c", f"IB_PASSWORD={SECRET} client"],
        ["java", "-cp", "IBC.jar", "ibcalpha.ibc.IbcGateway", "config.ini", "me", SECRET, "paper"],
        ["java", "ibcontroller.IBController", "ini", "me", SECRET],
    ],
)
def test_secret_is_not_shown_however_it_is_written(words: list[str]) -> None:
    line = masked(words)
    assert SECRET not in line
    assert "***" in line
    assert line.startswith(words[0])


def test_the_rest_of_the_command_line_is_shown() -> None:
    words = ["dotnet", "run", "--project", "C:\\Code\\a b.csproj", "--port", "4001"]
    assert masked(words) == 'dotnet run --project "C:\\Code\\a b.csproj" --port 4001'
    assert masked(["python", "-m", "golive", "monitor"]) == "python -m golive monitor"
    assert masked([]) == ""


def test_words_that_are_given_are_masked_where_they_stand_alone() -> None:
    words = ["AutoRevOption.Monitor", "/home/RevOption/x", "RevOption", "u21146542_x", "xU21146542"]
    shown = "AutoRevOption.Monitor /home/***/x *** ***_x xU21146542"
    assert masked(words, ["RevOption", "U21146542", ""]) == shown


def test_command_line_of_any_length_is_one_short_printable_line_in_no_time() -> None:
    def spent(size: int) -> float:
        """Seconds of the processor's."""
        begun = time.process_time()
        for words in (
            ["x" * size],
            ["-"] * size,
            ["user" * size] * 300,
            ["a\n\x1b[2J\u202eb"] * 10,
        ):
            line = masked(words, ["a"])
            assert len(line) <= LONGEST
            assert line.isprintable()
        return time.process_time() - begun

    spent(100)
    assert spent(10**6) < 1000 * spent(10**4)  # a hundred times as long, and no more than that
