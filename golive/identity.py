"""The gateway's own API settings, as it tells them, else as its files do; and what must be set."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields, replace

from golive import gateway_files, gateway_settings, sockets
from golive.api_settings import ApiSettings
from golive.gateway_files import GatewayFiles
from golive.settings import Settings
from golive.sockets import NotObservable

LOOPBACK = "loopback"
MOST_REASONS = 4
NAMES = [field.name for field in fields(ApiSettings) if field.name != "source"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of the settings; `untold` says what is not known, and why."""

    told: ApiSettings
    untold: tuple[str, ...] = ()

    def has_master(self, client_id: int) -> bool:
        """Whether the master client id is this one, or blank. Raises NotObservable."""
        found = self.told.master_client_id
        if found is None:
            raise self._unknown("master client id")
        return found in ("", str(client_id))

    def trusts(self, address: str) -> bool:
        """Whether this address of ours is a trusted one; the loopback addresses count as one.

        Raises NotObservable, also for another machine's address that is not trusted: the gateway
        may see that machine, behind a forwarder or a router, under one that is.
        """
        trusted = self.told.trusted_ips
        if trusted is None:
            raise self._unknown("trusted addresses")
        is_trusted = any(_plain(each) == _plain(address) for each in trusted)
        if not is_trusted and _plain(address) != LOOPBACK:
            raise NotObservable(f"{address} is not trusted, but the gateway may see another one")
        return is_trusted

    def _unknown(self, what: str) -> NotObservable:
        return NotObservable(f"{what} not known: {'; '.join(self.untold[:MOST_REASONS])}")


def _plain(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()
    return LOOPBACK if found.is_loopback else str(found)


def _files(settings: Settings) -> GatewayFiles:
    """Those of this machine may be another gateway's where ours is elsewhere."""
    is_here = all(map(sockets.is_this_machine, sockets.addresses(settings.credentials.host)))
    if is_here or settings.golive.gateway_folder is not None:
        return gateway_files.find(settings)
    return GatewayFiles(untold=("Host is another machine: its files cannot be read from here",))


def read_identity(over_api: ApiSettings, settings: Settings) -> Identity:
    """What the gateway told over its API, and from its files what it did not."""
    in_files, untold = gateway_settings.read_api_settings(_files(settings))
    missing = [name for name in NAMES if getattr(over_api, name) is None]
    added = {name: getattr(in_files, name) for name in missing}
    if len(missing) == len(NAMES):
        return Identity(in_files, (over_api.source, *untold))
    told = [over_api.source] + [in_files.source] * any(each is not None for each in added.values())
    return Identity(replace(over_api, source=", ".join(told), **added), untold)
