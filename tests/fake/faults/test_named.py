"""Each fault has one name, wherever it is asked for, and is proven by a real client."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.__main__ import main
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.faults.shared.named import FAULTS, named
from fake_ib_gateway.options import parser
from tests.fake import faults
from tests.support.projects import ROOT, environment
from tests.support.proving import PROVEN


def test_every_fault_is_proven_and_nothing_else() -> None:
    for module in iter_modules(faults.__path__):
        import_module(f"{faults.__name__}.{module.name}")
    assert set(FAULTS) == PROVEN


def modules() -> list[str]:
    return [name.replace("-", "_") for name in FAULTS]


@pytest.mark.parametrize("name", modules())
def test_module_says_what_a_person_sees_and_declares_one_fault_of_its_own(name: str) -> None:
    module = import_module(f"fake_ib_gateway.faults.{name}")
    assert (module.__doc__ or "").endswith(".")
    assert "\n" not in module.FAULT.summary
    assert not module.FAULT.summary.endswith(".")
    assert isinstance(module.FAULT.make(), Fault)


def test_faults_are_listed_each_in_a_line_as_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--list-faults"])
    lines = capsys.readouterr().out.splitlines()
    assert ended.value.code == 0
    assert [line.split()[0] for line in lines] == list(FAULTS)
    assert lines[0].split("  ")[0] == "healthy"
    assert len({line.index(FAULTS[line.split()[0]].summary) for line in lines}) == 1
    assert max(map(len, lines)) <= 80
    assert "".join(lines).isascii()  # a console may be cp1252


def test_list_says_what_a_fault_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--list-faults"])
    assert "delays nextValidId (1.5 s) [=SECONDS]\n" in capsys.readouterr().out


def test_only_what_is_asked_for_is_imported() -> None:
    words = (
        "import sys; from fake_ib_gateway.faults.shared.named import named; named('slow=1')\n"
        "ours = 'fake_ib_gateway.faults.'\n"
        "print([n for n in sys.modules if n.startswith(ours) and ours + 'shared' not in n])"
    )
    done = subprocess.run(
        [sys.executable, "-c", words],
        env=environment(PYTHONPATH=str(ROOT / "fakes")),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == "['fake_ib_gateway.faults.slow']"


@pytest.mark.parametrize("name", FAULTS)
def test_fault_has_one_name_on_the_command_line_and_in_python(name: str) -> None:
    gateway = FakeGateway(faults=[name])
    assert parser().parse_args(["--fault", name]).fault == gateway._plan.faults


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("slow=abc", "fault slow=SECONDS takes a number from 0 to 1000000, not 'abc'"),
        ("slow=-1", "fault slow=SECONDS takes a number from 0 to 1000000, not '-1'"),
        ("slow=nan", "fault slow=SECONDS takes a number from 0 to 1000000, not 'nan'"),
        ("slow=", "fault slow=SECONDS takes a number from 0 to 1000000, not ''"),
        ("zombies=1.5", "fault zombies=COUNT takes a number from 0 to 1000, not '1.5'"),
        ("closed-positions=0", "fault closed-positions=EVERY takes a number from 1 to 1000000"),
        ("wrong-account=", "fault wrong-account=ACCOUNT takes text, not ''"),
        ("silent=3", "fault 'silent' takes no value, not '3'"),
        ("silence", "no fault 'silence'; did you mean silent?"),
        ("no-such", "no fault 'no-such'; `fake-ib-gateway --list-faults` lists them"),
        ("shared", "no fault 'shared'"),
        ("no_start", "no fault 'no_start'; did you mean no-start?"),
        ("", "no fault ''; `fake-ib-gateway --list-faults` lists them"),
    ],
)
def test_bad_parameter_is_one_line_and_exit_4(
    fault: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fault", fault])
    told = capsys.readouterr().err
    assert ended.value.code == 4
    assert says in told
    assert told.count("\n") == 1


def takers() -> list[str]:
    """Those that take something, with what they have without it, as their line says."""
    told = {name: re.search(r"\((?:[a-z]+ )*([\w.]+)[^()]*\)", each.summary)
            for name, each in FAULTS.items() if each.takes}  # fmt: skip
    return [f"{name}={found[1] if found else 0}" for name, found in told.items()]


@pytest.mark.parametrize("words", takers())
def test_line_of_a_fault_says_what_it_is_without_an_argument(words: str) -> None:
    assert named(words.partition("=")[0]) == named(words)
