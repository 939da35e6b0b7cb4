"""The tools as data: name and description, arguments, and the shape of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp_types import Tool as Listed
from mcp_types import ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from golive.mcp.tools.shapes import GatewayLook, PositionRows, Problem, Status, SummaryRows

READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


class Nothing(BaseModel):
    """A tool without arguments."""

    model_config = ConfigDict(extra="forbid")


class Underlying(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ticker: str = Field(
        min_length=1,
        max_length=100,
        description="symbol of the underlying, such as AAPL, in upper or lower case",
    )


@dataclass(frozen=True, slots=True)
class Tool:
    """What is listed of a tool; `answers` is the shape of what it returns."""

    name: str
    title: str
    about: str
    answers: type[BaseModel]
    takes: type[BaseModel] = Nothing

    def listed(self) -> Listed:
        return Listed(
            name=self.name,
            title=self.title,
            description=self.about,
            input_schema=self.takes.model_json_schema(),
            output_schema=self.output_schema(),
            annotations=READS,
        )

    def output_schema(self) -> dict[str, Any]:
        """Its answer, or the problem of an error: some clients hold an error to it as well."""
        either: Any = self.answers | Problem
        return {"type": "object", **TypeAdapter(either).json_schema(mode="serialization")}


TOOLS = (
    Tool(
        "get-positions",
        "Open positions",
        "The open positions of every account of the login, requested from the gateway now.",
        PositionRows,
    ),
    Tool(
        "get-option-positions",
        "Open option positions",
        "The open positions in options and futures options on one underlying, requested now.",
        PositionRows,
        Underlying,
    ),
    Tool(
        "get-account-summary",
        "Account summary",
        "Net liquidation, cash, buying power and more of every account, requested now.",
        SummaryRows,
    ),
    Tool(
        "get-connection-status",
        "State of the connection",
        "State of the one connection to the gateway, since when, and what is wrong with it.",
        Status,
    ),
    Tool(
        "check-gateway",
        "The gateway from outside",
        "Whether the gateway listens, has zombies, a filling accept queue or other clients, and"
        " whether an attempt to connect would be allowed now. Connects to nothing.",
        GatewayLook,
    ),
)
