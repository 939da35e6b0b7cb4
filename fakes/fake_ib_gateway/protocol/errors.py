"""Every code and text the gateway sends as an `error`, in one place, with where it was seen."""

from __future__ import annotations

from typing import NamedTuple

NO_REQUEST = -1
"""The request id of an error that belongs to no request."""


class Error(NamedTuple):
    """A code and its text, which may have places to be filled."""

    code: int
    text: str

    def about(self, *what: object) -> Error:
        """With its places filled."""
        return Error(self.code, self.text.format(*what))


FARM_IS_OK = Error(2104, "Market data farm connection is OK:{}")
FARM_IS_BROKEN = Error(2103, "Market data farm connection is broken:{}")
HISTORY_FARM_IS_OK = Error(2106, "HMDS data farm connection is OK:{}")
HISTORY_FARM_IS_BROKEN = Error(2105, "HMDS data farm connection is broken:{}")
FARM_CONNECTS = Error(2119, "Market data farm is connecting:{}")
DEFINITION_FARM_IS_BROKEN = Error(2157, "Sec-def data farm connection is broken:{}")
DEFINITION_FARM_IS_OK = Error(2158, "Sec-def data farm connection is OK:{}")

FARM_NOTICES = (
    FARM_IS_OK.about("usfarm"),
    HISTORY_FARM_IS_OK.about("ushmds"),
    DEFINITION_FARM_IS_OK.about("secdefnj"),
)
"""What an idle gateway sends at a session's start (recorded in 2026)."""

TOO_FAST = Error(100, "Max rate of messages per second has been exceeded:max={} rec={} ({})")
"""The text was seen in erdewit/ib_insync, pull request 35."""

ORDER_REFUSED = Error(201, "Order rejected - reason:This is a fake gateway, it takes no orders")
NOT_READABLE = Error(320, "Error reading request.")
NOT_VALID = Error(321, "Error validating request.-'{}' : cause - {}")
"""The quoted letters differ from build to build and from request to request (IBC #10)."""
UNKNOWN_ACCOUNT = NOT_VALID.about("bL", "Invalid account code '{}'.")
NO_ACCOUNT = NOT_VALID.about("bL", "The account code is required for this operation.")
READ_ONLY = NOT_VALID.about("bL", "The API interface is currently in Read-Only mode.")
NOT_SERVED = NOT_VALID.about("bL", "This is a fake gateway, it does not serve {}.")

TOO_MANY_SUMMARIES = Error(
    322,
    "Error processing request.-'bL' : cause - Maximum number of account summary requests exceeded;"
    " desubscribe to previous request first",
)
"""To the third at a time; the text stands in many public reports."""

CLIENT_ID_IN_USE = Error(
    326, "Unable to connect as the client id is already in use. Retry with a unique client id."
)
NO_AUTO_BIND = Error(327, "Only the default client (i.e 0) can auto bind orders.")

LOST = Error(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
RESTORED_LOST = Error(
    1101, "Connectivity between IBKR and Trader Workstation has been restored - data lost."
)
RESTORED = Error(
    1102,
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
    " All data farms are connected: usfarm; ushmds; secdefnj.",
)
BROKEN = Error(
    2110,
    "Connectivity between Trader Workstation and server is broken."
    " It will be restored automatically.",
)
PORT_CHANGED = Error(
    1300, "TWS socket port has been reset and this connection is being dropped; use port {}"
)
"""The sense is documented, the words are not recorded."""

NOT_AVAILABLE_YET = Error(2151, "Positions are not available yet. They follow once they are known.")
ACCOUNTS_NOT_AVAILABLE = Error(
    10275, "Positions are not available until the application is finished and approved: {}"
)
DISCLAIMER = Error(10141, "Accept the disclaimer of paper trading in the gateway's window first.")
ORDER_CANCELLED = Error(202, "Order Canceled - reason:")
ORDER_MESSAGE = Error(399, "Order Message: the order waits for the market to open.")
TOO_MANY_ACCOUNTS = NOT_VALID.about("bL", "Positions of so many accounts are not told.")
REQUEST_REFUSED = Error(10999, "The request is refused.")
"""The senses of these are documented or were reported, the words are not recorded."""

UNKNOWN = Error(9999, "No table of codes has this one.")
"""So that a client meets a code that it does not know."""


def of_code(code: int, account: str) -> Error:
    """With the text a gateway has for this code, if it has any; one text names an account."""
    return _OF_CODE.get(code, Error(code, UNKNOWN.text)).about(account)


_OF_CODE = {
    error.code: error
    for error in (
        *FARM_NOTICES,
        FARM_IS_BROKEN.about("usfarm"),
        HISTORY_FARM_IS_BROKEN.about("ushmds"),
        FARM_CONNECTS.about("usfarm"),
        DEFINITION_FARM_IS_BROKEN.about("secdefnj"),
        TOO_FAST.about(50, 51, 1),
        ORDER_CANCELLED,
        NOT_READABLE,
        READ_ONLY,
        CLIENT_ID_IN_USE,
        ORDER_MESSAGE,
        LOST,
        RESTORED_LOST,
        RESTORED,
        PORT_CHANGED.about(4002),
        BROKEN,
        NOT_AVAILABLE_YET,
        DISCLAIMER,
        ACCOUNTS_NOT_AVAILABLE,
        REQUEST_REFUSED,
    )
}
"""What may be said unasked; all but the account is filled in."""
