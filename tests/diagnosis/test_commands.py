"""The commands that are printed do what they say: run here, or held against recorded output."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from golive.diagnosis import commands
from golive.diagnosis.commands import LINUX, MACOS, WINDOWS
from tests.machine.test_sockets import half_closed

NETSTAT = r"""
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:4001           0.0.0.0:0              LISTENING       8124
  TCP    0.0.0.0:40010          0.0.0.0:0              LISTENING       4412
  TCP    127.0.0.1:4001         127.0.0.1:51901        CLOSE_WAIT      8124
  TCP    127.0.0.1:40010        127.0.0.1:51877        CLOSE_WAIT      4412
  TCP    127.0.0.1:51878        127.0.0.1:40010        CLOSE_WAIT      4412
  TCP    192.168.1.20:52011     208.245.107.3:4001     CLOSE_WAIT      8124
  TCP    [::]:4001              [::]:0                 LISTENING       8124
  TCP    [::1]:4001             [::1]:51902            CLOSE_WAIT      8124
  UDP    0.0.0.0:4001           *:*                                    700
"""
GERMAN = (
    NETSTAT.replace("LISTENING  ", "ABHÖREN    ")
    .replace("CLOSE_WAIT       ", "SCHLIESSEN_WARTEN")
    .replace("Local Address  ", "Lokale Adresse ")
)
"""The same on a German Windows."""

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own programs")


def found(command: str, output: str) -> list[str]:
    """What findstr would leave of netstat's output; its patterns are a part of Python's."""
    pattern = re.fullmatch(r'netstat -ano \| findstr -r -c:"(.*)"', command)
    assert pattern
    return [line.split()[1] for line in output.splitlines() if re.search(pattern[1], line)]


@pytest.mark.parametrize("output", [NETSTAT, GERMAN])
def test_windows_finds_the_ports_zombies_and_listeners_and_nothing_that_looks_like_them(
    output: str,
) -> None:
    assert found(WINDOWS.zombies(4001), output) == ["127.0.0.1:4001", "[::1]:4001"]
    assert found(WINDOWS.listeners(4001), output) == ["0.0.0.0:4001", "[::]:4001"]
    assert found(WINDOWS.zombies(4002), output) == found(WINDOWS.listeners(400), output) == []


def test_windows_commands_are_the_same_in_each_of_its_shells() -> None:
    folder, copy = PureWindowsPath(r"C:\Program Files\IB's\1040"), PureWindowsPath(r"D:\a b")
    lines = [
        *(words(812) for words in (WINDOWS.process, WINDOWS.end, WINDOWS.end_firmly)),
        *(words(4001) for words in (WINDOWS.zombies, WINDOWS.listeners)),
        WINDOWS.named("ibgateway.exe"),
        WINDOWS.start(folder / "ibgateway.exe"),
        WINDOWS.back_up(folder, copy),
        WINDOWS.remove(folder),
    ]
    for line in lines:
        assert not re.search(r" /\w", line), "Git Bash takes it for a path"
        assert not re.search(r"[$`%!]", line), "one of the shells takes it for a variable"
    assert lines[:3] == ['tasklist -FI "PID eq 812"', "taskkill -PID 812", "taskkill -F -PID 812"]
    assert lines[5] == 'tasklist -FI "IMAGENAME eq ibgateway*"'
    assert (
        lines[7] == r'robocopy "C:\Program Files\IB'
        r"""'s\1040" "D:\a b" "*.xml" "*.ini" "*.ibgzenc" -S"""
    )
    assert r"-LiteralPath 'C:\Program Files\IB''s\1040'" in lines[8]


def shell(command: str) -> str:
    done = subprocess.run(
        command, shell=True, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    return done.stdout


def addresses(output: str) -> list[str]:
    return re.findall(r"127\.0\.0\.1:(\d+)", output)


@needs_linux
@pytest.mark.parametrize("platform", [LINUX, MACOS])
def test_zombie_and_listener_are_found_by_the_commands(platform: commands.Commands) -> None:
    if platform is MACOS and not shutil.which("lsof"):
        pytest.skip("lsof is not installed")
    with half_closed("127.0.0.1", socket.AF_INET) as (port, client_port):
        assert addresses(shell(platform.zombies(port))) == [f"{port}", f"{client_port}"]
        assert addresses(shell(platform.zombies(client_port))) == []
        assert addresses(shell(platform.listeners(port))) == [f"{port}"]
        assert addresses(shell(platform.listeners(client_port))) == []


@needs_linux
@pytest.mark.parametrize("platform", [LINUX, MACOS])
def test_process_is_found_by_pid_and_by_name_and_ended(
    platform: commands.Commands, tmp_path: Path
) -> None:
    program = tmp_path / "some gateway"
    shutil.copy(shutil.which("sleep") or "", program)
    for end in (platform.end, platform.end_firmly):
        with subprocess.Popen([str(program), "20"]) as process:
            seen = [platform.process(process.pid), platform.named("some gateway.exe")]
            told = [shell(command) for command in seen]
            shell(end(process.pid))
            assert process.wait(60) < 0
        assert all(re.search(rf"^ *{process.pid} .*some gateway", text, re.M) for text in told)
        assert "some gateway" not in shell(platform.process(process.pid))


@needs_linux
@pytest.mark.parametrize("platform", [LINUX, MACOS])
def test_settings_are_backed_up_and_the_folder_is_removed(
    platform: commands.Commands, tmp_path: Path
) -> None:
    folder, copy = tmp_path / "it's here" / "1040", tmp_path / "a copy"
    for user in ("one", "two"):
        (folder / user).mkdir(parents=True)
        (folder / user / "ibg.xml").write_text(user)
    shell(platform.back_up(folder, copy))
    assert [(copy / user / "ibg.xml").read_text() for user in ("one", "two")] == ["one", "two"]
    shell(platform.remove(folder))
    assert not folder.exists()
    assert folder.parent.exists()


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        (LINUX, PurePosixPath("")),
        (LINUX, PurePosixPath("/")),
        (LINUX, PurePosixPath("/opt")),
        (LINUX, PurePosixPath("Jts/ibgateway/1040")),
        (LINUX, PurePosixPath("/opt/ibgateway/../..")),
        (LINUX, PurePosixPath("/usr/bin")),
        (LINUX, PurePosixPath("/usr/local/bin")),
        (LINUX, PurePosixPath("/home/trader/Jts")),
        (MACOS, PurePosixPath("/Applications")),
        (MACOS, PurePosixPath("/Users/trader/Applications")),
        (WINDOWS, PureWindowsPath("C:\\Users\\trader\\Desktop")),
        (WINDOWS, PureWindowsPath("C:\\")),
        (WINDOWS, PureWindowsPath("C:\\Windows")),
        (WINDOWS, PureWindowsPath("\\Jts\\ibgateway\\1040")),
        (commands.HERE, Path.home()),
        (commands.HERE, Path.home().parent),
    ],
)
def test_no_command_deletes_what_holds_more_than_a_program(
    platform: commands.Commands, folder: PurePath
) -> None:
    with pytest.raises(ValueError, match="not a folder that may be deleted"):
        platform.remove(folder)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("my.json", "my.json"),
        (r"C:\Users\me\secrets.json", "C:/Users/me/secrets.json"),
        (r"..\IBKR paper\secrets.json", '"../IBKR paper/secrets.json"'),
        (r"C:\Users\O'Neil & Söhne\s.json", '"C:/Users/O\'Neil & Söhne/s.json"'),
        (r"\\server\share\s.json", "//server/share/s.json"),
    ],
)
def test_path_that_is_printed_for_windows_is_one_word_to_cmd_powershell_and_git_bash(
    path: str, word: str
) -> None:
    assert WINDOWS.quoted(path) == word
    assert shlex.split(word) == [path.replace("\\", "/")]  # Git Bash would drop a bare backslash
    assert not re.match("[^\"].*[ '&]", word)  # cmd knows no single quotes, and no way around &


def test_path_that_is_printed_for_a_posix_shell_is_one_word() -> None:
    for here in (LINUX, MACOS):
        assert shlex.split(here.quoted("/a b/it's.json")) == ["/a b/it's.json"]


def test_each_platform_has_its_own() -> None:
    assert commands.of("win32") is WINDOWS
    assert commands.of("darwin") is MACOS
    assert commands.of("linux") is LINUX
    assert commands.HERE is commands.of(sys.platform)
