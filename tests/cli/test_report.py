"""`golive report`: what a run left is verified, written again and listed."""

from __future__ import annotations

import json
import os
import re
import shutil
import webbrowser
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import golive.cli.report as command
from golive.evidence import storage
from golive.evidence.digest import digest_of
from golive.evidence.record import Evidence
from golive.reports import sign_off
from tests.reports.test_index import DAMAGES, resealed
from tests.support.projects import Project
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, kept


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "reports" / "runs"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOLIVE_ALLURE", "off")
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Exit code, and what was printed."""

    def run(*arguments: object) -> tuple[int, str]:
        try:
            code = command.main([str(each) for each in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


Call = Callable[..., tuple[int, str]]


def signed(found: Evidence, runs: Path) -> Path:
    """A run with its page."""
    folder = kept(found, runs)
    page = sign_off.page(storage.read(folder))
    (folder / "sign-off.html").write_text(page, encoding="utf-8", newline="\n")
    return folder


# verified


@pytest.mark.parametrize("found", [a_go(), a_no_go(), a_no_go(target="fake", fault="down")])
@pytest.mark.parametrize("named", ["folder", "name", "evidence.json", "sign-off.html"])
def test_run_that_is_unchanged_is_verified_however_it_is_named(
    runs: Path, call: Call, found: Evidence, named: str
) -> None:
    folder = signed(found, runs)
    words = {"folder": folder, "name": folder.name}
    code, said = call("verify", words.get(named, folder / named))
    assert code == 0
    assert said.splitlines()[-1].startswith("VERIFIED")
    assert f"  {storage.read(folder).digest}" in said.splitlines()
    assert "does not prove who sealed it" in " ".join(said.split())


def test_last_run_is_verified_where_none_is_named_and_it_is_said_which(
    runs: Path, call: Call
) -> None:
    signed(a_go(), runs)
    last = signed(a_no_go(NIGHT + timedelta(days=1)), runs)
    (runs / "notes").mkdir()
    code, said = call("verify")
    assert (code, said.splitlines()[0]) == (0, f"Last run: {last.name}")
    assert f"report verify {last.name} --digest HEX" in said


def test_digest_of_the_printed_page_is_compared(runs: Path, call: Call) -> None:
    folder = signed(a_go(), runs)
    digest = storage.read(folder).digest
    spaced = " ".join(re.findall("....", digest.upper()))
    for printed in (digest, digest[:12], spaced):
        code, said = call("verify", folder, "--digest", printed)
        assert (code, "since the page was printed" in said) == (0, True)
    code, said = call(
        "verify", folder, "--digest", digest[:-1] + ("1" if digest[-1] == "0" else "0")
    )
    assert code == 1
    assert "the printed one with" in " ".join(said.split())


def test_run_of_a_real_rehearsal_is_verified_and_what_is_done_to_it_is_found(
    own_project: Project,
) -> None:
    run = own_project.rehearse("--fake=down")
    good = own_project.run("golive", "report", "verify", run.folder.name)
    assert good.exit_code == 0, good.output
    file = run.folder / "evidence.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"verdict": "NO-GO"', '"verdict": "GO"'), encoding="utf-8")
    bad = own_project.run("golive", "report", "verify", str(run.folder))
    assert bad.exit_code == 1
    assert "the file was changed after it was written" in bad.output
    assert bad.last_line == "NOT VERIFIED: 1 finding"
    assert "Traceback" not in bad.output
    good.output.encode("cp1252")


def test_what_is_verified_is_told_in_80_columns_with_digest_and_command_whole(
    runs: Path, call: Call
) -> None:
    folder = signed(a_go(noted=["something that was noted and that is told at length " * 3]), runs)
    for page in ("", "other"):
        if page:
            (folder / "sign-off.html").write_text(page, encoding="utf-8")
        lines = call("verify", folder.name)[1].splitlines()
        assert f"  {storage.read(folder).digest}" in lines
        longer = [each for each in lines if len(each) > 80]
        assert all(str(folder) in each for each in longer)
        assert any(each.strip().startswith(("golive report", "python -m golive")) for each in lines)


# not verified


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_the_evidence_is_found_and_said_what_to_do(
    runs: Path, call: Call, damage: Callable[[Evidence, Path], None]
) -> None:
    found = a_no_go()
    folder = signed(found, runs)
    damage(found, folder)
    code, said = call("verify", folder)
    assert code == 1
    assert "Verdict: GO" not in said
    assert "Do not rely on this run" in said or "Verify it with the version" in said
    assert said.splitlines()[-1].startswith("NOT VERIFIED")


def test_tampered_evidence_is_told_with_both_digests(runs: Path, call: Call) -> None:
    folder = signed(a_go(), runs)
    stated = storage.read(folder).digest
    file = folder / "evidence.json"
    file.write_bytes(file.read_bytes().replace(b'"count": 24', b'"count": 25'))
    made = digest_of(json.loads(file.read_bytes()))
    code, said = call("verify", folder)
    assert code == 1
    assert f"It states the digest {stated} but has {made}." in " ".join(said.split())


def test_evidence_that_was_sealed_again_with_another_field_is_found(runs: Path, call: Call) -> None:
    folder = signed(a_go(), runs)
    document: dict[str, Any] = a_go().document() | {"remark": "all is well"}
    document["digest"] = digest_of(document)
    (folder / "evidence.json").write_text(json.dumps(document), encoding="utf-8")
    code, said = call("verify", folder)
    assert code == 1
    assert "not evidence of this schema; see remark" in said
    assert "somebody computed a new digest" in " ".join(said.split())


def test_value_that_stands_there_twice_is_found(runs: Path, call: Call) -> None:
    folder = signed(a_no_go(), runs)
    file = folder / "evidence.json"
    file.write_text(file.read_text(encoding="utf-8").replace("{", '{"verdict": "GO",', 1), "utf-8")
    code, said = call("verify", folder)
    assert code == 1
    assert "verdict appears twice" in said


@pytest.mark.timeout(60)
def test_evidence_with_very_many_settings_is_verified_at_once(runs: Path, call: Call) -> None:
    settings = {f"GoLive.{number}": number for number in range(50_000)}
    who = a_go().circumstances.model_copy(update={"settings": settings})
    assert call("verify", kept(a_go(circumstances=who), runs))[0] == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no such pipes")
@pytest.mark.timeout(20)
def test_pipe_in_place_of_the_page_is_not_waited_for(runs: Path, call: Call) -> None:
    folder = kept(a_go(), runs)
    getattr(os, "mkfifo")(folder / "sign-off.html")  # noqa: B009 - Windows has none
    code, said = call("verify", folder)
    assert code == 1
    assert "sign-off.html: it is not an ordinary file" in said


def test_go_with_two_attempts_is_found(runs: Path, call: Call) -> None:
    folder = signed(a_go(), runs)
    resealed(a_go(), folder, attempts=2)
    code, said = call("verify", folder)
    assert code == 1
    assert "it says GO with 2 attempts" in said


def test_page_that_was_changed_is_found(runs: Path, call: Call) -> None:
    folder = signed(a_no_go(), runs)
    page = folder / "sign-off.html"
    page.write_text(page.read_text(encoding="utf-8").replace("NO-GO", "GO"), "utf-8", newline="\n")
    code, said = call("verify", folder)
    assert code == 1
    assert "not the page of this evidence, byte for byte.\n   The page was changed." in said
    assert "golive report write" in said


def test_page_of_another_run_is_found(runs: Path, call: Call) -> None:
    folder, other = signed(a_no_go(), runs), signed(a_go(target="fake"), runs)
    shutil.copyfile(other / "sign-off.html", folder / "sign-off.html")
    code, said = call("verify", folder)
    assert code == 1
    assert "It is the page of other evidence." in said


@pytest.mark.parametrize("other", [{"golive": "0.0.1"}, {"golive_sha256": "0" * 64}])
def test_page_that_another_version_wrote_is_told_by_the_digest_on_it(
    other: dict[str, str], runs: Path, call: Call
) -> None:
    now = a_go()
    older = now.circumstances.model_copy(update=other)
    folder = signed(now.model_copy(update={"circumstances": older}), runs)
    page, digest = folder / "sign-off.html", storage.read(folder).digest
    page.write_text(f"<p>Another look: {digest}", encoding="utf-8")
    code, said = call("verify", folder)
    assert code == 0
    assert "cannot be compared byte by byte" in " ".join(said.split())
    page.write_text("<p>Another look", encoding="utf-8")
    assert call("verify", folder)[0] == 1


def test_page_that_is_missing_is_said_and_written_again(runs: Path, call: Call) -> None:
    folder = kept(a_go(), runs)
    code, said = call("verify", folder)
    assert code == 0
    assert "sign-off.html is not there" in said
    assert call("write", folder)[0] == 0
    assert "Note" not in call("verify", folder)[1]


def test_copy_that_came_by_mail_is_verified_where_it_lies(
    runs: Path, call: Call, tmp_path: Path
) -> None:
    folder, mail = signed(a_go(), runs), tmp_path / "mail"
    shutil.copytree(folder, mail)
    code, said = call("verify", mail / "evidence.json")
    assert code == 0
    assert f"not named after the run, {folder.name}" in " ".join(said.split())


def test_hostile_text_of_the_evidence_cannot_repaint_the_terminal(runs: Path, call: Call) -> None:
    folder = signed(a_go(), runs)
    resealed(a_go(), folder, run_id="\x1b[2J\u202eVERIFIED\n")
    code, said = call("verify", folder)
    assert code == 1
    assert all(each.isprintable() for each in said.splitlines())
    assert said.count("\n") == len(said.splitlines())


# written again


def test_reports_are_written_again_as_they_were_and_nothing_is_deleted(
    own_project: Project,
) -> None:
    made = [own_project.rehearse("--fake=down") for _ in range(2)]
    index = own_project.folder / "reports" / "index.html"
    page = made[0].folder / "sign-off.html"
    before = page.read_bytes()
    page.unlink()
    index.unlink()
    done = own_project.run("golive", "report", "write", made[0].folder.name)
    assert (done.exit_code, done.output.count("\n")) == (0, 1)
    assert done.output.startswith(f"Written: {made[0].folder}: sign-off.html and junit.xml")
    assert page.read_bytes() == before
    assert all(run.folder.name in index.read_text(encoding="utf-8") for run in made)


def test_nothing_is_written_of_evidence_that_is_damaged(runs: Path, call: Call) -> None:
    folder = kept(a_go(), runs)
    (folder / "evidence.json").write_text("{", encoding="utf-8")
    code, said = call("write", folder)
    assert code == 1
    assert said.startswith("golive: no report is written: ")
    assert not (folder / "sign-off.html").exists()


def test_what_a_report_has_to_say_is_no_failure(
    runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLIVE_ALLURE", "no-such-program")
    code, said = call("write", kept(a_go(), runs))
    assert code == 0
    assert "GOLIVE_ALLURE names no program" in said


def test_words_can_be_masked_when_reports_are_written_again(runs: Path, call: Call) -> None:
    found = a_go()
    step = found.steps[0].model_copy(update={"observed": {"seen": "RevOption"}})
    folder = kept(found.model_copy(update={"steps": [step, *found.steps[1:]]}), runs)
    code, said = call("write", folder, "--mask", "RevOption")
    assert (code, "1 word masked" in said, "RevOption" in said) == (0, True, False)
    assert "RevOption" not in (folder / "junit.xml").read_text(encoding="utf-8")


def test_no_page_to_be_signed_is_written_of_a_go_that_was_made_up(runs: Path, call: Call) -> None:
    folder = kept(a_go(steps=a_no_go().steps), runs)
    code, said = call("write", folder)
    assert (code, said.count("\n")) == (1, 1)
    assert "no report is written: " in said
    assert "it says GO, but its checks do not" in said
    assert [each.name for each in folder.iterdir()] == ["evidence.json"]


def test_run_that_lies_elsewhere_is_written_again_there_and_in_no_index(
    runs: Path, call: Call, tmp_path: Path
) -> None:
    mail = tmp_path / "mail" / "today"
    shutil.copytree(kept(a_go(), runs), mail)
    _, said = call("write", mail)
    assert "not listed in an index" in said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mail", "reports"]
    assert (mail / "sign-off.html").exists()


def test_index_alone_is_written_again(runs: Path, call: Call) -> None:
    kept(a_go(), runs)
    code, said = call("index")
    assert (code, said.strip()) == (0, f"Written: {runs.parent / 'index.html'}")
    assert a_go(NIGHT).run_id in (runs.parent / "index.html").read_text(encoding="utf-8")


def test_index_that_cannot_be_written_is_one_line(runs: Path, call: Call) -> None:
    (runs.parent / "index.html").mkdir()
    code, said = call("index")
    assert code == 1
    assert said.count("\n") == 1
    assert "the index could not be written" in said


# bad input


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("verfy",),
        ("verify",),
        ("verify", "20990101T000000Z-live"),
        ("verify", "x/evidence.json"),
        ("verify", ".", "--digest", "abc"),
        ("verify", ".", "--digest", "0123456789ag"),
        ("write",),
        ("index", "more"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_4(
    runs: Path, call: Call, arguments: tuple[str, ...]
) -> None:
    code, said = call(*arguments)
    assert code == 4
    assert said.startswith("golive: ")
    assert said.count("\n") == 1


def test_index_of_no_runs_says_where_to_go(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = call("index")
    assert code == 4
    assert "; name the reports: --reports DIR" in said


# shown


@pytest.mark.skipif(os.name == "nt", reason="names a browser by a POSIX command")
def test_page_of_a_run_and_the_index_are_shown_in_the_browser(
    runs: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = signed(a_go(), runs)
    shown = tmp_path / "shown"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" >"{shown}"\n', encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    page = folder / "sign-off.html"
    assert call("open", folder.name) == (0, f"{page}\n")
    assert shown.read_text(encoding="utf-8") == page.as_uri()
    assert call("index")[0] == 0
    assert call("open") == (0, f"{runs.parent / 'index.html'}\n")


def test_page_is_named_where_no_browser_starts(
    runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = signed(a_go(), runs) / "sign-off.html"
    monkeypatch.setattr(webbrowser, "_tryorder", [])  # as where none is installed
    said = f"golive: no browser could be started; open {page}\n"
    assert call("open", page.parent.name) == (1, said)


def test_page_that_is_not_there_is_named(runs: Path, call: Call) -> None:
    code, said = call("open")
    assert (code, said.count("\n")) == (1, 1)
    assert str(runs.parent / "index.html") in said
