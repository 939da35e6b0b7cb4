"""Makes the pictures of README and docs again, from runs made for them.

`python -m tests.support.pictures [NAME ...]`. Needs requirements/browser.txt, a Chromium of this
machine, and a terminal as Linux and macOS have it. Nothing is connected to but fake gateways.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from golive.evidence import storage
from tests.support import browser
from tests.support.pictures import neutral, terminal
from tests.support.pictures.neutral import OPERATOR, Neutral
from tests.support.projects import ROOT

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 150_000
COLUMNS = 80
MACHINE = "machine"
GO, NO_GO = "healthy", "silent"
NAMES = ("terminal-go", "go", "terminal-no-go", "no-go", "index", "card")
EARLIER = ("healthy", "zombies", "healthy", "slow", "healthy")
"""What was rehearsed before, so that the index has something to show."""


CUT = """most => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), lines = [];
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    lines.push(...[...range.getClientRects()].filter(each => each.height > 0));
  }
  const whole = y => lines.every(each => each.top >= y || each.bottom <= y);
  const ends = lines.map(each => Math.ceil(each.bottom) + 8).filter(y => y <= most && whole(y));
  return Math.max(200, ...ends);
}"""
"""The lowest place above a height at which no line of text is cut through."""


RENAME = """names => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const name = names[texts.currentNode.textContent.trim()];
    if (name) texts.currentNode.textContent = name;
  }
}"""
"""Of texts that are nothing but such a name."""


class NotAsWanted(Exception):
    """A run did not end as its picture must show."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture: of a page, so wide, and cut at this height; 0: all of it."""

    name: str
    page: Path
    width: int
    height: int
    element: str = ""


def main(words: list[str]) -> int:
    """0 made, 1 one is too large, 4 it cannot be done here."""
    if why := _impossible():
        print(why, file=sys.stderr)
        return 4
    try:
        with neutral.folder() as place:
            wanted = [each for each in _wanted(place) if not words or each.name in words]
            sizes = dict(_taken(wanted))
    except (neutral.Occupied, NotAsWanted) as error:
        print(error, file=sys.stderr)
        return 4
    for name, size in sizes.items():
        print(f"docs/pictures/{name}.png  {size / 1000:.0f} kB{'  TOO LARGE' * (size > LARGEST)}")
    return 1 if max(sizes.values(), default=0) > LARGEST else 0


def _impossible() -> str:
    if sys.platform == "win32":
        return "pictures need a terminal as Linux and macOS have it"
    if not all(map(importlib.util.find_spec, ("playwright", "PIL"))):
        return "pictures need: pip install --require-hashes -r requirements/browser.txt"
    return "" if browser.executable() else f"pictures need Chromium, named in {browser.VARIABLE}"


def _wanted(place: Neutral) -> Iterator[Wanted]:
    """Performs the runs."""
    for fault in EARLIER:
        place.run("rehearse", fault, "--operator", OPERATOR)
    for name, fault, height in (("go", GO, 990), ("no-go", NO_GO, 950)):
        page = _on_a_terminal(place, f"terminal-{name}", fault)
        verdict = storage.read(place.last).verdict
        if verdict != name.upper():
            raise NotAsWanted(f"the rehearsal of {fault} is {verdict}:\n{_text_of(page)}")
        yield Wanted(f"terminal-{name}", page, 900, 0, "pre")
        yield Wanted(name, place.last / "sign-off.html", 1100, height)
    yield Wanted("index", place.folder / "reports" / "index.html", 1100, 900)
    card = place.folder / "card.html"
    place.run("card", "--html", str(card))
    yield Wanted("card", card, 1100, 1000)


def _on_a_terminal(place: Neutral, name: str, fault: str) -> Path:
    """Runs it as a person would, and keeps what the terminal showed as a page."""
    words = ["rehearse", *([] if fault == GO else [fault])]
    command = [place.golive, *words, "--operator", OPERATOR]
    screen = terminal.Screen(COLUMNS)
    screen.write(terminal.written(command, place.folder, place.environment, COLUMNS))
    page = place.folder / f"{name}.html"
    prompt = f"$ golive {' '.join(words)}"
    page.write_text(screen.page(prompt), encoding="utf-8")
    page.with_suffix(".txt").write_text(screen.text, encoding="utf-8")
    return page


def _text_of(page: Path) -> str:
    return page.with_suffix(".txt").read_text(encoding="utf-8")


def _renamed() -> dict[str, str]:
    """What a page says of this machine, and what stands there in a picture."""
    system, kind = platform.system(), platform.machine()
    return {platform.node(): MACHINE, f"{system} {platform.release()}, {kind}": f"{system}, {kind}"}


def _taken(wanted: list[Wanted]) -> Iterator[tuple[str, int]]:
    """Each picture's name and size in bytes."""
    from tests.support.pictures import png  # needs what only the browser's lock has

    PICTURES.mkdir(parents=True, exist_ok=True)
    with browser.running() as chromium, ExitStack() as stack:
        for each in wanted:
            opened = browser.Browser(chromium, stack).open(
                each.page, width=each.width, height=each.height or 900
            )
            opened.page.evaluate(RENAME, _renamed())
            if each.element:
                taken = opened.page.locator(each.element).screenshot()
            elif each.height:
                bottom = float(opened.page.evaluate(CUT, each.height))
                taken = opened.page.screenshot(
                    clip={"x": 0, "y": 0, "width": each.width, "height": bottom}, full_page=True
                )
            else:
                taken = opened.page.screenshot(full_page=True)
            small = png.smaller(taken)
            (PICTURES / f"{each.name}.png").write_bytes(small)
            yield each.name, len(small)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
