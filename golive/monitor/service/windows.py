"""A scheduled task for the Monitor, as `schtasks /Create /XML` takes it.

The elements: [MS-TSCH] 2.5, https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema
"""

from __future__ import annotations

import subprocess
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from golive.monitor.service.started import MADE_BY, MOST_STARTS, NoService, Started

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
LEAST_INTERVAL, MOST_INTERVAL = 60, 31 * 86_400
NORMAL_PRIORITY = "5"
"""A task's own, 7, is below normal also for the disk."""


def task(started: Started) -> str:
    """The task's XML, in ASCII and without a declaration: fit for any encoding."""
    root = Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    about = SubElement(root, "RegistrationInfo")
    _text(about, "Description", f"golive Monitor of {started.of}. Made by: {MADE_BY}")
    logon = SubElement(SubElement(root, "Triggers"), "LogonTrigger")
    _text(logon, "Enabled", "true")
    _text(logon, "UserId", started.user)
    principal = SubElement(SubElement(root, "Principals"), "Principal", {"id": "Author"})
    _text(principal, "UserId", started.user)
    _text(principal, "LogonType", "InteractiveToken")
    _text(principal, "RunLevel", "LeastPrivilege")
    _settings(SubElement(root, "Settings"), started)
    actions = SubElement(root, "Actions", {"Context": "Author"})
    execute = SubElement(actions, "Exec")
    _text(execute, "Command", started.python)
    _text(execute, "Arguments", subprocess.list2cmdline(started.arguments))
    _text(execute, "WorkingDirectory", str(started.folder))
    ElementTree.indent(root)
    told: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=False)
    return told.decode("ascii") + "\n"


def file(text: str) -> bytes:
    """As a file that schtasks reads: UTF-16, which it is declared to be."""
    return ('<?xml version="1.0" encoding="UTF-16"?>\n' + text).encode("utf-16")


def _settings(settings: Element, started: Started) -> None:
    """No second one beside it, no limit of three days, and again only after the cool-down."""
    if started.reconnects:
        seconds = min(max(LEAST_INTERVAL, started.retry_seconds), MOST_INTERVAL)
        again = SubElement(settings, "RestartOnFailure")
        _text(again, "Interval", f"PT{seconds}S")
        _text(again, "Count", str(MOST_STARTS))
    for name, value in {
        "MultipleInstancesPolicy": "IgnoreNew",
        "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false",
        "StartWhenAvailable": "true",
        "ExecutionTimeLimit": "PT0S",
        "Priority": NORMAL_PRIORITY,
    }.items():
        _text(settings, name, value)


def _text(parent: Element, name: str, text: str) -> None:
    """Raises NoService."""
    if not text.isprintable():
        raise NoService(f"{text!r} cannot be used in a scheduled task")
    SubElement(parent, name).text = text
