"""A systemd unit for the Monitor. The directives: systemd.service(5), systemd.exec(5)."""

from __future__ import annotations

from ipaddress import ip_address

from golive.monitor.service.started import (
    LEAST_HOUR,
    MADE_BY,
    MOST_STARTS,
    STOP_SECONDS,
    NoService,
    Started,
)

UNIT = """\
# Made by: {made_by}
# To install: copy it to /etc/systemd/system/golive-monitor.service, then
#   systemctl daemon-reload && systemctl enable --now golive-monitor

[Unit]
Description=golive Monitor of {of}
After=network.target
# After this many starts in this time it stays down. Find the cause, then:
# systemctl reset-failed golive-monitor
StartLimitBurst={most_starts}
StartLimitIntervalSec={within}

[Service]
Type=notify
NotifyAccess=main
User={user}
WorkingDirectory={folder}
Environment={state_variable} PYTHONUNBUFFERED=1
ExecStart={command}
# The unit is ready once the gateway is.
TimeoutStartSec={start}
# The Monitor reports that it works; one that hangs is asked to end.
WatchdogSec={watchdog}
WatchdogSignal=SIGTERM
TimeoutStopSec={stop}
SuccessExitStatus=130
# {why_restart}
Restart={restart}
RestartSec={retry}
# 4: the settings are wrong, or the port is taken.
RestartPreventExitStatus=4

UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={state}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
{reach}
[Install]
WantedBy=multi-user.target
"""

LOOPBACK_ONLY = """\
# Only this machine can be reached.
IPAddressDeny=any
IPAddressAllow=localhost
"""

WATCHDOG_LEAST = 30


def unit(started: Started) -> str:
    """The unit's text. Raises NoService."""
    if started.settings.credentials.auto_launch:
        raise NoService(
            "AutoLaunch is true, but a service has no desktop for the login; set it to false and"
            " start the gateway in another way"
        )
    retry = started.retry_seconds
    return UNIT.format(
        made_by=MADE_BY,
        of=_plain(started.of),
        most_starts=MOST_STARTS,
        within=max(LEAST_HOUR, 2 * MOST_STARTS * retry),
        user=_plain(started.user),
        folder=_plain(str(started.folder)),
        state_variable=_word(f"GOLIVE_STATE={started.state}"),
        state=_word(str(started.state)),
        command=" ".join(_argument(each) for each in (started.python, *started.arguments)),
        start=started.start_seconds,
        watchdog=max(WATCHDOG_LEAST, round(4 * started.settings.golive.heartbeat_seconds)),
        stop=STOP_SECONDS,
        why_restart=_WHY[started.reconnects],
        restart="on-failure" if started.reconnects else "on-abnormal",
        retry=retry,
        reach=LOOPBACK_ONLY if _is_here(started.settings.credentials.host) else "",
    )


_WHY = {
    True: "Restarts wait for the cool-down; the Monitor then keeps the rules about attempts.",
    False: "AutoReconnect is false: restarted only after a crash, not after a lost gateway.",
}


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(text: str) -> str:
    """To the end of a line. Raises NoService."""
    if not text.isprintable() or text != text.strip() or not text or text.endswith("\\"):
        raise NoService(f"{text!r} cannot be used in a systemd unit")
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """One word of several, in quotes where it needs them. Raises NoService."""
    plain = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"' if set(plain) & set(" '\"\\;") else plain


def _argument(text: str) -> str:
    """One of a command, in which a dollar begins a variable."""
    return _word(text).replace("$", "$$")
