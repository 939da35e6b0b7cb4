"""A run as its evidence: what it has seen so far, and the diagnosis of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from golive.diagnosis import diagnose, facts
from golive.diagnosis.seen import LEAST_UPTIME, Seen
from golive.evidence import changes, evidence, provenance, weakened
from golive.evidence.evidence import Diagnosis, Evidence, Message, StepRecord
from golive.machine import sockets
from golive.machine.on_disk import reading
from golive.machine.sockets import Port
from golive.procedure import steps

if TYPE_CHECKING:
    from golive.client.answers import Handshake
    from golive.client.messages import ApiError
    from golive.run.run import Run

UNFINISHED = {"unfinished": "the run ended while this step was being performed"}
NOT_RUN = {"not run": "this step was not part of the run"}


def evidence_of(run: Run, *, is_over: bool) -> Evidence:
    """The run so far: NO-GO until it is over."""
    records = run.records
    go = is_over and run.ended_early is None and len(run.attempts.made) == 1
    verdict = evidence.verdict(records, run.blind, run.plan) if go else "NO-GO"
    handshake = run.connection.handshake if run.connection else None
    wanted, credentials = run.file.settings.golive, run.file.settings.credentials
    rows = run.positions.rows if run.positions else ()
    open_rows = run.positions.open_in(wanted.expected_account) if run.positions else ()
    cause = None if verdict == "GO" else _diagnosis(run, records, is_over)
    found = Evidence(
        run_id=run.folder.name,
        started=_utc(run.started),
        ended=_utc(run.clock.now()),
        target=run.target.name,
        fault=run.target.fault,
        endpoint=evidence.Endpoint(
            host=run.target.host,
            port=run.target.port,
            kind=run.target.kind,
            client_id=credentials.client_id,
        ),
        api=evidence.Api(
            version=run.api_version,
            server_version=handshake.server_version if handshake else None,
        ),
        verdict=verdict,
        attempts=len(run.attempts.made),
        steps=records,
        handshake=_times(handshake),
        positions=evidence.PositionsRecord(
            account=wanted.expected_account,
            count=len(open_rows),
            rows=evidence.plain(rows),
        ),
        sockets=evidence.SocketsRecord(
            before=socket_rows(run.before),
            after=socket_rows(run.after),
            may_be_unobserved=run.blind,
        ),
        overrides=run.memory.overrides,
        diagnosis=cause,
        circumstances=provenance.of(run),
        salt=run.salt,
        plan=run.plan,
        soak=run.soak,
        messages=_messages(run),
        noted=_noted(run, cause),
    )
    found = found.model_copy(update={"weakened": weakened.of(found)})
    return changes.compared(found, run.folder.parent) if is_over else found


def _noted(run: Run, cause: Diagnosis | None) -> list[str]:
    """But for what the diagnosis itself is about."""
    said = run.connection.said.noted() if run.connection else ()
    against = str(_against(run))
    is_told = cause is not None and any(against in each for each in cause.facts)
    return [*run.noted, *(x for x in said if not (is_told and x == f"the gateway said {against}"))]


def _diagnosis(run: Run, records: list[StepRecord], is_over: bool) -> Diagnosis:
    record = next((each for each in records if not run.is_no_obstacle(each)), None)
    if record is None or run.ended_early or record.observed in (UNFINISHED, NOT_RUN):
        return _unfinished(run, record)
    is_unobserved = record.outcome == "not-observable"
    seen = Seen(
        failed=record.id,
        settings=run.file.settings,
        before=run.before,
        now=run.clock.now(),
        after=run.after,
        unobserved=str(record.observed.get("reason")) if is_unobserved else "",
        attempted=run.attempts.made[0].begun if run.attempts.made else None,
        unremembered=run.attempts.unremembered,
        forbidden=run.attempts.not_made,
        first_failure=run.memory.first_failure,
        discipline=run.memory.discipline,
        other_run=run.memory.other_run,
        listener=run.gateway.process_if_seen(),
        uptime=run.uptime,
        least_uptime=_least_uptime(run),
        handshake=run.connection.handshake if run.connection else None,
        access=run.access,
        own_address=run.connection.own_address if run.connection else "",
        api_settings=run.api_settings,
        positions=run.positions_after or run.positions,
        behind=run.behind,
        against=_against(run),
        soak=run.soak,
        program=record.observed if record.stage in steps.CONFIGURED_OUT else {},
        others=tuple(run.others),
        left_by=run.left_by,
        other_listeners=run.gateway.other_listeners,
        resets=run.resets,
        is_rehearsal=run.target.is_rehearsal,
    )
    if is_over and record.stage != "environment":
        seen = reading.added_to(seen)
    return diagnose.diagnose(seen, run.run_next, facts.observed(record))


def _against(run: Run) -> ApiError | None:
    at_last = run.connection.against if run.connection else None
    return at_last or (run.behind.against if run.behind else None)


def _least_uptime(run: Run) -> float:
    """No time at all where the settings say that the gateway needs none."""
    is_shorter = run.target.is_rehearsal or not run.initialization_seconds
    return run.initialization_seconds if is_shorter else LEAST_UPTIME


def _unfinished(run: Run, step: StepRecord | None) -> Diagnosis:
    """The procedure was not performed to its end: that alone says nothing of the gateway."""
    why = run.ended_early or "the run did not perform every step"
    at = [f"first step without an outcome: {step.id}"] if step else []
    return Diagnosis(
        code="unfinished",
        cause=f"the procedure was not performed to its end: {why}",
        procedure=None,
        next_steps=[f"Run the whole procedure: {run.run_next.again}"],
        facts=at,
    )


def _messages(run: Run) -> list[Message]:
    said = run.connection.said.remarks if run.connection else ()
    return [
        Message(
            code=each.error.code,
            text=each.error.text,
            after_ms=each.after_ms,
            request_id=each.error.request_id,
            times=each.times,
        )
        for each in said
    ]


def socket_rows(port: Port | None) -> list[dict[str, Any]]:
    return [] if port is None else sockets.rows([*port.listeners, *port.connections])


def _times(handshake: Handshake | None) -> evidence.HandshakeTimes:
    if handshake is None:
        return evidence.HandshakeTimes()
    names = evidence.HandshakeTimes.model_fields
    return evidence.HandshakeTimes(**{name: getattr(handshake, name) for name in names})


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
