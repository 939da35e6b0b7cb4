"""A process, as a file tells of it to programs that look later: it may have ended since."""

from __future__ import annotations

from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from golive.machine import processes


class OneProcess(BaseModel):
    """`process_mark` is that of `processes.mark`, "" where an earlier version wrote the file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    pid: int
    process_started: AwareDatetime
    process_mark: str = Field(default="", repr=False)

    @classmethod
    def this_one(cls, **more: Any) -> Self:
        """This process, with `more` fields. Raises OSError where the system does not tell it."""
        process = processes.own()
        if process is None:
            raise OSError("this process cannot see itself")
        mark = processes.mark(process.pid)
        return cls(pid=process.pid, process_started=process.started, process_mark=mark, **more)

    @property
    def is_there(self) -> bool:
        """Whether it runs still; one that was killed leaves its file behind."""
        return processes.is_same(self.pid, self.process_started, self.process_mark)
