"""Nothing is collected while a failure is formatted, so that pytest reports it and goes on."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from golive.kit.collecting import without_collection
from tests.support.projects import ROOT, SECONDS

HAS_THE_FAULT = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info < (3, 11, 8)
TESTS = """
import ast, gc, subprocess, sys

def test_program_that_does_not_end():
    gc.callbacks.append(lambda *_: ast.parse("1"))  # as a finalizer may that raises
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.1)

def test_that_comes_after_it():
    pass
"""
"""The sources of subprocess are long enough for a collection while they are parsed."""


def performed(folder: Path, *plugins: str) -> str:
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    words = ("-p", "no:cacheprovider", "-n", "1", "-q", "--rootdir", str(folder), str(folder))
    variables = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *words],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return done.stdout


def test_failure_is_reported_and_the_session_goes_on_whatever_is_to_be_collected(
    tmp_path: Path,
) -> None:
    output = performed(tmp_path, "-p", "tests.support.failing")
    assert "1 failed, 1 passed" in output
    assert "TimeoutExpired" in output


@pytest.mark.skipif(not HAS_THE_FAULT, reason="this Python counts each parsing by itself")
def test_without_that_such_a_failure_ends_the_session(tmp_path: Path) -> None:
    output = performed(tmp_path)
    assert "AST constructor recursion depth mismatch" in output
    assert "1 passed" not in output


@pytest.mark.parametrize("is_on", [True, False])
def test_collection_is_as_it_was_before(is_on: bool) -> None:
    was_on = gc.isenabled()
    try:
        gc.enable() if is_on else gc.disable()
        with without_collection():
            assert not gc.isenabled()
        assert gc.isenabled() is is_on
    finally:
        gc.enable() if was_on else gc.disable()
