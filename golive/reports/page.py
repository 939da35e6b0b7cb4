"""Pages: one self-contained file each, from a template and the record, byte for byte the same.

Whatever a template is told is made printable and escaped as it is put in; no template need ask.
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
    """What is shown comes from a gateway or a settings file: all of it is escaped."""
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
    """Text of the record without what could repaint the page."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def css_string(text: str) -> str:
    """Text as it may stand between quotes in a style sheet: all but letters and digits escaped."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in printable(text))


def render(template: str, **shown: Any) -> str:
    """The page. Raises jinja2.UndefinedError for anything the template asks for and is not told."""
    return templates().get_template(template).render(inline=inline, **shown)


def inline(name: str) -> Markup:
    """A style sheet or a script of ours, to stand in the page itself."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def write(path: Path, page: str) -> None:
    """The whole page or the one before it, never half of one. Raises OSError."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    files.write(path, page)
