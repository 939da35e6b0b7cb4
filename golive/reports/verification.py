"""Whether a run's evidence and its signed page are unchanged since the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from golive.evidence import storage
from golive.evidence.contradictions import doubts, is_of_another_version, name_of
from golive.evidence.digest import digest_of
from golive.evidence.record import Evidence
from golive.evidence.storage import NoEvidence
from golive.kit import files
from golive.kit.text import printable
from golive.reports import sign_off
from golive.reports.index import RUNS

TRUST_NOTHING = (
    "Do not rely on this run. Restore its folder from a copy with the digest of the printed page,"
    " or run the procedure again."
)
MADE_UP = "The digest fits, but no run writes this: somebody computed a new digest."
WRITE_AGAIN = "Write the page again and compare it with the printed one: golive report write"


class Finding(NamedTuple):
    """What is wrong, without a full stop; what that means and what to do, as sentences."""

    what: str
    means: str
    to_do: str


@dataclass(frozen=True, slots=True)
class Checked:
    """`found` is None where there is no evidence at all; `notes` are what could not be checked."""

    folder: Path
    found: Evidence | None
    findings: list[Finding]
    notes: list[str]

    @property
    def is_verified(self) -> bool:
        return self.found is not None and not self.findings


def verify(folder: Path, printed: str = "") -> Checked:
    """`printed` is the digest on the printed page, or how it begins; "" where none is at hand."""
    try:
        found = storage.read(folder)
    except NoEvidence as error:
        return Checked(folder, None, [_no_evidence(folder, error)], [])
    checked = Checked(folder, found, [], [])
    checked.findings.extend(_of_the_evidence(folder, found))
    if not found.digest.startswith(printed):
        checked.findings.append(
            Finding(
                f"its digest begins with {found.digest[: len(printed)]}, the printed one with"
                f" {printed}",
                "The page was printed from other evidence, or this was made again since.",
                TRUST_NOTHING,
            )
        )
    _check_the_page(checked, found)
    if not _is_in_its_place(folder):
        checked.notes.append(f"This folder is not named after the run, {found.run_id}.")
    return checked


def _no_evidence(folder: Path, error: NoEvidence) -> Finding:
    document = _document(folder)
    if "digest" not in document:
        return Finding(str(error), "Nothing can be said about this run.", TRUST_NOTHING)
    if document.get("schema") != 1:
        schema = printable(str(document.get("schema")))[:20]
        means = f"Its schema is {schema}: another version of golive wrote it, or none did."
        return Finding(str(error), means, "Verify it with the version that wrote it.")
    stated, made = printable(str(document["digest"]))[:64], digest_of(document)
    means = f"It states the digest {stated} but has {made}." if stated != made else MADE_UP
    return Finding(str(error), means, TRUST_NOTHING)


def _document(folder: Path) -> dict[str, Any]:
    """As far as it is one."""
    try:
        found = json.loads(files.contents(folder / storage.FILE_NAME))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_the_evidence(folder: Path, found: Evidence) -> Iterator[Finding]:
    name = folder.name if _is_in_its_place(folder) else found.run_id
    for doubt in doubts(found, name):
        means = MADE_UP if found.run_id == name else "Somebody has put it there."
        yield Finding(f"{storage.FILE_NAME}: {doubt}", means, TRUST_NOTHING)
    if twice := _named_twice(folder):
        means = "A reader of the file may see another value than the one that is checked."
        yield Finding(f"{storage.FILE_NAME}: {twice} appears twice", means, TRUST_NOTHING)


def _is_in_its_place(folder: Path) -> bool:
    return name_of(folder.name) is not None or folder.parent.name == RUNS


def _named_twice(folder: Path) -> str:
    """A key that one object of the document has twice: of those, JSON readers choose one."""
    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(name for name, count in Counter(names).items() if count > 1)
        return dict(pairs)

    json.loads(files.contents(folder / storage.FILE_NAME), object_pairs_hook=look)
    return printable(twice[0])[:100] if twice else ""


def _check_the_page(checked: Checked, found: Evidence) -> None:
    name = sign_off.FILE_NAME
    again = f"{WRITE_AGAIN} {checked.folder}"
    try:
        shown = files.contents(checked.folder / name)
    except FileNotFoundError:
        checked.notes.append(f"{name} is not there. {again}")
        return
    except OSError as error:
        why = f"{name}: {error.strerror or error}"
        checked.findings.append(Finding(why, "The page cannot be compared.", again))
        return
    if shown == _page(found):
        return
    if found.digest.encode("ascii") not in shown:
        why = f"{name}: it does not show the digest of this evidence"
        checked.findings.append(Finding(why, "It is the page of other evidence.", again))
    elif not is_of_another_version(found):
        why = f"{name}: it is not the page of this evidence, byte for byte"
        checked.findings.append(Finding(why, "The page was changed.", again))
    else:
        wrote = found.circumstances
        version = printable(f"{wrote.golive} ({wrote.golive_sha256[:12]})")[:40]
        checked.notes.append(
            f"{name} cannot be compared byte by byte, since version {version} of golive wrote the"
            " evidence. It shows the right digest."
        )


def _page(found: Evidence) -> bytes | None:
    """None where none can be made of it: sealed, but nothing that a run leaves."""
    try:
        return sign_off.page(found).encode("utf-8")
    except Exception:
        return None
