"""The browser that pages are looked at in: what it must notice, it notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import browser as browsers
from tests.support.browser import Browser, Scheme

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Page</h1>{body}</main></body></html>"""


def page(folder: Path, body: str = "", policy: str = POLICY) -> Path:
    path = folder / "page.html"
    path.write_text(PAGE.format(body=body, policy=policy), encoding="utf-8")
    return path


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plain_page_is_beyond_reproach(
    browser: Browser, tmp_path: Path, scheme: Scheme, javascript: bool
) -> None:
    body = "<script>document.title = 'changed'</script>"
    shown = browser.open(page(tmp_path, body), scheme=scheme, width=390, javascript=javascript)
    assert shown.requests == []
    assert shown.errors == []
    assert shown.overflow == 0
    assert shown.page.title() == ("changed" if javascript else "Page")
    assert shown.page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")


ASKING = {
    "image": '<img alt="" src="http://127.0.0.1:9/pixel.png">',
    "style": '<link rel="stylesheet" href="https://example.invalid/style.css">',
    "file": '<img alt="" src="other.png">',
    "frame": '<iframe title="other" src="http://127.0.0.1:9/"></iframe>',
}


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("kind", ASKING)
def test_request_is_told_whether_the_policy_stops_it_or_not(
    browser: Browser, tmp_path: Path, kind: str, javascript: bool
) -> None:
    stopped = browser.open(page(tmp_path, ASKING[kind]), javascript=javascript)
    assert stopped.requests + stopped.errors != []
    asked = browser.open(page(tmp_path, ASKING[kind], policy=""), javascript=javascript)
    assert asked.requests != []


@pytest.mark.parametrize(
    "call", ["fetch('http://127.0.0.1:9/')", "new WebSocket('ws://127.0.0.1:9')"]
)
def test_script_that_phones_home_is_noticed(browser: Browser, tmp_path: Path, call: str) -> None:
    body = f"<script>{call}</script>"
    assert browser.open(page(tmp_path, body)).errors != []
    assert browser.open(page(tmp_path, body, policy="")).requests != []


def test_uncaught_error_is_noticed(browser: Browser, tmp_path: Path) -> None:
    shown = browser.open(page(tmp_path, "<script>throw new Error('oh no')</script>"))
    assert "oh no" in shown.errors[0]


def test_page_without_names_and_contrast_is_told_so(browser: Browser, tmp_path: Path) -> None:
    body = '<button></button><p style="color: #999; background: #aaa">hardly to be read</p>'
    found = browser.open(page(tmp_path, body)).violations()
    assert found == ["button-name: button", "color-contrast: p"]
    assert browser.open(page(tmp_path)).violations() == []


def test_page_wider_than_the_window_is_measured(browser: Browser, tmp_path: Path) -> None:
    body = '<div style="width: 600px">wide</div>'
    assert browser.open(page(tmp_path, body), width=390).overflow > 200


def test_print_is_read_page_by_page(browser: Browser, tmp_path: Path) -> None:
    body = '<p>first</p><p style="break-before: page">second</p>'
    first, second = browser.open(page(tmp_path, body)).pdf(tmp_path)
    assert "first" in first
    assert "second" in second


def test_machine_without_a_browser_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(browsers.VARIABLE, str(tmp_path / "nowhere"))
    assert f"{browsers.VARIABLE} names no file" in browsers.missing()
    monkeypatch.delenv(browsers.VARIABLE)
    monkeypatch.setattr(browsers, "COMMANDS", ())
    monkeypatch.setattr(browsers, "PLACES", ())
    assert "install Chromium, Chrome or Edge" in browsers.missing()
    monkeypatch.setattr(browsers, "AXE", tmp_path / "nowhere")
    assert "npm ci --prefix tests/support/node-tools" in browsers.missing()
