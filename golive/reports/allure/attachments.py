"""What is attached to the results: the evidence, its log excerpts, the time line, positions."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allure_commons.types import AttachmentType

from golive.evidence.record import Evidence
from golive.kit.text import printable
from golive.reports import results
from golive.reports.results import VERDICT

LOG = "log excerpts of the gateway"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One for the test of this id. `source` is its file; Allure shows a shared file only once."""

    test: str
    name: str
    source: str
    type: str
    body: str


def of(found: Evidence) -> list[Attachment]:
    """All of them at the verdict, the log also at the failed step."""
    log = "\n".join(map(printable, found.diagnosis.log)) if found.diagnosis else ""
    failed = next((each.id for each in results.of(found) if each.details), VERDICT)
    parts = [
        (failed, LOG, AttachmentType.TEXT, log),
        (VERDICT, LOG, AttachmentType.TEXT, log),
        (VERDICT, "time line", AttachmentType.CSV, _table(_times(found))),
        (VERDICT, "positions", AttachmentType.CSV, _table(found.positions.rows)),
        (VERDICT, "evidence, redacted", AttachmentType.JSON, _document(found)),
    ]
    return [_attachment(found.run_id, *part) for part in dict.fromkeys(parts) if part[-1]]


def _attachment(run: str, test: str, name: str, kind: AttachmentType, body: str) -> Attachment:
    place = re.sub(r"[^\w.-]", "_", f"{run}-{test}", flags=re.ASCII)  # a name, and never a path
    source = f"{place}-{name.partition(' ')[0].strip(',')}-attachment.{kind.extension}"
    return Attachment(test, name, source, kind.mime_type, body)


def _document(found: Evidence) -> str:
    return json.dumps(found.document(), indent=1) + "\n"


def _times(found: Evidence) -> Iterator[dict[str, Any]]:
    """When each step began and how long it took, in seconds; none for steps not run."""
    for step in found.steps:
        yield {
            "step": step.id,
            "outcome": step.outcome,
            "began": step.began,
            "seconds": None if step.began is None else step.seconds,
        }


def _table(rows: Iterable[dict[str, Any]]) -> str:
    rows = list(rows)
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([names, *([_cell(row.get(name)) for name in names] for row in rows)])
    return text.getvalue() if rows else ""


def _cell(value: Any) -> str:
    """Numbers as they are; text that a spreadsheet would take for a formula is quoted."""
    text = "" if value is None else printable(str(value))
    is_formula = text.startswith(("=", "+", "-", "@")) and not _is_number(text)
    return f"'{text}" if is_formula else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
