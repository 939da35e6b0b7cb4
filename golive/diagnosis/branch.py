"""One branch of the decision tree, and what its steps end with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from golive.diagnosis.seen import Seen
from golive.procedure import steps

Recovery = Literal["A", "B", "C"]

AGAIN = "Then run again{not_before}: {again}"
"""`not_before` is empty where no rule would refuse an attempt now."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch.

    `when` says in words what `applies` asks. What to do is recovery procedure A, B or C, or
    `next_steps`. `written` is the branch of the written tree, empty where that has none.
    `is_the_gateways`: the trouble is this gateway's, so TWS is a way out.
    `otherwise` is what is left if that does not help and TWS would not either.
    """

    code: str
    when: str
    applies: Callable[[Seen], bool]
    cause: str
    procedure: Recovery | None = None
    next_steps: tuple[str, ...] = ()
    written: str = ""
    is_the_gateways: bool = False
    otherwise: tuple[str, ...] = ()


def failed(*step_ids: str) -> Callable[[Seen], bool]:
    """Whether one of these steps is the first that did not pass, for what was seen there."""
    known = [steps.step(step_id).id for step_id in step_ids]
    return lambda seen: seen.failed in known and not seen.unobserved
