"""No secret of a command line is shown, and the rest of it is."""

from __future__ import annotations

import time

import pytest

from golive.kit.masking import LONGEST, masked, without

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
        ["sshpass", "-p", SECRET, "ssh", "host"],
        ["sshpass", "-p" + SECRET, "ssh", "-p", "22", "host"],
        ["sudo", "-n", "sshpass", "-p" + SECRET, "ssh", "host"],
        ["mysql", "-uroot", "-p" + SECRET],
        ["mariadb-dump", "-u" + SECRET],
        ["client", "-p", SECRET],
        ["client", "-p" + SECRET],
        ["client", "-p=" + SECRET],
        ["client", "/p:" + SECRET],
        ["client", "-P", SECRET],
        ["client", "-u", "someone:" + SECRET],
        ["python", "-u", "client.py", "-p", SECRET],
        ["client", "--otp", SECRET],
        ["client", "--totp=" + SECRET],
        ["client", "--card-pin", SECRET],
        ["client", "--cookie", SECRET],
        ["client", "--session-id=" + SECRET],
        ["client", "--bearer", SECRET],
        ["nmcli", "connect", "here", "password", SECRET],
        ["oathtool", "--totp", "-b", SECRET],
        ["redis-cli", "-a", SECRET],
        ["ldapsearch", "-w", SECRET],
        ["sqlcmd", "-S", "here", "-P" + SECRET],
        ["smbclient", "-U", "someone%" + SECRET],
        ["curl", "-u", "someone:" + SECRET, "https://example.invalid"],
        ["curl", "-b", "a=" + SECRET, "https://example.invalid"],
        ["curl", "-H", "Authorization: Bearer " + SECRET],
        ["curl", "-HCookie: a=1; b=" + SECRET],
        ["curl", "--header", "X-Anything: " + SECRET],
        ["powershell", "-EncodedCommand", SECRET],
        ["env", "PGPASSWORD=" + SECRET, "psql"],
        ["client", "https://someone:at@" + SECRET + "@example.invalid/x"],
        ["client", f"someone:{SECRET}@example.invalid"],
        ["sqlplus", f"someone/{SECRET}@database"],
        ["client", f"https://example.invalid/?p%61ssword%3d{SECRET}"],
        ["sh", "-c", f"sshpass -p {SECRET} ssh -p 22 host"],
        ["sh", "-c", f"sshpass -p'{SECRET}' ssh host"],
        ["sh", "-c", f"bash -c 'sshpass -p{SECRET} ssh host'"],
        ["sh", "-c", f"curl -H 'Authorization: Bearer {SECRET}' https://example.invalid"],
        ["sh", "-c", f"echo it's; curl -H 'Authorization: Basic {SECRET}'"],
        ["sh", "-c", f"exec curl -u someone:{SECRET} https://example.invalid"],
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


@pytest.mark.parametrize(
    "words",
    [
        ["ssh", "-p", "22", "host"],
        ["docker", "run", "-p", "4001:4001", "-u", "1000", "gateway"],
        ["client", "-port", "4001", "-paper", "-positions", "24", "-project=x"],
        ["python", "-u", "client.py", "-p", "4001"],
        ["python3.13", "-u", "-m", "client", "-p", "4001"],
        ["dotnet", "build", "/p:Configuration=Release"],
        ["curl", "-H", "Accept: text/plain", "http://127.0.0.1:9410/readyz"],
        ["sh", "-c", "exec  monitor 'a b' --port 4001 && echo \"it's up\""],
        ["java", "-Xmx768m", "-cp", "/opt/jars/*", "ibgateway.GWClient", "/opt/Jts"],
    ],
)
def test_what_is_no_secret_is_shown(words: list[str]) -> None:
    assert masked(words) == " ".join(f'"{each}"' if " " in each else each for each in words)


@pytest.mark.parametrize(
    "written",
    ["Rev%4Fption", "%52ev%4f%70tion", "R%2565vOption", "Rev\\u004fption", "Rev&#79;ption"],
)
def test_word_that_is_given_is_masked_where_it_is_encoded_in_part(written: str) -> None:
    assert masked(["client", f"a={written}/x"], ["RevOption"]) == "client a=***/x"
    assert without(["RevOption"], f"login of {written}.") == "login of ***."


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET https://me:a@b@example.invalid/x", "GET https://***@example.invalid/x"),
        ("Authorization: Bearer a b", "Authorization: ***"),
        ("sent Cookie: a=1; b=2", "sent Cookie: ***"),
        ('{"password": "a b", "port": 4001}', '{"password": ***, "port": 4001}'),
        ("API_KEY=a&port=4001", "API_KEY=***&port=4001"),
        ("login: password=a, next", "login: password=***, next"),
    ],
)
def test_credential_in_a_line_is_masked_without_being_known(line: str, shown: str) -> None:
    assert without([], line) == shown


def test_line_of_a_gateway_stays_as_it_is() -> None:
    for line in (
        "### onAuthenticationCompleted tokenProtocol=0; authenticated=true",
        "Passed pwd authentication. Authentication failed: user, password or token wrong",
        "[10.0.0.1:51234@4001] Start API message, com.example.Thing@1a2b3c",
    ):
        assert without([], line) == line


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
