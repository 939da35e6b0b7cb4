"""How a failure becomes a report: whatever it is, the session goes on.

A plugin of pytest: the tests' conftest.py has its hooks.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from golive.kit.collecting import without_collection


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    with without_collection():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    with without_collection():
        return (yield)
