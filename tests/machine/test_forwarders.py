"""A forwarder before the gateway is told from the gateway itself."""

from __future__ import annotations

import pytest

from golive.machine.forwarders import is_the_fake, kind


@pytest.mark.parametrize(
    "name",
    ["ibgateway.exe", "ibgateway1.exe", "TWS.EXE", "java", "javaw.exe", "JavaApplicationStub"],
)
def test_gateway_is_told_by_its_launcher_or_its_java(name: str) -> None:
    assert kind(name) == "gateway"
    assert kind(f"C:\\Program Files\\Jts\\{name}") == kind(f"/opt/jts/{name}") == "gateway"


@pytest.mark.parametrize(
    "name",
    ["socat", "docker-proxy", "com.docker.backend.exe", "com.docker.back", "wslrelay.exe",
     "svchost.exe", "sshd", "OrbStack Helper", "VirtualBoxVM.exe", "qemu-system-x86", "systemd"],
)  # fmt: skip
def test_forwarder_is_told_by_its_name_even_where_the_kernel_shortens_it(name: str) -> None:
    assert kind(name) == "forwarder"


@pytest.mark.parametrize(
    "name", ["", "python3", "System", "com.docker.", "socatter", "ibgateway2x"]
)
def test_what_is_not_known_is_said_to_be_unknown(name: str) -> None:
    assert kind(name) == "unknown"


@pytest.mark.parametrize(
    ("name", "command_line"),
    [
        ("fake-ib-gateway", ""),
        ("python3.11", "/usr/bin/python3 -m fake_ib_gateway --port 4001"),
        ("fake-ib-gateway.exe", ""),
    ],
)
def test_fake_is_told_by_its_name_or_its_command_line(name: str, command_line: str) -> None:
    assert is_the_fake(name, command_line)


def test_gateway_is_no_fake() -> None:
    assert not is_the_fake("java", "/opt/jts/jre/bin/java -cp fake.jar ibgateway.GWClient")
