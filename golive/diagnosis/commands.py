"""What a person types on this platform, to look at the gateway and to recover it.

Nothing here is run by the suite: the commands are printed, in reports and recovery procedures.
The Windows ones are the same in cmd, PowerShell and Git Bash, which takes `/PID` for a path: hence
the dashes. They do without the names of TCP states, which netstat translates (a German Windows
says SCHLIESSEN_WARTEN), and a row of theirs must *begin* with the port as the local one: `findstr
:4001` would also find port 40010 and the gateway's upstream link to a remote port 4001.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

OF_A_GATEWAY = re.compile(r"^\d{3,4}$|gateway|workstation|tws", re.IGNORECASE)
"""How folders of a gateway alone are called: `1040` in `ibgateway` or `Jts`, `IB Gateway 10.40`."""


@dataclass(frozen=True, slots=True)
class Commands:
    """One platform's commands, each a line for its shell. Paths are quoted, spaces included."""

    zombies: Callable[[int], str]
    """The connections the gateway holds on a port: in CLOSE_WAIT, or on Windows in any state."""
    listeners: Callable[[int], str]
    """Who listens on a port, with the pid."""
    process: Callable[[int], str]
    """The process of a pid; none where it has ended."""
    named: Callable[[str], str]
    """The processes of a program: `ibgateway`, or `ibgateway.exe`."""
    end: Callable[[int], str]
    """Asks a process to end."""
    end_firmly: Callable[[int | str], str]
    """Ends a process that did not when it was asked; `PID` stands for one that is not known yet."""
    start: Callable[[PurePath], str]
    back_up: Callable[[PurePath, PurePath], str]
    """Copies the settings of a folder (its *.xml at least) to a folder that is not there yet."""
    removal: Callable[[PurePath], str]
    quoted: Callable[[str], str]
    """A path as one word of a command line."""

    def remove(self, folder: PurePath) -> str:
        """Deletes a folder and all in it. Raises ValueError for one that holds more than a program.

        That is one that is not named in full, a drive, a folder next to the root, a home, or one
        whose name is not a gateway's: GatewayPath may be a shortcut on the desktop, or a script.
        """
        home = Path.home()
        too_much = len(folder.parts) < 3 or folder == home or folder in home.parents
        is_a_gateways = OF_A_GATEWAY.search(folder.name) is not None
        if not folder.is_absolute() or ".." in folder.parts or too_much or not is_a_gateways:
            raise ValueError(f"{folder} is not a folder that may be deleted as a whole")
        return self.removal(folder)


def _bare(program: str) -> str:
    return program.removesuffix(".exe")


def _powershell(verb: str, path: PurePath) -> str:
    quoted = str(path).replace("'", "''")
    return f"powershell -Command \"{verb} '{quoted}'\""


def _windows_word(path: str) -> str:
    """With slashes, which Git Bash leaves alone; in the quotes that cmd knows as well."""
    word = path.replace("\\", "/")
    return word if re.fullmatch(r"[\w./:~+-]+", word, re.ASCII) else f'"{word}"'


def _posix(*words: object) -> str:
    return shlex.join(map(str, words))


WINDOWS = Commands(
    zombies=lambda port: f'netstat -ano | findstr -r -c:"^ *TCP *[^ ]*:{port} *[^ ]*:[1-9]"',
    listeners=lambda port: f'netstat -ano | findstr -r -c:"^ *TCP *[^ ]*:{port} *[^ ]*:0 "',
    process=lambda pid: f'tasklist -FI "PID eq {pid}"',
    named=lambda program: f'tasklist -FI "IMAGENAME eq {_bare(program)}*"',
    end=lambda pid: f"taskkill -PID {pid}",
    end_firmly=lambda pid: f"taskkill -F -PID {pid}",
    start=lambda program: _powershell("Start-Process", program),
    back_up=lambda folder, to: f'robocopy "{folder}" "{to}" "*.xml" "*.ini" "*.ibgzenc" -S',
    removal=lambda folder: _powershell("Remove-Item -Recurse -Force -LiteralPath", folder),
    quoted=_windows_word,
)

LINUX = Commands(
    zombies=lambda port: f"ss -tanp state close-wait 'sport = :{port}'",
    listeners=lambda port: f"ss -tlnp 'sport = :{port}'",
    process=lambda pid: f"ps -ww -o pid,lstart,args -p {pid}",
    named=lambda program: _posix("pgrep", "-af", _bare(program)),
    end=lambda pid: f"kill {pid}",
    end_firmly=lambda pid: f"kill -KILL {pid}",
    start=lambda program: _posix("nohup", program) + " >/dev/null 2>&1 &",
    back_up=lambda folder, to: _posix("cp", "-Rp", "--", folder, to),
    removal=lambda folder: _posix("rm", "-r", "--", folder),
    quoted=shlex.quote,
)

MACOS = Commands(
    zombies=lambda port: f"lsof -nP -iTCP:{port} -sTCP:CLOSE_WAIT | grep ':{port}->'",
    listeners=lambda port: f"lsof -nP -iTCP:{port} -sTCP:LISTEN",
    process=LINUX.process,
    named=lambda program: _posix("pgrep", "-fl", _bare(program)),
    end=LINUX.end,
    end_firmly=LINUX.end_firmly,
    start=lambda program: _posix("open", program),
    back_up=lambda folder, to: _posix("cp", "-Rp", folder, to),
    removal=lambda folder: _posix("rm", "-r", folder),
    quoted=shlex.quote,
)


def of(platform: str) -> Commands:
    """The commands of a platform, by its `sys.platform`; what is neither of two is like Linux."""
    return {"win32": WINDOWS, "darwin": MACOS}.get(platform, LINUX)


HERE = of(sys.platform)
