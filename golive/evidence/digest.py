"""The seal of the evidence: a digest over everything in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of(document: Mapping[str, Any]) -> str:
    """sha256, in hex, of the document without `digest`, as canonical JSON.

    Canonical: keys sorted, no spaces, everything but ASCII escaped.
    """
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
