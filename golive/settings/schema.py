"""The JSON schema of secrets.json: an editor completes its keys, and marks what is wrong."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from golive.settings.model import Settings

MARK = '"title": "secrets.json"'
"""Stands in it, so that it is written over its like only."""

SECTION = str(Settings.model_fields["golive"].alias)


def schema() -> dict[str, Any]:
    """As strict as `golive.settings.secrets_json`, as far as a schema can say it.

    It cannot say that a key stands twice, nor that a whole number has no point. Sections of other
    programs are allowed; one that is almost named like ours is not, where ours is missing.
    """
    found = Settings.model_json_schema(by_alias=True)
    found["properties"][SECTION]["default"] = {}
    for section in (found, *found["$defs"].values()):
        for place in (section, *section["properties"].values()):
            place.pop("title", None)  # made of the key's name, of which it says nothing new
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "secrets.json",
        **found,
        "if": {"not": {"required": [SECTION]}},
        "then": {"patternProperties": {_almost(SECTION): False}},
    }


def text() -> str:
    """ASCII, with a line end."""
    return json.dumps(schema(), indent=2) + "\n"


def _almost(name: str) -> str:
    """Matches a name in another case, with a letter too many, too few, another, or two swapped."""
    letters = [f"[{each.upper()}{each.lower()}]" for each in name]
    misspelt = {"".join(letters)}
    for at in range(len(letters) + 1):
        before, rest = letters[:at], letters[at:]
        for behind in (rest[1:], [".", *rest], [".", *rest[1:]], [*rest[1::-1], *rest[2:]]):
            misspelt.add("".join([*before, *behind]))
    return f"^(?!{name}$)(?:{'|'.join(sorted(misspelt))})$"
