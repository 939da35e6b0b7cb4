"""What stands in PYTEST_ADDOPTS or in an ini file cannot make a go-live run exit 0 unperformed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golive.plugin.command_line import LISTING
from golive.plugin.standing_options import LISTS, STANDING
from tests.support.fakes import Fake
from tests.support.projects import Outcome, Project

RUN = ("pytest", "acceptance", "-m", "golive")
LISTING_OPTIONS = sorted(typed for typed, why in STANDING.values() if why == LISTS)
OTHERS = """
    --fake=silent --fallback --override=why --kill-stale
    -k=x --deselect=x --ignore=x --ignore-glob=x --lf --sw --ff --nf
"""
INI_FILES = {
    "pytest.ini": "[pytest]\naddopts = {}\n",
    "tox.ini": "[pytest]\naddopts = {}\n",
    "setup.cfg": "[tool:pytest]\naddopts = {}\n",
    "other.toml": "[tool.pytest.ini_options]\naddopts = '{}'\n",
}


def refusals(project: Project, *words: str, **variables: str) -> list[str]:
    """The lines of a run that is refused before anything is begun."""
    before = project.runs
    done = project.run(*RUN, *words, **variables)
    assert done.exit_code == 4, done.output
    assert "Traceback" not in done.output
    assert project.runs == before
    return [line for line in done.output.splitlines() if line.startswith("ERROR: ")]


def refusal(project: Project, *words: str, **variables: str) -> str:
    """The one line of such a run."""
    (line,) = refusals(project, *words, **variables)
    return line


def not_performed(done: Outcome) -> None:
    assert done.exit_code not in (0, 5), done.output
    assert "INTERNALERROR" not in done.output


@pytest.mark.parametrize("option", LISTING_OPTIONS)
def test_list_in_the_variable_is_refused_and_named(option: str, project: Project) -> None:
    """One by one: each turns pytest to something else, and might do so before it is refused."""
    said = refusal(project, PYTEST_ADDOPTS=option)
    assert f"{option} in PYTEST_ADDOPTS " in said
    assert "leave it out there" in said


def test_each_other_option_in_the_variable_is_refused_and_named(project: Project) -> None:
    said = refusals(project, PYTEST_ADDOPTS=" ".join(OTHERS.split()))
    named = [typed for typed, why in STANDING.values() if why != LISTS and typed != "-m"]
    assert len(named) == len(OTHERS.split())
    assert [line.partition(" in PYTEST_ADDOPTS ")[0] for line in said] == [
        f"ERROR: {each}" for each in named
    ]
    assert all("leave it out there" in line for line in said)


@pytest.mark.parametrize("option", ["--co", "-h", "-qh", "-VV", "-kx"])
def test_short_form_is_refused_as_well(option: str, project: Project) -> None:
    assert " in PYTEST_ADDOPTS " in refusal(project, PYTEST_ADDOPTS=option)


def test_option_that_takes_the_name_of_the_folder_for_its_value_is_refused(
    project: Project,
) -> None:
    """`--fake acceptance` names no folder any more, so pytest would run other tests."""
    assert "--fake in PYTEST_ADDOPTS" in refusal(project, PYTEST_ADDOPTS="--fake")


@pytest.mark.parametrize("name", INI_FILES)
def test_option_in_whatever_ini_file_pytest_finds_is_refused_with_its_name(
    name: str, own_project: Project
) -> None:
    text = INI_FILES[name].format("--collect-only --fake")
    (own_project.folder / name).write_text(text, encoding="utf-8")
    found = [()] if name == "pytest.ini" else []  # the first that pytest looks for
    for words in (*found, ("-c", name)):
        listed, rehearsed = refusals(own_project, *words)
        assert f"--collect-only in addopts of {name} " in listed
        assert f"--fake in addopts of {name} " in rehearsed


def test_option_in_the_projects_own_file_is_refused(own_project: Project) -> None:
    own_project.edit("pyproject.toml", 'addopts = "', 'addopts = "--co ')
    assert "--collect-only in addopts of pyproject.toml " in refusal(own_project)


def test_option_by_way_of_o_is_refused_wherever_that_stands(project: Project) -> None:
    assert " in -o addopts " in refusal(project, "-o", "addopts=--co")
    said = refusal(project, PYTEST_ADDOPTS="-o addopts=--co")
    assert " in -o addopts in PYTEST_ADDOPTS " in said


def test_option_in_a_file_of_options_is_refused(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "options.txt"
    path.write_text("--co\n", encoding="utf-8")
    said = refusal(project, PYTEST_ADDOPTS=f"@{path.as_posix()}")
    assert "--collect-only in PYTEST_ADDOPTS" in said


def test_root_that_is_elsewhere_is_refused(project: Project, tmp_path: Path) -> None:
    ini = tmp_path / "other.ini"
    ini.write_text("[pytest]\naddopts = --collect-only\n", encoding="utf-8")
    for words in (("-c", str(ini)), ("--rootdir", str(tmp_path))):
        assert "pytest's root is " in refusal(project, *words)
    assert "pytest's root is " in refusal(project, PYTEST_ADDOPTS=f"--co --rootdir={tmp_path}")


@pytest.mark.parametrize(
    "words",
    ["--noconftest", "-p no:golive.plugin.plugin", "-p no:golive-session"],
)
@pytest.mark.parametrize("more", ["", " --co", " --setup-plan"])
def test_nothing_is_exit_0_without_what_gives_the_verdict(
    words: str, more: str, project: Project
) -> None:
    done = project.run(*RUN, PYTEST_ADDOPTS=words + more)
    assert done.exit_code == 4, done.output
    assert "Traceback" not in done.output


def test_ini_file_in_the_folder_of_the_procedure_lists_nothing(own_project: Project) -> None:
    """It would hide the project's own, and with it the plugin."""
    path = own_project.folder / "acceptance" / "pytest.ini"
    path.write_text("[pytest]\naddopts = --collect-only\n", encoding="utf-8")
    done = own_project.run(*RUN)
    assert done.exit_code == 4, done.output
    assert "an ini file in acceptance" in done.output


@pytest.mark.parametrize("option", ["--fixtures", "--markers", "--help", "--cache-show"])
def test_list_without_the_plugin_is_refused(option: str, project: Project) -> None:
    """It performs no step, and nothing of ours but the conftest.py would be there to say so."""
    done = project.run(*RUN, PYTEST_ADDOPTS=f"-p no:golive.plugin.plugin {option}")
    assert done.exit_code == 4, done.output


@pytest.mark.parametrize("option", ["--setup-only", "--setup-plan"])
def test_setting_up_without_performing_is_refused_although_typed(
    option: str, project: Project
) -> None:
    assert "does not perform them" in refusal(project, "--fake", option)


PLUGINS = {
    "that ends pytest": """
import pytest
@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    return 0
""",
    "that has pytest list": """
def pytest_load_initial_conftests(early_config):
    early_config.known_args_namespace.collectonly = True
    early_config.option.collectonly = True
""",
    "that makes light of failures": """
import pytest
@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    pass
@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    session.exitstatus = 0
""",
}


@pytest.mark.parametrize("what", PLUGINS)
def test_plugin_of_the_environment_cannot_make_it_exit_0(
    what: str, project: Project, tmp_path: Path, secrets: Callable[..., Path]
) -> None:
    (tmp_path / "from_elsewhere.py").write_text(PLUGINS[what], encoding="utf-8")
    done = project.run(
        *RUN,
        PYTEST_PLUGINS="from_elsewhere",
        PYTHONPATH=str(tmp_path),
        GOLIVE_SECRETS=str(secrets(4001, HandshakeTimeoutSeconds=1)),
    )
    not_performed(done)
    assert "GO: " not in done.output.replace("NO-GO: ", "")


def test_live_gateway_is_not_touched_by_a_run_that_is_refused(
    project: Project, fake: Callable[..., Fake], secrets: Callable[..., Path]
) -> None:
    gateway = fake()
    refusal(project, "--secrets", str(secrets(gateway.port)), PYTEST_ADDOPTS="--fake")
    assert gateway.connections == 0


def test_what_is_typed_counts_in_place_of_what_stands_there(project: Project) -> None:
    run = project.rehearse("--fake", PYTEST_ADDOPTS="--fake=silent -m soak --operator=Anna")
    assert (run.exit_code, run.evidence["plan"], run.evidence["fault"]) == (0, "golive", None)
    assert run.evidence["circumstances"]["operator"] == "Anna"


@pytest.mark.parametrize("option", ["--co", "--fixtures", "--markers", "--help"])
def test_typed_list_says_that_nothing_was_performed(option: str, project: Project) -> None:
    before = project.runs
    done = project.run(*RUN, option)
    assert done.exit_code == 0
    assert done.last_line == "Nothing was performed: a list is no verdict."
    assert project.runs == before


def test_other_tests_may_have_what_they_like_there(project: Project) -> None:
    done = project.run(
        "pytest", "tests/diagnosis/test_diagnosis.py", PYTEST_ADDOPTS="--collect-only -q"
    )
    assert done.exit_code == 0, done.output
    assert "no verdict" not in done.output


def test_every_option_that_lists_is_known_in_both_places() -> None:
    assert {name for name, (_, why) in STANDING.items() if why == LISTS} == set(LISTING)
