"""Which settings file and which reports are meant: the same for every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from golive.evidence import run_folder
from golive.settings import which
from tests.support.projects import ROOT


@pytest.mark.parametrize(
    ("option", "variable", "is_rehearsal", "expected"),
    [
        ("named.json", "told.json", False, "named.json"),
        ("named.json", None, True, "named.json"),
        (None, "told.json", False, "told.json"),
        (None, "told.json", True, "told.json"),
        (None, "", False, "secrets.json"),
        (None, None, False, "secrets.json"),
        (None, None, True, str(ROOT / "secrets.example.json")),
    ],
)
def test_what_is_typed_counts_before_the_variable_and_that_before_the_folder(
    option: str | None,
    variable: str | None,
    is_rehearsal: bool,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(which.VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(which.VARIABLE, variable)
    found = which.file(option, tmp_path, is_rehearsal=is_rehearsal)
    assert found.path == tmp_path / expected
    assert found.line == f"Settings: {tmp_path / expected}"


def test_settings_of_a_rehearsal_are_not_those_that_lie_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(which.VARIABLE, raising=False)
    (tmp_path / "secrets.json").write_text("{}", encoding="utf-8")
    assert which.file(None, tmp_path, is_rehearsal=True).path == ROOT / "secrets.example.json"


@pytest.mark.parametrize(
    ("option", "variable", "secrets", "expected"),
    [
        ("there", "told", "of/named.json", "there"),
        (None, "told", "of/named.json", "told"),
        (None, None, "of/named.json", "of/reports"),
        (None, None, None, "reports"),
    ],
)
def test_reports_are_where_they_are_asked_for_or_beside_the_settings(
    option: str | None,
    variable: str | None,
    secrets: str | None,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (which.VARIABLE, run_folder.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(run_folder.VARIABLE, variable)
    meant = which.file(secrets, tmp_path, is_rehearsal=True)
    assert run_folder.reports(option, meant, tmp_path) == tmp_path / expected
