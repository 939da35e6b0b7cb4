"""A run as its evidence: what it has seen so far, and the diagnosis of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from golive.diagnosis import diagnose, facts, placeholders, seen_on_disk
from golive.diagnosis.seen import LEAST_UPTIME, Seen
from golive.evidence import changes, provenance, weakened
from golive.evidence.record import (
    Api,
    Diagnosis,
    Endpoint,
    Evidence,
    HandshakeTimes,
    Message,
    PositionsRecord,
    SocketsRecord,
    StepRecord,
)
from golive.evidence.verdict import verdict_of
from golive.kit.plain import plain
from golive.machine import sockets
from golive.machine.sockets import Port
from golive.procedure import steps
from golive.run.observed import Observed
from golive.run.progress import NOT_RUN, UNFINISHED
from golive.run.run import Run
from golive.run.wanted import Wanted
from golive.settings.target import Target

if TYPE_CHECKING:
    from golive.client.answers import Handshake


def evidence_of(run: Run, *, is_over: bool) -> Evidence:
    """The run so far: NO-GO until it is over."""
    wanted, observed, records = run.wanted, run.observed, run.progress.records
    go = is_over and run.ended_early is None and len(run.attempts.made) == 1
    verdict = verdict_of(records, wanted.blind, wanted.plan) if go else "NO-GO"
    cause = None if verdict == "GO" else _diagnosis(run, records, is_over)
    handshake = observed.handshake
    found = Evidence(
        run_id=wanted.run_id,
        started=_utc(run.started),
        ended=_utc(wanted.clock.now()),
        target=wanted.target.name,
        fault=wanted.target.fault,
        endpoint=_endpoint(wanted.target, wanted.settings.credentials.client_id),
        api=Api(
            version=observed.api_version,
            server_version=handshake.server_version if handshake else None,
        ),
        verdict=verdict,
        attempts=len(run.attempts.made),
        steps=records,
        handshake=_times(handshake),
        positions=_positions(observed, wanted.settings.golive.expected_account),
        sockets=SocketsRecord(
            before=socket_rows(observed.before),
            after=socket_rows(observed.after),
            may_be_unobserved=wanted.blind,
        ),
        overrides=run.memory.overrides,
        diagnosis=cause,
        circumstances=provenance.of(wanted.operator, run.started, wanted.file),
        plan=wanted.plan,
        salt=run.salt,
        soak=observed.soak,
        messages=_messages(observed),
        noted=_noted(observed, cause),
    )
    found = found.model_copy(update={"weakened": weakened.of(found)})
    return changes.compared(found, wanted.folder.parent) if is_over else found


def _endpoint(target: Target, client_id: int) -> Endpoint:
    return Endpoint(host=target.host, port=target.port, kind=target.kind, client_id=client_id)


def _positions(observed: Observed, account: str) -> PositionsRecord:
    found = observed.positions
    rows, open_rows = (found.rows, found.open_in(account)) if found else ((), ())
    return PositionsRecord(account=account, count=len(open_rows), rows=plain(rows))


def _noted(observed: Observed, cause: Diagnosis | None) -> list[str]:
    """But for what the diagnosis itself is about."""
    said = observed.connection.said.noted() if observed.connection else ()
    against = str(observed.against)
    is_told = cause is not None and any(against in each for each in cause.facts)
    told = f"the gateway said {against}"
    return [*observed.noted, *(each for each in said if not (is_told and each == told))]


def _diagnosis(run: Run, records: list[StepRecord], is_over: bool) -> Diagnosis:
    record = next((each for each in records if not run.progress.is_no_obstacle(each)), None)
    if record is None or run.ended_early or record.observed in (UNFINISHED, NOT_RUN):
        return _unfinished(run, record)
    seen = _seen(run, record)
    if is_over and record.stage != "environment":
        seen = seen_on_disk.added_to(seen)
    saw = facts.observed(record, plain(run.wanted.settings.shown))
    return diagnose.diagnose(seen, run.wanted.run_next, saw)


def _seen(run: Run, record: StepRecord) -> Seen:
    """All that the diagnosis of this step may build on."""
    wanted, observed, attempts, memory = run.wanted, run.observed, run.attempts, run.memory
    is_unobserved = record.outcome == "not-observable"
    return Seen(
        failed=record.id,
        settings=wanted.settings,
        before=observed.before,
        now=wanted.clock.now(),
        after=observed.after,
        unobserved=str(record.observed.get("reason")) if is_unobserved else "",
        attempted=attempts.made[0].begun if attempts.made else None,
        unremembered=attempts.unremembered,
        forbidden=attempts.not_made,
        first_failure=memory.first_failure,
        discipline=memory.discipline,
        other_run=memory.other_run,
        listener=run.gateway.process_if_seen(),
        uptime=observed.uptime,
        least_uptime=_least_uptime(wanted),
        handshake=observed.handshake,
        access=observed.access,
        own_address=observed.connection.own_address if observed.connection else "",
        api_settings=observed.api_settings,
        positions=observed.positions_after or observed.positions,
        behind=observed.behind,
        against=observed.against,
        soak=observed.soak,
        program=record.observed if record.stage in steps.CONFIGURED_OUT else {},
        others=tuple(observed.others),
        left_by=observed.left_by,
        other_listeners=run.gateway.other_listeners,
        resets=run.resets,
        is_rehearsal=wanted.target.is_rehearsal,
    )


def _least_uptime(wanted: Wanted) -> float:
    """No time at all where the settings say that the gateway needs none."""
    is_shorter = wanted.target.is_rehearsal or not wanted.initialization_seconds
    return wanted.initialization_seconds if is_shorter else LEAST_UPTIME


def _unfinished(run: Run, step: StepRecord | None) -> Diagnosis:
    """The procedure was not performed to its end: that alone says nothing of the gateway."""
    why = run.ended_early or "the run did not perform every check"
    at = [f"first check without a result: {step.id}"] if step else []
    closed = "its connection was closed" if run.attempts.made else "nothing had connected"
    not_before, again = _next_attempt(run), run.wanted.run_next.again
    waiting = placeholders.not_before_in_words(not_before, attempted=bool(run.attempts.made))
    return Diagnosis(
        code="unfinished",
        cause=f"The procedure was not performed to its end: {why}; {closed}.",
        procedure=None,
        next_steps=[f"Run the whole procedure{waiting}: {again}"],
        facts=at,
        not_before=not_before.isoformat(timespec="seconds") if not_before else None,
    )


def _next_attempt(run: Run) -> datetime | None:
    """When the rules allow the next one; None where they do not refuse one now.

    An attempt of this run that has no outcome counts as failed.
    """
    made = bool(run.attempts.made)
    if made and run.attempts.outcome is not None:
        return None  # it was GO, and stays so
    memory, wanted = run.memory, run.wanted
    past = memory.discipline if memory.is_alone else memory.discipline.beside(memory.other_run)
    return diagnose.next_attempt(past, wanted.settings, wanted.clock.now(), failed=made)


def _messages(observed: Observed) -> list[Message]:
    said = observed.connection.said.remarks if observed.connection else ()
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


def _times(handshake: Handshake | None) -> HandshakeTimes:
    if handshake is None:
        return HandshakeTimes()
    names = HandshakeTimes.model_fields
    return HandshakeTimes(**{name: getattr(handshake, name) for name in names})


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
