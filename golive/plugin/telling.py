"""A run as it is told on the terminal: which form of it, and what is said while it waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golive import __version__
from golive.kit.clock import now_and_then
from golive.kit.plain import plain
from golive.plugin import command_line, silencing
from golive.plugin.console import Console

if TYPE_CHECKING:
    from golive.procedure.steps import Plan
    from golive.reports.terminal.telling import Teller
    from golive.run.run import Run
    from golive.run.soak import Soaking

QUIET = -2
"""The verbosity with which pytest leaves out its header, its collection and its summary."""

PYTESTS_OWN = 2
"""So many -v: pytest's own output, with tracebacks. One: every step of ours."""


class Telling:
    """The form that was asked for, and the terminal it is told on.

    Short, unless -q (the verdict and its cause), -v (every step) or -vv (pytest's own) asks.
    """

    def __init__(self, config: Any, plan: Plan) -> None:
        self._config = config
        self.verbosity = command_line.verbosity(config)
        self.is_pytests = self.verbosity >= PYTESTS_OWN
        self.console = Console(
            config.pluginmanager.get_plugin,
            config.get_terminal_writer,
            is_shared=self.is_pytests,
        )
        self.teller = _teller(self.console, plan, self.verbosity)
        if self.is_pytests:
            config.option.verbose = self.verbosity - 1
        else:
            config.option.tbstyle, config.option.reportchars = "no", ""
            config.option.verbose = min(self.verbosity, QUIET)

    def session_starts(self, session: Any) -> None:
        """From now on pytest's own lines are left out, unless they were asked for."""
        if not self.is_pytests:
            self.console.take()
            silencing.silence(session)

    @property
    def options(self) -> list[str]:
        """What asks for the same form again."""
        if self.verbosity > 0:
            return ["-v"] * self.verbosity
        return ["-q"] if self.verbosity < 0 else []

    def begin(self, run: Run, settings_file: Path) -> None:
        """What is about to be tried, before the first step."""
        from golive.reports.terminal.telling import Begun

        target, settings = run.wanted.target, run.wanted.settings
        here = Path(self._config.invocation_params.dir)
        begun = Begun(
            target=target.name,
            kind=target.kind,
            host=target.host,
            port=target.port,
            client_id=settings.credentials.client_id,
            account=settings.golive.expected_account,
            file=_from_here(settings_file, here),
            version=__version__,
            fault=target.fault,
            resets=run.resets,
            settings=plain(settings.shown),
        )
        self.teller.begin(begun)
        self.teller.remembered(run.wanted.override, len(run.memory.reading.damaged))

    # waiting

    def initialization(self, seconds: float) -> Callable[[float], None]:
        """Told while a gateway is given its time."""
        from golive.reports.terminal import waits

        return self._waiting(waits.initialization, seconds)

    def answer(self, what: str, seconds: float) -> Callable[[float], None]:
        """Told while an answer is waited for that may take so long."""
        from golive.reports.terminal import waits

        return self._waiting(waits.answer(what, seconds), seconds)

    def soak(self, soak: Soaking) -> Callable[[float], None]:
        """How it goes; elsewhere than on a terminal once a minute."""
        from golive.reports.terminal import waits

        return self._waiting(waits.soaking(soak), soak.wanted, every=60.0)

    def _waiting(
        self, say: Callable[[float], str], most: float, every: float = 10.0
    ) -> Callable[[float], None]:
        """Hears the seconds left of a wait, and tells them in place, or elsewhere now and then."""
        tell = self.teller.waiting(say, most)
        return tell if self.console.is_live else now_and_then(tell, every)


def _from_here(path: Path, here: Path) -> str:
    """Its name where it is in the folder of the caller, else all of it."""
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)


def _teller(console: Any, plan: Plan, verbosity: int) -> Teller:
    """Loaded only by a run that tells something."""
    if verbosity < 0:
        from golive.reports.terminal.telling import Teller as Form
    elif verbosity > 0:
        from golive.reports.terminal.detailed import Detailed as Form
    else:
        from golive.reports.terminal.short import Short as Form
    return Form(console, plan)
