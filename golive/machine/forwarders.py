"""Whether a gateway listens, or something that forwards to one: told from the program's name.

A forwarder accepts TCP even where the gateway behind it is down, and its age says nothing of the
gateway's. A name is a hint: `java` may be any Java program, and the unknown is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from golive.machine.processes import Process, command_line, of_users, program

Kind = Literal["gateway", "forwarder", "unknown"]

GATEWAYS = frozenset({
    "ibgateway", "tws",  # install4j's launchers, which run Java within themselves
    "ibgateway1", "tws1",  # what IBC's ibcstart.sh renames them to
    "java", "javaw",  # started by IBC, whose scripts call the installation's own Java
    "javaapplicationstub",  # the launcher of an install4j application on macOS
})  # fmt: skip

FORWARDERS = frozenset({
    # general relays and tunnels; the gnzsnz/ib-gateway images put socat before the gateway
    "socat", "rinetd", "redir", "simpleproxy", "nc", "netcat", "ncat", "systemd-socket-proxyd",
    "ssh", "sshd", "sshd-session", "plink", "putty", "stunnel", "stunnel4", "tstunnel",
    "chisel", "gost", "frpc", "frps", "tailscaled",
    "haproxy", "nginx", "traefik", "envoy",
    # a container's published port: Docker's own, Docker Desktop's, Podman's, other engines'
    "docker-proxy", "dockerd", "com.docker.backend", "com.docker.vpnkit", "vpnkit",
    "rootlessport", "rootlesskit", "slirp4netns", "pasta", "pasta.avx2", "passt", "passt.avx2",
    "gvproxy", "limactl", "orbstack helper", "kubectl",
    # a virtual machine's forwarded port: VirtualBox, QEMU, VMware, Parallels
    "virtualboxvm", "vboxheadless", "vboxnetnat", "qemu-system-x86_64", "qemu-system-aarch64",
    "vmnat", "vmnet-natd", "prl_naptd",
    # what listens for another and hands over; of a shared listener the table names the oldest pid
    "systemd", "launchd", "inetd", "xinetd",
    # Windows: WSL's localhost relay; the service host of `netsh interface portproxy` (iphlpsvc)
    "wslrelay", "wslhost", "svchost",
})  # fmt: skip

LINUX_NAME_LENGTH = 15
"""The kernel keeps no more of a name (TASK_COMM_LEN - 1); it is all a foreign process tells."""

_SHORTENED = frozenset(
    each[:LINUX_NAME_LENGTH] for each in FORWARDERS if len(each) > LINUX_NAME_LENGTH
)


def kind(name: str) -> Kind:
    """What a process of this name (or path) is, as a listener on a gateway's port."""
    bare = program(name)
    if bare in GATEWAYS:
        return "gateway"
    return "forwarder" if bare in FORWARDERS | _SHORTENED else "unknown"


PORTS_UNTOLD = frozenset(
    {"rootlessport", "rootlesskit", "slirp4netns", "gvproxy", "pasta", "passt"}
)
"""They forward a container's ports, and do not say in their command line which."""


FAKE = re.compile(r"\bfake[-_]ib[-_]gateway\b")


def is_the_fake(name: str, words: str) -> bool:
    """Whether it is the fake gateway of this project, by its name or command line."""
    return bool(FAKE.search(program(name)) or FAKE.search(words))


def fake_on(port: int, listener: Process | None) -> str:
    """In words, if what listens on a port is that fake gateway; "" if not, or if unknown."""
    if listener is None or not is_the_fake(listener.name, command_line(listener)):
        return ""
    return f"a fake gateway listens on port {port}, pid {listener.pid}, not a real one"


def serving(port: int, users: Collection[int]) -> str:
    """A forwarder of one of these users that may be what listens on a port; "" where there is none.

    For a listener whose process is not told: a command line that names the port is told to all.
    """
    named = re.compile(rf"(?<!\d){port}(?!\d)")
    for each in of_users(users):
        if kind(each.name) == "forwarder" and (
            program(each.name) in PORTS_UNTOLD or any(map(named.search, each.words))
        ):
            return f"{each.name}, pid {each.pid}, which forwards ports"
    return ""
