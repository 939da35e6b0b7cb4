"""What pytest is asked on its command line: our options, the plan, the settings file.

It is read here without importing pytest.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from golive.kit import project
from golive.kit import typed as typed_words
from golive.procedure import steps
from golive.settings import which
from golive.settings.target import HEALTHY

MODULE = "golive.acceptance"

LISTING = ("collectonly", "help", "version", "markers", "cacheshow", "showfixtures",
           "show_fixtures_per_test")  # fmt: skip
"""Options with which pytest only lists something and performs no test."""

INI = Path(__file__).with_name("pytest.ini")
"""That of `golive check`, which is the master of its run."""

WITH_A_WORD = ("fake", "secrets", "reports", "override", "operator")
"""Options of ours that take a word."""


def add_options(parser: Any) -> None:
    group = parser.getgroup("golive", "the go-live procedure")
    group.addoption(
        "--fake",
        nargs="?",
        const=HEALTHY,
        metavar="FAULT",
        help="rehearse against a fake gateway: healthy, or with this fault",
    )
    group.addoption(
        "--fallback",
        action="store_true",
        help="use the fallback endpoint of the settings, TWS paper",
    )
    group.addoption(
        "--secrets",
        metavar="PATH",
        help="settings file (default: secrets.json here; also GOLIVE_SECRETS)",
    )
    group.addoption(
        "--reports",
        metavar="DIR",
        help="folder of reports (default: reports/ beside the settings; also GOLIVE_REPORTS)",
    )
    group.addoption(
        "--kill-stale",
        action="store_true",
        help="end stale client processes instead of failing on them",
    )
    group.addoption(
        "--override",
        metavar="REASON",
        help="override the rules about earlier attempts; the reason is recorded",
    )
    group.addoption(
        "--operator",
        metavar="NAME",
        help="person responsible, shown on the sign-off (default: login name)",
    )


def refused(config: Any) -> list[str]:
    """A line for each option of ours that says nothing, or is given in vain."""
    option, lines = config.option, []
    if option.override is not None and not option.override.strip():
        lines.append('--override needs a reason: --override "why it is safe now"')
    if option.operator is not None and not option.operator.strip():
        lines.append('--operator needs a name: --operator "who is responsible"')
    is_given = any(getattr(option, name) is not None for name in WITH_A_WORD)
    if not names_acceptance(config) and (option.fallback or option.kill_stale or is_given):
        lines.append(
            "--fake, --fallback, --secrets, --reports, --kill-stale, --override and --operator"
            " belong to the procedure; name it: pytest acceptance -m golive"
        )
    return lines


def only_lists(config: Any) -> bool:
    """Whether pytest performs no test."""
    return lists(config.option)


def lists(options: argparse.Namespace) -> bool:
    """Whether these options ask pytest to list something."""
    return any(getattr(options, name, False) for name in LISTING)


def names_acceptance(config: Any) -> bool:
    """Whether something in `acceptance/` is named: then it is a go-live run.

    Also where an option that stands elsewhere has taken the name for its value, or where pytest was
    told that its root is elsewhere.
    """
    arguments = [*config.args, *getattr(typed(config), "file_or_dir", ())]
    if any(str(each).startswith(MODULE) for each in arguments):  # --pyargs
        return True
    named = (Path(config.invocation_params.dir, arg.partition("::")[0]) for arg in arguments)
    paths = [path.resolve() for path in named]
    return any(
        path.is_relative_to(folder) or folder.is_relative_to(path)
        for folder in (_acceptance(config.rootpath), project.ACCEPTANCE)
        for path in paths
        if folder.is_dir()
    )


def wrong_root(config: Any) -> str:
    """A line where pytest's root is not the folder that has `acceptance/`; "" where it is.

    The steps of a wheel have no such folder: only `golive check` performs them.
    """
    if is_golives(config) or _acceptance(config.rootpath).is_dir():
        return ""
    if project.IS_INSTALLED:
        return f"the steps of an installed golive are performed by {typed_words.GOLIVE} check"
    return (
        f"pytest's root is {config.rootpath} instead of {project.HOME}: run it there, without"
        " --rootdir, -c or an ini file in acceptance"
    )


def is_golives(config: Any) -> bool:
    """Whether `golive check` performs this run, and nothing of the caller's folder counts."""
    ini = config.inipath
    return ini is not None and Path(ini).resolve() == INI.resolve()


def _acceptance(root: Path) -> Path:
    return (root / "acceptance").resolve()


def typed(config: Any) -> argparse.Namespace:
    """What was typed, without what pytest adds to it; empty if that cannot be parsed."""
    return parsed(config, config.invocation_params.args) or argparse.Namespace()


def parsed(config: Any, words: Sequence[object]) -> argparse.Namespace | None:
    """These words, parsed as a command line of pytest; None if they cannot be parsed."""
    options = argparse.Namespace()
    try:
        config._parser.parse_known_args([str(word) for word in words], namespace=options)
    except Exception:  # it has one for `--help`, which is kept by then, and one for a usage error
        return options if getattr(options, "help", False) else None
    return options


def settings(config: Any) -> which.Which:
    """Which settings file is meant."""
    option, here = config.option, Path(config.invocation_params.dir)
    return which.file(option.secrets, here, is_rehearsal=option.fake is not None)


def plan(config: Any) -> steps.Plan:
    """`-m soak` asks for the soak; whatever else is asked for is the go-live procedure's."""
    words = set(re.findall(r"\w+", config.option.markexpr))
    return "soak" if "soak" in words and "golive" not in words else "golive"


def verbosity(config: Any) -> int:
    """-v and -q; neither where pytest's terminal is switched off."""
    return int(getattr(config.option, "verbose", 0))
