"""What Allure calls the executor: a CI job, known by its usual variables, or a person."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CI:
    """A CI and its variables. `is_there` is set only in its jobs; {} stand for other variables."""

    name: str
    type: str
    is_there: str
    number: str
    build: str
    url: str
    build_url: str
    repository: str = ""


KNOWN = (
    CI(
        "GitHub Actions", "github", "GITHUB_ACTIONS", "GITHUB_RUN_NUMBER",
        "{GITHUB_WORKFLOW} #{GITHUB_RUN_NUMBER}",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/blob/{GITHUB_SHA}/",
    ),
    CI(
        "GitLab CI", "gitlab", "GITLAB_CI", "CI_PIPELINE_IID",
        "{CI_JOB_NAME} #{CI_PIPELINE_IID}", "{CI_PROJECT_URL}", "{CI_JOB_URL}",
        "{CI_PROJECT_URL}/-/blob/{CI_COMMIT_SHA}/",
    ),
    CI(
        "Jenkins", "jenkins", "JENKINS_URL", "BUILD_NUMBER",
        "{JOB_NAME} #{BUILD_NUMBER}", "{JENKINS_URL}", "{BUILD_URL}",
    ),
)  # fmt: skip
"""Variables: docs.github.com/actions/reference/workflows-and-actions/variables,
docs.gitlab.com/ci/variables/predefined_variables, and Jenkins' /env-vars.html."""


def executor(run_id: str) -> dict[str, object]:
    """executor.json. The trends show the run's name."""
    ci = _ci()
    if ci is None:
        return {"name": "by hand", "type": "local", "buildName": run_id, "reportName": run_id}
    number = os.environ.get(ci.number, "")
    order = {"buildOrder": int(number)} if number.isdecimal() else {}
    return {
        "name": ci.name,
        "type": ci.type,
        "url": _filled(ci.url),
        **order,
        "buildName": _filled(ci.build),
        "buildUrl": _filled(ci.build_url),
        "reportName": run_id,
    }


def repository() -> str:
    """Where this commit's files are shown; empty where it is not known."""
    ci = _ci()
    return _filled(ci.repository) if ci else ""


def _ci() -> CI | None:
    return next((ci for ci in KNOWN if os.environ.get(ci.is_there)), None)


class _Variables(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return os.environ.get(name, "")


def _filled(text: str) -> str:
    return text.format_map(_Variables())
