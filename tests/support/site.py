"""The built documentation: no dead link, no missing picture, and nothing loaded from elsewhere.

`python -m tests.support.site site` prints each problem and exits 1 where there is one. The
builder's strict mode checks links between pages, but neither pictures nor what the pages load.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href",
}  # fmt: skip
"""Tags whose address a browser asks for by itself."""

APART = {"404.html"}
"""Served for any address, so its own links are absolute; from disk nobody sees it."""

LOADED_BY_STYLES = re.compile(r"(?:@import\s*|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)")


@dataclass
class Page(HTMLParser):
    """What one page offers as anchors, links to and loads."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADS and LOADS[tag] in given:
            self.loads.append(given[LOADS[tag]])


def problems(site: Path) -> list[str]:
    """One line for each dead link, missing file and load from elsewhere."""
    paths = [path for path in sorted(site.rglob("*.html")) if path.name not in APART]
    pages = {path.resolve(): Page(path) for path in paths}
    found = [] if pages else [f"{site}: no page"]
    for page in pages.values():
        name = page.path.relative_to(site)
        found += [f"{name}: {each}" for each in _of_page(page, pages)]
    for sheet in sorted(site.rglob("*.css")):
        loads = LOADED_BY_STYLES.findall(sheet.read_text(encoding="utf-8"))
        found += [f"{sheet.relative_to(site)}: loads {each}" for each in loads]
    return found


def _of_page(page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    for address in page.loads:
        if urlsplit(address).scheme not in ("", "data") or address.startswith("//"):
            yield f"loads {address}"
        elif not _target(page, address).is_file() and not address.startswith("data:"):
            yield f"lacks {address}"
    for address in page.links:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = _target(page, address)
        if not target.is_file():
            yield f"dead link {address}"
        elif parts.fragment and target in pages and not _has(pages[target], parts.fragment):
            yield f"dead anchor {address}"


def _has(page: Page, fragment: str) -> bool:
    return unquote(fragment) in page.anchors


def _target(page: Page, address: str) -> Path:
    path = unquote(urlsplit(address).path)
    return (page.path.parent / path).resolve() if path else page.path.resolve()


if __name__ == "__main__":
    told = problems(Path(sys.argv[1]))
    print("\n".join(told) or f"{sys.argv[1]}: every link is good, and nothing loads from elsewhere")
    sys.exit(1 if told else 0)
