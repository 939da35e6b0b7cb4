"""Pages in a real browser: a headless Chromium of this machine, driven by Playwright.

`browser.open(path)` shows a file; what it gives is asked in words: `shown.requests == []`,
`shown.errors == []`, `shown.violations() == []`. The page keeps its own Content-Security-Policy:
nothing here bypasses it. Nothing is downloaded, and the browser can reach no network.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.support.projects import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import ConsoleMessage, Page

Scheme = Literal["light", "dark"]

VARIABLE = "GOLIVE_BROWSER"
COMMANDS = (
    "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "msedge",
)  # fmt: skip
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "{ProgramFiles}/Google/Chrome/Application/chrome.exe",
    "{ProgramFiles(x86)}/Google/Chrome/Application/chrome.exe",
    "{LocalAppData}/Google/Chrome/Application/chrome.exe",
    "{ProgramFiles(x86)}/Microsoft/Edge/Application/msedge.exe",
    "{ProgramFiles}/Microsoft/Edge/Application/msedge.exe",
)
AXE = ROOT / "tests" / "support" / "node-tools" / "node_modules" / "axe-core" / "axe.min.js"

ALONE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-quic", "--disable-gpu")
"""Chromium's own background requests are switched off by Playwright; names resolve to nothing."""

MILLISECONDS = 30_000
"""The longest that anything in the browser may take."""

TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation", event =>
    console.error(`CSP: ${event.effectiveDirective} stops ${event.blockedURI}`))"""
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LOOK = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}`))"""


def executable() -> Path | None:
    """The browser that GOLIVE_BROWSER names, else one found in the usual places."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if found := next(filter(None, map(shutil.which, COMMANDS)), None):
        return Path(found)
    folders = {name: os.environ.get(name, "") for name in _VARIABLES_OF_WINDOWS}
    places = (Path(place.format_map(folders)) for place in PLACES)
    return next((place for place in places if place.is_file()), None)


_VARIABLES_OF_WINDOWS = ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")


def missing() -> str:
    """What the browser tests lack on this machine and how to get it; empty where nothing."""
    lacking = []
    if not all(importlib.util.find_spec(name) for name in ("playwright", "pypdf")):
        lacking.append("pip install --require-hashes -r requirements/browser.txt")
    if not AXE.is_file():
        lacking.append("npm ci --prefix tests/support/node-tools")
    found = executable()
    if found is None:
        lacking.append(f"install Chromium, Chrome or Edge, or name one in {VARIABLE}")
    elif not found.is_file():
        lacking.append(f"{VARIABLE} names no file: {found}")
    return "browser tests need: " + "; ".join(lacking) if lacking else ""


class Shown:
    """A page on the screen, and what became of it. `page` is Playwright's."""

    def __init__(self, page: Page, address: str, javascript: bool) -> None:
        self.page = page
        self._address = address
        self._javascript = javascript
        self._requests: list[str] = []
        self._errors: list[str] = []
        context = page.context
        context.on("request", lambda request: self._requests.append(request.url))
        page.on("websocket", lambda socket: self._requests.append(socket.url))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._errors.append(str(error.error)))
        page.on("crash", lambda _: self._errors.append("the page crashed"))

    @property
    def requests(self) -> list[str]:
        """Whatever was asked for besides the file itself, also where it was stopped."""
        self._settle()
        return [url for url in self._requests if url.partition("#")[0] != self._address]

    @property
    def errors(self) -> list[str]:
        """Errors on the console, uncaught ones, and what the page's own policy stopped."""
        self._settle()
        return list(self._errors)

    @property
    def overflow(self) -> int:
        """How far the page is wider than the window, in CSS pixels."""
        root = "document.documentElement"
        wider: int = self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
        return wider

    def violations(self) -> list[str]:
        """What axe-core has against the page: `rule: element`. Needs JavaScript."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.page.evaluate(LOOK)
        return found

    def pdf(self, folder: Path) -> list[str]:
        """Prints on A4 to a file in the folder, named as the page; the text of each page."""
        from pypdf import PdfReader

        file = folder / f"{Path(self._address).stem}.pdf"
        self.page.pdf(path=file, format="A4", prefer_css_page_size=True, print_background=True)
        return [page.extract_text() for page in PdfReader(file).pages]

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._errors.append(said.text)

    def _settle(self) -> None:
        """Two frames on, whatever the page began by itself has been told of.

        A page without JavaScript begins nothing after it was loaded, and is called for no frame.
        """
        self.page.evaluate(DRAWN if self._javascript else "0")


class Browser:
    """Opens pages; each in a profile of its own that ends with the test."""

    def __init__(self, chromium: Chromium, stack: ExitStack) -> None:
        self._chromium = chromium
        self._stack = stack

    def open(
        self,
        path: Path,
        *,
        scheme: Scheme = "light",
        width: int = 1280,
        height: int = 900,
        javascript: bool = True,
    ) -> Shown:
        """A file from the disk as a reader would see it; sizes in CSS pixels."""
        context = self._chromium.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            offline=True,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        self._stack.callback(context.close)
        context.set_default_timeout(MILLISECONDS)
        context.add_init_script(TELL_VIOLATIONS)
        shown = Shown(context.new_page(), path.resolve().as_uri(), javascript)
        shown.page.goto(path.resolve().as_uri(), wait_until="load")
        return shown


@contextmanager
def running() -> Iterator[Chromium]:
    """A browser with a window nobody sees. Only one at a time in a thread.

    While it runs, the thread counts as running an event loop: no `asyncio.run` beside it.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable(), args=list(ALONE), timeout=MILLISECONDS
        )
        try:
            yield chromium
        finally:
            chromium.close()
