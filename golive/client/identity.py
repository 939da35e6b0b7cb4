"""The gateway's own API settings, as it tells them, else as its files do; and what must be set."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from golive.machine.api_settings import ApiSettings
from golive.machine.on_disk import gateway_settings
from golive.machine.on_disk.gateway_files import GatewayFiles
from golive.machine.sockets import NotObservable

LOOPBACK = "loopback"
MOST_REASONS = 4


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
            raise self._unknown("trusted IPs")
        is_trusted = any(_plain(each) == _plain(address) for each in trusted)
        if not is_trusted and _plain(address) != LOOPBACK:
            raise NotObservable(
                f"{address} is not a trusted IP, but the gateway may see another address"
            )
        return is_trusted

    def _unknown(self, what: str) -> NotObservable:
        return NotObservable(f"{what} not observed: {'; '.join(self.untold[:MOST_REASONS])}")


def _plain(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()
    return LOOPBACK if found.is_loopback else str(found)


def read_identity(over_api: ApiSettings, files: GatewayFiles) -> Identity:
    """What the gateway told over its API, and from its files what it did not."""
    in_files, untold = gateway_settings.read_api_settings(files)
    unasked = (over_api.source,) if over_api == ApiSettings(over_api.source) else ()
    return Identity(over_api.completed(in_files), (*unasked, *untold))
