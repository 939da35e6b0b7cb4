"""Pages: self-contained files from a template and the record, the same byte for byte each time.

Everything that goes into a template is made printable and escaped; no template has to ask for it.
"""

from __future__ import annotations

import errno
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from golive.kit import files
from golive.kit.text import printable

TEMPLATES = Path(__file__).parent / "templates"


@cache
def templates() -> jinja2.Environment:
    """All of what is shown comes from a gateway or a settings file, and is escaped."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["css"] = css_string
    return found


def _harmless(value: Any) -> Any:
    """Text of the record without characters that could repaint the page."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def css_string(text: str) -> str:
    """Text for use between quotes in a style sheet: all but letters and digits is escaped."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in printable(text))


def render(template: str, **shown: Any) -> str:
    """The page. Raises jinja2.UndefinedError for a name that the template misses."""
    return templates().get_template(template).render(inline=inline, **shown)


def inline(name: str) -> Markup:
    """One of our style sheets or scripts, to be part of the page itself."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def write(path: Path, page: str) -> None:
    """Writes the whole page or leaves the one before it. Raises OSError."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    files.write(path, page)
