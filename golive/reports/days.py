"""The days of a target's runs as a calendar, in which a day without a run is a hole.

A soak is not expected daily: there a day without one is `free`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from golive.reports.index_rows import Row

LONGEST = 26 * 7
"""Days: half a year, in columns of a week."""

A_WEEK = 7
DAY = timedelta(days=1)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WORST_FIRST = ("unreliable", "NO-GO", "unfinished", "GO", "drill")


@dataclass(frozen=True, slots=True)
class Day:
    """`standing` is that of the worst run of the day; `hole`: none, `awaited`: none yet today.

    `free`: none, and none was due.

    `week` and `weekday` count from 0, the first Monday.
    """

    date: date
    standing: str
    words: str
    week: int
    weekday: int

    @property
    def name(self) -> str:
        """`Sat 21`."""
        return f"{WEEKDAYS[self.weekday]} {self.date.day:02}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """All days from the first run to today, half a year at most."""

    days: list[Day]
    is_daily: bool = True

    @property
    def is_short(self) -> bool:
        """Whether it is shown as a row of days: a grid of the first days would be mostly empty."""
        return len(self.days) <= A_WEEK

    @property
    def monday(self) -> date:
        """The first Monday, from which weeks are counted."""
        return self.days[0].date - self.days[0].weekday * DAY

    @property
    def until(self) -> date:
        return self.days[-1].date

    @property
    def weeks(self) -> int:
        return self.days[-1].week + 1

    @property
    def missed(self) -> list[date]:
        """The days without a run."""
        return [each.date for each in self.days if each.standing == "hole"]

    @property
    def with_runs(self) -> list[date]:
        return [each.date for each in self.days if each.standing in WORST_FIRST]

    @property
    def holes(self) -> list[str]:
        """The missed days, those in a row together: `2026-11-07 to 2026-11-09`."""
        return [str(a) if a == b else f"{a} to {b}" for a, b in _stretches(self.missed)]

    @property
    def months(self) -> list[tuple[int, str]]:
        """The weeks in which months begin, with their names; the first week where there is room."""
        days = [self.days[0], *(each for each in self.days[1:] if each.date.day == 1)]
        if len(days) > 1 and days[1].week < 3:
            days = days[1:]
        return [(each.week, MONTHS[each.date.month - 1]) for each in days]


def calendar(rows: list[Row], today: date, *, is_daily: bool = True) -> Calendar:
    """For the runs on one target, at least one."""
    by_day: dict[date, list[Row]] = {}
    for row in rows:
        by_day.setdefault(date.fromisoformat(row.day), []).append(row)
    is_tomorrow_somewhere = max(by_day) > today
    last = today + DAY if is_tomorrow_somewhere else today
    first = max(min(*by_day, last), last - (LONGEST - 1) * DAY)
    found = []
    for number in range((last - first).days + 1):
        each = first + number * DAY
        standing, words = _told(by_day.get(each, []), is_over=each < today, is_daily=is_daily)
        found.append(Day(each, standing, f"{each}: {words}", *divmod(number + first.weekday(), 7)))
    return Calendar(found, is_daily)


def _told(rows: list[Row], *, is_over: bool, is_daily: bool) -> tuple[str, str]:
    if not rows and not is_daily:
        return "free", "none"
    if not rows:
        return ("hole", "no run") if is_over else ("awaited", "no run yet")
    counts = Counter("drill" if each.is_drill else each.standing for each in rows)
    worst = next(each for each in WORST_FIRST if counts[each])
    return worst, ", ".join(f"{counts[each]} {each}" for each in WORST_FIRST if counts[each])


def _stretches(dates: list[date]) -> list[tuple[date, date]]:
    """The first and the last day of each stretch of days in a row."""
    firsts = [each for each in dates if each - DAY not in dates]
    lasts = [each for each in dates if each + DAY not in dates]
    return list(zip(firsts, lasts, strict=True))
