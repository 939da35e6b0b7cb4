"""The end of a run: the connection closed, the port looked at, the evidence written."""

from __future__ import annotations

from golive.discipline.journal import GO
from golive.evidence import storage
from golive.evidence.record import Evidence
from golive.machine import forwarders, sockets
from golive.machine.on_disk import reading
from golive.run.looking_back import look_back
from golive.run.recording import evidence_of
from golive.run.run import Run


def save(run: Run, *, is_over: bool = False) -> Evidence:
    """Writes the evidence of the run so far: NO-GO until it is over. Raises OSError."""
    found = evidence_of(run, is_over=is_over)
    storage.write(found, run.wanted.folder, is_to_last=is_over)  # before, it is no GO anyway
    return found


def finish(run: Run) -> Evidence:
    """Closes the connection, looks at the sockets once more and writes the evidence.

    No program that was started is left running, except a Monitor that should stay, if all passed.
    """
    if run.observed.connection is not None:
        run.observed.connection.close()
    _end_programs(run)
    run.observed.after = run.gateway.port_if_seen
    look_back(run)
    _note_denials(run)
    _note_the_fake(run)
    _end_programs(run)
    try:
        if left := run.left_running:
            left.hand_over(run.wanted.parent.starter())
        return save(run, is_over=True)
    except BaseException:
        run.ended_early = "the evidence cannot be written"
        _end_programs(run)
        raise


def remember(run: Run, found: Evidence) -> None:
    """Keeps the outcome for later runs, once the evidence is on the disk. Raises OSError.

    A failure after this run's own attempt was GO is recorded, too, so that the cool-down holds.
    """
    diagnosis = found.diagnosis
    if diagnosis is None or diagnosis.not_before or run.attempts.outcome is None:
        outcome = GO if diagnosis is None else diagnosis.code
        run.memory.end(outcome, run.gateway.as_far_as_told(run.observed.after))


def _note_denials(run: Run) -> None:
    """What the gateway keeps on its disk may contradict what it grants."""
    observed = run.observed
    if observed.access is not None and observed.access.is_granted:
        listener, now = run.gateway.process_if_seen(), run.wanted.clock.now()
        for each in reading.denials(run.wanted.settings, now, listener, observed.after):
            observed.note(each)


def _note_the_fake(run: Run) -> None:
    """One that was left on the gateway's port answers as a gateway does."""
    if run.wanted.target.is_rehearsal:
        return
    if fake := forwarders.fake_on(run.gateway.number, run.gateway.process_if_seen()):
        run.observed.note(fake)


def _end_programs(run: Run) -> None:
    if run.ended_early is None and run.progress.is_go:
        return
    started = [each for each in (run.mcp, run.monitor) if each is not None]
    for each in started:
        each.end()
    if started:
        sockets.if_observable(run.gateway.lasting_zombies)
