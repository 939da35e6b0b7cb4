"""Who ran it, where, with what: as told, as far as the machine tells, and without its secrets."""

from __future__ import annotations

import getpass
import json
import platform
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from golive import __version__
from golive.evidence import provenance
from tests.support.projects import Project, example_settings


def test_operator_is_who_is_named_else_the_login_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "alex")
    assert provenance.operator(None) == "alex"
    assert provenance.operator("  Alex Example ") == "Alex Example"


@pytest.mark.parametrize("error", [OSError, KeyError, ImportError])
def test_operator_is_nobody_where_the_machine_knows_none(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> str:
        raise error("no such user")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert provenance.operator(None) == ""
    assert provenance.operator("Alex") == "Alex"


def test_operator_s_name_is_one_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert provenance.operator("A\x1b[31m\u202e\nB") == "A?[31m??B"
    assert len(provenance.operator("A" * 1000)) == provenance.LONGEST_NAME


def test_run_keeps_who_where_and_with_what(project: Project) -> None:
    run = project.rehearse("--fake=down", "--operator", "Alex Example")
    found = run.evidence["circumstances"]
    assert found["operator"] == "Alex Example"
    assert (found["machine"], found["golive"]) == (platform.node(), __version__)
    assert found["python"] == platform.python_version()
    assert found["settings_file"] == "secrets.example.json"
    assert found["settings_sha256"] == run.steps["environment.settings"]["observed"]["sha256"]
    begun = datetime.fromisoformat(found["local_started"])
    assert abs((begun - datetime.fromisoformat(run.evidence["started"])).total_seconds()) < 60
    assert begun.utcoffset() is not None


def test_run_without_a_name_keeps_the_login_name(project: Project) -> None:
    run = project.rehearse("--fake=down", LOGNAME="somebody")
    assert run.evidence["circumstances"]["operator"] == "somebody"


def test_operator_without_a_name_is_a_usage_error(project: Project) -> None:
    done = project.run("pytest", "acceptance", "-m", "golive", "--fake", "--operator", "  ")
    assert (done.exit_code, "--operator needs a name" in done.output) == (4, True)


def test_secrets_of_the_settings_stay_out_of_the_evidence(project: Project, tmp_path: Path) -> None:
    document = example_settings()
    document["IBKRCredentials"] |= {"Username": "very-secret", "GatewayPath": "/very-secret/gw"}
    document["GoLive"] |= {
        "Monitor": {"Command": ["monitor", "--password", "very-secret"]},
        "Mcp": {"Command": ["server", "very-secret"]},
        "GatewayFolder": str(tmp_path / "very-secret"),
    }
    document["GoLive"]["Fallback"]["ExpectedAccount"] = "DU-very-secret"
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    run = project.rehearse("--fake", "--secrets", str(path))
    assert run.exit_code == 0
    assert "GoLive.Monitor.ReadyTimeoutSeconds" in run.evidence["circumstances"]["settings"]
    assert "very-secret" not in (run.folder / "evidence.json").read_text(encoding="utf-8")


def test_fingerprint_of_the_project_is_of_what_performs_and_tells_a_run(
    own_project: Project,
) -> None:
    def fingerprint() -> str:
        told = "from golive.evidence import provenance; print(provenance.of_this_project())"
        command = [sys.executable, "-c", told]
        return subprocess.check_output(command, cwd=own_project.folder, encoding="utf-8")

    before = fingerprint()
    (own_project.folder / "reports" / "index.html").write_text("a page", encoding="utf-8")
    own_project.edit("README.md", "# golive", "# golive, ours")
    style = own_project.folder / "golive" / "reports" / "templates" / "house.css"
    style.write_bytes(style.read_bytes().replace(b"\n", b"\r\n"))
    assert fingerprint() == before
    style.write_bytes(style.read_bytes() + b"/* ours */")
    assert fingerprint() != before
