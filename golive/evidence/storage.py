"""evidence.json in a run's folder: written whole, read only where it is whole and unchanged."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from golive.evidence.digest import digest_of
from golive.evidence.record import Evidence
from golive.kit import files
from golive.kit.text import printable

FILE_NAME = "evidence.json"


def write(evidence: Evidence, folder: Path, *, is_to_last: bool = True) -> Path:
    """The whole file or the one before it, never half of one; `is_to_last` as of `files.write`.

    Raises OSError.
    """
    path = folder / FILE_NAME
    text = json.dumps(evidence.sealed().document(), indent=1, ensure_ascii=True)
    files.write(path, text + "\n", is_to_last=is_to_last)
    return path


class NoEvidence(Exception):
    """There is none that can be relied on. Its text is one line that says where and why."""


def read(folder: Path) -> Evidence:
    """The evidence in a run's folder, whole and unchanged. Raises NoEvidence."""
    path = folder / FILE_NAME
    try:
        document = json.loads(files.contents(path).decode("utf-8"), parse_constant=_no_number)
        found = Evidence.model_validate(document)
        digest = digest_of(document)
    except FileNotFoundError:
        what = "no such file" if folder.is_dir() else "no such run"
        raise NoEvidence(f"{path}: {what}") from None
    except OSError as error:
        raise NoEvidence(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"])) or "the document"
        raise NoEvidence(f"{path}: not evidence of this schema; see {printable(where)}") from None
    except (ValueError, RecursionError):
        raise NoEvidence(f"{path}: cut off, or not JSON") from None
    if found.digest != digest:
        raise NoEvidence(
            f"{path}: its digest does not match: the file was changed after it was written"
        )
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
