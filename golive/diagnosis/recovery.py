"""What to do: the written procedure's recovery procedures and its way of giving up, as data.

Each step is filled in for this machine and this configuration by `golive.diagnosis.diagnose`.
"""

from __future__ import annotations

from datetime import timedelta

from golive.diagnosis.branch import Recovery

PROCEDURES: dict[Recovery, tuple[str, ...]] = {
    "A": (
        "Close {gateway}.",
        "Check that its process is gone: {find}",
        "End it if it is still there: {end}",
        "Check that nothing is left in CLOSE_WAIT: {list_zombies}",
        "Wait 10 seconds, then start {gateway} and log in: {start}",
        "Wait {initialization} after the login; do not touch its window.",
        "Run this once, not before {not_before}: {again}",
    ),
    "B": (
        "Do not try again: each try may leave a zombie.",
        "Close {gateway}; check that its process is gone: {find}",
        "Save its configuration: {back_up}",
        "Uninstall {gateway}, then delete its folder: {remove}",
        "Download {gateway} from IBKR afresh, and install it.",
        "In its API settings: port {port}, trusted IP {own_address}, Read-Only API off.",
        "There, too: master API client id {client_id}, or blank as it was.",
        "Log in, and wait {initialization}; do not touch its window.",
        "Run this once, not before {not_before}: {again}",
    ),
    "C": (
        "Start TWS (install it from IBKR if it is not there); log in to the paper account.",
        "In its API settings: port {fallback_port}, trusted IP {own_address}, Read-Only API off.",
        "Wait {initialization} after the login; do not touch its window.",
        "Run this once; {settings} stays as it is: {fall_back}",
    ),
}
"""Restart the gateway; clean reinstall; switch to TWS paper (Recovery Procedures)."""

WAIT_SECONDS = 10
"""Between the gateway's end and its start."""

TEN_MINUTES = timedelta(minutes=10)
"""So much debugging on a Monday and no more (Emergency Contacts)."""

STOP = (
    "Stop: {minutes} minutes since the first failed attempt, at {first_failure}; ten is the most."
)

RESTART = "Restart the gateway, Procedure A (2 minutes), and run this once more."
FALL_BACK = "Switch to TWS paper, Procedure C (5 minutes): {fall_back}"
DEADLINE = "Ten minutes is the most: at {stop_at}, stop and switch to TWS paper."
OFFLINE = "If TWS works, go on with TWS, and look into the gateway later."
SUPPORT = "Gateway issues: IBKR support, 877-442-2757."
"""The escalation path behind the smoke test itself (Emergency Contacts)."""

CONTACTS = (
    SUPPORT,
    "TWS alternative: the fallback on port {fallback_port}; it needs no call.",
)
"""Whom to turn to (Emergency Contacts)."""
