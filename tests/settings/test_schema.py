"""The JSON schema of secrets.json: an editor is told what the program would say of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from golive.settings import schema, secrets_json
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsError
from tests.support.projects import ROOT, Project

EXAMPLE: dict[str, Any] = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
SCHEMA = Draft202012Validator(schema.schema())

Read = Callable[[Any], bool]


def allows(document: Any) -> bool:
    return bool(SCHEMA.is_valid(document))


@pytest.fixture(scope="module")
def is_read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Whether golive takes a document."""
    path = tmp_path_factory.mktemp("settings") / "secrets.json"

    def read(document: Any) -> bool:
        path.write_text(json.dumps(document), encoding="utf-8")
        try:
            secrets_json.read(path)
        except SettingsError:
            return False
        return True

    return read


def changed(place: str, value: Any) -> dict[str, Any]:
    """The example with another value at a place: `GoLive.Fallback.Port`."""
    document = copy.deepcopy(EXAMPLE)
    *sections, key = place.split(".")
    section = document
    for each in sections:
        section = section.setdefault(each, {})
    section[key] = value
    return document


def without(place: str) -> dict[str, Any]:
    document = copy.deepcopy(EXAMPLE)
    section, _, key = place.partition(".")
    del (document[section] if key else document)[key or section]
    return document


def test_schema_is_one_and_the_example_is_valid() -> None:
    Draft202012Validator.check_schema(schema.schema())
    assert list(SCHEMA.iter_errors(EXAMPLE)) == []


def test_every_key_is_described_and_has_its_default_or_must_be_there() -> None:
    found = schema.schema()
    for section in found["$defs"].values():
        for key, place in section["properties"].items():
            assert place["description"], key
            assert "default" in place or key in section["required"], key
    assert set(found["properties"]) == {field.alias for field in Settings.model_fields.values()}


@pytest.mark.parametrize(
    "document",
    [
        without("IBKRCredentials.GatewayPath"),
        without("IBKRCredentials.AutoLaunch"),
        changed("ThetaData.key", 1),
        changed("Logging", {}),
        changed("$schema", "./secrets.schema.json"),
        changed("Golive", {}),  # beside GoLive it is another program's
        changed("GoLive.ExpectedAccount", "a word"),
        changed("GoLive.Monitor", None),
        changed("GoLive.Mcp", {"Command": ["a", "b"]}),
        changed("GoLive.Mcp", {"Command": ["python", "-c", "import x\nif x:\n\tx.y()"]}),
        changed("GoLive.StaleProcesses", []),
        changed("GoLive.HandshakeBudgetSeconds", 0.5),
        changed("IBKRCredentials.GatewayPath", ""),
    ],
)
def test_what_is_read_is_valid(document: Any, is_read: Read) -> None:
    assert (is_read(document), allows(document)) == (True, True)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        without("IBKRCredentials.Port"),
        without("IBKRCredentials"),
        changed("IBKRCredentials.Port", "4001"),
        changed("IBKRCredentials.Port", 70_000),
        changed("IBKRCredentials.Port", 0),
        changed("IBKRCredentials.Port", None),
        changed("IBKRCredentials.ClientID", 10),
        changed("IBKRCredentials.ClientId", True),
        changed("IBKRCredentials.Host", ""),
        changed("IBKRCredentials.IsPaperTrading", "no"),
        changed("GoLive.ExpectedPosition", 24),
        changed("GoLive.ExpectedPositions", -1),
        changed("GoLive.ExpectedPositions", 23.5),
        changed("GoLive.HandshakeBudgetSeconds", 0),
        changed("GoLive.InitializationSeconds", 86_401),
        changed("GoLive.KeepRuns", 0),
        changed("GoLive.StaleProcesses", [""]),
        changed("GoLive.StaleProcesses", "dotnet"),
        changed("GoLive.Fallback", None),
        changed("GoLive.Fallback.Prot", 7497),
        changed("GoLive.Fallback.IsPaperTrading", False),
        changed("GoLive.Monitor.Command", "monitor.exe"),
        changed("GoLive.Mcp.Tool", ""),
        changed("GoLive", []),
        changed("GoLive", {}),
        changed("GoLive.ExpectedAccount", "U21146542 "),
        changed("GoLive.ExpectedAccount", None),
        changed("GoLive.ExpectedAccount", "\n"),
        changed("GoLive.Fallback.ExpectedAccount", " DU1234567"),
        changed("IBKRCredentials.GatewayPath", "C:\ttws"),
        changed("GoLive.Mcp", {"Command": ["C:\\mcp\new.exe"]}),
        changed("GoLive.Mcp", {"Command": ["mcp", "--settings=C:\temp"]}),
        without("GoLive"),
        without("GoLive.ExpectedAccount"),
        without("GoLive.ExpectedPositions"),
        without("GoLive") | {"Golive": {}},
    ],
)
def test_what_is_refused_is_invalid(document: Any, is_read: Read) -> None:
    assert (is_read(document), allows(document)) == (False, False)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3)
    # a schema takes 2.0 for a whole number
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda each: each % 1 != 0),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)  # fmt: skip
places = st.sampled_from(
    [
        f"{path}{field.alias}"
        for path, section in (
            ("", Settings),
            ("IBKRCredentials.", Settings.model_fields["credentials"].annotation),
            ("GoLive.", Settings.model_fields["golive"].annotation),
        )
        for field in section.model_fields.values()  # type: ignore[union-attr]
    ]
)


@given(places, values)
def test_any_value_anywhere_is_judged_alike(is_read: Read, place: str, value: Any) -> None:
    document = changed(place, value)
    if place.endswith(".Host") and isinstance(value, str):  # a schema does not know what a host is
        assert allows(document) or not is_read(document)
        return
    assert allows(document) is is_read(document)


def test_command_prints_it_or_writes_it(project: Project, tmp_path: Path) -> None:
    printed = project.run("golive", "schema")
    assert (printed.exit_code, json.loads(printed.output)) == (0, schema.schema())
    path = tmp_path / "secrets.schema.json"
    written = project.run("golive", "schema", str(path))
    assert (written.exit_code, written.output) == (0, f"Written: {path}\n")
    assert path.read_text(encoding="utf-8") == printed.output


def test_folder_that_is_not_there_is_one_line_and_exit_4(project: Project, tmp_path: Path) -> None:
    done = project.run("golive", "schema", str(tmp_path / "nowhere" / "file"))
    assert (done.exit_code, done.output.count("\n")) == (4, 1)
    assert "No such file" in done.output
