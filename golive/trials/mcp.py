"""Tries the MCP server of the settings: its answers, and how many connections they take."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golive.client.answers import Position, Positions
from golive.kit import masking
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import shortened
from golive.machine.gateway import Gateway
from golive.machine.sockets import NotObservable, Socket
from golive.settings.model import Mcp
from golive.trials import answer_time, position_rows, same_positions
from golive.trials.connections import Connections
from golive.trials.lines_heard import Inbox
from golive.trials.position_rows import Unreadable
from golive.trials.program import CannotStart, Ended, Program

if TYPE_CHECKING:
    from golive.trials.mcp_conversation import Conversation

LONGEST = 16 * 2**20
"""Bytes of a line: an answer is one, and ten thousand positions are four million of them."""
FLOOD = 2 * LONGEST
AHEAD = timedelta(seconds=2)
"""How far its clock may be ahead of ours."""
SHOWN = 200
"""Characters of an answer that are shown."""
HURRY = 1.0
"""Seconds that a failed server has to end after its input was closed."""
SDK = "mcp"
LACKING = (
    "the MCP SDK is not installed here: install golive again, with its dependencies; or switch the"
    ' MCP server off: "Mcp": null'
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check it against; `secrets` must not be shown. `is_own`: it is golive's own."""

    settings: Mcp
    secrets: tuple[str, ...] = ()
    is_own: bool = False
    may_connect: bool = True
    """Whether it may open a connection: not where a Monitor was left running with one."""


class McpProgram:
    """Tried by `converse`. What it does wrong is in `reason`; nothing is raised."""

    def __init__(
        self,
        wanted: Wanted,
        gateway: Gateway,
        words: Sequence[str],
        environment: dict[str, str] | None = None,
        folder: Path | None = None,
        spared: Callable[[], Collection[int]] = tuple,
        clock: Clock = SYSTEM,
    ) -> None:
        self._wanted, self._words, self._clock = wanted, words, clock
        self._connections = Connections(gateway)
        self._program: Program | None = None
        self._talk: Conversation | None = None
        self._answered: datetime | None = None
        self._environment, self._folder, self._spared = environment, folder, spared
        self._reason = ""
        self.when_left: Callable[[Ended], None] = lambda ended: None

    def converse(self) -> None:
        """Starts it and asks it. If it fails, it is ended at once."""
        if importlib.util.find_spec(SDK) is None:
            self._reason = LACKING
            return
        self._connections.begin()
        inbox = Inbox()
        try:
            program = self._program = Program(
                self._words,
                self._environment,
                self._folder,
                hear=inbox.hear,
                longest=LONGEST,
                flood=FLOOD,
                speaks=True,
                spared=self._spared,
            )
        except CannotStart as error:
            self._reason = masking.without(self._wanted.secrets, str(error))
            return
        try:
            self._ask(program, inbox)
        finally:
            if self._talk is None or self._reason:
                program.end(input_patience=HURRY)

    def _ask(self, program: Program, inbox: Inbox) -> None:
        module = importlib.import_module("golive.trials.mcp_conversation")  # while it starts
        settings = self._wanted.settings
        client = module.Client(
            program,
            inbox,
            settings.ready_timeout_seconds,
            self._wanted.secrets,
            self._connections.look,
        )
        self._talk = client.converse(settings.tool)
        self._answered = self._clock.now()
        self._connections.look()
        self._reason = self._talk.reason

    @property
    def reason(self) -> str:
        """Why it did not answer; "" if it did."""
        return self._reason

    @property
    def tools(self) -> list[str]:
        return self._talk.tools if self._talk else []

    @property
    def facts(self) -> dict[str, Any]:
        talk = self._talk
        return {
            "command": masking.masked(self._words, self._wanted.secrets),
            "pid": self._program.pid if self._program else None,
            "server": talk.server if talk else "",
            "protocol": talk.protocol if talk else "",
            "tools": self.tools,
            "milliseconds": talk.milliseconds if talk else {},
            "stopped": self.reason,
        }

    @property
    def rows(self) -> int:
        """How many it answered with."""
        try:
            return len(position_rows.rows(self._talk.answer)) if self._talk else 0
        except Unreadable:
            return 0

    def difference(self, positions: Positions, account: str) -> list[str]:
        """From the gateway's own, a line each. Without an answer there is nothing to compare.

        What it tells as data is compared, and what as text: most assistants read the text.
        """
        if self._talk is None or self._reason:
            return [self._reason]
        talk = self._talk
        try:
            position_rows.rows(talk.answer)
        except Unreadable as why:
            answer = masking.without(self._wanted.secrets, str(talk.answer))
            return [f"{why}: {shortened(answer, SHOWN)}"]
        found = same_positions.difference(talk.answer, positions.rows, account)
        if found or not position_rows.has_rows(talk.text):
            return found
        text = same_positions.difference(talk.text, positions.rows, account)
        return [f"the rows of its text differ from those of its data: {each}" for each in text]

    def from_elsewhere(self, rows: Iterable[Position]) -> list[str]:
        """A line, where the gateway that its answer is said to be of cannot have told it.

        Nobody was connected; or what came over the connection that it holds is too little.
        """
        if not self._wanted.may_connect:
            return []
        if self._connections.has_been_none:
            return ["it did not connect to the gateway: its rows are from elsewhere or stored"]
        told = self._connections.received(rows)
        if told.is_enough:
            return []
        sent, least = told.received_bytes, told.least_bytes
        why = f"its rows need at least {least}, so they are from elsewhere or stored"
        return [f"the gateway has sent it {sent} bytes: {why}"]

    def as_of(self) -> datetime | None:
        """From when its answer says to be. Raises NotObservable where it does not tell.

        This project's own server has to: None.
        """
        try:
            answered = self._answered or self._clock.now()
            told = answer_time.as_of(self._talk.answer, answered) if self._talk else None
        except Unreadable as why:
            raise NotObservable(f"the time of its answer: {why}") from None
        if told is None and not self._wanted.is_own:
            raise NotObservable("its answer does not say when it was made")
        return told

    def is_of(self, started: datetime) -> bool:
        """Whether its answer is of the time since then, and not of a time that is yet to come."""
        told, answered = self.as_of(), self._answered or self._clock.now()
        return told is not None and started <= told <= answered + AHEAD

    def connections(self) -> list[Socket]:
        """Those that were opened while it was asked. Raises NotObservable."""
        return self._connections.found()

    @property
    def may_open(self) -> int:
        """How many connections it may open."""
        return 1 if self._wanted.may_connect else 0

    def leave(self) -> Ended:
        """Closes its input, which asks it to end."""
        assert self._program is not None  # without it no step comes this far
        left = self._program.end()
        self.when_left(left)
        return left

    def end(self) -> None:
        """The same, if it was started."""
        if self._program is not None:
            self._program.end()
