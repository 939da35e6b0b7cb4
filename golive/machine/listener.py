"""Who listens, as far as the platform shows it: its process, or at least its sockets.

Linux shows the number and the owner of a socket to everybody, also where the process is another
user's, or in another container. What neither tells is unknown, and the unknown is never the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from golive.machine.processes import Process
from golive.machine.sockets import NotObservable, Port


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listened at one moment. `sockets` are number and owner of each; empty: not told."""

    process: Process | None = None
    sockets: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, port: Port, process: Process | None) -> Listener:
        marks = {
            (each.inode, each.uid)
            for each in port.listeners
            if each.inode is not None and each.uid is not None
        }
        return cls(process, tuple(sorted(marks)))

    def is_same_as(self, other: Listener) -> bool:
        """Whether it is still the same. Raises NotObservable if that cannot be seen."""
        if self.process and other.process:
            return self.process == other.process
        if self.sockets and other.sockets:
            return self.sockets == other.sockets
        raise NotObservable(
            "whether it is still the same gateway was not observed: its process belongs to another"
            " user"
        )
