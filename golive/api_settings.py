"""The gateway's own API settings, as far as anything told them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What one source told; None is what it did not tell.

    `source` names where it was read, for the reader. `master_client_id` is "" where it is blank;
    the gateway's files write that as -1 or as nothing.
    """

    source: str
    read_only: bool | None = None
    master_client_id: str | None = None
    trusted_ips: tuple[str, ...] | None = None
    localhost_only: bool | None = None
    """Whether it takes connections from its own machine alone, whatever else is trusted."""


NOT_ASKED = ApiSettings("the gateway was not asked for them")
