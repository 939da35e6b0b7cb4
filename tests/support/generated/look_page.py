"""The object that `golive look --json` prints, from its models."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from golive.evidence.look_record import SCHEMA, LookRecord, Refusal, Row
from tests.support.generated import markdown

PARTS: dict[str, type[BaseModel]] = {"rows": Row, "refusals": Refusal}
"""The keys that hold lists of objects of their own."""


def pages() -> dict[str, str]:
    return {"look-json.md": _page()}


def _page() -> str:
    return markdown.page(
        "What `golive look --json` prints",
        "`golive look --json` prints one JSON object on standard output. It exits with 0 if nothing"
        " stands in the way of an attempt, 1 if something does, and 4 for wrong settings: then it"
        " prints nothing there. Times are ISO 8601 with a zone.",
        f"This is version {SCHEMA}. New keys may be added without a new version; a key that changes"
        " its meaning or goes away raises `schema`.",
        markdown.table(("key", "meaning"), _rows(LookRecord)),
        *(
            part
            for name, model in PARTS.items()
            for part in (
                f"## Each of `{name}`",
                markdown.table(("key", "meaning"), _rows(model)),
            )
        ),
        "## Each of `causes`",
        "The same object as `diagnosis` in a run's `evidence.json`: `code`, `cause`, `procedure`,"
        " `next_steps` and more. [All causes](causes/index.md) are listed by their `code`.",
    )


def _rows(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        yield markdown.code(field.alias or name), markdown.sentence(field.description or "")
