"""The record of a run: frozen, versioned, and the one thing every report is told from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from golive.evidence.digest import digest_of
from golive.procedure.steps import Plan

POSITIONS = "positions.complete"

Outcome = Literal["passed", "failed", "blocked", "not-configured", "not-observable"]
Verdict = Literal["GO", "NO-GO"]
Target = Literal["live", "fallback", "fake"]


class Record(BaseModel):
    """A part of the evidence: nothing unknown in it, nothing changed in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StepRecord(Record):
    """What became of one step. `seconds` is what it took; `observed` what it saw, as plain data.

    `began` is when, in seconds after the run began; None where it was not performed.
    """

    id: str
    stage: str
    title: str
    outcome: Outcome
    blocked_by: str | None = None
    seconds: float = 0.0
    observed: dict[str, Any] = {}
    began: float | None = None


class Message(Record):
    """What the gateway said as a message of type error, `after_ms` the TCP connect was begun.

    `request_id` is -1 where it answers nothing of ours; `times` counts how often it came, where it
    is kept once for all.
    """

    code: int
    text: str
    after_ms: float | None = None
    request_id: int = -1
    times: int = 1


class Endpoint(Record):
    host: str
    port: int
    kind: str
    client_id: int


class Api(Record):
    version: str | None
    server_version: int | None


class HandshakeTimes(Record):
    """Milliseconds since the TCP connect was begun; None for what was not reached."""

    tcp_ms: float | None = None
    server_version_ms: float | None = None
    start_api_ms: float | None = None
    managed_accounts_ms: float | None = None
    next_valid_id_ms: float | None = None

    @property
    def complete_ms(self) -> float | None:
        """Until both answers were there, in whichever order."""
        both = [self.managed_accounts_ms, self.next_valid_id_ms]
        there = [each for each in both if each is not None and math.isfinite(each)]
        return max(there) if len(there) == len(both) else None


class PositionsRecord(Record):
    """`count` is of the account's open positions; `rows` are all that were reported."""

    account: str
    count: int
    rows: list[dict[str, Any]] = []


class SocketsRecord(Record):
    """The gateway port's sockets at the start of the run and at its end.

    `may_be_unobserved`: the settings let a run be GO where they cannot be seen.
    """

    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    may_be_unobserved: bool = False


class Override(Record):
    """A rule that the operator let pass: why, and what was found against it."""

    step: str
    reason: str
    found: str


class Candidate(Record):
    """Another cause that fits what was seen."""

    code: str
    cause: str


class Diagnosis(Record):
    """Why it is NO-GO, and what to do: the first of `next_steps` comes first.

    `stopped_at` is where the handshake stopped, in words. `also` are other causes that fit, to be
    fixed after the first. `not_before` is when the next attempt may be made, in UTC. `log` are the
    lines of the gateway's logs that facts were taken from, masked. `contacts` are whom to turn to.
    """

    code: str
    cause: str
    procedure: Literal["A", "B", "C"] | None
    next_steps: list[str]
    facts: list[str]
    stopped_at: str | None = None
    also: list[Candidate] = []
    not_before: str | None = None
    if_that_fails: list[str] = []
    log: list[str] = []
    contacts: list[str] = []


class Circumstances(Record):
    """Who ran it, where, with what. `local_started` carries the machine's offset from UTC.

    `settings` are the file's, by their full names (`GoLive.ExpectedPositions`), without its
    secrets; `settings_sha256` is of the whole file, `golive_sha256` of this project's own files.
    """

    operator: str = ""
    machine: str = ""
    system: str = ""
    python: str = ""
    golive: str = ""
    golive_sha256: str = ""
    local_started: str | None = None
    settings_file: str = ""
    settings_sha256: str = ""
    settings: dict[str, Any] = {}


class PositionChange(Record):
    """A contract of which more or less is held than before; None where none was, or is."""

    account: str
    contract: str
    before: str | None
    now: str | None


class Change(Record):
    """Anything else that is not as it was: `server version`, `GoLive.ExpectedPositions`."""

    what: str
    before: Any
    now: Any


class SinceLastGo(Record):
    """What changed since the last GO on this target; `positions` is None where none are known.

    Without a last GO `run_id` is None and `reason` says why.
    """

    run_id: str | None = None
    ended: str | None = None
    digest: str | None = None
    reason: str = ""
    positions: list[PositionChange] | None = None
    others: list[Change] = []


class Sample(Record):
    """One look during a soak, `seconds` after it began. None is what cannot be seen.

    `answer_ms` is how long the heartbeat before it took. Memory is in bytes; `handles` are open
    files, or handles on Windows.
    """

    seconds: float
    answer_ms: float | None
    zombies: int | None
    accept_queue: int | None = None
    own_memory: int | None = None
    own_threads: int | None = None
    own_handles: int | None = None
    gateway_memory: int | None = None
    gateway_threads: int | None = None
    gateway_handles: int | None = None


class Soak(Record):
    """The connection held for long: `seconds` of the `wanted` ones, and what was seen meanwhile.

    `slope_ms_per_hour` is that of the answers' latency. `samples` are thinned out where they are
    many; the figures are of all, percentiles to 1 %. `most_zombies` is None where none could be
    looked for, `unseen` counts those looks. `stopped` is why it ended early, None where it did not,
    and `code` that diagnosis. `position_drift` are the contracts of which more or less is held at
    its end, None where that was not asked.
    """

    wanted: float
    seconds: float
    heartbeats: int
    answers: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    slope_ms_per_hour: float | None = None
    most_zombies: int | None = None
    unseen: int = 0
    longest_accept_queue: int | None = None
    own_memory_growth: int | None = None
    gateway_memory_growth: int | None = None
    farm_flaps: int = 0
    notices: list[str] = []
    position_drift: list[PositionChange] | None = None
    stopped: str | None = None
    code: str = ""
    samples: list[Sample] = []


class Evidence(Record):
    """evidence.json. `digest` is over everything else: see `digest_of`.

    `salt` is random, and never shown where accounts are masked: without it the digest would tell
    whether a number that is tried is the account's. `messages` is what the gateway said, up to the
    close. `noted` is what stands in no step's way, and whoever signs must read all the same.
    `weakened` names what was checked less strictly than the written procedure asks.
    """

    schema_: Literal[1] = 1
    run_id: str
    started: str
    ended: str
    target: Target
    fault: str | None
    endpoint: Endpoint
    api: Api
    verdict: Verdict
    attempts: int
    steps: list[StepRecord]
    handshake: HandshakeTimes
    positions: PositionsRecord
    sockets: SocketsRecord
    overrides: list[Override] = []
    diagnosis: Diagnosis | None
    circumstances: Circumstances = Circumstances()
    since_last_go: SinceLastGo | None = None
    salt: str = ""
    plan: Plan = "golive"
    soak: Soak | None = None
    messages: list[Message] = []
    noted: list[str] = []
    weakened: list[str] = []
    digest: str = ""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.rstrip("_"),
        populate_by_name=True,
    )

    def sealed(self) -> Evidence:
        """The same with its digest in place."""
        return self.model_copy(update={"digest": digest_of(self.document())})

    @property
    def has_asked_for_positions(self) -> bool:
        """Where it has not, their count says nothing."""
        return any(each.id == POSITIONS and each.outcome != "blocked" for each in self.steps)

    @property
    def has_all_positions(self) -> bool:
        """Half of them would look like positions that were closed."""
        return any(each.id == POSITIONS and each.outcome == "passed" for each in self.steps)

    def document(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def is_open(row: Mapping[str, Any]) -> bool:
    """Of a position's row; a quantity that is no number counts as one."""
    try:
        return Decimal(str(row.get("quantity"))) != 0
    except InvalidOperation:
        return True
