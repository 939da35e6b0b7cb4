"""The wiring to pytest: options, the gate before each step, collecting the record.

A pytest run that names something in `acceptance/` is a go-live run: it loads the settings, gets a
run folder, and ends with a verdict. In any other pytest run this plugin does nothing.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from golive.discipline import earlier_attempts
from golive.evidence import provenance, run_folder
from golive.evidence.record import Outcome
from golive.kit import project
from golive.kit.clock import SYSTEM
from golive.kit.collecting import without_collection
from golive.kit.interrupting import as_interrupts
from golive.kit.plain import plain
from golive.kit.text import printable
from golive.machine.sockets import NotObservable
from golive.plugin import command_line, refused_options, reporting, run_end, standing_options
from golive.plugin.refused_options import SESSION
from golive.plugin.run_end import RunEnd
from golive.plugin.telling import Telling
from golive.procedure import steps
from golive.run import finishing, rehearsal
from golive.run.progress import Blocked
from golive.run.run import NotConfigured, Run
from golive.run.soak import Soaking
from golive.run.wanted import Wanted
from golive.settings import secrets_json
from golive.settings.target import Choice

BLOCKED = "golive_blocked"
STEP_SECONDS = 60.0
"""How long a step may take beyond the waiting that the settings allow."""

MCP_ANSWERS = 3
"""To initialize, of its tools, of its positions."""

NOT_LOADED = (
    "pytest has not loaded golive.plugin.plugin, so nothing would give a verdict: leave out"
    " --noconftest, --confcutdir, -p no:golive.plugin.plugin and an ini file in acceptance"
)
LISTED = "\nNothing was performed: a list is no verdict."
NOT_PERFORMED = "\nNO-GO: pytest ended before the procedure was performed"

_LOADED: list[object] = []
"""The parsers that have our options: one for each time pytest was set up in this process."""

OBSERVED = pytest.StashKey[dict[str, Any]]()
REPORTS = pytest.StashKey[list[pytest.TestReport]]()
UNOBSERVABLE = pytest.StashKey[str]()
UNCONFIGURED = pytest.StashKey[str]()

Test = TypeVar("Test", bound=Callable[..., None])


class NotLoaded(pytest.exit.Exception, KeyboardInterrupt):  # type: ignore[misc, name-defined]
    """Ends pytest with one line. Of what a file raises, collecting lets only interrupts through."""


def step(step_id: str) -> Callable[[Test], Test]:
    """Makes a test the step of this id: marked with its plans, and performed at its place.

    Where pytest has not loaded this module as a plugin, nothing would hold its exit status.
    """
    if not _LOADED:
        raise NotLoaded(NOT_LOADED, pytest.ExitCode.USAGE_ERROR)
    number, stage = steps.NUMBER[step_id], steps.step(step_id).stage
    plans = [plan for plan, left_out in steps.LEFT_OUT.items() if stage not in left_out]

    def mark(test: Test) -> Test:
        for plan in plans:
            test = getattr(pytest.mark, plan)(test)
        for marker in (pytest.mark.order(number), pytest.mark.step(step_id)):
            test = marker(test)
        return test

    return mark


def pytest_addoption(parser: pytest.Parser) -> None:
    command_line.add_options(parser)
    _LOADED.append(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """This early: pytest-xdist's --looponfail would begin here.

    Around all of pytest: whoever ends it, and however, exit status 0 means GO, or that a person has
    typed an option that lists something.
    """
    if not command_line.names_acceptance(config):
        return (yield)
    try:
        return (yield from _performed(config))
    except pytest.UsageError as error:
        if not command_line.is_golives(config):
            raise  # pytest tells it in its own form
        for line in error.args:
            print(f"golive: {line}", file=sys.stderr)
        return pytest.ExitCode.USAGE_ERROR


def _performed(config: pytest.Config) -> Generator[None, object, object]:
    """The same, where something in `acceptance/` is named. Raises UsageError."""
    _refuse([line] if (line := command_line.wrong_root(config)) else [])
    _refuse(standing_options.refused(config))
    if command_line.only_lists(config):
        status = yield
        print(LISTED)
        return status
    _refuse(refused_options.refused(config))
    status = yield
    session: GoLiveSession | None = config.pluginmanager.get_plugin(SESSION)
    if status == pytest.ExitCode.OK and not (session and session.ended_as_go):
        print(NOT_PERFORMED)
        return pytest.ExitCode.TESTS_FAILED
    return status


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if command_line.only_lists(config):
        return
    _refuse(command_line.refused(config))
    if command_line.names_acceptance(config):
        config.pluginmanager.register(GoLiveSession(config), SESSION)


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise pytest.UsageError(*reasons)


class GoLiveSession:
    """One go-live run, from pytest's configuration to the verdict line."""

    run: Run
    _fell_back_to_go = False

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._choice = Choice(config.option.fake, config.option.fallback)
        self._plan = command_line.plan(config)
        started = SYSTEM.now()
        signals = ExitStack()
        signals.enter_context(as_interrupts())
        config.add_cleanup(signals.close)
        try:
            self._which = command_line.settings(config)
            self._file = self._choice.of(secrets_json.read(self._which.path))
            self._reports = self._reports_folder()
            runs = self._reports / run_folder.RUNS
            self._folder = run_folder.new_folder(runs, started, self._choice.name)
        except secrets_json.SettingsError as error:
            raise pytest.UsageError(*(f"settings: {line}" for line in error.lines)) from None
        except run_folder.NoFolder as error:
            raise pytest.UsageError(str(error)) from None
        config.add_cleanup(self._discard_unless_begun)
        self._fake = self._started_fake()
        self._asked_for = reporting.asked_for(config.option)
        self._is_unread = False
        """Whether a file of steps cannot be read."""
        self._telling = Telling(config, self._plan)
        self._console, self._teller = self._telling.console, self._telling.teller

    def _reports_folder(self) -> Path:
        option, here = self._config.option, Path(self._config.invocation_params.dir)
        return run_folder.reports(option.reports, self._which, here)

    def _discard_unless_begun(self) -> None:
        if not hasattr(self, "run"):
            shutil.rmtree(self._folder, ignore_errors=True)

    def _started_fake(self) -> rehearsal.FakeGateway | None:
        """Started this early, so that it is up by the time the steps are collected."""
        fault, golive = self._choice.fault, self._file.settings.golive
        if fault is None:
            return None
        fake = rehearsal.FakeGateway(fault, golive, self._folder, project.HOME)
        self._config.add_cleanup(fake.stop)
        return fake

    # before the first step

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session
        self._telling.session_starts(session)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Why a file cannot be read, in a line; the traceback is for -vv."""
        self._is_unread = self._is_unread or report.failed
        if report.failed and not self._telling.is_pytests:
            why = (report.longreprtext.strip().splitlines() or [""])[-1]
            self._console.write(
                f"Note: {report.nodeid}: {printable(why).removeprefix('E').strip()}"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """What is no part of the plan was never asked for: nobody deselects it."""
        of_plan = {step.id for step in steps.of(self._plan)}
        items[:] = [item for item in items if _step_id(item) in {*of_plan, None}]
        yield
        _refuse([line for item in items for line in _refused_markers(item)])
        self.run = self._begun()
        shown = run_end.shown(self._folder, self._config.invocation_params.dir)
        self._end_of_it = RunEnd(self.run, self._teller, self._console.write, shown)
        for item in items:
            if step_id := _step_id(item):
                limit = STEP_SECONDS + self._waiting_seconds(step_id)
                item.add_marker(pytest.mark.timeout(limit))

    def _begun(self) -> Run:
        """The run, which has its endpoint to itself until pytest has ended."""
        try:
            run = Run(self._wanted())
        except rehearsal.NoRehearsal as error:
            why = rehearsal.no_such_fault(self._choice.fault or "") or str(error)
            raise pytest.UsageError(why) from None
        except earlier_attempts.NoMemory as error:
            raise pytest.UsageError(str(error)) from None
        self._config.add_cleanup(run.memory.close)
        return run

    def _wanted(self) -> Wanted:
        option, folder, file = self._config.option, self._folder, self._file
        target = self._choice.target(file)
        if self._fake is not None:
            port = self._fake.port()
            target = rehearsal.target(self._choice, port)
            file = rehearsal.aimed(file, port, folder)
        return Wanted(
            file,
            target,
            folder,
            folder / "state" if target.is_rehearsal else earlier_attempts.state_folder(),
            self._plan,
            option.override,
            option.secrets,
            provenance.operator(option.operator),
            reports=option.reports,
        )

    def _waiting_seconds(self, step_id: str) -> float:
        """How long a step may wait for the gateway."""
        golive = self.run.wanted.settings.golive
        match steps.step(step_id).stage:
            case "soak":
                return self.run.wanted.soak_seconds
            case "monitor" if golive.monitor:
                return golive.monitor.ready_timeout_seconds
            case "mcp" if golive.mcp:
                return MCP_ANSWERS * golive.mcp.ready_timeout_seconds
            case "gateway":
                return self.run.wanted.initialization_seconds
        return golive.handshake_timeout_seconds

    def pytest_runtestloop(self) -> None:
        self._telling.begin(self.run, self._which.path)

    # each step

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Inside what other plugins set up: they take down what they did not set up as well."""
        if step_id := _step_id(item):
            item.stash[OBSERVED], item.stash[REPORTS] = {}, []
            self.run.progress.gate(step_id)
            self._skip_unconfigured(item, step_id)
            self.run.progress.begin(step_id)
            finishing.save(self.run)
            if not self._telling.is_pytests:
                self._teller.under_way(step_id)
        return (yield from self._observing(item))

    def _skip_unconfigured(self, item: pytest.Item, step_id: str) -> None:
        try:
            self.run.skip_unconfigured(step_id)
        except NotConfigured as error:
            item.stash[UNCONFIGURED] = str(error)
            pytest.skip(str(error))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        return (yield from self._observing(item))

    def _observing(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What cannot be seen is neither passed nor failed."""
        try:
            return (yield)
        except NotObservable as error:
            item.stash[UNOBSERVABLE] = str(error)
            if (step_id := _step_id(item)) and self.run.progress.may_be_unobserved(step_id):
                pytest.skip(str(error))
            pytest.fail(str(error), pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        with without_collection():
            report = yield
        step_id = _step_id(item)
        if step_id is None:
            return report
        if call.excinfo and isinstance(call.excinfo.value, Blocked):
            report.longrepr = str(call.excinfo.value)
            setattr(report, BLOCKED, True)
            self._teller.step(self.run.progress.blocked(step_id, call.excinfo.value.by))
            return report
        reports = item.stash[REPORTS]
        reports.append(report)
        if call.excinfo and report.failed and not isinstance(call.excinfo.value, AssertionError):
            error = call.excinfo.value  # of a claim that does not hold, what was observed says more
            item.stash[OBSERVED].setdefault("reason", str(error) or type(error).__name__)
        if report.when == "teardown" and len(reports) > 1:
            self._end(item, step_id, reports)
        return report

    def _end(self, item: pytest.Item, step_id: str, reports: list[pytest.TestReport]) -> None:
        seconds = sum(report.duration for report in reports)
        observed = plain(item.stash[OBSERVED])
        for why in (UNOBSERVABLE, UNCONFIGURED):
            if why in item.stash:
                observed["reason"] = item.stash[why]
        record = self.run.end(step_id, _outcome(item, reports), seconds, observed)
        self._teller.step(record)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """A blocked step is counted as blocked; the procedure stands for the dots."""
        blocked = hasattr(report, BLOCKED)
        if self._telling.is_pytests:
            return ("blocked", "B", "BLOCKED") if blocked else None
        if blocked:
            return "blocked", "", ""
        if report.when == "call":
            return report.outcome, "", ""
        if report.failed:  # one that could not begin has failed, as its line says
            return ("failed" if report.when == "setup" else "error"), "", ""
        return ("skipped", "", "") if report.skipped else None

    # after the last

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """In a line; the traceback is for -vv."""
        if not self._telling.is_pytests:
            why = f"{excinfo.typename}: {excinfo.value}".strip()
            self._console.write(f"Note: pytest could not go on: {printable(why)}")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> Generator[None, None, None]:
        """The evidence comes before whatever other plugins write, and stands if they cannot."""
        if hasattr(self, "run"):  # else it ended before its first step: there is nothing to tell
            self._end_of_it.finish(self._ended_early(exitstatus), has_failures=bool(exitstatus))
        try:
            yield
        except Exception as error:
            if not hasattr(self, "run"):
                raise
            note = f"another plugin could not end: {type(error).__name__} {error}"
            self._end_of_it.notes.append(note)
        if hasattr(self, "run"):
            self._hold_exit_status()

    def _ended_early(self, exitstatus: int) -> str:
        """How pytest ended before its end; to pytest, a file that cannot be read interrupts."""
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return ""
        if self._is_unread and exitstatus == pytest.ExitCode.INTERRUPTED:
            return "UNREAD"
        return pytest.ExitCode(exitstatus).name

    def _hold_exit_status(self) -> None:
        """Exit status 0 means GO, and only that."""
        is_go = hasattr(self, "run") and self._end_of_it.is_go
        if not is_go and self._session.exitstatus == pytest.ExitCode.OK:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_unconfigure(self) -> Generator[None, None, None]:
        """Behind all other plugins, whether they come to their end or not."""
        try:
            yield
        finally:
            self._tell_the_end()

    @property
    def ended_as_go(self) -> bool:
        """Of this run, or of the one on the fallback that followed it."""
        return hasattr(self, "run") and (self._end_of_it.is_go or self._fell_back_to_go)

    def _tell_the_end(self) -> None:
        if hasattr(self, "_session"):
            self._hold_exit_status()  # another plugin may have made light of a failure since
        if not hasattr(self, "run"):
            return
        self._end_of_it.tell(self._asked_for)
        if self._end_of_it.falls_back:
            is_golives = command_line.is_golives(self._config)
            reports = f"--reports={self._reports}"
            status = self._end_of_it.fall_back(is_golives, reports, *self._telling.options)
            self._fell_back_to_go = status == pytest.ExitCode.OK
            self._session.exitstatus = status

    def observations(self, item: pytest.Item) -> dict[str, Any]:
        """What the step that is being performed has observed so far; to be added to."""
        return item.stash.setdefault(OBSERVED, {})

    def countdown(self) -> Callable[[float], None]:
        """Shown while it happens, although the test's own output is captured."""
        return self._telling.initialization(self.run.wanted.initialization_seconds)

    def bounded(self, what: str) -> tuple[float, Callable[[float], None]]:
        """How long the gateway is given for an answer, and who is told while it is waited for."""
        seconds = self.run.wanted.settings.golive.handshake_timeout_seconds
        return seconds, self._telling.answer(what, seconds)

    def awaited_monitor(self) -> Callable[[float], None]:
        """Told while the Monitor is waited for."""
        return self._telling.answer("the Monitor", self._waiting_seconds("monitor.connected"))

    def soaking(self, soak: Soaking) -> Callable[[float], None]:
        """How it goes; elsewhere than on a terminal once a minute."""
        tell = self._telling.soak(soak)

        def told(seconds_left: float) -> None:
            self.run.memory.still_there()
            tell(seconds_left)

        return told


def _step_id(item: pytest.Item) -> str | None:
    marker = item.get_closest_marker("step")
    return marker.args[0] if marker else None


def _refused_markers(item: pytest.Item) -> list[str]:
    step_id = _step_id(item)
    names = [marker.name for marker in item.iter_markers()]
    return refused_options.refused_markers(step_id, names) if step_id else []


def _outcome(item: pytest.Item, reports: list[pytest.TestReport]) -> Outcome:
    """Passed needs every phase to have passed, and none of them excused (xfail, skip)."""
    if UNCONFIGURED in item.stash:
        return "not-configured"
    if UNOBSERVABLE in item.stash:
        return "not-observable"
    plain = all(report.passed and not hasattr(report, "wasxfail") for report in reports)
    return "passed" if plain and any(report.when == "call" for report in reports) else "failed"
