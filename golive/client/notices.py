"""What a gateway says that is not ordinary, a line each; and how its data farms are.

All that hold a connection show the same lines: Monitor, health, MCP server and soak.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from golive.client.messages import ApiError, Kind, farm, kind
from golive.kit.text import shortened

FIRST, LAST, LONGEST = 20, 20, 200
"""How many different lines are kept from the beginning and from the end, and how long they are."""

MOST_FARMS = 100


class Notice(NamedTuple):
    """A line, and how often it was said."""

    text: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.text} ({self.times} times)" if self.times > 1 else self.text


class Notices:
    """Told of each message by `add`. Whatever a gateway says, and how often, this stays small."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self.kinds: Counter[Kind] = Counter()
        """How many messages of each class there were."""
        self.left_out = 0
        """How many lines are not kept any more."""
        self.farms: dict[str, bool] = {}
        """The data farms that were told of, and whether they are connected."""
        self.farm_flaps = 0
        """How often one was connected again."""

    def add(self, error: ApiError) -> bool:
        """Hears a message; whether it adds a line."""
        what = kind(error)
        self.kinds[what] += 1
        if told := farm(error):
            self._note_farm(*told)
        return what is not Kind.ORDINARY and self._note(shortened(str(error), LONGEST))

    @property
    def told(self) -> tuple[Notice, ...]:
        """The first and the last, in the order in which they were first and last said."""
        return tuple(Notice(*each) for kept in (self._first, self._last) for each in kept.items())

    def _note(self, text: str) -> bool:
        if text in self._first:
            self._first[text] += 1
            return False
        if len(self._first) < FIRST:
            self._first[text] = 1
            return True
        times = self._last.pop(text, 0)
        self._last[text] = times + 1
        if len(self._last) > LAST:
            del self._last[next(iter(self._last))]
            self.left_out += 1
        return not times

    def _note_farm(self, name: str, is_connected: bool) -> None:
        """Of too many farms, the broken ones are kept."""
        before = self.farms.get(name)
        if before is None and len(self.farms) >= MOST_FARMS:
            connected = next((each for each, is_up in self.farms.items() if is_up), None)
            if is_connected or connected is None:
                return
            del self.farms[connected]
        self.farms[name] = is_connected
        self.farm_flaps += is_connected and before is False
