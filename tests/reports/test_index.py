"""The index of runs: all that are kept, none better than its evidence, no night left out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from golive.evidence import storage
from golive.evidence.digest import digest_of
from golive.evidence.record import Evidence, PositionsRecord
from golive.reports import archive, index
from golive.reports.days import LONGEST, calendar
from golive.reports.index_rows import Row
from golive.reports.trends import handshakes
from golive.reports.writing import Wanted
from tests.support.projects import ROOT, Project
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, nights, overridden, position
from tests.support.runs_on_disk import kept as keep

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "reports" / "runs"
    folder.mkdir(parents=True)
    return folder


def rows(runs: Path) -> list[Row]:
    return archive.rows(runs, runs.parent / index.ROWS)


def page(runs: Path) -> str:
    found = rows(runs)
    return index.page_of(found, index.files(runs, found), TODAY)


def row_of(page: str, number: int = 0) -> str:
    """The text of a row of the table, without its markup."""
    row = re.findall(r"<tr data-.*?</tr>", page, re.DOTALL)[number]
    return " ".join(re.sub(r"<[^>]*>", " ", row).split())


def test_row_tells_verdict_target_when_by_whom_and_the_figures(runs: Path) -> None:
    keep(a_go(handshake_ms=97.4), runs)
    assert row_of(page(runs)) == (
        "GO LIVE 2026-11-22 02:00 UTC 97.4 ms 2.5 s 24 Alex Example U21146542"
        " JSON of 20261122T020000Z-live"
    )
    assert 'title="2026-11-21 21:00:00 UTC-0500"' in page(runs)


def test_row_of_a_no_go_tells_its_diagnosis_and_what_was_not_reached(runs: Path) -> None:
    keep(a_no_go(target="fake", fault="down"), runs)
    row = row_of(page(runs))
    assert row.startswith("NO-GO REHEARSAL 2026-11-22 02:00 UTC down : gateway")
    assert "gateway-not-running (A) none 2.5 s not asked" in row


def test_override_stands_beside_the_verdict(runs: Path) -> None:
    keep(overridden(a_go()), runs)
    assert row_of(page(runs)).startswith("GO LIVE 2026-11-22 02:00 UTC overridden; 1 weakened")


def test_paper_is_never_called_live(runs: Path) -> None:
    endpoint = a_go().endpoint.model_copy(update={"port": 4002, "kind": "IB Gateway (paper)"})
    keep(a_go(endpoint=endpoint), runs)
    keep(a_go(target="fallback"), runs)
    assert {row.aim for row in rows(runs)} == {"PAPER", "PAPER FALLBACK"}


def test_runs_are_newest_first_also_within_a_second(runs: Path) -> None:
    found = [a_go(), a_go(number_of_the_second=2), a_go(number_of_the_second=10)]
    for each in [*nights(3, "fake", NIGHT - DAY), *found]:
        keep(each, runs)
    names = [row.run_id for row in rows(runs)]
    assert names[:3] == [each.run_id for each in reversed(found)]
    assert names[3:] == [each.run_id for each in nights(3, "fake", NIGHT - DAY)]


def test_links_are_to_files_that_are_there(runs: Path) -> None:
    folder = keep(a_go(), runs)
    assert "sign-off.html" not in page(runs)
    (folder / "sign-off.html").write_text("the page", encoding="utf-8")
    for link in re.findall(r'href="(runs/[^"]+)"', page(runs)):
        assert (runs.parent / link).is_file()
    assert f'href="runs/{folder.name}/sign-off.html"' in page(runs)


# what cannot be relied on


def resealed(found: Evidence, folder: Path, **changes: object) -> None:
    """As somebody would who knows how the digest is made."""
    changed = found.model_copy(update=changes)
    storage.write(changed, folder)


def removed(found: Evidence, folder: Path) -> None:
    (folder / "evidence.json").unlink()


def cut_off(found: Evidence, folder: Path) -> None:
    file = folder / "evidence.json"
    file.write_bytes(file.read_bytes()[:-100])


def tampered(found: Evidence, folder: Path) -> None:
    file = folder / "evidence.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"verdict": "NO-GO"', '"verdict": "GO"'), encoding="utf-8")


def of_another_schema(found: Evidence, folder: Path) -> None:
    document = found.document() | {"schema": 2}
    document["digest"] = digest_of(document)
    (folder / "evidence.json").write_text(json.dumps(document), encoding="utf-8")


def a_folder(found: Evidence, folder: Path) -> None:
    (folder / "evidence.json").unlink()
    (folder / "evidence.json").mkdir()


def a_pipe(found: Evidence, folder: Path) -> None:
    (folder / "evidence.json").unlink()
    getattr(os, "mkfifo", Path.touch)(folder / "evidence.json")


def called_go(found: Evidence, folder: Path) -> None:
    resealed(found, folder, verdict="GO", diagnosis=None, attempts=1)


def without_the_failed_step(found: Evidence, folder: Path) -> None:
    steps = [each for each in found.steps if each.outcome == "passed"]
    resealed(found, folder, verdict="GO", diagnosis=None, attempts=1, steps=steps)


def one_step_of_another_version(found: Evidence, folder: Path) -> None:
    who = found.circumstances.model_copy(update={"golive": "0.0.1"})
    resealed(a_go(), folder, steps=a_go().steps[:1], circumstances=who)


def called_live(found: Evidence, folder: Path) -> None:
    resealed(a_go(endpoint=a_go(target="fake").endpoint), folder)


def with_a_fault_of_a_fake(found: Evidence, folder: Path) -> None:
    resealed(a_go(), folder, fault="silent")


def of_another_run(found: Evidence, folder: Path) -> None:
    storage.write(a_go(NIGHT - DAY), folder)


def at_no_time(found: Evidence, folder: Path) -> None:
    resealed(a_go(), folder, ended="yesterday")


DAMAGES = (
    removed,
    cut_off,
    tampered,
    of_another_schema,
    a_folder,
    a_pipe,
    called_go,
    without_the_failed_step,
    one_step_of_another_version,
    called_live,
    with_a_fault_of_a_fake,
    of_another_run,
    at_no_time,
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_run_whose_evidence_cannot_be_relied_on_is_listed_as_that_and_never_as_go(
    runs: Path, damage: Callable[[Evidence, Path], None]
) -> None:
    found = a_no_go()
    damage(found, keep(found, runs))
    (row,) = rows(runs)
    assert (row.standing, row.target) == ("unreliable", "live")
    told = row_of(page(runs))
    assert told.startswith("UNRELIABLE LIVE 2026-11-22 02:00 UTC")
    assert f"golive report verify {found.run_id}" in told
    assert "Alex" not in told


def test_run_that_was_listed_and_is_tampered_with_later_is_noticed(runs: Path) -> None:
    found = a_no_go()
    folder = keep(found, runs)
    assert rows(runs)[0].standing == "NO-GO"
    called_go(found, folder)
    assert rows(runs)[0].standing == "unreliable"


def test_run_that_was_not_finished_is_listed_as_unfinished(project: Project, runs: Path) -> None:
    run = project.rehearse("--fake", "-k", "environment")
    shutil.copytree(run.folder, runs / run.folder.name)
    (row,) = rows(runs)
    assert (row.standing, row.code) == ("unfinished", "unfinished")
    assert row_of(page(runs)).startswith("UNFINISHED REHEARSAL")


def test_copy_of_a_run_under_another_name_is_no_run(runs: Path) -> None:
    folder = keep(a_go(), runs)
    shutil.copytree(folder, runs / "20261123T020000Z-live")
    shutil.copytree(folder, runs / "copy #1?")
    assert [row.standing for row in rows(runs)] == ["unreliable", "GO", "unreliable"]
    assert "runs/copy%20%231%3F/evidence.json" in page(runs)


def test_what_is_no_run_is_not_listed(runs: Path) -> None:
    (runs / "notes").mkdir()
    (runs / "20269999T020000Z-fake").mkdir()
    (runs / ".20261122T020000Z-fake.deleted").mkdir()
    assert rows(runs) == []
    assert "There are none yet" in page(runs)


def test_go_of_another_version_whose_procedure_had_other_steps_stays_a_go(runs: Path) -> None:
    now = a_go()
    older = now.circumstances.model_copy(update={"golive": "0.0.1"})
    keep(now.model_copy(update={"steps": now.steps[:-1], "circumstances": older}), runs)
    assert rows(runs)[0].standing == "GO"


def test_hostile_text_of_a_record_is_shown_as_text(runs: Path) -> None:
    evil = '</td><script>alert(1)</script>\u202e"\x1b' + "A" * 10_000
    who = a_go().circumstances.model_copy(update={"operator": evil})
    keep(a_go(circumstances=who), runs)
    told = page(runs)
    assert "<script>alert" not in told
    assert "\u202e" not in told
    assert "A" * 100 not in told


def test_name_that_cannot_be_written_keeps_no_run_out_of_the_index(runs: Path) -> None:
    who = a_go().circumstances.model_copy(update={"operator": "\ud800"})
    keep(a_go(circumstances=who), runs)
    index.rebuild(runs)
    assert row_of((runs.parent / index.FILE_NAME).read_text(encoding="utf-8")).startswith("GO LIVE")


# the rows that are remembered


def test_evidence_is_read_once_for_each_time_it_was_written(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in nights(5):
        keep(each, runs)
    first, read = rows(runs), []
    monkeypatch.setattr(archive, "row_of", lambda folder: read.append(folder.name))
    assert rows(runs) == first
    assert read == []


@pytest.mark.parametrize("text", ["", "{", '{"version": "0", "rows": {}}', '{"rows": {"x": 1}}'])
def test_damaged_memory_of_the_rows_costs_nothing_but_time(runs: Path, text: str) -> None:
    keep(a_go(), runs)
    first = rows(runs)
    (runs.parent / index.ROWS).write_text(text, encoding="utf-8")
    assert rows(runs) == first


def test_page_is_the_same_for_the_same_runs_on_the_same_day(runs: Path) -> None:
    for each in nights(3):
        keep(each, runs)
    assert page(runs) == page(runs)


# days and trends


def test_night_without_a_run_is_a_hole(runs: Path) -> None:
    for each in nights(10, "live"):
        if each.run_id[6:8] not in ("15", "18", "19"):
            keep(each, runs)
    found = calendar(rows(runs), TODAY)
    assert found.holes == ["2026-11-14", "2026-11-17 to 2026-11-18"]  # where it was still evening
    assert "3 days without a run" in page(runs)
    assert "2026-11-14: no run" in page(runs)


def test_nights_that_were_missed_since_the_last_run_are_holes_as_well(runs: Path) -> None:
    keep(a_go(NIGHT - 5 * DAY), runs)
    found = calendar(rows(runs), TODAY)
    assert found.holes == ["2026-11-17 to 2026-11-21"]
    assert found.days[-1].words == "2026-11-22: no run yet"


def test_day_is_as_bad_as_the_worst_of_its_runs_and_a_drill_does_not_count(runs: Path) -> None:
    hour = timedelta(hours=1)
    keep(a_go(target="fake"), runs)
    keep(a_no_go(NIGHT + hour, "fake", fault="down"), runs)
    assert calendar(rows(runs), TODAY).days[0].standing == "GO"
    keep(a_no_go(NIGHT + 2 * hour, "fake"), runs)
    day = calendar(rows(runs), TODAY).days[0]
    assert day.words == "2026-11-21: 1 NO-GO, 1 GO, 1 drill"
    assert day.standing == "NO-GO"


def test_calendar_ends_today_and_is_half_a_year_long_at_most(runs: Path) -> None:
    keep(a_go(NIGHT - 1000 * DAY), runs)
    found = calendar(rows(runs), TODAY)
    assert len(found.days) == LONGEST
    assert found.until == TODAY
    assert found.monday.weekday() == 0
    assert len({(day.week, day.weekday) for day in found.days}) == LONGEST


def test_targets_do_not_mix_in_days_and_trends(runs: Path) -> None:
    for each in [*nights(3, "live", handshake_ms=100.0), *nights(4, "fake", handshake_ms=2.0)]:
        keep(each, runs)
    live, rehearsal = index.tracks(rows(runs), TODAY)
    assert (live.heading, live.runs, rehearsal.heading, rehearsal.runs) == (
        "LIVE",
        3,
        "REHEARSAL",
        4,
    )
    assert [mark.figure for mark in live.plots[0].marks] == [100.0] * 3


def test_run_without_a_handshake_is_a_gap_in_the_trend(runs: Path) -> None:
    for each in nights(5, "live"):
        keep(each, runs)
    keep(a_no_go(NIGHT - 2 * DAY), runs)
    found = handshakes(rows(runs))
    assert found is not None
    assert [mark.figure is None for mark in found.marks] == [False, False, True, False, False]
    assert len(found.lines) == 2
    assert "1 without" in found.words


def test_budget_is_drawn_where_it_is_near(runs: Path) -> None:
    for each in nights(3, "live", handshake_ms=20):
        keep(each, runs)
    far = handshakes(rows(runs))
    keep(a_go(NIGHT + DAY, handshake_ms=100), runs)
    near = handshakes(rows(runs))
    assert far is not None
    assert near is not None
    assert far.limit is None
    assert near.limit is not None
    assert (near.top, near.budget, near.last) == ("1,000 ms", "1,000 ms", "2026-11-22")
    assert "budget 1,000 ms" in page(runs)


def test_trend_is_shown_from_the_third_run_on(runs: Path) -> None:
    keep(a_go(), runs)
    keep(a_go(NIGHT + DAY), runs)
    assert handshakes(rows(runs)) is None
    assert "Trends are shown from the third run on." in page(runs)
    keep(a_go(NIGHT + 2 * DAY), runs)
    assert "Trends are shown" not in page(runs)


def test_first_days_are_a_row_with_names_and_later_ones_a_grid(runs: Path) -> None:
    keep(a_go(NIGHT - DAY), runs)
    assert ">Fri 20</text>" in page(runs)
    assert ">Mon</text>" not in page(runs)
    keep(a_go(NIGHT - 20 * DAY), runs)
    assert ">Fri 20</text>" not in page(runs)
    assert ">Mon</text>" in page(runs)


def test_rehearsal_of_a_fault_is_neither_a_success_nor_a_failure_of_the_gateway(
    runs: Path,
) -> None:
    keep(a_no_go(target="fake", fault="down"), runs)
    keep(a_go(NIGHT + DAY, target="fake"), runs)
    shown = page(runs).partition('<table id="runs">')[2]
    assert re.findall(r'class="verdict ([a-z -]+)"', shown) == ["go rehearsed", "drill rehearsed"]


# written after each run, by several at once


def test_index_is_written_after_each_run(own_project: Project) -> None:
    go = own_project.rehearse("--fake")
    no_go = own_project.rehearse("--fake=down")
    told = (own_project.folder / "reports" / "index.html").read_text(encoding="utf-8")
    assert row_of(told, 0).startswith("NO-GO REHEARSAL")
    assert row_of(told, 1).startswith("GO REHEARSAL")
    assert f"UTC {len(go.evidence['weakened'])} weakened" in row_of(told, 1)
    assert f"runs/{go.folder.name}/sign-off.html" in told
    assert f"runs/{no_go.folder.name}/sign-off.html" in told


REBUILD = """
import sys
from pathlib import Path
from datetime import timedelta
from golive.reports import index
from golive.reports.writing import Wanted
from tests.support.runs_on_disk import NIGHT, a_go, kept
runs, offset = Path(sys.argv[1]), int(sys.argv[2])
for number in range(40):
    found = a_go(NIGHT + timedelta(seconds=2 * number + offset), "fake")
    assert index.write(found, kept(found, runs), Wanted(keep_runs=30)) == []
"""


def test_two_processes_that_rebuild_it_at_once_leave_it_whole_and_complete(runs: Path) -> None:
    command = [sys.executable, "-c", REBUILD, str(runs)]
    both = [subprocess.Popen([*command, str(offset)], cwd=ROOT) for offset in (0, 1)]
    try:
        while any(process.poll() is None for process in both):
            with_index = (runs.parent / index.FILE_NAME).exists()
            text = (runs.parent / index.FILE_NAME).read_text(encoding="utf-8") if with_index else ""
            assert not with_index or text.rstrip().endswith("</html>")
    finally:
        codes = [process.wait(60) for process in both]
    assert codes == [0, 0]
    told = (runs.parent / index.FILE_NAME).read_text(encoding="utf-8")
    there = sorted((each.name for each in runs.iterdir()), reverse=True)
    assert len(there) == 30
    assert re.findall(r'href="runs/([^/]+)/evidence.json"', told)[1:] == there
    assert [
        each.name for each in runs.parent.iterdir() if each.name.startswith(".index.html")
    ] == []


def test_slow_run_does_not_overwrite_what_a_later_one_has_listed(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_listed, may_write = threading.Event(), threading.Event()
    page_of = index.page_of

    def slow(*arguments: Any) -> str:
        if not has_listed.is_set():
            has_listed.set()
            assert may_write.wait(60)
        return page_of(*arguments)

    monkeypatch.setattr(index, "page_of", slow)
    keep(a_go(), runs)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(index.rebuild, runs)
        assert has_listed.wait(60)
        later = keep(a_go(NIGHT + DAY), runs)
        second = pool.submit(index.rebuild, runs)
        done, _ = wait([second], timeout=0.3)  # it must wait for the first
        may_write.set()
        first.result(30)
        second.result(30)
    assert not done
    assert later.name in (runs.parent / index.FILE_NAME).read_text(encoding="utf-8")


def test_lock_that_is_not_let_go_costs_one_line_and_the_next_run_repairs_it(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PATIENCE", 0.2)
    found = a_go()
    folder = keep(found, runs)
    with FileLock(runs.parent / index.LOCK), pytest.raises(index.Busy, match="another run has"):
        index.write(found, folder, Wanted())
    index.write(found, folder, Wanted())
    assert (runs.parent / index.FILE_NAME).exists()


def test_run_with_ten_thousand_positions_is_read_once_only(runs: Path) -> None:
    many = PositionsRecord(
        account="U21146542", count=10_000, rows=[position(n, "U21146542") for n in range(10_000)]
    )
    keep(a_go(positions=0).model_copy(update={"positions": many}), runs)
    assert rows(runs)[0].positions == 10_000
    assert (runs.parent / index.ROWS).stat().st_size < 2_000
