"""What a gateway's messages of type error mean: every known code in one table, with its class.

The codes and their meanings are IBKR's (TWS API documentation, "Message Codes") and those of public
reports. A code that stands nowhere here is an obstacle where it may concern us, never good news.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from golive.kit.text import shortened

NOBODYS = frozenset({-1, 0, 2**31 - 1})
"""Ids of what answers no request: -1; 2147483647 in older builds; 0 where protobuf has none."""

FIRST_OF_OURS = 2_000_000_000
"""Our own requests are numbered from here on, where no order of anybody has its id."""

CONFIG_REQUEST = FIRST_OF_OURS + 219
"""The id under which the gateway's settings are asked for. Nothing else rests on that answer."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """A message of type error, which may be a mere notice. `request_id` is -1 where it has none."""

    request_id: int
    code: int
    text: str

    @property
    def is_ours(self) -> bool:
        """Whether it may concern this session: it bears no request's id, or one of ours."""
        return self.request_id in NOBODYS or self.request_id >= FIRST_OF_OURS

    def __str__(self) -> str:
        return f"error {self.code}: {self.text}"


class Kind(StrEnum):
    """What a message is about."""

    ORDINARY = "ordinary"
    FARM_BROKEN = "farm broken"
    LINK = "link"
    NOT_COMPLETE = "data not complete"
    LOGIN = "login not usable"
    REFUSED = "request refused"
    PACING = "pacing"
    LIBRARY = "the client library's own"
    OTHERS = "another program's"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """A code that is known. `is_for_all`: it counts whichever request's id it bears."""

    kind: Kind
    meaning: str
    diagnosis: str = ""
    """The code of the diagnosis, where it stands in the way."""
    is_for_all: bool = False


LOST, IN_TROUBLE = "connectivity-lost", "gateway-in-trouble"
NOT_AVAILABLE, LOGIN, REFUSED = "positions-not-available", "login-not-usable", "request-refused"

CODES: dict[int, Known] = {
    2104: Known(Kind.ORDINARY, "a market data farm is connected"),
    2106: Known(Kind.ORDINARY, "a historical data farm is connected"),
    2158: Known(Kind.ORDINARY, "the security definition farm is connected"),
    2107: Known(Kind.ORDINARY, "a historical data farm is idle but available"),
    2108: Known(Kind.ORDINARY, "a market data farm is idle but available"),
    2103: Known(Kind.FARM_BROKEN, "a market data farm is broken"),
    2105: Known(Kind.FARM_BROKEN, "a historical data farm is broken"),
    2157: Known(Kind.FARM_BROKEN, "the security definition farm is broken"),
    2119: Known(Kind.FARM_BROKEN, "a market data farm is still connecting"),
    1100: Known(Kind.LINK, "the link to IBKR is lost", LOST, is_for_all=True),
    2110: Known(Kind.LINK, "the link to IBKR is broken", LOST, is_for_all=True),
    1101: Known(Kind.LINK, "the link is back, data was lost", LOST, is_for_all=True),
    1102: Known(Kind.LINK, "the link is back, data was kept", LOST, is_for_all=True),
    1300: Known(Kind.LINK, "the API port was changed", "port-changed", is_for_all=True),
    2151: Known(Kind.NOT_COMPLETE, "positions are not available yet", NOT_AVAILABLE,
                is_for_all=True),
    10275: Known(Kind.NOT_COMPLETE, "positions of some accounts are not available", NOT_AVAILABLE,
                 is_for_all=True),
    10141: Known(Kind.LOGIN, "the paper trading disclaimer is not accepted yet", LOGIN,
                 is_for_all=True),
    320: Known(Kind.REFUSED, "a request cannot be read", REFUSED),
    321: Known(Kind.REFUSED, "a request is not valid here", REFUSED),
    322: Known(Kind.REFUSED, "a request cannot be processed", REFUSED),
    326: Known(Kind.REFUSED, "the client id is in use", "client-id-in-use", is_for_all=True),
    327: Known(Kind.REFUSED, "only client id 0 may ask for that", REFUSED),
    10999: Known(Kind.REFUSED, "a request is not supported for this login", REFUSED),
    100: Known(Kind.PACING, "more than 50 messages within a second"),
    505: Known(Kind.LIBRARY, "a message type that the client library does not know"),
}  # fmt: skip
"""505 is never on the wire: newer official clients report a message id that they do not know."""

CONNECTIVITY_LOST = frozenset({1100, 2110})
DATA_LOST, DATA_MAINTAINED = 1101, 1102
"""The link is back; subscriptions were lost, or kept."""

RESTORED = frozenset({DATA_LOST, DATA_MAINTAINED})
CLIENT_ID_IN_USE, NOT_VALID = 326, 321

_NOTED = frozenset({Kind.ORDINARY, Kind.FARM_BROKEN, Kind.PACING, Kind.LIBRARY, Kind.OTHERS})
LONGEST_FARM = 50


def kind(error: ApiError) -> Kind:
    """The class of a message: by its code, and by whose request it answers."""
    known = CODES.get(error.code)
    if known is not None and (known.is_for_all or known.kind in _NOTED or error.is_ours):
        return known.kind
    return Kind.UNKNOWN if error.is_ours else Kind.OTHERS


def is_obstacle(error: ApiError) -> bool:
    """Whether it makes every answer of the session unreliable.

    That the link is back does not: it is what was waited for. Nothing rests on the gateway's own
    settings, except where a code concerns everybody, whichever request it names.
    """
    known = CODES.get(error.code)
    is_for_all = known is not None and known.is_for_all
    return (
        kind(error) not in _NOTED
        and error.code not in RESTORED
        and (is_for_all or error.request_id != CONFIG_REQUEST)
    )


def diagnosis_code(error: ApiError) -> str:
    """The code of the diagnosis that an obstacle leads to."""
    known = CODES.get(error.code)
    return (known.diagnosis if known else "") or IN_TROUBLE


def is_of_the_whole_session(error: ApiError) -> bool:
    """Whether it would be said of any login, however many accounts it has."""
    known = CODES.get(error.code)
    return known is not None and known.is_for_all and known.kind is not Kind.NOT_COMPLETE


def farm(error: ApiError) -> tuple[str, bool] | None:
    """The data farm that a notice is about, and whether it is connected; an idle one will be."""
    known = CODES.get(error.code)
    if known is None or known.kind not in (Kind.ORDINARY, Kind.FARM_BROKEN):
        return None
    name = shortened(error.text.rpartition(":")[2].strip(), LONGEST_FARM)
    return name, known.kind is Kind.ORDINARY
