"""What a session checks on its connection, before and after it is closed, by step id.

True means that the step of `golive.procedure.steps` passes.
"""

from __future__ import annotations

from collections.abc import Callable

from golive.client.answers import Access, Handshake
from golive.client.identity import Identity
from golive.client.messages import ApiError
from golive.machine import sockets
from golive.machine.api_settings import ApiSettings
from golive.machine.gateway import Gateway
from golive.machine.listener import Listener
from golive.run import preflight
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsFile


def of_handshake(
    handshake: Handshake,
    access: Access,
    against: ApiError | None,
    over_api: ApiSettings,
    settings: Settings,
) -> dict[str, bool]:
    """The steps of the handshake stage. `against` is the gateway's message against it, if any."""
    wanted, milliseconds = settings.golive, handshake.complete_ms
    told = handshake.accounts
    is_told = wanted.expected_account in told if wanted.expects_account else bool(told)
    in_time = milliseconds is not None and milliseconds < wanted.handshake_budget_seconds * 1000
    return {
        "handshake.connect-ack": handshake.connect_ack,
        "handshake.next-valid-id": handshake.next_valid_id is not None,
        "handshake.managed-accounts": is_told and not settings.of_another_kind(told),
        "handshake.under-budget": handshake.stopped is None and in_time,
        "handshake.no-obstacle": against in (None, access.refusal),
        "handshake.read-only-off": access.is_granted and over_api.read_only is not True,
    }


def of_identity(
    identity: Identity, pinned: int, address: str, write: Callable[[str], None]
) -> dict[str, bool]:
    """The steps about the gateway's own settings. What is not observed does not fail them.

    One line says what a person must look up instead. A go-live run also says why.
    """
    unknown: list[str] = []

    def holds(claim: Callable[[], bool], wanted: str) -> bool:
        try:
            return claim()
        except sockets.NotObservable:
            unknown.append(wanted)
            return True

    made = {
        "handshake.master-client-id": holds(
            lambda: identity.has_master(pinned), f"master API client id {pinned} or blank"
        ),
        "handshake.trusted-addresses": holds(
            lambda: identity.trusts(address), f"{address} among the trusted IPs"
        ),
    }
    if unknown:
        where = "Note: not observed; check in the gateway's API settings"
        write(f"{where}: {', '.join(unknown)}")
    return made


def of_closing(
    file: SettingsFile, gateway: Gateway, listener: Listener | None, is_clean: bool
) -> dict[str, bool]:
    """The steps after the close. `listener` listened before. Raises sockets.NotObservable."""
    is_same = preflight.seen(file, lambda: gateway.is_still(listener))
    return {
        "afterwards.closed-cleanly": is_clean,
        "afterwards.no-zombies": not preflight.seen(file, lambda: gateway.zombies),
        "afterwards.still-listening": is_same is not False,  # None: it need not be seen
    }
