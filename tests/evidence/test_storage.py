"""evidence.json: complete, sealed, never half written, and read only where it is whole."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from golive.evidence import storage
from golive.evidence.digest import digest_of
from golive.evidence.record import Evidence
from golive.evidence.storage import NoEvidence
from golive.kit import files
from golive.reports import page
from tests.support.projects import Project
from tests.support.runs_on_disk import a_go, kept


def a_run(project: Project) -> Evidence:
    return Evidence.model_validate(project.rehearse("--fake=down").evidence)


def test_document_has_exactly_the_keys_of_the_schema(project: Project) -> None:
    document = a_run(project).document()
    assert list(document) == [
        "schema", "run_id", "started", "ended", "target", "fault", "endpoint", "api", "verdict",
        "attempts", "steps", "handshake", "positions", "sockets", "overrides", "diagnosis",
        "circumstances", "since_last_go", "salt", "plan", "soak", "messages", "noted", "weakened",
        "digest",
    ]  # fmt: skip
    assert document["schema"] == 1
    assert list(document["endpoint"]) == ["host", "port", "kind", "client_id"]
    assert list(document["steps"][0]) == [
        "id", "stage", "title", "outcome", "blocked_by", "seconds", "observed", "began",
    ]  # fmt: skip
    assert list(document["diagnosis"]) == [
        "code", "cause", "procedure", "next_steps", "facts", "stopped_at", "also", "not_before",
        "if_that_fails", "log", "contacts",
    ]  # fmt: skip
    assert document["fault"] == "down"


def test_changing_anything_breaks_the_seal(project: Project) -> None:
    document = a_run(project).sealed().document()
    assert digest_of(document) == document["digest"]
    document["steps"][0]["outcome"] = "passed "
    assert digest_of(document) != document["digest"]


def test_evidence_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    found = a_go()
    folder = kept(found, tmp_path)
    assert storage.read(folder) == found.sealed()


def edited(old: str, new: str) -> Callable[[Path], object]:
    """Replaces a text that stands in the file."""

    def edit(file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.unlink(), "no such file"),
        (lambda file: shutil.rmtree(file.parent), "no such run"),
        (lambda file: file.unlink() or file.mkdir(), "cannot be read: "),
        (lambda file: file.write_bytes(file.read_bytes()[:-200]), "cut off, or not JSON"),
        (lambda file: file.write_bytes(b""), "cut off, or not JSON"),
        (lambda file: file.write_bytes(b"\xff\xfe{}"), "cut off, or not JSON"),
        (lambda file: file.write_bytes(b"[" * 100_000), "cut off, or not JSON"),
        (lambda file: file.write_bytes(b"[]"), "not evidence of this schema; see the document"),
        (edited('"schema": 1', '"schema": 2'), "not evidence of this schema; see schema"),
        (edited('"verdict": "GO"', '"verdict": "OK"'), "schema; see verdict"),
        (edited('"run_id"', '"a\\u001b[31m": 1, "run_id"'), "schema; see a?[31m"),
        (edited('"verdict": "GO"', '"verdict": "NO-GO"'), "its digest does not match"),
        (edited('"digest": "', '"digest": "0'), "its digest does not match"),
    ],
)
def test_evidence_that_cannot_be_relied_on_is_refused_in_one_line(
    spoil: Callable[[Path], object], says: str, tmp_path: Path
) -> None:
    folder = kept(a_go(), tmp_path)
    spoil(folder / "evidence.json")
    with pytest.raises(NoEvidence) as error:
        storage.read(folder)
    assert str(error.value).startswith(f"{folder / 'evidence.json'}: ")
    assert says in str(error.value)
    assert str(error.value).isprintable()


def test_write_that_fails_leaves_the_evidence_before_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = a_run(project)
    path = storage.write(found, tmp_path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage.write(found.model_copy(update={"verdict": "GO"}), tmp_path)
    assert path.read_bytes() == before


def test_reports_folder_that_cannot_be_written_is_a_usage_error(own_project: Project) -> None:
    runs = own_project.folder / "reports" / "runs"
    runs.write_text("in the way", encoding="utf-8")
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--fake")
    assert done.exit_code == 4
    assert "golive needs a place to write its evidence" in done.output
    assert "Traceback" not in done.output


def test_two_runs_at_the_same_second_keep_their_own_folders(tmp_path: Path) -> None:
    from golive.evidence import run_folder

    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    first, second = (run_folder.new_folder(tmp_path, now, "fake") for _ in range(2))
    assert (first.name, second.name) == ("20261123T090000Z-fake", "20261123T090000Z.2-fake")


class InUse(PermissionError):
    """As Windows has it where a virus scanner or an indexer has the file open."""

    def __init__(self, number: int) -> None:
        super().__init__(13, "Access is denied")
        self.winerror = number


@pytest.mark.parametrize("number", [5, 32])
def test_file_that_windows_holds_for_a_moment_is_written_all_the_same(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, held = os.replace, [InUse(number), InUse(number)]

    def held_at_first(draft: Path, path: Path) -> None:
        if held:
            raise held.pop()
        replace(draft, path)

    monkeypatch.setattr(os, "replace", held_at_first)
    storage.write(a_go(), tmp_path)
    page.write(tmp_path / "index.html", "the page")
    assert storage.read(tmp_path).verdict == "GO"
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["evidence.json", "index.html"]
    assert not held


def test_file_that_windows_holds_for_long_is_an_error_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(InUse(5)))
    with pytest.raises(PermissionError):
        storage.write(a_go(), tmp_path)
    assert 0 < sum(pauses) < 1
    assert list(tmp_path.iterdir()) == []


def test_folder_that_may_not_be_written_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waits"))
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no")))
    with pytest.raises(PermissionError):
        storage.write(a_go(), tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no such pipes")
@pytest.mark.timeout(20)
def test_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    getattr(os, "mkfifo")(tmp_path / storage.FILE_NAME)  # noqa: B009 - Windows has none
    with pytest.raises(NoEvidence, match="cannot be read: it is not an ordinary file"):
        storage.read(tmp_path)


def test_file_of_a_size_that_no_run_writes_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kept(a_go(), tmp_path)
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    with pytest.raises(NoEvidence, match="cannot be read: it is too large"):
        storage.read(folder)


def test_number_that_json_does_not_have_is_no_evidence(tmp_path: Path) -> None:
    document = a_go().document() | {"handshake": {"tcp_ms": float("nan")}}
    document["digest"] = digest_of(document)
    (tmp_path / storage.FILE_NAME).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(NoEvidence, match="cut off, or not JSON"):
        storage.read(tmp_path)
