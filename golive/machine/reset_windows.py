"""IBKR's reset windows: the hours at which a gateway that does not answer is no wonder.

Daily and weekend resets: IBKR's System Status page (interactivebrokers.com, /en/software/
systemStatus.php), which has the daily ones from Sunday to Friday, by the region that serves the
account; the page used to give 23:45 to 00:45 ET for North America. The weekend's makes all services
unavailable in all regions. End of logins: IBKR's Auto Restart Considerations (ibkrguides.com,
/traderworkstation/auto-restart-considerations.htm): tokens are invalidated on Sunday at 1:00 am ET.
The hour at which a gateway restarts itself is its own setting, and not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SOON = timedelta(minutes=10)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAILY = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
EASTERN, CENTRAL_EUROPE, HONG_KONG = "America/New_York", "Europe/Berlin", "Asia/Hong_Kong"
SHOWN = {EASTERN: "US/Eastern", CENTRAL_EUROPE: "CET", HONG_KONG: "HKT"}
"""A zone's name in the database, and as IBKR's users call it."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` to `end`, both aware, in the zone that IBKR tells them in."""

    name: str
    begin: datetime
    end: datetime
    is_daily: bool = False

    def holds(self, moment: datetime, soon: timedelta = timedelta(0)) -> bool:
        """Whether it has begun, or begins as soon as that, and is not over."""
        begin, end = (each.astimezone(UTC) for each in (self.begin, self.end))
        return begin - soon <= moment.astimezone(UTC) <= end

    def __str__(self) -> str:
        until = f" to {self.end:%H:%M}" if self.end.time() != self.begin.time() else ""
        on = f"{DAYS[self.begin.weekday()]} {self.begin:%H:%M}"
        return f"{self.name}, {on}{until} {SHOWN[str(self.begin.tzinfo)]}"


@dataclass(frozen=True, slots=True)
class Reset:
    """What begins on each of these days at one hour, and ends at the next `end` o'clock."""

    name: str
    days: tuple[str, ...]
    begin: time
    end: time
    zone: str

    def about(self, moment: datetime) -> Iterator[Window]:
        """Its windows that begin on the day of the moment, the day before or the day after."""
        today = moment.astimezone(_zone(self.zone)).date()
        for day in (today + timedelta(days=days) for days in (-1, 0, 1)):
            if DAYS[day.weekday()] in self.days:
                yield self._on(day)

    def _on(self, day: date) -> Window:
        """Where clocks are set back, an hour that comes twice counts twice."""
        last = day + timedelta(days=1) if self.end < self.begin else day
        zone = _zone(self.zone)
        end = datetime.combine(last, self.end, zone).replace(fold=1)
        begin = datetime.combine(day, self.begin, zone)
        return Window(self.name, begin, end, is_daily=len(self.days) > 1)


RESETS = (
    Reset("IBKR's weekend reset", ("Friday",), time(23), time(3), EASTERN),
    Reset("IBKR's weekly end of all logins", ("Sunday",), time(1), time(1), EASTERN),
    Reset("IBKR's nightly reset in North America", DAILY, time(0, 15), time(1, 45), EASTERN),
    Reset("IBKR's daily reset in Europe", DAILY, time(6, 25), time(7, 45), CENTRAL_EUROPE),
    Reset("IBKR's first daily reset in Asia-Pacific", DAILY, time(4, 45), time(6, 5), HONG_KONG),
    Reset("IBKR's second daily reset in Asia-Pacific", DAILY, time(20, 15), time(21, 15),
          HONG_KONG),
)  # fmt: skip


class NoTimeZones(Exception):
    """This Python has no time zone database: the windows cannot be told."""


def windows(moment: datetime, soon: timedelta = SOON) -> list[Window]:
    """The windows that an aware moment falls in, or that begin so soon. Raises NoTimeZones."""
    return [
        window for reset in RESETS for window in reset.about(moment) if window.holds(moment, soon)
    ]


def ahead(moment: datetime) -> list[Window]:
    """The next window of each reset that is to come, the soonest first. Raises NoTimeZones."""
    found = []
    for reset in RESETS:
        days = (moment + timedelta(days=days) for days in range(8))
        windows = (window for day in days for window in reset.about(day))
        found.append(next(each for each in windows if each.begin.astimezone(UTC) > moment))
    return sorted(found, key=lambda each: each.begin.astimezone(UTC))


def told(moment: datetime) -> list[str]:
    """A line for each window; where they cannot be told, a line that says so."""
    try:
        found = windows(moment)
    except NoTimeZones as error:
        return [str(error)]
    return [f"this is {'in' if each.holds(moment) else 'shortly before'} {each}" for each in found]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        raise NoTimeZones(
            "IBKR's reset windows are not known here: no time zone database (pip install tzdata)"
        ) from None
