"""The pictures of README and docs are those that the command makes, and small."""

from __future__ import annotations

import pytest

from tests.support.pictures.__main__ import LARGEST, NAMES, PICTURES
from tests.support.pictures.terminal import Screen
from tests.support.projects import ROOT

PNG = b"\x89PNG\r\n"


def test_each_picture_is_one_that_the_command_makes() -> None:
    assert {path.name for path in PICTURES.iterdir()} <= {f"{name}.png" for name in NAMES}


def test_each_picture_is_shown_on_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    assert [each.name for each in PICTURES.iterdir() if f"pictures/{each.name}" not in text] == []


def test_pictures_are_small() -> None:
    for path in PICTURES.iterdir():
        data = path.read_bytes()
        assert data.startswith(PNG)
        assert len(data) < LARGEST, path.name


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("waiting, 41 s\r\x1b[Kdone\r\n", "done\n"),
        ("waiting, 41 s\rdone", "doneing, 41 s"),
        ("a\r\nb\r\n\x1b[2A\x1b[Kc\r\n", "c\nb\n"),
        ("a\r\nb\r\n\x1b[2A\x1b[Jc", "c"),
        ("a" * 21, "a" * 20 + "\na"),
        ("\x1b[?25l\x1b[32m\x1b[1mok\x1b[0m", "ok"),
        ("\x1b]0;title\x07text", "text"),
    ],
)
def test_picture_of_a_terminal_has_what_is_left_on_it(written: str, shown: str) -> None:
    screen = Screen(20)
    screen.write(written)
    assert screen.text == shown


def test_colour_and_bold_of_a_terminal_are_in_its_picture() -> None:
    screen = Screen(20)
    screen.write("\x1b[1;32mGO\x1b[0m <24>")
    page = screen.page("$ golive check")
    assert '<span style="color:#7ee787;font-weight:bold">GO</span> &lt;24&gt;' in page
