"""What a step observed, taken from it key by key; and the parts that many steps say alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from golive.kit.text import counted, in_words

NOTHING: tuple[object, ...] = (None, "", [], {})
MOST = 8
"""So many of a kind are named; how many more there are is told."""


class Saw:
    """The observations of one step. `left` are those that nobody has taken yet."""

    def __init__(
        self,
        observed: Mapping[str, Any],
        settings: Mapping[str, Any],
        zone: tzinfo | None,
        has_passed: bool,
    ) -> None:
        self.left = dict(observed)
        self.settings, self.zone, self.has_passed = settings, zone, has_passed
        self.is_unfinished = "unfinished" in observed or "not run" in observed

    def take(self, key: str) -> Any:
        """The value, which is told from now on; None where there is none."""
        return self.left.pop(key, None)

    def drop(self, *keys: str) -> None:
        """What another step tells, or what only a program reads."""
        for key in keys:
            self.left.pop(key, None)

    def setting(self, key: str) -> Any:
        return self.settings.get(f"GoLive.{key}")

    def why(self) -> list[str]:
        """Why it came to nothing, where it did."""
        keys = ("unfinished", "not run", "stopped", "reason")
        return [str(each) for each in map(self.take, keys) if each not in NOTHING]

    def when(self, moment: Any) -> str:
        """`2026-12-01 05:12:31 UTC-0500`; as it is where it is no time."""
        try:
            found = datetime.fromisoformat(moment)
            if found.tzinfo is None:
                return str(moment)
            local = found.astimezone(self.zone)
        except (TypeError, ValueError, OverflowError):
            return str(moment)
        return f"{local:%Y-%m-%d %H:%M:%S} UTC{local:%z}".removesuffix("+0000")

    def process(self, found: Mapping[str, Any]) -> str:
        """`ibgateway, pid 812, up since 2026-12-01 05:12:31 UTC-0500`."""
        started = found.get("started")
        since = f", up since {self.when(started)}" if started else ""
        pid = found.get("pid")
        name = found.get("name") or "a program"
        return f"{name}, pid {'not told' if pid is None else pid}{since}"


def some(lines: list[str], noun: str = "more") -> Iterator[str]:
    """The first of many, and how many more there are."""
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"and {len(lines) - MOST:,} {noun}"


def listed(values: list[Any]) -> str:
    return ", ".join(some([str(each) for each in values]))


def at(address: Any, port: Any) -> str:
    """`127.0.0.1:4001`, `[::1]:4001`."""
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


def connection(row: Mapping[str, Any]) -> str:
    """`127.0.0.1:4001 from 127.0.0.1:51512, pid 812`."""
    pid = f", pid {row['pid']}" if row.get("pid") is not None else ""
    here = at(row["local_ip"], row["local_port"])
    there = f" to {at(row['remote_ip'], row['remote_port'])}" if row.get("remote_ip") else ""
    return f"{here}{there}{pid}"


def zombies(saw: Saw) -> Iterator[str]:
    rows = saw.take("close_wait")
    if rows is None:
        return
    yield f"{counted(len(rows), 'zombie')} (CLOSE_WAIT)" if rows else "no zombies"
    yield from some([connection(each) for each in rows])


def listeners(saw: Saw) -> Iterator[str]:
    rows = saw.take("listeners")
    if rows is None:
        return
    where = listed([at(each["local_ip"], each["local_port"]) for each in rows])
    yield f"listens on {where}" if rows else "nothing listens"
    if process := saw.take("process"):
        yield saw.process(process)


def error(found: Any) -> str:
    """`error 1100: Connectivity between ... has been lost`."""
    return f"error {found['code']}: {found['text']}" if isinstance(found, Mapping) else str(found)


def said(left: Mapping[str, Any], zone: tzinfo | None) -> list[str]:
    """By their names, what no words are made for: `was reset: yes`."""
    return [f"{key.replace('_', ' ')}: {_value(each, zone)}" for key, each in left.items()]


def _value(value: Any, zone: tzinfo | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return in_words(value, zone)
