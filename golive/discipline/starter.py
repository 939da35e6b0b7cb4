"""The run that started this program: once it is gone, this program must not connect.

A run tells the programs that it starts its pid and start time. A `kill -9` may end it before they
have begun. A program that was handed over, because it is to be left running, stays.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from golive.discipline.one_process import OneProcess
from golive.kit import files

STARTED_BY = "GOLIVE_STARTED_BY"
"""The variable by which a run tells the programs it starts."""

OVER = "the run that started this program has ended"


class Starter(OneProcess):
    """That run, and the folder in which it remembers."""

    run: str
    folder: str

    def environment(self) -> dict[str, str]:
        return {STARTED_BY: self.model_dump_json()}

    @property
    def _handed_over(self) -> Path:
        return Path(self.folder) / f"{self.run}.handed-over"

    def hand_over(self) -> None:
        """From now on its programs may outlive it. Raises OSError."""
        files.write(self._handed_over, "")

    def take_back(self) -> None:
        """No program that was handed over is left. Raises OSError."""
        self._handed_over.unlink(missing_ok=True)

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, and has handed nothing over before."""
        return not self.is_there and not self._handed_over.is_file()


@cache
def of_this_process() -> Starter | None:
    """None if it was started by hand or by a service, not by a run."""
    try:
        return Starter.model_validate_json(os.environ.get(STARTED_BY, ""))
    except ValidationError:
        return None


def end() -> None:
    """This program ends: nothing that was handed over is left."""
    if known := of_this_process():
        with suppress(OSError):
            known.take_back()


def is_gone() -> bool:
    """Whether a run started this program, and has ended."""
    starter = of_this_process()
    return starter is not None and starter.is_gone
