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
        "If it is still there, end it: {end}",
        "Check that no socket is left in CLOSE_WAIT: {list_zombies}",
        "Wait 10 seconds, then start {gateway} and log in: {start}",
        "After the login wait {initialization}. Do not touch its window.",
        "Run this once{not_before}: {again}",
    ),
    "B": (
        "Do not try again now: every attempt may leave a zombie.",
        "Close {gateway}. Check that its process is gone: {find}",
        "Back up its settings: {back_up}",
        "Uninstall {gateway}, then delete its folder: {remove}",
        "Download {gateway} from IBKR again and install it.",
        "In its API settings set port {port}, trusted IP {own_address}, Read-Only API off.",
        "Also set master API client ID {client_id}, or leave it blank if it was blank.",
        "Log in and wait {initialization}. Do not touch its window.",
        "Run this once{not_before}: {again}",
    ),
    "C": (
        "Start TWS (install it from IBKR if needed) and log in to the paper account.",
        "In its API settings: port {fallback_port}, trusted IP {own_address}, Read-Only API off.",
        "After the login wait {initialization}. Do not touch its window.",
        "Leave {settings} as it is and run this once: {fall_back}",
    ),
}
"""Restart the gateway, reinstall it, switch to TWS paper (Recovery Procedures)."""

TEN_MINUTES = timedelta(minutes=10)
"""The most time to spend on debugging on a Monday (Emergency Contacts)."""

STOP = "Stop. The first attempt failed at {first_failure}, {minutes} minutes ago. The limit is ten."

RESTART = "Restart the gateway (Procedure A, 2 minutes) and run this once more."
FALL_BACK = "Switch to TWS paper (Procedure C, 5 minutes): {fall_back}"
DEADLINE = "Time limit: if this is not fixed by {stop_at}, switch to TWS paper."
OFFLINE = "If TWS works, trade with TWS and look into the gateway later."
SUPPORT = "IBKR support for gateway issues: 877-442-2757."
"""The escalation path after the smoke test itself (Emergency Contacts)."""

CONTACTS = (
    SUPPORT,
    "TWS is the fallback, on port {fallback_port}. It needs no call.",
)
"""Who can help (Emergency Contacts)."""
