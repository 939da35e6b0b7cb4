"""Pytest's own lines, left out: the procedure is told instead."""

from __future__ import annotations

import io

import pytest

REPORTER = "terminalreporter"


class Nowhere(io.StringIO):
    """Takes all that is written, and shows nothing."""

    def write(self, s: str, /) -> int:
        return len(s)


def silence(session: pytest.Session) -> None:
    """A reporter that nobody reads takes the place of pytest's, for pytest and its plugins.

    Called as the session starts. Nothing is done where there is no reporter.
    """
    plugins = session.config.pluginmanager
    if plugins.get_plugin(REPORTER) is None:
        return
    plugins.unregister(name=REPORTER)
    silent = pytest.TerminalReporter(session.config, Nowhere())
    plugins.register(silent, REPORTER)
    silent.pytest_sessionstart(session)
