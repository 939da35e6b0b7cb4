"""From when the answer of an MCP server is, as it tells it: of several times the oldest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from golive.trials.position_rows import DEEPEST, LISTS, Unreadable, bare, decoded, number, rows

META = ("meta", "metadata")
TIMES = ("asof", "timestamp", "time", "updated", "updatedat", "lastupdated", "lastupdate",
         "generatedat", "retrievedat", "fetchedat", "cachedat")  # fmt: skip
TIMES_OF_A_ROW = ("asof", "retrievedat", "fetchedat", "cachedat")
"""A row's other times may be those of its price, or of the last trade."""
AGES = ("ageseconds", "age")
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
MILLISECONDS = 1e11
"""A number of seconds since 1970 is smaller, one of milliseconds larger."""
LAST_ZONE, LONG_AGO = timezone(timedelta(hours=-12)), timedelta(days=1)
"""Where a day ends last; before that no run that is still going on has begun."""


def as_of(answer: Any, now: datetime) -> datetime | None:
    """From when its data is: the oldest time that the answer tells; None where it tells none.

    Raises Unreadable for a time that cannot be read, or that leaves open which zone it is of.
    """
    moments = [each for layer in _layers(answer) for each in _moments(layer, TIMES, now)]
    moments += [each for row in _rows(answer) for each in _moments(row, TIMES_OF_A_ROW, now)]
    return min(moments, default=None)


def _layers(answer: Any) -> list[Mapping[str, Any]]:
    """The objects around the list of positions, and what they tell of themselves."""
    found: list[Mapping[str, Any]] = []
    inner = decoded(answer)
    for _ in range(DEEPEST):
        if not isinstance(inner, Mapping):
            break
        by_name = {bare(key): value for key, value in inner.items()}
        found += [by_name, *_mappings(by_name[name] for name in META if name in by_name)]
        inner = decoded(next((by_name[name] for name in LISTS if name in by_name), None))
    return found


def _rows(answer: Any) -> list[Mapping[str, Any]]:
    try:
        return _mappings(rows(answer))
    except Unreadable:
        return []


def _mappings(found: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Those among them, by the bare names of what they tell."""
    return [
        {bare(key): value for key, value in each.items()}
        for each in found
        if isinstance(each, Mapping)
    ]


def _moments(told: Mapping[str, Any], names: Sequence[str], now: datetime) -> Iterator[datetime]:
    for name in names:
        if told.get(name) not in (None, ""):
            yield _moment(told[name], now)
    for name in AGES:
        if (age := number(told.get(name))) is not None:
            try:
                yield now - timedelta(seconds=float(age))
            except OverflowError:
                raise Unreadable("it gives an impossible age") from None


def _moment(told: Any, now: datetime) -> datetime:
    """One that names no zone is known to be old where it is in each of them."""
    count = number(told)
    try:
        if count is not None:
            seconds = float(count) / (1000 if count > MILLISECONDS else 1)
            moment = datetime.fromtimestamp(seconds, UTC)
        else:
            moment = datetime.fromisoformat(str(told))
    except (ValueError, OverflowError, OSError):
        raise Unreadable("it gives a time that cannot be read") from None
    if count is not None and moment < EARLIEST:
        raise Unreadable("it gives an impossible time")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LAST_ZONE)
        if moment > now - LONG_AGO:
            raise Unreadable("it gives a time without a zone")
    return moment
