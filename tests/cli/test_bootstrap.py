"""Setting up, where it cannot be done: one line, and nothing is made or installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from golive.cli import bootstrap


@pytest.mark.parametrize("task", bootstrap.TASKS)
def test_golive_that_was_installed_itself_says_that_this_needs_a_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], task: str
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something is run"))
    assert bootstrap.run(task, []) == 4
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "this needs a clone of the project" in said.err
    assert list(tmp_path.iterdir()) == []
