"""What Allure shows about a run besides its results: environment, executor, categories."""

from __future__ import annotations

import json
import re

from golive.diagnosis.decision_tree import TREE, UNEXPLAINED
from golive.evidence.record import Evidence
from golive.kit.text import printable
from golive.reports import results, wording
from golive.reports.allure.executor import executor

UNFINISHED = "unfinished"
CODES = (*(each.code for each in TREE), UNEXPLAINED.code, UNFINISHED, results.NO_DIAGNOSIS)
"""Everything that a failure message may begin with."""


def files(found: Evidence) -> dict[str, str]:
    """Texts by the names of their files."""
    return {
        "environment.properties": _properties(environment(found)),
        "executor.json": json.dumps(executor(found.run_id), indent=1) + "\n",
        "categories.json": json.dumps(categories(), indent=1) + "\n",
    }


def environment(found: Evidence) -> dict[str, object]:
    """What was checked, and with what. The machine is not named."""
    return {
        "Verdict": found.verdict,
        "Diagnosis": results.code(found) or "none",
        "Target": wording.target(found),
        "Fault": found.fault or "none",
        "Endpoint": f"{found.endpoint.host}:{found.endpoint.port}, {found.endpoint.kind}",
        "Client.id": found.endpoint.client_id,
        "API.version": found.api.version or "unknown",
        "Server.version": found.api.server_version or "unknown",
        "Overrides": ", ".join(each.step for each in found.overrides) or "none",
        "Weakened.checks": "; ".join(found.weakened) or "none",
        "Noted": "; ".join(wording.noted(found)) or "none",
        "System": found.circumstances.system,
        "Python": found.circumstances.python,
        "golive": found.circumstances.golive,
        "Run": found.run_id,
        "Evidence.sha256": found.digest,
    }


def categories() -> list[dict[str, object]]:
    """One for each cause of a NO-GO, then those for checks that were not run."""
    causes = [_category(f"NO-GO: {code}", f"^{re.escape(code)}: .*", "failed", "broken")
              for code in CODES]  # fmt: skip
    return [
        *causes,
        _category("NO-GO: failed as well", ".*", "failed", "broken"),
        _category("Not run: blocked by an earlier step", "^not run, .*", "skipped"),
        _category("Not observed or not configured", "^not (observed|configured).*", "skipped"),
    ]


def _category(name: str, message: str, *statuses: str) -> dict[str, object]:
    return {"name": name, "messageRegex": message, "matchedStatuses": statuses}


def _properties(values: dict[str, object]) -> str:
    """In Java's format, in which all but plain characters are escaped."""
    return "".join(f"{key}={_escaped(str(value))}\n" for key, value in values.items())


def _escaped(value: str) -> str:
    plain = printable(value).replace("\\", "\\\\")
    units = plain.encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)
