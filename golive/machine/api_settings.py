"""The gateway's own API settings, as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The settings from one source; None where it does not say.

    `source` says where they were read. `master_client_id` is "" where it is blank;
    the gateway's files write that as -1 or as nothing.
    """

    source: str
    read_only: bool | None = None
    master_client_id: str | None = None
    trusted_ips: tuple[str, ...] | None = None
    localhost_only: bool | None = None
    """Whether it accepts connections only from its own machine, whatever else is trusted."""

    def completed(self, other: ApiSettings) -> ApiSettings:
        """These settings, completed with those of another source where they are unknown."""
        missing = [name for name in NAMES if getattr(self, name) is None]
        if len(missing) == len(NAMES):
            return other
        added = {name: getattr(other, name) for name in missing}
        is_more = any(value is not None for value in added.values())
        source = f"{self.source}, {other.source}" if is_more else self.source
        return replace(self, source=source, **added)


NAMES = [field.name for field in fields(ApiSettings) if field.name != "source"]
NOT_ASKED = ApiSettings("the gateway was not asked for them")
