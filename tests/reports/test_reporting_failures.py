"""A report that cannot be written costs a line: evidence comes first, and the verdict stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from golive.evidence import storage
from golive.plugin import reporting
from golive.plugin.run_end import RunEnd
from golive.reports import verification, writing
from golive.reports.writing import GONE, Wanted
from golive.run import fallback
from tests.support.projects import SECONDS, Project, Rehearsal
from tests.support.runs_on_disk import a_go, kept

GO = "GO (rehearsal) with "


def verdict(run: Rehearsal) -> str:
    """The last line; what stands before it is one line for each trouble, and no traceback."""
    assert "Traceback" not in run.output
    return run.last_line


def notes(run: Rehearsal) -> list[str]:
    return [line for line in run.output.splitlines() if line.startswith("Note: ")]


def stays_go(run: Rehearsal) -> None:
    assert run.exit_code == 0, run.output
    assert verdict(run).startswith(GO)


# a report that raises


class Hostile(Exception):
    def __str__(self) -> str:
        return "\x1b[2J\u202e" + "A" * 10_000


def recurse() -> None:
    recurse()


def give(error: BaseException) -> Callable[..., None]:
    def write(*_: object) -> None:
        raise error

    return write


RAISED = (
    RuntimeError("no reason"),
    RecursionError("too deep"),
    MemoryError(),
    SystemExit(0),
    SystemExit("gone"),
    GeneratorExit(),
    pytest.fail.Exception("failed"),
    pytest.exit.Exception("ended"),
    AssertionError(),
    UnicodeEncodeError("cp1252", "x", 0, 1, "no such character"),
    Hostile(),
)


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Has these functions write the reports of a run: `tell(folder, one=function, ...)`."""

    def write(folder: Path, **tellers: Callable[..., Any]) -> list[str]:
        names = [(name, f"tests.no_such_{name}") for name in tellers]
        for name, module in names:
            monkeypatch.setitem(sys.modules, module, SimpleNamespace(write=tellers[name]))
        monkeypatch.setattr(writing, "TELLERS", tuple(names))
        told = writing.write(folder, Wanted())
        return [*told.notes, *told.failures]

    return write


Tell = Callable[..., list[str]]


@pytest.mark.parametrize("error", RAISED, ids=lambda each: type(each).__name__)
def test_report_that_raises_anything_costs_one_line_and_no_other_report(
    tmp_path: Path, tell: Tell, error: BaseException
) -> None:
    folder, written = kept(a_go(), tmp_path), []
    (line,) = tell(folder, first=give(error), second=lambda *_: written.append("second"))
    assert line.startswith(f"first could not be written: {type(error).__name__}: ")
    assert line.endswith(f"; then write it again: golive report write {folder}")
    assert line.isprintable()
    assert len(line) < 500
    assert written == ["second"]


def test_report_that_recurses_without_end_costs_one_line(tmp_path: Path, tell: Tell) -> None:
    (line,) = tell(kept(a_go(), tmp_path), first=lambda *_: recurse())
    assert line.startswith("first could not be written: RecursionError")


def test_interrupt_leaves_the_rest_unwritten_and_says_so_once(tmp_path: Path, tell: Tell) -> None:
    written: list[str] = []
    (line,) = tell(
        kept(a_go(), tmp_path),
        first=lambda *_: written.append("first"),
        second=give(KeyboardInterrupt()),
        third=lambda *_: written.append("third"),
    )
    assert line.startswith("second, third could not be written: interrupted; ")
    assert written == ["first"]


def test_one_cause_is_told_once_with_the_file_it_was_met_at(tmp_path: Path, tell: Tell) -> None:
    full = [OSError(28, "No space left on device", f"/x/{name}") for name in "ab"]
    (line,) = tell(kept(a_go(), tmp_path), one=give(full[0]), two=give(full[1]))
    assert line.startswith("one, two could not be written: /x/a: No space left on device; then")


def test_what_a_report_has_to_say_is_shown(tmp_path: Path, tell: Tell) -> None:
    told = tell(kept(a_go(), tmp_path), one=lambda *_: ["there is\nmore"], two=lambda *_: None)
    assert told == ["there is?more"]


def test_folder_that_is_deleted_while_reports_are_written_is_said_once(
    tmp_path: Path, tell: Tell
) -> None:
    folder = kept(a_go(), tmp_path)

    def delete(*_: object) -> None:
        shutil.rmtree(folder)

    def write(*_: object) -> None:
        (folder / "page.html").write_text("x", encoding="utf-8")

    assert tell(folder, one=delete, two=write, three=write) == [
        f"two, three could not be written: {GONE}"
    ]


EVIL = {
    "sign_off.py": ("the sign-off", "SystemExit", "    raise SystemExit(0)"),
    "junit.py": ("junit.xml", "RecursionError", "    write(found, folder, wanted)"),
    "allure/html.py": ("allure.html", "SyntaxError", "    def ("),
    "index.py": ("the index of runs", "interrupted", "    raise KeyboardInterrupt"),
}
"""Reports that fail, each for a reason of its own; the last ends the writing."""


def test_run_keeps_its_verdict_and_exit_code_whatever_its_reports_raise(
    own_project: Project,
) -> None:
    for name, (_, _, body) in EVIL.items():
        teller = own_project.folder / "golive" / "reports" / name
        teller.write_text(f"def write(found, folder, wanted):\n{body}\n", encoding="utf-8")
    stays_go(run := own_project.rehearse("--fake"))
    assert len(notes(run)) == len(EVIL)
    for note, (report, why, _) in zip(notes(run), EVIL.values(), strict=True):
        assert note.startswith(f"Note: {report} could not be written: {why}")


@pytest.mark.skipif(os.name == "nt", reason="there a signal ends a process at once")
def test_run_keeps_its_verdict_and_exit_code_where_it_is_asked_to_end_by_a_report(
    own_project: Project,
) -> None:
    teller = own_project.folder / "golive" / "reports" / "sign_off.py"
    teller.write_text(
        "import os, signal\n"
        "def write(found, folder, wanted):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n",
        encoding="utf-8",
    )
    stays_go(run := own_project.rehearse("--fake"))
    assert len(notes(run)) == 1
    assert "the sign-off" in notes(run)[0]


def test_run_that_is_asked_to_end_while_its_reports_are_written_does_not_fall_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(*told: object, **how: object) -> None:
        """Tells nothing."""

    silent = SimpleNamespace(found=nothing, verdict=nothing, written=nothing)
    run: Any = SimpleNamespace(wanted=SimpleNamespace(folder=Path("none")))
    finished: Any = SimpleNamespace()
    monkeypatch.setattr(fallback, "is_due", lambda found, run: True)
    for was_asked in (False, True):
        end = RunEnd(run, silent, lambda text: None, "", finished)
        monkeypatch.setattr(reporting, "report", lambda run, asked_for, was=was_asked: ([], was))
        end.tell(reporting.AskedFor(None, None))
        assert end.falls_back is not was_asked


def test_report_that_cannot_even_be_imported_leaves_a_no_go_one(own_project: Project) -> None:
    (own_project.folder / "golive" / "reports" / "sign_off.py").write_text(
        "def (", encoding="utf-8"
    )
    run = own_project.rehearse("--fake=down")
    assert run.exit_code == 1
    assert len(notes(run)) == 1
    assert "the sign-off could not be written: SyntaxError" in notes(run)[0]


def test_writing_that_cannot_be_imported_costs_one_line(own_project: Project) -> None:
    writer = own_project.folder / "golive" / "reports" / "writing.py"
    writer.write_text("raise SystemExit(0)", encoding="utf-8")
    stays_go(run := own_project.rehearse("--fake"))
    assert notes(run) == ["Note: the reports are not written: SystemExit 0"]


def test_broken_template_costs_one_line(own_project: Project) -> None:
    template = own_project.folder / "golive" / "reports" / "templates" / "index.html"
    template.write_text("{% if %}", encoding="utf-8")
    stays_go(run := own_project.rehearse("--fake"))
    assert len(notes(run)) == 1
    assert "the index of runs could not be written: TemplateSyntaxError" in notes(run)[0]
    assert (run.folder / "sign-off.html").exists()


def test_missing_templates_cost_one_line_a_report(own_project: Project) -> None:
    shutil.rmtree(own_project.folder / "golive" / "reports" / "templates")
    stays_go(run := own_project.rehearse("--fake"))
    assert 1 <= len(notes(run)) <= len(writing.TELLERS)
    assert all("TemplateNotFound" in line for line in notes(run))


# the disk


def test_page_that_something_stands_in_the_way_of_costs_one_line(own_project: Project) -> None:
    (own_project.folder / "reports" / "index.html").mkdir()
    stays_go(run := own_project.rehearse("--fake"))
    (note,) = notes(run)
    assert "the index of runs could not be written: " in note
    assert "index.html: " in note


@pytest.fixture
def small_disk(own_project: Project) -> Iterator[Callable[[str], Path]]:
    """Puts a file system of that size where runs are kept: `small_disk("100k")`."""
    runs = own_project.folder / "reports" / "runs"
    runs.mkdir()
    mounted: list[Path] = []

    def mount(size: str, *more: str) -> Path:
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("a small file system can be made by root on Linux only")
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(runs)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr!r}")
        mounted.append(runs)
        return runs

    yield mount
    for each in mounted:
        subprocess.run(["umount", str(each)], check=True)


def test_disk_that_is_full_before_the_reports_costs_them_and_not_the_verdict(
    own_project: Project, small_disk: Callable[[str], Path]
) -> None:
    small_disk("100k")
    stays_go(run := own_project.rehearse("--fake"))
    assert any("No space left on device" in note for note in notes(run))
    checked = verification.verify(run.folder)
    assert checked.is_verified
    assert checked.found is not None
    assert checked.found.verdict == "GO"
    assert [each.name for each in run.folder.glob(".*")] == []  # no half of a page is left


@pytest.mark.parametrize("size", ["24k", pytest.param("48k", marks=pytest.mark.nightly), "80k"])
def test_disk_that_is_full_before_the_evidence_is_whole_is_no_go(
    own_project: Project, small_disk: Callable[[str], Path], size: str
) -> None:
    runs = small_disk(size)
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--fake")
    assert done.exit_code == 1, done.output
    assert done.last_line.startswith(f"NO-GO: the evidence cannot be written: {runs}")
    assert done.last_line.endswith(": No space left on device")
    assert "Traceback" not in done.output
    (folder,) = runs.iterdir()
    if (folder / "evidence.json").exists():  # that of an earlier step
        assert storage.read(folder).verdict == "NO-GO"
    assert [each.name for each in folder.glob(".*")] == []


# the folder of the run


def beside(project: Project, hook: str) -> None:
    """Puts a hook beside the steps, in which `folder` is the run's, and `file` its evidence."""
    head, _, body = hook.partition("\n")
    file = project.folder / "acceptance" / "conftest.py"
    file.write_text(
        "import pytest, shutil\n"
        "from pathlib import Path\n"
        f"{head}\n"
        "    (folder,) = Path('reports/runs').iterdir()\n"
        "    file = folder / 'evidence.json'\n"
        f"    {body}\n",
        encoding="utf-8",
    )


AT_THE_END = "def pytest_sessionfinish():\n"


def test_folder_that_is_deleted_during_the_run_is_no_go(own_project: Project) -> None:
    """Without evidence there is no GO."""
    hook = "@pytest.hookimpl(wrapper=True, tryfirst=True)\ndef pytest_sessionfinish(session):\n"
    file = own_project.folder / "acceptance" / "conftest.py"
    file.write_text(
        "import pytest, shutil\n"
        f"{hook}"
        "    for folder in (session.config.rootpath / 'reports' / 'runs').iterdir():\n"
        "        shutil.rmtree(folder)\n"
        "    return (yield)\n",
        encoding="utf-8",
    )
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--fake")
    assert done.exit_code == 1
    assert done.last_line.startswith("NO-GO: the evidence cannot be written: ")
    assert done.last_line.endswith("-fake: No such file or directory")
    assert "Traceback" not in done.output


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "deleted": (lambda file: shutil.rmtree(file.parent), "no such run"),
    "removed": (lambda file: file.unlink(), "no such file"),
    "cut off": (lambda file: file.write_bytes(file.read_bytes()[:900]), "cut off, or not JSON"),
    "tampered with": (
        lambda file: file.write_bytes(file.read_bytes().replace(b"24", b"25")),
        "the file was changed after it was written",
    ),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_evidence_that_is_damaged_is_said_once_and_no_report_is_written(
    how: str, tmp_path: Path
) -> None:
    damage, said = DAMAGE[how]
    folder = kept(a_go(), tmp_path)
    damage(folder / "evidence.json")
    told = writing.write(folder, Wanted())
    (failure,) = told.failures
    assert failure.startswith("no report is written: ")
    assert said in failure
    assert not list(folder.glob("*.html"))


def test_run_whose_evidence_is_damaged_before_the_reports_are_written_says_so_once(
    own_project: Project,
) -> None:
    tamper = "file.write_bytes(file.read_bytes().replace(b'24', b'25'))"
    beside(own_project, f"{AT_THE_END}{tamper}")
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--fake")
    assert done.exit_code == 0
    assert done.last_line.startswith(GO)
    (note,) = [line for line in done.output.splitlines() if line.startswith("Note: ")]
    assert note.startswith("Note: no report is written: ")
    assert "the file was changed after it was written" in note
    assert "Traceback" not in done.output


def test_another_plugin_that_fails_at_the_end_costs_one_line(own_project: Project) -> None:
    beside(own_project, f"{AT_THE_END}raise OSError(28, 'No space left on device')")
    stays_go(run := own_project.rehearse("--fake"))
    assert notes(run) == [
        "Note: another plugin could not end: OSError [Errno 28] No space left on device"
    ]


# the evidence comes first

WAITING = """
import time
def write(found, folder, wanted):
    (folder / "waiting").write_text("for the end", encoding="utf-8")
    time.sleep({seconds})
"""


def test_run_that_is_killed_while_it_writes_reports_has_left_its_whole_evidence(
    own_project: Project,
) -> None:
    teller = own_project.folder / "golive" / "reports" / "sign_off.py"
    good = teller.read_text(encoding="utf-8")
    teller.write_text(WAITING.format(seconds=SECONDS), encoding="utf-8")
    command = own_project.command("pytest", "acceptance", "-m", "golive", "--fake")
    process = subprocess.Popen(
        command, cwd=own_project.folder, env=own_project.environment(), stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + SECONDS
        while not (waiting := list(own_project.folder.glob("reports/runs/*/waiting"))):
            assert process.poll() is None
            assert time.monotonic() < until
    finally:
        process.kill()
        process.wait(SECONDS)
    teller.write_text(good, encoding="utf-8")
    folder = waiting[0].parent
    assert storage.read(folder).verdict == "GO"
    verified = own_project.run("golive", "report", "verify", folder.name)
    assert verified.exit_code == 0, verified.output
    assert own_project.run("golive", "report", "write", folder.name).exit_code == 0
    assert (folder / "sign-off.html").exists()
    index = own_project.folder / "reports" / "index.html"
    assert folder.name in index.read_text(encoding="utf-8")


def test_file_of_steps_that_cannot_be_read_is_said_to_be_the_reason(own_project: Project) -> None:
    step_file = own_project.folder / "acceptance" / "test_3_handshake.py"
    text = step_file.read_text(encoding="utf-8")
    step_file.write_text(f"{text}\nraise RuntimeError('half edited')\n", encoding="utf-8")
    run = own_project.rehearse("--fake")
    assert (run.exit_code, run.evidence["attempts"]) == (2, 0)
    assert "a file of its steps cannot be read" in run.evidence["diagnosis"]["cause"]
    assert "Note: acceptance/test_3_handshake.py: RuntimeError: half edited" in run.output
