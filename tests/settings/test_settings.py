"""secrets.json: what is wrong with it is said in one line, and nothing is connected."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from golive.kit import project
from golive.settings import secrets_json
from golive.settings.model import GoLive, Settings
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


def test_golive_section_may_be_left_out_and_other_sections_are_left_alone(tmp_path: Path) -> None:
    document = {"IBKRCredentials": json.loads(EXAMPLE)["IBKRCredentials"], "ThetaData": {"a": 1}}
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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (replaced('"ClientId": 10,', '"ClientId": 10,    ← NEVER CHANGE THIS'),
         "line 5, at or after IBKRCredentials.ClientId: a comment, an arrow or dots"),
        (replaced('"Port": 4001,', '"Port": 4001, // live'),
         "line 4, at or after IBKRCredentials.Port: a comment"),
        (replaced('"Port": 4001,', '"Port": 4001   ← Change,'),
         "line 4, at or after IBKRCredentials.Port: a comment, an arrow"),
        (replaced('"ClientId": 10,', '"ClientId": 10,\n    ...'),
         "line 6, at or after IBKRCredentials.ClientId: a comment"),
        (replaced('"ReconnectDelaySeconds": 5', '"ReconnectDelaySeconds": 5,'),
         "a comma before a closing bracket"),
        (replaced('"Port": 4001', '"Port": "4001"'),
         "line 4: IBKRCredentials.Port must be integer"),
        (replaced('"Port": 4001', '"Port": 70000'),
         "line 4: IBKRCredentials.Port must be less than or equal to 65535"),
        (replaced('"IsPaperTrading": false', '"IsPaperTrading": "no"'),
         "line 8: IBKRCredentials.IsPaperTrading must be boolean"),
        (replaced('"ClientId": 10', '"ClientId": true'),
         "line 5: IBKRCredentials.ClientId must be integer"),
        (replaced('    "Port": 4001,\n', ""),
         "line 2: IBKRCredentials.Port is missing"),
        (replaced('"ClientId"', '"ClientID"'),
         "line 5: unknown key IBKRCredentials.ClientID; did you mean ClientId?"),
        (replaced('"GoLive": {', '"GoLive": {"Monitor": {"ConnectedPattern": "Conn("},'),
         "line 13: GoLive.Monitor.ConnectedPattern is no regular expression: missing )"),
        (replaced('"GoLive": {', '"GoLive": {"Monitor": {"HealthAddress": "0.0.0.0"},'),
         "line 13: GoLive.Monitor.HealthAddress must be a loopback address"),
        (replaced('"ExpectedPositions": 24,', '"ExpectedPosition": 24,'),
         "line 15: unknown key GoLive.ExpectedPosition; did you mean ExpectedPositions?"),
        (replaced('"GoLive"', '"Golive"'), "line 13: unknown section Golive; did you mean GoLive?"),
        (replaced('"IBKRCredentials"', '"IBKRCredential"'), "did you mean IBKRCredentials?"),
        (replaced('"Port": 4001,', '"Port": 4001, "Port": 7497,'), "the key Port stands twice"),
        (replaced('"ExpectedPositions": 24,', '"InitializationSeconds": NaN,'),
         "NaN is not a JSON value"),
        (replaced('"ExpectedPositions": 24,', '"HandshakeBudgetSeconds": 0,'),
         "GoLive.HandshakeBudgetSeconds must be greater than 0"),
        (replaced('"Port": 7497', '"Prot": 7497'),
         "unknown key GoLive.Fallback.Prot; did you mean Port?"),
        (replaced('"Port": 7497', '"IsPaperTrading": false'),
         "GoLive.Fallback.IsPaperTrading must be true"),
        (replaced(GATEWAY_PATH, '"C:\\IBKR"'),
         "line 6, at or after IBKRCredentials.GatewayPath: not"),
        (EXAMPLE[:200], "after IBKRCredentials.Username: the file ends too early"),
        ("", f"empty; copy {project.example()}"),
        ("[]", "must be an object"),
        ("{}", "IBKRCredentials is missing"),
        ("[" * 100_000, "nested too deeply"),
        (EXAMPLE.encode()[:-10] + b"\xff\xfe", "not UTF-8 text"),
    ],
)  # fmt: skip
def test_wrong_file_is_explained_in_one_line(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert "secrets.json" in str(error.value)
    assert "RevOption" not in str(error.value)


def test_file_that_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        secrets_json.read(tmp_path)


def test_missing_file_is_a_usage_error_and_never_a_rehearsal(project: Project) -> None:
    before = project.runs
    done = project.run("pytest", "acceptance", "-m", "golive")
    assert done.exit_code == 4
    assert str(project.folder / "secrets.json") in done.output
    assert "copy secrets.example.json" in done.output
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


def keys(section: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key as the document names it, and behind a section its own."""
    for field in section.model_fields.values():
        yield f"{before}{field.alias}", field
        if isinstance(field.default, BaseModel):
            yield from keys(type(field.default), f"{before}{field.alias}.")


def test_document_lists_every_key_with_its_default_and_its_meaning() -> None:
    document = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    section = document.partition("## Settings")[2]
    rows = re.findall(r"^\| `([\w.]+)` \| (.+?) \| (.+) \|$", section, re.MULTILINE)
    wanted = dict(keys(GoLive))
    assert [key for key, _, _ in rows] == list(wanted)
    for (_, shown, meaning), field in zip(rows, wanted.values(), strict=True):
        assert meaning.replace("`", "") == field.description
        if not isinstance(field.default, BaseModel):
            assert json.loads(shown.strip("`")) == field.default


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


def test_section_that_is_null_is_shown_as_that(tmp_path: Path) -> None:
    text = replaced('"ExpectedPositions": 24,', '"Monitor": null,')
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
    assert all("RevOption" not in text for text in written)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("http://127.0.0.1", "without http:// or path"),
        ("127.0.0.1/24", "without http:// or path"),
        ("127.0.0.1:4001", "without the port; that belongs into Port"),
        ("localhost:4001", "without the port; that belongs into Port"),
        ("127.0.0.1 ", "begins or ends with a blank; remove it"),
        ("localhost\n", "begins or ends with a blank; remove it"),
        ("[::1]", "without brackets"),
        ("a..b", "neither the name nor the address of a machine"),
        ("my gateway", "neither the name nor the address of a machine"),
        ("-gateway", "neither the name nor the address of a machine"),
        ("g" * 64, "neither the name nor the address of a machine"),
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
    assert "IBKRCredentials.Host must be without the port" in done.output
    assert "Traceback" not in done.output
