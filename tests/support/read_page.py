"""A page as a reader without a browser has it: its elements, its headings, its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

WITHOUT_TEXT = ("script", "style", "title", "desc")
VOID = {"meta", "input", "br", "col", "link"}
CLOSED_BY_THE_NEXT = {"td", "tr"}


@dataclass(frozen=True)
class Element:
    tag: str
    attributes: dict[str, str]


@dataclass
class PageRead(HTMLParser):
    """`texts` are by the element they stand in; `unclosed` what was opened and never closed."""

    page: str
    elements: list[Element] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.page)
        self.close()
        self.unclosed += [tag for tag in self._open if tag not in CLOSED_BY_THE_NEXT]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            self.unclosed.append(f"/{tag}")
            return
        while (last := self._open.pop()) != tag:
            if last not in CLOSED_BY_THE_NEXT:
                self.unclosed.append(last)

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.append((self._open[-1], data))

    @property
    def text(self) -> str:
        """What is shown, on one line."""
        shown = (data for tag, data in self.texts if tag not in WITHOUT_TEXT)
        return " ".join(" ".join(shown).split())

    def all(self, tag: str) -> list[Element]:
        return [each for each in self.elements if each.tag == tag]

    def attributes(self, name: str) -> list[str]:
        return [each.attributes[name] for each in self.elements if name in each.attributes]
