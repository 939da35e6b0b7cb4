"""`golive look`: what can be seen without connecting, and what an attempt would be refused for.

The rules are those of a go-live run, asked of the same code (`preflight`, `golive.discipline`), but
nothing is reserved: no lock is taken, no attempt is noted, no file is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache

from golive import __version__
from golive.diagnosis import diagnose
from golive.diagnosis.diagnose import PROCEDURE, Next
from golive.discipline import remembered
from golive.discipline.earlier_attempts import Aim, state_folder
from golive.evidence.look_record import SCHEMA, LookRecord, Refusal
from golive.evidence.record import Diagnosis, Endpoint
from golive.kit.clock import SYSTEM, Clock
from golive.machine import sockets
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.procedure import steps
from golive.run import look_commands, look_facts, look_rows, session
from golive.run.look_facts import LISTENING, Facts
from golive.run.preflight import AFTER_WAITING, BEFORE_ALL, BEFORE_WAITING, Subject
from golive.settings.secrets_json import SettingsFile

HEALED_BY_TIME = ("cool-down", "flipping")


def look(file: SettingsFile, secrets: str | None = None, clock: Clock = SYSTEM) -> LookRecord:
    """Looks once. `secrets` is the file as it was named on the command line.

    Raises NoMemory where a run could not remember its attempt either.
    """
    known = remembered.look(state_folder(), Aim.of(file), clock)
    facts = look_facts.of(Subject(file, _gateway(file, clock), known), known, clock)
    refusals = list(_refusals(facts))
    run_next = session.next_after(PROCEDURE, file, secrets)
    until = known.discipline.refused_until
    return LookRecord(
        schema=SCHEMA,
        golive=__version__,
        seen=facts.now.isoformat(timespec="seconds"),
        settings=str(file.path),
        endpoint=_endpoint(file),
        fallback=file.written is not None,
        refused=bool(refusals),
        refused_until=until.isoformat(timespec="seconds") if until else None,
        waits_seconds=round(facts.wait, 1),
        missing_settings=list(look_rows.missing(file.settings)),
        missing_programs=list(look_commands.missing(file.settings)),
        rows=look_rows.rows(facts, refusals),
        refusals=refusals,
        causes=_causes(facts, refusals, run_next),
        again=run_next.again,
    )


def _gateway(file: SettingsFile, clock: Clock) -> Gateway:
    """Every question is answered from one reading of the socket table."""
    credentials = file.settings.credentials
    return Gateway(
        credentials.port, SocketTable(credentials.host, cache(sockets.kernel_sockets)), clock
    )


def _endpoint(file: SettingsFile) -> Endpoint:
    to = file.settings.credentials
    return Endpoint(host=to.host, port=to.port, kind=to.kind, client_id=to.client_id)


def _refusals(facts: Facts) -> Iterator[Refusal]:
    """Where nothing listens, there is nothing of the gateway to look at behind that."""
    yield from _of(BEFORE_ALL, facts)
    shut = list(_of({LISTENING: look_facts.nothing_listens}, facts))
    yield from shut
    if not any(each.observed for each in shut):
        yield from _of({**BEFORE_WAITING, **AFTER_WAITING}, facts)


def _of(checks: look_facts.Checks, facts: Facts) -> Iterator[Refusal]:
    blind = facts.settings.golive.allow_unobserved_sockets
    for step, check in checks.items():
        try:
            why, observed = check(facts.subject), True
        except sockets.NotObservable as error:
            excused = steps.step(step).is_excused(blind)
            why, observed = (None if excused else str(error)), False
        if why:
            yield Refusal(step=step, why=why, observed=observed, until=_until(step, facts))


def _until(step: str, facts: Facts) -> str | None:
    rules = facts.remembered.discipline
    moments: dict[str, datetime | None] = {
        "environment.cool-down": rules.cooling_until,
        "environment.no-flipping": rules.no_flip_until,
    }
    found = moments.get(step)
    return found.isoformat(timespec="seconds") if found else None


def _causes(facts: Facts, refusals: list[Refusal], run_next: Next) -> list[Diagnosis]:
    """Each once, in the order of the procedure; what only time heals comes last."""
    found: dict[str, Diagnosis] = {}
    for each in refusals:
        unobserved = "" if each.observed else each.why
        seen = replace(facts.seen, failed=each.step, unobserved=unobserved)
        cause = diagnose.diagnose(seen, run_next)
        found.setdefault(cause.code, cause)
    return sorted(found.values(), key=lambda each: each.code in HEALED_BY_TIME)
