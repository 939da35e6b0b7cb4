"""Makes all generated pages, and writes those that changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.generated import causes, commands, faults, look_page, markdown, settings_page
from tests.support.projects import ROOT

DOCS = ROOT / "docs"
FOLDERS = ("causes", "reference")
"""A generated page that is left there of what is gone from the code is stale too."""


def pages() -> dict[Path, str]:
    """Every page by its file."""
    made = causes.pages() | settings_page.pages() | commands.pages() | faults.pages()
    made |= look_page.pages()
    return {DOCS / name: text for name, text in made.items()}


def main(words: list[str]) -> int:
    if words not in ([], ["--check"]):
        print("python -m tests.support.generated [--check]", file=sys.stderr)
        return 4
    wanted = pages()
    stale = [path for path, text in wanted.items() if _written(path) != text]
    left = [each for each in _generated() if each not in wanted]
    for path in stale:
        _tell("stale" if words else "written", path)
    for path in left:
        _tell("left over" if words else "removed", path)
    if words:
        return 1 if stale or left else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted[path].encode("utf-8"))
    for path in left:
        path.unlink()
    return 0


def _tell(what: str, path: Path) -> None:
    print(f"{what}: {path.relative_to(ROOT).as_posix()}")


def _generated() -> Iterator[Path]:
    """The pages that are there; others, written by hand, may stand beside them."""
    for name in FOLDERS:
        for path in DOCS.glob(f"{name}/*.md"):
            if _written(path).startswith(markdown.NOTE):
                yield path


def _written(path: Path) -> str:
    """With the line ends of a checkout on Windows or without."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""
