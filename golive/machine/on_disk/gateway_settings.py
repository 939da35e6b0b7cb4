"""The gateway's API settings as its files hold them, where they are not encrypted.

| setting | stands in | known from |
| --- | --- | --- |
| trusted addresses | `jts.ini`, `[IBGateway] TrustedIPs` | gnzsnz/ib-gateway-docker, IBC |
| the others | `ibg.xml`, `tws.xml`: attributes of `<ApiSettings>` | ib-controller #65, IBC #341 |

Newer builds encrypt the latter. Read-only mode is no key of `jts.ini`, though some put it there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

from golive.kit.text import printable, text_of
from golive.machine.api_settings import ApiSettings
from golive.machine.on_disk.gateway_files import GatewayFiles, because, opened

MOST_BYTES = 4 * 1024 * 1024
MOST_CHARACTERS = 100
MOST_ADDRESSES = 100
ENCRYPTED = "encrypted or not XML; see the settings in the gateway's own window"

_BOOLEANS = {"true": True, "false": False}


class Unreadable(Exception):
    """A file cannot be understood. Its text says why."""


def read_api_settings(files: GatewayFiles) -> tuple[ApiSettings, tuple[str, ...]]:
    """What the files tell together, and what they do not tell and why.

    Where two files contradict each other neither is believed: they may be of two users.
    """
    untold = list(files.untold)
    told = each_told(files, untold)
    found = _joined(told, untold)
    if not told:
        untold.append("no jts.ini or ibg.xml of the gateway could be read")
    return found, tuple(untold)


def each_told(files: GatewayFiles, untold: list[str]) -> list[ApiSettings]:
    """What each of them tells by itself; `untold` hears why one does not."""
    told = []
    for path in (each.path for each in files.files):
        if reader := _reader(path.name.casefold()):
            try:
                told.append(replace(reader(_content(path)), source=str(path)))
            except (OSError, Unreadable) as error:
                untold.append(because(path, error))
    return told


def _reader(name: str) -> Callable[[bytes], ApiSettings] | None:
    if name == "jts.ini":
        return from_ini
    return from_xml if name in ("ibg.xml", "tws.xml") else None


def _joined(told: Sequence[ApiSettings], untold: list[str]) -> ApiSettings:
    values: dict[str, Any] = {}
    for name in (field.name for field in fields(ApiSettings) if field.name != "source"):
        found = {getattr(each, name) for each in told} - {None}
        if len(found) > 1:
            where = " and ".join(each.source for each in told if getattr(each, name) is not None)
            untold.append(f"{name.replace('_', ' ')}: {where} contradict each other")
        elif found:
            (values[name],) = found
    return ApiSettings(", ".join(each.source for each in told), **values)


def _content(path: Path) -> bytes:
    with opened(path) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unreadable(f"more than {MOST_BYTES} bytes, too large for a settings file")
    return data


def from_ini(data: bytes) -> ApiSettings:
    """What a `jts.ini` tells. Where the key stands twice, the last one counts."""
    section, trusted = "", None
    for line in text_of(data).splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals and key.startswith("["):
            section = key.casefold()
        elif section == "[ibgateway]" and key.casefold() == "trustedips":
            trusted = [_shown(each) for each in value.split(",")[:MOST_ADDRESSES] if each.strip()]
    return ApiSettings("", trusted_ips=None if trusted is None else tuple(trusted))


def from_xml(data: bytes) -> ApiSettings:
    """What an `ibg.xml` or `tws.xml` tells. Raises Unreadable.

    A document type is refused: it could name other files, or grow without end.
    """
    if not text_of(data[:1000]).lstrip().startswith("<"):
        raise Unreadable(ENCRYPTED)
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda name, attributes: (
        found.append(attributes) if name == "ApiSettings" else None
    )
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Unreadable(f"damaged, or being written: {error}") from None
    if len(found) != 1:
        raise Unreadable(f"it has {len(found)} ApiSettings elements instead of one")
    return _from_attributes(found[0])


def _refuse(*_: object) -> None:
    raise Unreadable("it has a document type, which a gateway's settings never have")


def _from_attributes(attributes: dict[str, str]) -> ApiSettings:
    master = attributes.get("masterClientID")
    return ApiSettings(
        "",
        read_only=_BOOLEANS.get(attributes.get("readOnlyApi", "")),
        master_client_id=None if master is None else _shown("" if master == "-1" else master),
        localhost_only=_BOOLEANS.get(attributes.get("allowOnlyLocalhost", "")),
    )


def _shown(text: str) -> str:
    return printable(text.strip())[:MOST_CHARACTERS]
