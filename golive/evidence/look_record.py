"""What `golive look` has seen, as plain data: the object that `golive look --json` prints.

Its form is a contract. `schema` grows with each change that a reader could trip over; new keys may
come at any time. Times are ISO 8601 with a zone.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from golive.evidence.record import Diagnosis, Endpoint, Record

SCHEMA = 1

State = Literal["ok", "against", "note"]


class Row(Record):
    """One line of the screen."""

    name: str = Field(description="What was looked at: `process`, `port`, `zombies` and so on.")
    state: State = Field(
        description="`ok`: as an attempt needs it; `against`: an attempt would be refused because"
        " of it;"
        " `note`: no rule covers it."
    )
    observed: bool = Field(description="Whether it could be seen. What was not seen is never `ok`.")
    text: str = Field(description="The same in words.")
    facts: dict[str, Any] = Field(default={}, description="What was seen, as plain data.")


class Refusal(Record):
    """One reason for which an attempt now would be refused."""

    step: str = Field(description="The step of the procedure that would fail.")
    why: str = Field(description="Why, in one line.")
    observed: bool = Field(
        description="False if the step would fail because this cannot be observed."
    )
    until: str | None = Field(
        description="Until when the rules refuse for this reason; null: until it is fixed."
    )


class LookRecord(Record):
    """Everything, at one moment. Nothing was connected, and nothing was written."""

    schema_: int = Field(SCHEMA, alias="schema", description="The version of this format.")
    golive: str = Field(description="The version of golive.")
    seen: str = Field(description="When this was looked at, in UTC.")
    settings: str = Field(description="The settings file.")
    endpoint: Endpoint = Field(description="The gateway that the settings name.")
    fallback: bool = Field(description="Whether this is the fallback of the settings.")
    refused: bool = Field(description="Whether an attempt now would be refused.")
    refused_until: str | None = Field(
        description="Until when the rules about earlier attempts refuse one; null: they do not."
    )
    waits_seconds: float = Field(
        description="How long an attempt would first wait for the gateway to initialize."
    )
    missing_settings: list[str] = Field(
        description="The keys that a go-live run needs and the settings lack."
    )
    missing_programs: list[str] = Field(
        default=[], description="The keys of commands whose program cannot be found here."
    )
    rows: list[Row] = Field(description="The lines of the screen, in order.")
    refusals: list[Refusal] = Field(description="The reasons, in the order of the procedure.")
    causes: list[Diagnosis] = Field(
        description="Each cause once, with what to do about it; the first one is to be fixed first."
    )
    again: str = Field(description="The command that makes the attempt.")
