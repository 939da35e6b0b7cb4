"""The answer of /readyz, checked: whatever is missing or not a number raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from golive.monitor.health_check.readyz import NoAnswer
from golive.monitor.health_check.wanted import Endpoint, Wanted
from golive.monitor.holding.state import LATE_SECONDS

CLOCKS_APART = timedelta(seconds=5)
"""An answer whose time differs from ours by more than this is not from now."""
SLOWEST_HEARTBEAT = 3600.0


class Answer:
    """The body of /readyz. Every property may raise NoAnswer."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    @property
    def status(self) -> str:
        return self._text("status")

    @property
    def endpoint(self) -> Endpoint:
        found = _of(self._body, "endpoint", dict)
        host = _of(found, "host", str).casefold()
        return host, _of(found, "port", int), _of(found, "client_id", int)

    @property
    def told(self) -> datetime:
        try:
            told = datetime.fromisoformat(self._text("told"))
        except ValueError:
            raise NoAnswer("the answer carries no valid time") from None
        if told.tzinfo is None:
            raise NoAnswer("the time of the answer has no zone")
        return told

    def must_be_meant(self, goal: Wanted, now: datetime) -> None:
        """The answer must be from now, and about the endpoint in the settings."""
        if goal.endpoints and self.endpoint not in goal.endpoints:
            wanted = " or ".join(map(_named, goal.endpoints))
            raise NoAnswer(
                f"the Monitor at {goal.url} is for {_named(self.endpoint)}; settings: {wanted}"
            )
        if abs(now - self.told) > CLOCKS_APART:
            raise NoAnswer(f"the answer is from {self.told:%Y-%m-%d %H:%M:%S %Z}, not from now")

    def must_be_fresh(self, now: datetime) -> None:
        """An answer that says ready must be no older than a heartbeat allows."""
        on_its_way = max(0.0, (now - self.told).total_seconds())
        for key in ("age_seconds", "answer_age_seconds"):
            age = self._number(key)
            if age is None or age + on_its_way > self._oldest:
                raise NoAnswer(f"{key} is {_count(age)}: too old to be trusted")

    def must_agree(self) -> None:
        """An answer that says ready must not also say that something is wrong."""
        zombies, positions = self._number("zombies"), self._number("positions")
        if self._text("condition") != "connected" or zombies or positions is None:
            raise NoAnswer("the answer contradicts itself: it says ready, and what is wrong")

    def warnings(self, goal: Wanted) -> list[str]:
        """What does not make the gateway unready, but should be looked at."""
        farms = _of(self._body, "farms", dict)
        broken = sorted(str(name) for name, is_up in farms.items() if is_up is not True)
        count, expected = self._number("positions"), self._number("expected_positions")
        smoke = self._body.get("smoke")
        found = {
            "on the fallback": self.endpoint in goal.endpoints[1:],
            "zombies not observed": self._number("zombies") is None,
            f"{_count(expected)} positions expected": count != expected,
            f"the last smoke test was {smoke}": smoke != "GO",
            f"broken data farms: {', '.join(broken)}": bool(broken),
        }
        return [text for text, is_so in found.items() if is_so]

    @property
    def diagnosis(self) -> str:
        steps = _of(self._body, "next_steps", list)
        until = self._body.get("not_before")
        parts = [f"{self._text('code')}: {self._text('cause')}", *map(str, steps[:1])]
        return "; ".join(parts) + (f"; not before {until}" if until else "")

    @property
    def summary(self) -> str:
        return (
            f"{_count(self._number('positions'))} positions, last answer"
            f" {_count(self._number('answer_age_seconds'))} s ago, {_named(self.endpoint)}"
        )

    @property
    def figures(self) -> dict[str, str]:
        """By name: value and unit, warning and critical ranges, minimum, in Nagios' format."""
        expected = _count(self._number("expected_positions"))
        milliseconds = self._number("answer_ms")
        latency = None if milliseconds is None else milliseconds / 1000
        every = {
            "answer_age": (self._number("answer_age_seconds"), f"s;;{self._oldest:g};0"),
            "answer_time": (latency, "s;;;0"),
            "positions": (self._number("positions"), f";{expected}:{expected};;0"),
            "zombies": (self._number("zombies"), ";;0;0"),
            "reconnects": (self._number("reconnects"), "c;;;0"),
        }
        return {
            name: f"{value:g}{rest}" for name, (value, rest) in every.items() if value is not None
        }

    @property
    def _oldest(self) -> float:
        return min(self._number("heartbeat_seconds") or 0.0, SLOWEST_HEARTBEAT) + LATE_SECONDS

    def _text(self, key: str) -> str:
        return str(_of(self._body, key, str))

    def _number(self, key: str) -> float | None:
        """None if the answer says null."""
        value = _of(self._body, key, (int, float, type(None)))
        if isinstance(value, bool) or (value is not None and not 0 <= value < math.inf):
            raise NoAnswer(f"not a Monitor's answer: {key} is not a number")
        return None if value is None else float(value)


def _of(body: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
    if key not in body or not isinstance(body[key], kind):
        raise NoAnswer(f"not a Monitor's answer: it has no {key}")
    return body[key]


def _count(value: float | None) -> str:
    return "no" if value is None else f"{value:g}"


def _named(endpoint: Endpoint) -> str:
    host, port, client_id = endpoint
    return f"{host}:{port} client id {client_id}"
