"""One run of the procedure: what has passed so far, and what may run next.

It knows no test runner: it is told when a step begins and how it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from golive.diagnosis.diagnose import PROCEDURE, SOAK, Next
from golive.discipline import settings_copies
from golive.discipline.earlier_attempts import Aim, Memory
from golive.discipline.journal import GO
from golive.evidence import evidence
from golive.evidence.evidence import Evidence, Outcome, Soak, StepRecord
from golive.kit.clock import SYSTEM, Clock
from golive.machine import reset_windows, sockets, stale_clients
from golive.machine.api_settings import NOT_ASKED, ApiSettings
from golive.machine.gateway import Gateway, Uptime
from golive.machine.on_disk import reading
from golive.machine.sockets import Port, Socket, SocketTable
from golive.procedure import steps
from golive.procedure.steps import Plan, Step
from golive.run import preflight, rehearsal
from golive.run.recording import NOT_RUN, UNFINISHED, evidence_of, socket_rows
from golive.settings.secrets_json import SettingsFile
from golive.settings.target import Target
from golive.trials import command

if TYPE_CHECKING:
    from golive.client.answers import Access, Behind, Positions
    from golive.client.connection import Connection
    from golive.machine.stale_clients import StaleClient
    from golive.trials.mcp import McpProgram
    from golive.trials.monitor import MonitorProgram


class Blocked(Exception):
    """The step may not run: `by` is the first earlier step that has not passed."""

    def __init__(self, by: Step) -> None:
        super().__init__(f"BLOCKED by {by.id}")
        self.by = by


class NotConfigured(Exception):
    """The step is not performed: the settings leave it out. Its text is why."""


@dataclass
class Run:
    """From the first step to the verdict. `folder` is where the evidence is kept up to date.

    It has the endpoint to itself, as far as `memory.is_alone` says so. `secrets` is the settings
    file as it was named on the command line, if it was. Raises memory.NoMemory.
    """

    file: SettingsFile
    target: Target
    folder: Path
    state: Path
    """Where what is remembered between runs is kept."""
    override: str | None = None
    clock: Clock = SYSTEM
    secrets: str | None = None
    connection: Connection | None = None
    uptime: Uptime | None = None
    access: Access | None = None
    api_settings: ApiSettings = NOT_ASKED
    positions: Positions | None = None
    behind: Behind | None = None
    """What came behind the end of the positions that were asked for last."""
    others: Sequence[StaleClient] = ()
    left_by: str = ""
    """Which program that was tried has left one of them behind, in words."""
    api_version: str | None = None
    ended_early: str | None = None
    """How somebody, or something, ended it."""
    operator: str = ""
    after: Port | None = None
    plan: Plan = "golive"
    soak: Soak | None = None
    positions_after: Positions | None = None
    """Those that were asked for again, at the end of a soak."""
    monitor: MonitorProgram | None = None
    mcp: McpProgram | None = None
    """The programs of the settings, once they were tried."""
    noted: list[str] = field(default_factory=list)
    """What stands in no step's way, and whoever signs must read all the same."""
    salt: str = field(default_factory=lambda: token_hex(16))
    _records: dict[str, StepRecord] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.started, self._started = self.clock.now(), self.clock.monotonic()
        self.resets = [] if self.target.is_rehearsal else reset_windows.told(self.started)
        host = self.file.settings.credentials.host
        self.gateway = Gateway(self.target.port, SocketTable(host), self.clock)
        aim, name = Aim.of(self.file), self.folder.name
        self.memory = Memory(self.state, aim, name, self.override, self.clock)
        self.attempts = self.memory.attempts
        self.attempts.gateway_started = self.gateway.started
        self.attempts.address = self.gateway.address
        self.attempts.zombies = lambda: preflight.zombies_now(self.file, self.gateway)
        self.before = self.gateway.port_if_seen
        for each in settings_copies.sweep():
            self.note(f"a copy of settings that a killed run left cannot be removed: {each}")

    @property
    def initialization_seconds(self) -> float:
        """How long the gateway must have been up; a rehearsal's fake need not wait that long."""
        golive = self.file.settings.golive
        if self.target.is_rehearsal:
            return rehearsal.initialization_seconds(golive, self.target.fault)
        return golive.initialization_seconds

    @property
    def soak_seconds(self) -> float:
        """How long a soak holds the connection; a rehearsal's is short unless it is named."""
        golive = self.file.settings.golive
        if self.target.is_rehearsal:
            return rehearsal.soak_seconds(golive)
        return golive.soak_minutes * 60

    @property
    def heartbeat_seconds(self) -> float:
        """How long after one heartbeat of a soak the next one is; a rehearsal's come quicker."""
        golive = self.file.settings.golive
        if self.target.is_rehearsal:
            return rehearsal.heartbeat_seconds(golive)
        return golive.heartbeat_seconds

    @property
    def latest_positions(self) -> Positions:
        """Those that were asked for last; none where none were."""
        from golive.client.answers import Positions

        return self.positions_after or self.positions or Positions()

    def heard_to_the_end(self) -> Behind:
        """What came behind the positions, up to the close of the connection."""
        assert self.connection is not None
        self.behind = self.connection.behind(self.behind.reason if self.behind else "")
        return self.behind

    # the steps

    def gate(self, step_id: str) -> None:
        """Raises Blocked unless every earlier step has passed in this run."""
        for earlier in steps.before(step_id, self.plan):
            record = self._records.get(earlier.id)
            if record is None or not self.is_no_obstacle(record):
                raise Blocked(earlier)

    def skip_unconfigured(self, step_id: str) -> None:
        """Raises NotConfigured where the step tries a program that the settings do not have."""
        stage = steps.step(step_id).stage
        if stage not in steps.CONFIGURED_OUT:
            return
        if why := command.why_not(stage, self.file.settings, self.target):
            raise NotConfigured(why)

    @property
    def blind(self) -> bool:
        """Whether sockets need not be observable."""
        return self.file.settings.golive.allow_unobserved_sockets

    def is_no_obstacle(self, record: StepRecord) -> bool:
        return evidence.is_no_obstacle(record, self.blind)

    def may_be_unobserved(self, step_id: str) -> bool:
        return steps.step(step_id).is_excused(self.blind)

    def begin(self, step_id: str) -> None:
        """Until it ends otherwise, a begun step has failed: a run may end at any moment."""
        if not self._has_failed(step_id):
            self._began[step_id] = self.clock.monotonic() - self._started
            self._put(step_id, "failed", 0.0, UNFINISHED)
        self.save()

    def end(
        self, step_id: str, outcome: Outcome, seconds: float, observed: dict[str, Any]
    ) -> StepRecord:
        """A step that is performed again keeps its failure: a second try proves nothing."""
        if self._has_failed(step_id):
            return self._records[step_id]
        for each in self.memory.overrides:
            if each.step == step_id:
                observed = {**observed, "overridden": each.reason}
        return self._put(step_id, outcome, seconds, observed)

    def _has_failed(self, step_id: str) -> bool:
        earlier = self._records.get(step_id)
        if earlier is None or earlier.observed == UNFINISHED:
            return False
        return not self.is_no_obstacle(earlier)

    def blocked(self, step_id: str, by: Step) -> StepRecord:
        return self._put(step_id, "blocked", 0.0, {}, by.id)

    def note(self, what: str) -> None:
        """Keeps what whoever signs must read, though it stands in no step's way; once."""
        if what not in self.noted:
            self.noted.append(what)

    def interrupted(self, how: str) -> None:
        """Somebody, or something, ended the run early. It is not GO whatever has passed."""
        self.ended_early = how

    def _put(
        self,
        step_id: str,
        outcome: Outcome,
        seconds: float,
        observed: dict[str, Any],
        by: str | None = None,
    ) -> StepRecord:
        step = steps.step(step_id)
        record = StepRecord(
            id=step.id,
            stage=step.stage,
            title=step.title,
            outcome=outcome,
            blocked_by=by,
            seconds=round(seconds, 6),
            observed=observed,
            began=None if outcome == "blocked" else _rounded(self._began.get(step_id)),
        )
        self._records[step_id] = record
        return record

    # the evidence

    @property
    def records(self) -> list[StepRecord]:
        """Every step of the procedure; what did not run is blocked by the first not to pass."""
        found, blocker = [], None
        for step in steps.of(self.plan):
            record = self._records.get(step.id)
            if record is None:
                observed = {} if blocker else NOT_RUN
                record = StepRecord(
                    id=step.id,
                    stage=step.stage,
                    title=step.title,
                    outcome="blocked",
                    blocked_by=blocker,
                    observed=observed,
                )
            if blocker is None and not self.is_no_obstacle(record):
                blocker = step.id
            found.append(record)
        return found

    def save(self, *, is_over: bool = False) -> Evidence:
        """Writes the evidence of the run so far: NO-GO until it is over. Raises OSError."""
        found = evidence_of(self, is_over=is_over)
        evidence.write(found, self.folder, is_to_last=is_over)  # before, it is no GO anyway
        return found

    def hand_over(self) -> None:
        """This run's own attempt is over and was GO: others may connect. Raises OSError."""
        self.memory.end(GO, self.gateway.as_far_as_told(self.gateway.port_if_seen))

    def finish(self) -> Evidence:
        """Closes the connection, looks at the sockets once more and writes the evidence.

        No program that was started is left running, but for a Monitor that is to be, where all has
        passed.
        """
        if self.connection is not None:
            self.connection.close()
        self._end_programs()
        self.after = self.gateway.port_if_seen
        self._look_back()
        self._note_denials()
        self._end_programs()
        try:
            if left := self._left_running:
                left.hand_over(command.starter(self))
            return self.save(is_over=True)
        except BaseException:
            self.ended_early = "the evidence cannot be written"
            self._end_programs()
            raise

    def _note_denials(self) -> None:
        """What the gateway keeps on its disk may contradict what it grants."""
        if self.access is not None and self.access.is_granted:
            listener, now = self.gateway.process_if_seen(), self.clock.now()
            for each in reading.denials(self.file.settings, now, listener, self.after):
                self.note(each)

    @property
    def _left_running(self) -> MonitorProgram | None:
        return self.monitor if self.monitor and self.monitor.is_left else None

    def _end_programs(self) -> None:
        if self.ended_early is None and self._is_go:
            return
        started = [each for each in (self.mcp, self.monitor) if each is not None]
        for each in started:
            each.end()
        if started:
            sockets.if_observable(self.gateway.lasting_zombies)

    @property
    def _is_go(self) -> bool:
        return evidence.verdict(self.records, self.blind, self.plan) == "GO"

    def remember(self, found: Evidence) -> None:
        """Keeps the outcome for later runs, once the evidence is on the disk. Raises OSError.

        Also that of what failed once this run's own attempt was GO: it says when the next may be.
        """
        diagnosis = found.diagnosis
        if diagnosis is None or diagnosis.not_before or self.attempts.outcome is None:
            outcome = GO if diagnosis is None else diagnosis.code
            self.memory.end(outcome, self.gateway.as_far_as_told(self.after))

    def _look_back(self) -> None:
        """What passed a moment ago must still hold at the end of the run."""
        now = self.after
        clients, left = now.clients if now else [], self._left_running
        others = self._strangers(left, clients) if left else clients
        is_kept = left is None or (not left.reason and (now is None or others != clients))
        is_go = self._is_go
        for step_id, holds in (
            ("afterwards.no-zombies", now and not now.close_wait),
            ("afterwards.still-listening", now and self._is_still_there(now)),
            ("gateway.no-other-client", not is_go or (now and not others)),
            ("monitor.left-as-asked", not is_go or is_kept),
        ):
            record = self._records.get(step_id)
            unseen = now is None and record is not None and record.outcome == "not-observable"
            if record is not None and self.is_no_obstacle(record) and not (holds or unseen):
                if step_id == "gateway.no-other-client":
                    self.others, self.left_by = self._programs_of(others), self._opener(others)
                observed: dict[str, Any] = {"at the end of the run": socket_rows(now)}
                if step_id == "monitor.left-as-asked" and left is not None:
                    observed["stopped"] = left.reason
                self._put(step_id, "failed", record.seconds, observed)

    def _strangers(self, left: MonitorProgram, clients: list[Socket]) -> list[Socket]:
        """Whose process is not told is one, unless that was so of the Monitor's own as well."""
        try:
            return left.strangers(clients)
        except sockets.NotObservable:
            record = self._records.get("monitor.one-connection")
            was_told = record is None or record.outcome == "passed"
            return [each for each in clients if each.pid is None] if was_told else []

    def _is_still_there(self, now: Port) -> bool | None:
        """Whether who listens is who it was when that step passed; None: that is not told."""
        record = self._records.get("afterwards.still-listening")
        if not now.listeners or record is None or record.outcome != "passed":
            return bool(now.listeners)
        before = self.uptime.listener if self.uptime else None
        return sockets.if_observable(lambda: self.gateway.is_still(before))

    def _programs_of(self, clients: Sequence[Socket]) -> list[StaleClient]:
        """Whose connections these are: they came while this run was under way."""
        pids = {each.pid for each in clients}
        found = stale_clients.connected(self.gateway, self.file.settings)
        return [each for each in found if each.pid in pids]

    def _opener(self, clients: Sequence[Socket]) -> str:
        """Which program has opened one of these while it was tried, in words; "" where none has."""
        there = {(each.local_port, each.remote_port) for each in clients}
        for stage, name in (("monitor", "the Monitor"), ("mcp", "the MCP server")):
            record = self._records.get(f"{stage}.one-connection")
            rows = record.observed.get("opened", []) if record else []
            if any((each["local_port"], each["remote_port"]) in there for each in rows):
                return name
        return ""

    @property
    def run_next(self) -> Next:
        """What performs the whole procedure: on the same target, and on the fallback."""
        target = self.target
        fault = f"--fake={target.fault}" if target.fault else "--fake"
        rehearsed = [fault] if target.is_rehearsal else []
        is_there = target.is_fallback or self.memory.aim.is_at_the_fallback
        name = self.file.path.name
        command = SOAK if self.plan == "soak" else PROCEDURE
        return Next.after(command, self.secrets, target.is_fallback, is_there, name, rehearsed)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
