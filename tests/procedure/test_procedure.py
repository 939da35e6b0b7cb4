"""The procedure's data, its document and its tests say the same, in every direction."""

from __future__ import annotations

import ast
import re

from golive.procedure import steps
from tests.support.projects import ROOT, Project

ROW = re.compile(r"\| ([a-z-]+\.[a-z-]+) \| (.+?) \| (.+?) \|")


def test_document_lists_exactly_the_steps_of_the_data() -> None:
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert ROW.findall(text) == [(step.id, step.title, step.section) for step in steps.STEPS]


def test_every_step_has_one_test_named_after_its_title_in_the_file_of_its_stage() -> None:
    found = []
    for path in sorted((ROOT / "acceptance").glob("test_*.py")):
        stage = path.stem.partition("_")[2].partition("_")[2]
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                (marker,) = node.decorator_list
                step_id = ast.literal_eval(marker.args[0])  # type: ignore[attr-defined]
                found.append((step_id, node.name, stage))
    file_of = {stage: stage for stage in steps.STAGES} | {"soak": "afterwards"}
    assert found == [(step.id, step.test_name, file_of[step.stage]) for step in steps.STEPS]


def test_collecting_reads_like_the_procedure_and_needs_no_settings(project: Project) -> None:
    before = project.runs
    done = project.run("pytest", "acceptance", "--collect-only", "-q")
    names = re.findall(r"::(test_\w+)", done.output)
    assert names == [step.test_name for step in steps.STEPS]
    assert project.runs == before


def test_other_clients_are_looked_for_after_the_wait_for_the_gateway() -> None:
    number = steps.NUMBER
    assert number["gateway.initialized"] < number["gateway.no-other-client"]
    assert number["gateway.no-other-client"] < number["handshake.one-attempt"]


def test_ids_are_unique_and_begin_with_a_stage() -> None:
    ids = [step.id for step in steps.STEPS]
    assert len(set(ids)) == len(ids)
    assert steps.STAGES == (
        "environment", "gateway", "handshake", "positions", "soak", "afterwards", "monitor", "mcp",
    )  # fmt: skip
