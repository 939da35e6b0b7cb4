"""Processes that are forked instead of started anew: nobody can tell the difference from within.

And the programs of this project once each by an interpreter of their own, as a user starts them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import forked
from tests.support.fakes import Fake
from tests.support.monitors import Running, settings_for
from tests.support.projects import ROOT, SECONDS, Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")


@pytest.fixture(autouse=True)
def not_all_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(forked.FRESH, raising=False)


PROGRAMS = {
    "end of the file": "print('done')",
    "exit code": "import sys; sys.exit(3)",
    "exit text": "import sys; sys.exit('why')",
    "exception": "def f():\n    raise ValueError('no')\nf()",
    "interrupt": "raise KeyboardInterrupt",
    "killed": "import os, signal; print('lost'); os.kill(os.getpid(), signal.SIGKILL)",
    "at once": "import os; print('lost'); os._exit(4)",
    "after the end": "import atexit; atexit.register(print, 'after')\nprint('before')",
    "thread that goes on": (
        "import threading, time\n"
        "threading.Thread(target=lambda: (threading.main_thread().join(), print('it'))).start()"
    ),
    "output that nobody flushed": "import sys; sys.stdout.write('a'); sys.stderr.write('b')",
    "words": "import sys; print(sys.argv, sys.orig_argv[1:], __name__, __spec__.name, __package__)",
    "its own module": "import sys; me = 3; print(sys.modules['__main__'].me, __file__)",
    "folder": "import os, sys; print(os.getcwd(), sys.path)",
    "variables": "import os; print(sorted(os.environ.items()), os.getenvb(b'WORD'))",
    "variables of its children": "import os; os.system('echo $WORD $HOME')",
    "time zone": "import time; print(time.tzname)",
    "open files": "import os; print(sorted(os.listdir('/dev/fd'), key=int)[:-1])",
    "signals": "import signal; print([(n, signal.getsignal(n)) for n in signal.valid_signals()"
    " if n not in (signal.SIGKILL, signal.SIGSTOP)], signal.set_wakeup_fd(-1),"
    " signal.pthread_sigmask(signal.SIG_BLOCK, []))",
    "streams": "import sys\nfor each in (sys.stdin, sys.stdout, sys.stderr): print(each,"
    " each.errors, each.line_buffering, each.name, each.fileno(), each.isatty())",
    "input": "import sys; print(sys.stdin.read().upper())",
    "new line": "print('a\\r\\nb')",
    "session": "import os; print(os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid())",
    "threads": "import threading; print(threading.enumerate()[0] is threading.main_thread(),"
    " threading.active_count())",
    "warnings": "import warnings; print(len(warnings.filters)); warnings.warn('careful')",
    "byte code": "import sys; print(sys.dont_write_bytecode)",
    "locale": "import locale, sys; print(locale.getlocale(), sys.getfilesystemencoding())",
    "children": "import subprocess, sys; print(subprocess.run([sys.executable, '-c',"
    " 'import sys; print(5, sys.stdin.read())'], capture_output=True, text=True).stdout)",
    "loop": "import asyncio; print(asyncio.run(asyncio.sleep(0, 6)))",
    "log": "import logging; logging.warning('heard')",
    "work": "import time; print(time.process_time() < 1.0)",
}

CACHES = """
import sys
import golive
found = {}
for name, module in list(sys.modules.items()):
    if name.partition('.')[0] in ('golive', 'fake_ib_gateway'):
        for each in vars(module).values():
            if hasattr(each, 'cache_info') and each.cache_info().currsize:
                found[each.__module__ + '.' + each.__name__] = each.cache_info().currsize
from golive.machine import processes
print(len([name for name in sys.modules if name.startswith('golive.')]) > 50, processes._seen,
    found)
"""


def both(folder: Path, code: str, *words: str, **more: object) -> list[object]:
    """What a program does, forked and by an interpreter of its own."""
    (folder / "program.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "program", *words]
    pipe = subprocess.PIPE
    told: dict[str, Any] = {"cwd": folder, "stdin": pipe, "stdout": pipe, "stderr": pipe, **more}
    ended = []
    for start in (forked.started, subprocess.Popen):
        with start(command, **told) as process:
            output = process.communicate(b"an input\n", timeout=SECONDS)
        ended.append((isinstance(process, forked.Forked), process.returncode, *output))
    assert [is_forked for is_forked, *_ in ended] == [True, False]
    return [each[1:] for each in ended]


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
def test_program_does_the_same_as_by_an_interpreter_of_its_own(code: str, tmp_path: Path) -> None:
    variables = {**os.environ, "WORD": "said", "TZ": "Asia/Tokyo"}
    process, own = both(tmp_path, code, "a", "b c", env=variables)
    assert process == own


@pytest.mark.parametrize("is_session", [True, False])
def test_process_is_in_the_session_that_was_asked_for(is_session: bool, tmp_path: Path) -> None:
    us = os.getpid()
    code = f"import os\nfor f in (os.getsid, os.getpgid): print(f(0) == f({us}))"
    process, own = both(tmp_path, code, start_new_session=is_session)
    assert process == own == (0, f"{not is_session}\n".encode() * 2, b"")


def test_output_and_errors_may_be_one(tmp_path: Path) -> None:
    code = "import sys; print(1, flush=True); print(2, file=sys.stderr); print(3)"
    process, own = both(tmp_path, code, stderr=subprocess.STDOUT)
    assert process == own == (0, b"1\n2\n3\n", None)


def test_module_that_is_not_there_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nothing"]
    process = forked.run(command, tmp_path, stderr=subprocess.PIPE, text=True)
    own = subprocess.run(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert (process.returncode, process.stderr) == (own.returncode, own.stderr)


def test_module_that_others_import_is_run_as_well() -> None:
    """It is given no plan."""
    command, pipe = [sys.executable, "-m", "fake_ib_gateway.serving.child"], subprocess.PIPE
    process = forked.run(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    own = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert process.returncode == own.returncode == 1
    assert (process.stdout, process.stderr) == (own.stdout, own.stderr)


WAITS = "import signal\ntry:\n    print('here', flush=True); signal.pause()\nfinally: print('left')"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL", "SIGHUP"])
def test_signal_ends_it_as_any_process(name: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WAITS, encoding="utf-8")
    command = [sys.executable, "-m", "program"]
    said = []
    for start in (forked.started, subprocess.Popen):
        pipe = subprocess.PIPE
        with start(command, cwd=tmp_path, stdout=pipe, stderr=subprocess.DEVNULL) as process:
            assert process.poll() is None
            assert process.stdout is not None
            assert process.stdout.readline() == b"here\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0)
            process.send_signal(signal.Signals[name])
            said.append((process.wait(SECONDS), process.poll(), process.stdout.read()))
            process.kill()  # there is nobody any more
    assert said[0] == said[1]


def test_each_has_its_own_pid_and_many_run_at_once(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os\nprint(os.getpid()); input()", "utf-8")
    command, pipe = [sys.executable, "-m", "program"], subprocess.PIPE
    processes = [forked.started(command, tmp_path, stdin=pipe, stdout=pipe) for _ in range(5)]
    assert len({each.pid for each in processes}) == 5
    for each in reversed(processes):
        assert each.communicate(b"\n", timeout=SECONDS)[0] == b"%d\n" % each.pid
        assert each.returncode == 0


@pytest.mark.parametrize("variable", ["PYTHONOPTIMIZE", "LC_ALL"])
def test_variable_that_an_interpreter_reads_as_it_starts_gets_a_new_one(
    variable: str, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text("import sys; print(sys.flags.optimize)", "utf-8")
    command = [sys.executable, "-m", "program"]
    process = forked.started(command, tmp_path, env=os.environ | {variable: "1"})
    assert process.wait(SECONDS) == 0
    assert not isinstance(process, forked.Forked)


def test_other_commands_get_a_new_interpreter(tmp_path: Path) -> None:
    for command in ([sys.executable, "-c", ""], [sys.executable, "-O", "-m", "this"]):
        process = forked.started(command, tmp_path, stdout=subprocess.DEVNULL)
        assert process.wait(SECONDS) == 0
        assert not isinstance(process, forked.Forked)


def test_folder_that_may_be_edited_has_its_own_modules(tmp_path: Path) -> None:
    """Whatever was imported for another one before."""
    forked.run([sys.executable, "-m", "golive", "--version"], stderr=subprocess.DEVNULL)
    for number in (1, 2):
        package = tmp_path / "golive"
        package.mkdir(exist_ok=True)
        (package / "__main__.py").write_text("import golive; print(golive.N)", "utf-8")
        (package / "__init__.py").write_text(f"N = {'1' * number}", "utf-8")
        done = forked.run([sys.executable, "-m", "golive"], tmp_path, stdout=subprocess.PIPE)
        assert done.stdout == b"1" * number + b"\n"


def test_nothing_that_golive_finds_out_is_known_before_it_begins(
    project: Project, tmp_path: Path
) -> None:
    """Not who it is, not when it was started, not which boot it is; but its templates."""
    (tmp_path / "told.py").write_text(CACHES, encoding="utf-8")
    code = f"import runpy; runpy.run_path({str(tmp_path / 'told.py')!r})"
    (project.folder / "of_this_test.py").write_text(code, encoding="utf-8")
    done = project.run("of_this_test")
    assert done.output == "True {} {'golive.reports.page.templates': 1}\n"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, not_all_afresh: None) -> None:
    """Interpreters of their own, as a user starts them."""
    monkeypatch.setenv(forked.FRESH, "1")


@pytest.mark.usefixtures("fresh")
def test_rehearsal_by_an_interpreter_of_its_own_is_go(project: Project) -> None:
    rehearsal = project.rehearse("--fake")
    assert (rehearsal.exit_code, rehearsal.last_line[:14]) == (0, "GO (rehearsal)")


@pytest.mark.usefixtures("fresh")
def test_programs_by_interpreters_of_their_own_find_the_gateway(
    fake: Callable[..., Fake], project: Project, tmp_path: Path
) -> None:
    gateway = fake()
    path = settings_for(tmp_path / "settings.json", gateway.port)
    smoke = project.run("golive", "smoke", "--secrets", str(path))
    assert (smoke.exit_code, "SUCCESS" in smoke.output) == (0, True), smoke.output
    with Running(path) as monitor:
        monitor.hears("positions")
        assert monitor.stopped() == 0
    ask = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    with Running(path, command="mcp") as server:
        server.tell(json.dumps(ask))
        server.hears('"id":1')
    for each in (gateway, monitor, server):
        assert not isinstance(each._process, forked.Forked)


def test_programs_are_forked_where_nothing_speaks_against_it(
    fake: Callable[..., Fake], tmp_path: Path
) -> None:
    gateway = fake()
    path = settings_for(tmp_path / "settings.json", gateway.port)
    with Running(path) as monitor:
        monitor.hears("positions")
        assert monitor.stopped() == 0
    assert isinstance(gateway._process, forked.Forked)
    assert isinstance(monitor._process, forked.Forked)
