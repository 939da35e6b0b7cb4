"""The JSON schema of secrets.json: an editor completes its keys, and marks what is wrong."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from golive.settings.model import EXPECTED, GoLive, Settings

MARK = '"title": "secrets.json"'
"""Stands in it, so that it is written over its like only."""

SECTION = str(Settings.model_fields["golive"].alias)


def schema() -> dict[str, Any]:
    """As strict as `golive.settings.secrets_json`, as far as a schema can say it.

    It cannot say that a key stands twice, that a whole number has no point, or what a host is.
    Sections of other programs are allowed. What only some commands do without must be there.
    """
    found = Settings.model_json_schema(by_alias=True)
    found["required"].append(SECTION)
    golive = found["$defs"][GoLive.__name__]
    golive["required"] = list(EXPECTED)
    for key in EXPECTED:
        del golive["properties"][key]["default"]
    for section in (found, *found["$defs"].values()):
        for place in (section, *section["properties"].values()):
            place.pop("title", None)  # made of the key's name, of which it says nothing new
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "secrets.json",
        **found,
    }


def text() -> str:
    """ASCII, with a line end."""
    return json.dumps(schema(), indent=2) + "\n"
