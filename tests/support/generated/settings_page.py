"""The settings, from the models: key, type, default, meaning, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from golive.settings.model import Credentials, GoLive, Section
from golive.settings.schema import schema
from tests.support.generated import markdown, refusals

HEADS = ("key", "type", "default", "meaning")
REQUIRED = "required"


def pages() -> dict[str, str]:
    return {"settings-reference.md": _page()}


def _page() -> str:
    return markdown.page(
        "Settings reference",
        "All settings are in one file, `secrets.json`. `Monitor.HealthPort` stands for the key"
        " `HealthPort` of the object `Monitor`. Times are in seconds unless their name says"
        " otherwise.",
        "Sections that golive does not know belong to other programs and are left alone. An"
        " unknown key in one of its own sections is an error. `golive schema` writes a JSON schema"
        " with which an editor completes the keys and marks mistakes.",
        *_section("IBKRCredentials", Credentials),
        *_section("GoLive", GoLive),
    )


def _section(name: str, model: type[Section]) -> Iterator[str]:
    found = schema()
    rows = list(_rows(found, found["$defs"][model.__name__], ""))
    yield f"## `{name}`"
    yield markdown.table(HEADS, rows)
    yield f"### Refused values of `{name}`"
    yield "What golive says about values that it refuses, after the name of the file and the line:"
    yield markdown.table(("value", "golive says"), refusals.rows(name, [row[0] for row in rows]))


def _rows(
    whole: dict[str, Any], section: dict[str, Any], before: str
) -> Iterator[tuple[str, str, str, str]]:
    """A row a key; behind that of an object, those of its own keys."""
    required = section.get("required", [])
    for key, declared in section["properties"].items():
        inner = _inner(whole, declared)
        default = REQUIRED if key in required else _default(declared, inner is not None)
        meaning = markdown.sentence(declared.get("description", ""))
        yield markdown.code(f"{before}{key}"), _type(whole, declared), default, meaning
        if inner is not None:
            yield from _rows(whole, inner, f"{before}{key}.")


def _inner(whole: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any] | None:
    """The object that stands there, where one may."""
    for each in (declared, *declared.get("anyOf", ()), *declared.get("allOf", ())):
        if "$ref" in each:
            found: dict[str, Any] = whole["$defs"][each["$ref"].rpartition("/")[2]]
            return found
    return None


def _default(declared: dict[str, Any], is_object: bool) -> str:
    if is_object and declared.get("default") is not None:
        return "see its keys"
    return markdown.code(json.dumps(declared["default"])) if "default" in declared else ""


def _type(whole: dict[str, Any], declared: dict[str, Any]) -> str:
    """In words, with its limits."""
    if "anyOf" in declared:
        return " or ".join(_type(whole, each) for each in declared["anyOf"])
    if "const" in declared:
        return json.dumps(declared["const"])
    if _inner(whole, declared) is not None:
        return "object"
    match declared.get("type"):
        case "array":
            least = ", at least one" if declared.get("minItems") else ""
            return f"list of texts{least}"
        case "integer":
            return f"whole number{_limits(declared)}"
        case "number":
            return f"number{_limits(declared)}"
        case "boolean":
            return "true or false"
        case "string":
            return "text, not empty" if declared.get("minLength") else "text"
    return str(declared.get("type", ""))


def _limits(declared: dict[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    told = [f"{word} {declared[name]:,}" for name, word in words.items() if name in declared]
    return f", {' and '.join(told)}" if told else ""
