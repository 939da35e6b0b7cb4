"""Runs that see less of this machine than its owner does, made with the kernel's own means.

Without its capabilities even root may not look into other processes: it is then told as much of
them as any user is of another user's.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.projects import Project

TOOLS = ("setpriv", "unshare", "mount", "ip")
CLONE_NEWNET = 0x40000000
WITHOUT_RIGHTS = (
    "setpriv", "--inh-caps=-all", "--bounding-set=-all", "--regid=65534", "--clear-groups", "--",
)  # fmt: skip
IN_ANOTHER_PID_SPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--")


def _why_not() -> str:
    if sys.platform != "linux":
        return "Linux alone hides a process and shows its sockets"
    if os.geteuid() != 0:
        return "only root can take rights away from a process, or give it a /proc of its own"
    missing = [each for each in TOOLS if shutil.which(each) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], check=False)
    return "" if tried.returncode == 0 else "namespaces are refused here"


@functools.lru_cache
def why_not() -> str:
    """Why such runs cannot be made here; "" where they can."""
    return _why_not()


@dataclass(frozen=True)
class SeeingLess(Project):
    """The same copy of the project, whose runs are started by another command."""

    through: tuple[str, ...] = WITHOUT_RIGHTS

    def command(self, *arguments: str) -> list[str]:
        return [*self.through, *super().command(*arguments)]


def in_a_mount_space(*commands: str, then: tuple[str, ...] = WITHOUT_RIGHTS) -> tuple[str, ...]:
    """Starts a program once these shell commands have changed what is mounted, for it alone."""
    script = " && ".join((*commands, 'exec "$@"'))
    return ("unshare", "--mount", "--", "sh", "-c", script, "sh", *then)


def hiding_processes(mode: str = "2") -> tuple[str, ...]:
    """With a /proc that hides other users' processes, and without the right to see them."""
    return in_a_mount_space(f"mount -t proc -o hidepid={mode} proc /proc")


def with_hosts(file: Path) -> tuple[str, ...]:
    """With another hosts file, and all its rights."""
    return in_a_mount_space(f"mount --bind {file} /etc/hosts", then=())


def in_a_network_of_its_own(test: Callable[..., None]) -> Callable[..., None]:
    """The test, and what it starts, in a network where nobody else is; skipped where that fails.

    A thread can have one for itself: whatever it starts has the same.
    """

    @functools.wraps(test)
    def alone(*args: Any, **kwargs: Any) -> None:
        if why := why_not():
            pytest.skip(why)
        raised: list[BaseException] = []

        def perform() -> None:
            try:
                if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "no network of its own")
                subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
                test(*args, **kwargs)
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=perform)
        thread.start()
        thread.join()
        if raised:
            raise raised[0]

    return alone
