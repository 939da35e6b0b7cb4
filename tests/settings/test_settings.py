"""secrets.json: what is wrong with it is said in one line, and nothing is connected."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from golive.settings import schema, secrets_json
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsError
from tests.support.projects import ROOT, Project, example_settings

EXAMPLE = (ROOT / "secrets.example.json").read_text(encoding="utf-8")


def read(path: Path, text: str | bytes) -> secrets_json.SettingsFile:
    file = path / "secrets.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return secrets_json.read(file)


def replaced(old: str, new: str) -> str:
    assert EXAMPLE.count(old) == 1, old
    return EXAMPLE.replace(old, new)


def test_example_holds_the_procedures_nine_keys_and_the_defaults(tmp_path: Path) -> None:
    assert list(json.loads(EXAMPLE)["IBKRCredentials"]) == [
        "Host", "Port", "ClientId", "GatewayPath", "Username", "IsPaperTrading", "AutoLaunch",
        "AutoReconnect", "ReconnectDelaySeconds",
    ]  # fmt: skip
    settings = read(tmp_path, EXAMPLE).settings
    assert (settings.credentials.port, settings.credentials.kind) == (4001, "IB Gateway (live)")
    assert settings.golive.handshake_budget_seconds == 1.0
    assert settings.golive.initialization_seconds == 90
    assert settings.disagreements == []


def test_sections_of_other_programs_are_left_alone(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE) | {"ThetaData": {"a": 1}}
    assert read(tmp_path, json.dumps(document)).settings.golive.expected_positions == 24


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + EXAMPLE.encode(),
        EXAMPLE.encode("utf-16"),
        EXAMPLE.replace("\n", "\r\n").encode(),
    ],
)
def test_byte_order_marks_and_line_ends_of_any_editor_are_accepted(
    data: bytes, tmp_path: Path
) -> None:
    assert read(tmp_path, data).settings.credentials.client_id == 10


GATEWAY_PATH = '"C:\\\\IBKR\\\\ibgateway\\\\1040\\\\ibgateway.exe"'


COMMENT = "a comment; JSON has none, remove it"
ARROW = "an arrow; JSON has none, remove it and the text after it"
DOTS = "dots in place of a line; JSON has none, remove them"
BACKSLASH = "a single backslash; JSON needs each backslash twice: C:\\\\Jts"
COUNT = " (N: how many positions are open)"
COMMA = "a comma is missing after the value; add it"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (replaced('"ClientId": 10,', '"ClientId": 10,    ← NEVER CHANGE THIS'),
         f"line 5: IBKRCredentials.ClientId: {ARROW}"),
        (replaced('"Port": 4001,', '"Port": 4001, // live'),
         f"line 4: IBKRCredentials.Port: {COMMENT}"),
        (replaced('"Port": 4001,', '"Port": 4001, /* live */'),
         f"line 4: IBKRCredentials.Port: {COMMENT}"),
        (replaced('"Port": 4001,', '"Port": 4001, -- live'),
         f"line 4: IBKRCredentials.Port: {COMMENT}"),
        (replaced('"Port": 4001,', '"Port": 4001, --> live'),
         f"line 4: IBKRCredentials.Port: {ARROW}"),
        (replaced('"Port": 4001,', '"Port": 4001   ← Change,'),
         f"line 4: IBKRCredentials.Port: {ARROW}"),
        (replaced('"ClientId": 10,', '"ClientId": 10,\n    ...'),
         f"line 6: IBKRCredentials.ClientId: {DOTS}"),
        (replaced('"ReconnectDelaySeconds": 5', '"ReconnectDelaySeconds": 5,'),
         "line 11: IBKRCredentials.ReconnectDelaySeconds: a comma before a closing bracket;"),
        (replaced('"Port": 4001', '"Port": "4001"'),
         "line 4: IBKRCredentials.Port must be a whole number, without quotes"),
        (replaced('"Port": 4001', '"Port": 70000'),
         "line 4: IBKRCredentials.Port must be 65535 or less"),
        (replaced('"IsPaperTrading": false', '"IsPaperTrading": "no"'),
         "line 8: IBKRCredentials.IsPaperTrading must be true or false, not text"),
        (replaced('"IsPaperTrading": false', '"IsPaperTrading": False'),
         "line 8: IBKRCredentials.IsPaperTrading: False; JSON writes false"),
        (replaced('"IsPaperTrading": false', '"IsPaperTrading": "false"'),
         "line 8: IBKRCredentials.IsPaperTrading must be true or false, without quotes"),
        (replaced('"ClientId": 10', '"ClientId": true'),
         "line 5: IBKRCredentials.ClientId must be a whole number, not true or false"),
        (replaced('    "Port": 4001,\n', ""),
         'line 2: IBKRCredentials.Port is missing; add "Port": 4001 to IBKRCredentials'),
        (replaced('"ClientId"', '"ClientID"'),
         "line 5: unknown key IBKRCredentials.ClientID; did you mean ClientId?"),
        (replaced('"GoLive": {', '"GoLive": {"Monitor": {"ConnectedPattern": "Conn("},'),
         "line 13: GoLive.Monitor.ConnectedPattern is not a regular expression: missing )"),
        (replaced('"GoLive": {', '"GoLive": {"Monitor": {"HealthAddress": "0.0.0.0"},'),
         "line 13: GoLive.Monitor.HealthAddress must be a loopback address"),
        (replaced('"ExpectedPositions": 24,', '"ExpectedPosition": 24,'),
         "line 15: unknown key GoLive.ExpectedPosition; did you mean ExpectedPositions?"),
        (replaced('"GoLive"', '"Golive"'), "line 13: unknown section Golive; did you mean GoLive?"),
        (replaced('"IBKRCredentials"', '"IBKRCredential"'), "did you mean IBKRCredentials?"),
        (replaced('"Port": 4001,', '"Port": 4001,\n"Port": 7497,'),
         "line 5: IBKRCredentials.Port: this key appears twice; keep one"),
        (replaced('"ExpectedPositions": 24,', '"ExpectedPositions": 24, "KeepRuns": NaN,'),
         "line 15: GoLive.KeepRuns: NaN is not a JSON value"),
        (replaced('"ExpectedPositions": 24,', '"ExpectedPositions": 24, "SoakMinutes": 0,'),
         "line 15: GoLive.SoakMinutes must be greater than 0"),
        (replaced('"Port": 7497', '"Prot": 7497'),
         "line 17: unknown key GoLive.Fallback.Prot; did you mean Port?"),
        (replaced('"Port": 7497', '"IsPaperTrading": false'),
         "line 17: GoLive.Fallback.IsPaperTrading must be true"),
        (replaced(GATEWAY_PATH, '"C:\\IBKR"'),
         f"line 6: IBKRCredentials.GatewayPath: {BACKSLASH}"),
        (replaced(GATEWAY_PATH, '"C:\\Jts\\"'),
         f"line 6: IBKRCredentials.GatewayPath: {BACKSLASH}"),
        (replaced(GATEWAY_PATH, '"C:\\tws\\bin"'),
         "line 6: IBKRCredentials.GatewayPath has a backslash that JSON reads as a control"),
        (replaced('"127.0.0.1"', "\u201c127.0.0.1\u201d"),
         "line 3: IBKRCredentials.Host: curly quotes; write straight ones"),
        (replaced('"127.0.0.1"', '"127.0.0.1\u201d'),
         "line 3: IBKRCredentials.Host: curly quotes; write straight ones"),
        (replaced('"YourUserName"', "'YourUserName'"),
         "line 7: IBKRCredentials.Username: single quotes; JSON needs double ones"),
        (replaced('"YourUserName"', "YourUserName"),
         "line 7: IBKRCredentials.Username: text without quotes; put it in double quotes"),
        (replaced('"YourUserName"', '"YourUserName'),
         "line 7: IBKRCredentials.Username: the closing quote is missing; add it"),
        (replaced('"Port": 4001,', '"Port": 4001,,'),
         "line 4: IBKRCredentials.Port: an extra comma; remove it"),
        (replaced('"Port": 4001,', '"Port": 4001'), f"line 4: IBKRCredentials.Port: {COMMA}"),
        (
            replaced('"YourUserName",', '"YourUserName"'),
            f"line 7: IBKRCredentials.Username: {COMMA}",
        ),
        (replaced('"Port": 4001,', '"Port" 4001,'),
         "line 4: IBKRCredentials.Port: a colon is missing after the key; add it"),
        (replaced('"Port": 4001,', '"Port": ,'),
         "line 4: IBKRCredentials.Port: a value is missing; write one"),
        (replaced('"Port": 4001,', '"Port": 04001,'),
         "line 4: IBKRCredentials.Port: a number that begins with 0; remove the zero"),
        (replaced('"Port": 4001,', '"Port":\u00a04001,'),
         "line 4: IBKRCredentials.Port: an invisible character (U+00A0); remove it"),
        (replaced('"Port": 4001,', '"Port": None,'),
         "line 4: IBKRCredentials.Port: None; JSON writes null"),
        (replaced('"U21146542"', '"U21146542 "'),
         "line 14: GoLive.ExpectedAccount starts or ends with a space; remove it"),
        (replaced('"DU1234567"', '" DU1234567"'),
         "line 18: GoLive.Fallback.ExpectedAccount starts or ends with a space; remove it"),
        (replaced('    "ExpectedAccount": "U21146542",\n', ""),
         'line 13: GoLive.ExpectedAccount is missing; add "ExpectedAccount": "U..." to GoLive'),
        (replaced('    "ExpectedPositions": 24,\n    "Fallback"', '    "Fallback"'),
         'line 13: GoLive.ExpectedPositions is missing; add "ExpectedPositions": N to GoLive'),
        (EXAMPLE + "}", "an extra closing bracket; remove it"),
        (EXAMPLE + "more", "more text after the last bracket; remove it"),
        (EXAMPLE[: EXAMPLE.index('"Username"')], "the file ends too early"),
        ("", "empty; remove it, then write a new one: python -m golive init"),
        ("[]", "must be an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 900 + "x", "nested too deeply"),
        (EXAMPLE.encode()[:-10] + b"\xff\xfe", "not UTF-8 text"),
    ],
)  # fmt: skip
def test_wrong_file_is_explained_in_one_line(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    (line,) = error.value.lines
    assert says in line
    assert "\n" not in line
    assert line.startswith(str(tmp_path / "secrets.json"))
    assert "YourUserName" not in line


ALL_AT_ONCE = """{
  // mine
  "IBKRCredentials": {
    "Host": \u201c127.0.0.1\u201d,
    "Port": "4001",
    "ClientId": 10,    ← NEVER CHANGE THIS
    "GatewayPath": "C:\\IBKR\\ibgateway\\1040\\ibgateway.exe",
    "Username": 'YourUserName',,
    "IsPaperTrading": False
    "AutoLaunch": false,
    "AutoReconect": false,
    "Port": 4002,
    "ReconnectDelaySeconds": 5,
  },
  "GoLive": {
    "ExpectedAccount": "U21146542 ",
    "GatewayFolder": "C:\\Jts\\",
    "Monitor": {"ReadyTimeoutSeconds": "30"}
  }
}
"""


def test_all_mistakes_of_a_file_are_told_at_once_by_their_lines(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, ALL_AT_ONCE)
    told = [re.sub(r"^.*? line (\d+): ", r"\1 ", line) for line in error.value.lines]
    in_credentials, in_golive = "IBKRCredentials.", "GoLive."
    assert told == [
        f"2 {COMMENT}",
        f"4 {in_credentials}Host: curly quotes; write straight ones",
        f"5 {in_credentials}Port must be a whole number, without quotes",
        f"6 {in_credentials}ClientId: {ARROW}",
        f"7 {in_credentials}GatewayPath: {BACKSLASH}",
        f'8 {in_credentials}Username: single quotes; JSON needs double ones: "..."',
        f"8 {in_credentials}Username: an extra comma; remove it",
        f"9 {in_credentials}IsPaperTrading: False; JSON writes false",
        f"9 {in_credentials}IsPaperTrading: {COMMA}",
        f"11 unknown key {in_credentials}AutoReconect; did you mean AutoReconnect?",
        f"12 {in_credentials}Port: this key appears twice; keep one",
        f"13 {in_credentials}ReconnectDelaySeconds: a comma before a closing bracket; remove it",
        f'15 {in_golive}ExpectedPositions is missing; add "ExpectedPositions": N to GoLive{COUNT}',
        f"16 {in_golive}ExpectedAccount starts or ends with a space; remove it",
        f"17 {in_golive}GatewayFolder: {BACKSLASH}",
        f"18 {in_golive}Monitor.ReadyTimeoutSeconds must be a number, without quotes",
    ]
    assert str(error.value).endswith("(and 15 more mistakes)")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('"ExpectedPosition": 24,',
         ["a comma before a closing bracket; remove it",
          "unknown key GoLive.ExpectedPosition; did you mean ExpectedPositions?"]),
        ("ExpectedPosition: 24",
         ["a key without quotes; put it in double quotes",
          "unknown key GoLive.ExpectedPosition; did you mean ExpectedPositions?"]),
        ('"ExpectedPositions": "24", // all',
         ["a comma before a closing bracket; remove it", COMMENT,
          "GoLive.ExpectedPositions must be a whole number, without quotes"]),
        ('"ExpectedPositions": ,', ["a value is missing; write one",
                                    "a comma before a closing bracket; remove it"]),
    ],
)  # fmt: skip
def test_misspelt_key_or_wrong_value_is_told_beside_another_mistake_of_its_line(
    line: str, says: list[str], tmp_path: Path
) -> None:
    text = EXAMPLE[: EXAMPLE.index('"ExpectedPositions"')] + line + "\n  }\n}\n"
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    at = re.compile(r"^.*? line 15: (?:GoLive(?:\.ExpectedPositions)?: )?")
    assert sorted(at.sub("", each) for each in error.value.lines) == sorted(says)


@given(
    st.integers(0, len(EXAMPLE) - 1),
    st.integers(0, 3),
    st.text(st.sampled_from("{}[]\",:'\\/#\u201c\u2019\n\t 0a.-\u00a0"), max_size=3),
)
def test_whatever_is_typed_into_a_file_is_read_or_told_and_names_no_secret(
    at: int, gone: int, typed: str
) -> None:
    text = EXAMPLE[:at] + typed + EXAMPLE[at + gone :]
    try:
        secrets_json.check(Path("secrets.json"), text)
    except SettingsError as error:
        lines = error.lines
        assert all("secrets.json" in line and "\n" not in line for line in lines)
        assert not [line for line in lines if "RevOpt" in line or "21146542" in line]
        with contextlib.suppress(json.JSONDecodeError):
            assert "secrets.json: not JSON" not in lines[0]


@pytest.mark.parametrize(
    "text", ["#\n" * 400_000, '{"a" ' * 150_000, '{"IBKRCredentials": {' + '"x",' * 200_000]
)
def test_what_is_no_settings_file_at_all_is_told_in_a_bounded_number_of_lines(text: str) -> None:
    with pytest.raises(SettingsError) as error:
        secrets_json.check(Path("secrets.json"), text)
    assert 1 <= len(error.value.lines) <= 51


def test_section_golive_that_is_missing_is_told_with_the_line_to_add(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    del document["GoLive"]
    document["IBKRCredentials"] |= {"IsPaperTrading": True, "Port": 4002}
    with pytest.raises(SettingsError) as error:
        read(tmp_path, json.dumps(document))
    (line,) = error.value.lines
    added = '"GoLive": {"ExpectedAccount": "DU...", "ExpectedPositions": N}'
    assert f"secrets.json: GoLive is missing; add {added}" in line


def test_four_of_the_credentials_are_enough(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE)
    four = ("Host", "Port", "ClientId", "IsPaperTrading")
    document["IBKRCredentials"] = {key: document["IBKRCredentials"][key] for key in four}
    found = read(tmp_path, json.dumps(document)).settings.credentials
    assert (found.gateway_path, found.username, found.reconnect_delay_seconds) == ("", "", 5)
    assert not found.auto_launch
    assert not found.auto_reconnect


def test_file_that_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        secrets_json.read(tmp_path)


def test_missing_file_is_a_usage_error_and_never_a_rehearsal(project: Project) -> None:
    before = project.runs
    done = project.run("pytest", "acceptance", "-m", "golive")
    assert done.exit_code == 4
    assert str(project.folder / "secrets.json") in done.output
    assert "write one: python -m golive init" in done.output
    assert "--fake" in done.output
    assert "Traceback" not in done.output
    assert project.runs == before


def test_wrong_file_ends_both_commands_with_4_and_nothing_connected(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(replaced('"ClientId"', '"ClientID"'), encoding="utf-8")
    for command in (["pytest", "acceptance", "-m", "golive"], ["golive", "smoke"]):
        done = project.run(*command, "--secrets", str(path))
        assert done.exit_code == 4
        assert "did you mean ClientId?" in done.output
        assert "Traceback" not in done.output


def test_empty_path_is_wrong_and_not_the_live_file(project: Project) -> None:
    for command in (["pytest", "acceptance", "-m", "golive"], ["golive", "smoke"]):
        done = project.run(*command, "--secrets", "")
        assert done.exit_code == 4
        assert "cannot be read" in done.output


def test_environment_variable_names_the_file(project: Project, tmp_path: Path) -> None:
    path = str(tmp_path / "elsewhere.json")
    for command in (["pytest", "acceptance", "-m", "golive"], ["golive", "smoke"]):
        done = project.run(*command, GOLIVE_SECRETS=path)
        assert done.exit_code == 4
        assert path in done.output


@pytest.mark.parametrize(
    ("changes", "failed", "code"),
    [
        ({"ClientId": 11}, "environment.client-id", "client-id-changed"),
        ({"IsPaperTrading": True}, "environment.identity", "identity-mismatch"),
    ],
)
def test_identity_that_does_not_fit_is_no_go_with_nothing_connected(
    changes: dict[str, object], failed: str, code: str, project: Project, tmp_path: Path
) -> None:
    document = example_settings()
    document["IBKRCredentials"] |= changes
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    run = project.rehearse("--fake", "--secrets", str(path))
    assert run.exit_code == 1
    assert run.having("failed") == [failed]
    assert run.evidence["diagnosis"]["code"] == code
    assert run.evidence["attempts"] == run.connections == 0


def test_every_meaning_is_a_sentence() -> None:
    found = schema.schema()["$defs"].values()
    told = [key["description"] for each in found for key in each["properties"].values()]
    assert [each for each in told if not (each[0].isupper() or each.startswith("golive"))] == []
    assert [each for each in told if not each.endswith(".")] == []


def fields(section: type[BaseModel], before: str = "") -> Iterator[tuple[str, bool]]:
    """Every key by its full name, and whether it may be shown."""
    for field in section.model_fields.values():
        kinds = (field.annotation, *get_args(field.annotation))
        below = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        if below and field.repr:
            yield from fields(below, f"{before}{field.alias}.")
        else:
            yield f"{before}{field.alias}", field.repr


def test_what_is_shown_is_every_key_but_those_that_may_not_be(tmp_path: Path) -> None:
    shown = read(tmp_path, EXAMPLE).settings.shown
    keys = dict(fields(Settings))
    assert set(shown) == {key for key, may_be in keys.items() if may_be}
    assert {key for key, may_be in keys.items() if not may_be} == {
        "IBKRCredentials.GatewayPath",
        "IBKRCredentials.Username",
        "GoLive.Fallback.ExpectedAccount",
        "GoLive.Monitor.Command",
        "GoLive.Mcp.Command",
        "GoLive.GatewayFolder",
    }
    assert shown["GoLive.Fallback.Port"] == 7497


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"DU1234567"', "null",
         'add "ExpectedAccount": "DU..." to GoLive.Fallback, your TWS paper account'),
        ('"DU1234567"', '"U1234567"',
         "GoLive.Fallback.ExpectedAccount is a live account, but the fallback is paper"),
        ('"Port": 7497', '"Port": 4001',
         "GoLive.Fallback.Port 4001 is IB Gateway (live), but the fallback is paper"),
    ],
)  # fmt: skip
def test_what_contradicts_on_the_fallback_is_named_by_the_keys_of_the_file(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    file = read(tmp_path, replaced(old, new))
    assert file.settings.disagreements == []
    assert file.on_fallback().settings.disagreements == [says]


def test_section_that_is_null_is_shown_as_that(tmp_path: Path) -> None:
    text = replaced('"Fallback": {', '"Monitor": null,\n    "Fallback": {')
    assert read(tmp_path, text).settings.shown["GoLive.Monitor"] is None


@pytest.mark.parametrize(
    ("port", "paper", "account", "agree"),
    [
        (4001, False, "U21146542", True),
        (4002, True, "DU1234567", True),
        (7496, False, "U21146542", True),
        (7497, True, "DU1234567", True),
        (4001, True, "DU1234567", False),
        (4002, False, "U21146542", False),
        (7497, True, "U21146542", False),
        (7496, False, "DU1234567", False),
        (4003, True, "DF123456", True),
        (4003, False, "DU1234567", False),
        (4003, False, "du1234567", False),
    ],
)
def test_port_paper_flag_and_account_are_held_to_the_port_reference(
    port: int, paper: bool, account: str, agree: bool, tmp_path: Path
) -> None:
    document = json.loads(EXAMPLE)
    document["IBKRCredentials"] |= {"Port": port, "IsPaperTrading": paper}
    document["GoLive"]["ExpectedAccount"] = account
    disagreements = read(tmp_path, json.dumps(document)).settings.disagreements
    assert (disagreements == []) is agree


def test_file_changed_while_the_run_was_starting_is_no_go(own_project: Project) -> None:
    beside = own_project.folder / "acceptance" / "conftest.py"
    beside.write_text(
        "import pathlib\n"
        "def pytest_collection_finish(session):\n"
        "    file = pathlib.Path(session.config.rootpath) / 'secrets.example.json'\n"
        "    with file.open('a') as f:\n"
        "        f.write(' ')\n"
    )
    run = own_project.rehearse("--fake")
    assert run.exit_code == 1
    assert run.having("failed") == ["environment.settings"]
    assert run.evidence["diagnosis"]["code"] == "settings-changed"


def test_user_name_of_the_settings_stays_out_of_what_a_run_writes(
    project: Project, secrets: Callable[..., Path]
) -> None:
    settings = str(secrets(port=4001, HandshakeTimeoutSeconds=2))
    run = project.rehearse("--fake=silent", "-vv", "--log-level=DEBUG", "--secrets", settings)
    written = [run.output]
    written += [
        each.read_text(encoding="utf-8") for each in run.folder.rglob("*") if each.is_file()
    ]
    assert all("YourUserName" not in text for text in written)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("http://127.0.0.1", "without http:// or a path"),
        ("127.0.0.1/24", "without http:// or a path"),
        ("127.0.0.1:4001", "must not include the port; put that into Port"),
        ("localhost:4001", "must not include the port; put that into Port"),
        ("127.0.0.1 ", "starts or ends with a space; remove it"),
        ("localhost\n", "starts or ends with a space; remove it"),
        ("[::1]", "must not have brackets"),
        ("a..b", "not the name or the address of a machine"),
        ("my gateway", "not the name or the address of a machine"),
        ("-gateway", "not the name or the address of a machine"),
        ("g" * 64, "not the name or the address of a machine"),
        ("127.1", "not the address of a machine"),
        ("127.0.0.256", "not the address of a machine"),
        ("::1::2", "not the address of a machine"),
    ],
)
def test_host_that_is_no_name_is_said_in_one_line(host: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, replaced('"127.0.0.1"', json.dumps(host)))
    where, _, why = str(raised.value).partition(": IBKRCredentials.Host ")
    assert where.endswith("secrets.json line 3")
    assert told in why
    assert "\n" not in why


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "::1",
        "fe80::1%eth0",
        "localhost",
        "ib-gateway_1",
        "gw.example.com.",
        "m\xfcnchen.de",
    ],
)
def test_names_and_addresses_are_hosts(host: str, tmp_path: Path) -> None:
    file = read(tmp_path, replaced('"127.0.0.1"', json.dumps(host)))
    assert file.settings.credentials.host == host


@pytest.mark.parametrize("command", [("golive", "smoke"), ("pytest", "acceptance", "-m", "golive")])
def test_host_that_is_no_name_ends_with_exit_4(
    command: tuple[str, ...], project: Project, tmp_path: Path
) -> None:
    (tmp_path / "secrets.json").write_text(replaced('"127.0.0.1"', '"127.0.0.1:4001"'))
    done = project.run(*command, "--secrets", str(tmp_path / "secrets.json"))
    assert done.exit_code == 4, done.output
    assert "IBKRCredentials.Host must not include the port" in done.output
    assert "Traceback" not in done.output
