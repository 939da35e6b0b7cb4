"""Tries the Monitor of the settings: what it prints, and whether that is true."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golive.client.answers import Position
from golive.diagnosis.commands import HERE
from golive.discipline.starter import Starter
from golive.kit import masking
from golive.kit.clock import SYSTEM, Clock, coarsely
from golive.kit.text import shortened
from golive.machine.gateway import Gateway
from golive.machine.sockets import NotObservable, Socket
from golive.settings.model import Monitor
from golive.trials.connections import Connections
from golive.trials.least_bytes import Received
from golive.trials.output import FLOOD, Tell
from golive.trials.program import CannotStart, Ended, Program

MOMENT = 1.0
"""Seconds between the end of its output and the end of the process."""
SHOWN = 200
"""Characters of a line that are shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check it against; `secrets` must not be shown."""

    settings: Monitor
    account: str
    positions: int
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What it printed about positions. `account` is None if it named none."""

    positions: int
    account: str | None


class MonitorProgram:
    """Started, and read from then on. What it does wrong is in `reason`; nothing is raised."""

    def __init__(
        self,
        wanted: Wanted,
        words: Sequence[str],
        environment: dict[str, str] | None = None,
        folder: Path | None = None,
        spared: Callable[[], Collection[int]] = tuple,
        log: Path | None = None,
        clock: Clock = SYSTEM,
        gateway: Gateway | None = None,
    ) -> None:
        """Counts the connections of `gateway`."""
        self._wanted, self._words, self._clock = wanted, words, clock
        self._connected = re.compile(wanted.settings.connected_pattern)
        self._positions = re.compile(wanted.settings.positions_pattern)
        self._connected_after: float | None = None
        self._told: Told | None = None
        self._other_account = False
        self._log, self.is_left = log, False
        self._reason = ""
        self.when_left: Callable[[Ended], None] = lambda ended: None
        self._began = clock.monotonic()
        self._program: Program | None = None
        self._connections = Connections(gateway) if gateway else None
        if self._connections:
            self._connections.begin()
        try:
            self._program = Program(
                words, environment, folder, hear=self._hear, log=log, spared=spared, clock=clock
            )
        except CannotStart as error:
            self._reason = masking.without(wanted.secrets, str(error))

    def wait(self, tell: Tell = lambda left: None) -> None:
        """Waits until it has printed what is expected. If it fails, it is ended at once."""
        program, seconds = self._program, self._wanted.settings.ready_timeout_seconds
        if program is None:
            return
        left, told = seconds - (self._clock.monotonic() - self._began), coarsely(tell)

        def look(seconds_left: float) -> None:
            told(seconds_left)
            self._look()

        if not program.output.wait_for(
            lambda: self._is_ready or self._is_hopeless(program), left, look
        ):
            self._hear_unended(program.output.rest)
        if not self.is_connected or self._told is None:
            self._reason = self._why_not(program)
            program.end()

    @property
    def is_connected(self) -> bool:
        """Whether it printed so; that alone proves nothing."""
        return self._connected_after is not None

    @property
    def positions(self) -> int | None:
        """The last number of positions that it printed."""
        return self._told.positions if self._told else None

    @property
    def account(self) -> str | None:
        return self._told.account if self._told else None

    @property
    def reason(self) -> str:
        """What is wrong with it; "" while nothing is."""
        program = self._program
        if self._reason or program is None:
            return self._reason
        if program.output.is_flood:
            return f"it does not stop printing: more than {FLOOD // 2**20} MiB so far"
        return "" if program.exit_code is None else self._how_it_died(program)

    @property
    def facts(self) -> dict[str, Any]:
        program, after = self._program, self._connected_after
        return {
            "command": masking.masked(self._words, self._wanted.secrets),
            "pid": program.pid if program else None,
            "connected_after_seconds": None if after is None else round(after, 3),
            "lines": program.output.count if program else None,
            "last_lines": self._last_lines if self.reason else [],
            "stopped": self.reason,
        }

    @property
    def lines(self) -> list[str]:
        """The last lines it has printed, as they are."""
        return self._program.output.last_lines() if self._program else []

    def strangers(self, clients: Iterable[Socket]) -> list[Socket]:
        """Those among the gateway's clients that are known to be none of its processes'.

        Raises NotObservable where none is known to be, but of one it is not told.
        """
        ours = {each.pid for each in self._program.family} if self._program else set()
        others = [each for each in clients if each.pid not in ours]
        known = [each for each in others if each.pid is not None]
        if others and not known:
            where = f"{others[0].local_ip}:{others[0].local_port}"
            raise NotObservable(f"which process holds the connection from {where} was not observed")
        return known

    def connections(self) -> list[Socket]:
        """Those that were opened since it was started, also one after the other.

        Raises NotObservable.
        """
        self._look()
        return self._connections.found() if self._connections else []

    def received(self, rows: Iterable[Position]) -> Received:
        """What the gateway has sent over them, beside the least that these rows take."""
        assert self._connections is not None  # without a gateway there is nothing to be asked of
        return self._connections.received(rows)

    def _look(self) -> None:
        if self._connections:
            self._connections.look()

    def leave(self) -> Ended:
        """Leaves it running if it should stay; otherwise ends it."""
        left = self._left()
        self.when_left(left)
        return left

    def _left(self) -> Ended:
        assert self._program is not None  # without it no step comes this far
        if self._log is None or self._program.exit_code is not None:
            return self._program.end()
        self.is_left = True
        pids = sorted(each.pid for each in self._program.family)
        end_with = "; ".join(map(HERE.end, pids))
        return Ended("left running", log=str(self._log), pid=self._program.pid, end_with=end_with)

    def hand_over(self, run: Starter) -> None:
        """Lets it go on without the run that started it. Raises OSError."""
        run.hand_over()
        if self._program is not None:
            self._program.let_go()

    def end(self) -> None:
        """Ends it, if it was started, even if it was to stay."""
        self.is_left = False
        if self._program is not None:
            self._program.end()

    @property
    def runs(self) -> bool:
        return self._program is not None and self._program.exit_code is None

    # what it says, in the thread that reads it

    def _hear(self, line: str) -> None:
        if self._connected_after is None and self._connected.search(line):
            self._connected_after = self._clock.monotonic() - self._began
        found = self._positions.search(line)
        if found is None or (told := _told(found)) is None:
            return
        if told.account in (None, self._wanted.account):
            self._told = told
        else:
            self._other_account = True

    def _hear_unended(self, line: str) -> None:
        """A line that did not end in time; behind a number at its end digits may be missing."""
        found = self._positions.search(line)
        if found is None or found.end("count") < len(line):
            self._hear(line)

    @property
    def _is_ready(self) -> bool:
        return self.is_connected and self.positions == self._wanted.positions

    def _is_hopeless(self, program: Program) -> bool:
        return program.output.is_over or program.output.is_flood

    # why not

    def _why_not(self, program: Program) -> str:
        if program.output.is_flood:
            return f"it printed more than {FLOOD // 2**20} MiB and {self._lacking()}"
        if program.output.is_over:
            return self._how_it_died(program)
        seconds = f"{self._wanted.settings.ready_timeout_seconds:g} s"
        if silence := program.output.silence:
            return f"within {seconds} {silence}{self._last_words}"
        return f"within {seconds} it {self._lacking()}{self._last_words}"

    def _lacking(self) -> str:
        if not self.is_connected:
            return "never printed that it is connected (ConnectedPattern)"
        if self._other_account:
            return "printed only another account's positions"
        return "never printed its positions (PositionsPattern)"

    def _how_it_died(self, program: Program) -> str:
        code = program.wait(MOMENT)
        program.output.join(MOMENT)
        how = "it closed its output" if code is None else f"it ended by itself, exit code {code}"
        return f"{how}{self._last_words or ', and printed nothing'}"

    @property
    def _last_words(self) -> str:
        """Its diagnosis, if it printed one; otherwise its last line."""
        lines = self._last_lines
        told = [each for each in lines if each.startswith("Diagnosis: ")] or lines
        return f"; it printed: {told[-1]}" if told else ""

    @property
    def _last_lines(self) -> list[str]:
        secrets = self._wanted.secrets
        return [shortened(masking.without(secrets, each), SHOWN) for each in self.lines]


def _told(found: re.Match[str]) -> Told | None:
    """None where the count is no number. What stands around an account is not part of it."""
    groups = found.groupdict()
    count = (groups.get("count") or "").replace(",", "").replace("'", "")
    account = groups.get("account")
    whose = None if account is None else account.strip(string.punctuation)
    return Told(int(count), whose) if count.isdecimal() else None
