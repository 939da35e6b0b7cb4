"""What a step saw and what was expected of it, as a person says it.

From the record of a step and the settings of its run alone, so that every teller says the same, and
a page can be written again from evidence.json.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from golive.evidence.record import Evidence, StepRecord
from golive.evidence.seen import before_connecting, on_the_connection, programs
from golive.evidence.seen.taking import Saw, said
from golive.kit.text import printable
from golive.procedure import steps

TELLERS = {**before_connecting.TELLERS, **on_the_connection.TELLERS, **programs.TELLERS}
_SECTIONS = ("", "GoLive.", "IBKRCredentials.")
_VALUE = re.compile(r"\{([\w.]+)\}")


def settings_of(found: Evidence) -> Mapping[str, Any]:
    """The settings of a run, by their full names."""
    return found.circumstances.settings


def seen(record: StepRecord, settings: Mapping[str, Any], zone: tzinfo | None = None) -> list[str]:
    """The facts that a step observed, the most telling first: `24 open positions, 24 expected`.

    `zone` is that of the times; None is this machine's. All of it is printable.
    """
    facts, left = _told(record, settings, zone)
    return [*facts, *said(left, zone)]


def without_words(record: StepRecord, settings: Mapping[str, Any]) -> list[str]:
    """The keys that no words are made for, and that are told by their names."""
    return sorted(_told(record, settings, None)[1])


def expected(record: StepRecord, settings: Mapping[str, Any]) -> str:
    """What was expected of a step: `an answer to the hello within 10 s`.

    Its title where a value is not known, as in evidence of another version.
    """
    values = {**settings, **record.observed}

    def filled(found: re.Match[str]) -> str:
        return _figure(next(values[s + found[1]] for s in _SECTIONS if s + found[1] in values))

    try:
        return printable(_VALUE.sub(filled, steps.step(record.id).expects))
    except (KeyError, RuntimeError, StopIteration):
        return printable(record.title)


def _told(
    record: StepRecord, settings: Mapping[str, Any], zone: tzinfo | None
) -> tuple[list[str], dict[str, Any]]:
    """The facts, and what no words are made for. Evidence may hold anything: then all of it."""
    saw = Saw(record.observed, settings, zone, record.outcome == "passed")
    teller = TELLERS.get(record.id)
    try:
        why = saw.why()
        facts = [] if teller is None or saw.is_unfinished else [*map(str, teller(saw))]
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        return [], dict(record.observed)
    why = [each for each in why if not any(each in fact for fact in facts)]
    found = dict.fromkeys(printable(each) for each in (*why, *facts) if each)
    return list(found), saw.left


def _figure(value: Any) -> str:
    """Whole numbers as they are, for ports and ids are some; others with their thousands."""
    match value:
        case float():
            return f"{value:,g}" if abs(value) < 1e6 else f"{value:,.0f}"
        case list():
            return ", ".join(map(str, value))
    return str(value)
