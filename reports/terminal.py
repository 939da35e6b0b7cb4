"""The procedure on the terminal, as it happens: plain words, readable in any code page."""

from __future__ import annotations

from collections.abc import Callable

from golive.evidence import Evidence, StepRecord
from golive.text import printable, told

WORDS = {
    "passed": "ok",
    "failed": "FAILED",
    "blocked": "BLOCKED",
    "not-configured": "not configured",
    "not-observable": "not observable",
}
HEADINGS = {
    "live": "Go-live procedure",
    "fallback": "Go-live procedure on the FALLBACK, TWS paper",
    "fake": "REHEARSAL against a fake gateway",
}
INDENT = " " * 11
LONGEST_FACT = 400
"""Characters: a path or a command line is whole."""
ASKED = "positions.complete"


class Terminal:
    """Tells a run line by line to `write`."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._stage = write, ""

    def begin(self, where: str, target: str, resets: list[str]) -> None:
        """What is about to be tried; what is not the live gateway says so before anything else."""
        self._write(f"{HEADINGS[target]}: {where}")
        for each in resets:
            self._write(each)

    def remembered(self, override: str | None, damaged_lines: int) -> None:
        """What is to be known before anything of earlier runs and of the operator's choice."""
        if override is not None:
            self._write(_shortened(f"OVERRIDE: {override}", 160))
        if damaged_lines:
            self._write(f"Note: damaged lines of the journal passed over: {damaged_lines}")

    def step(self, record: StepRecord) -> None:
        if record.stage != self._stage:
            self._stage = record.stage
            self._write(f"\n{record.stage}")
        behind = f" (by {record.blocked_by})" if record.blocked_by else ""
        self._write(f"  {WORDS[record.outcome]:<8} {record.title}{behind}")
        pairs = told(record.observed)
        if record.outcome == "passed":
            there = [pair for pair in pairs if not pair.endswith(": none")]
            pairs = ["; ".join(there)] if there else []
        for pair in pairs:
            self._write(_shortened(INDENT + pair, 100 if record.outcome == "passed" else 160))

    def found(self, evidence: Evidence) -> None:
        """What was not observed, and the diagnosis, if there is one."""
        hidden = [each.title for each in evidence.steps if each.outcome == "not-observable"]
        if hidden:
            self._write("\nNot observed: " + "; ".join(hidden))
        if evidence.diagnosis is not None:
            self._diagnosis(evidence)

    def verdict(self, evidence: Evidence, report: str) -> None:
        """The last line."""
        self._write("")
        self._write(verdict_line(evidence, report))

    def _diagnosis(self, evidence: Evidence) -> None:
        found = evidence.diagnosis
        assert found is not None
        recovery = f", Procedure {found.procedure}" if found.procedure else ""
        self._write(f"\nDiagnosis: {found.code}{recovery}\n  {found.cause}")
        for each in found.also:
            self._write(f"  or, to be looked at after that: {each.code}: {each.cause}")
        if found.stopped_at:
            self._write(f"  the handshake stopped at: {found.stopped_at}")
        self._write("Facts")
        for fact in found.facts:
            self._write(_shortened(f"  - {fact}", LONGEST_FACT))
        self._list("What to do", found.next_steps)
        if found.if_that_fails:
            self._list("If that fails", found.if_that_fails)

    def _list(self, heading: str, lines: list[str]) -> None:
        self._write(heading)
        for number, line in enumerate(lines, start=1):
            self._write(f"  {number}. {line}")


def waiting_line(seconds: float) -> str:
    return f"  wait     too early: {seconds:4.1f} s more until the gateway counts as initialized"


def verdict_line(evidence: Evidence, report: str) -> str:
    """`GO: 24 positions, handshake 4 ms; evidence in ...`; of a rehearsal it says so."""
    complete = (evidence.handshake.next_valid_id_ms, evidence.handshake.managed_accounts_ms)
    times = [ms for ms in complete if ms is not None]
    handshake = f"handshake {max(times):.0f} ms" if len(times) == 2 else "no handshake"
    asked = any(each.id == ASKED and each.outcome != "blocked" for each in evidence.steps)
    positions = f"{evidence.positions.count} positions" if asked else "positions not asked for"
    what = f"{positions}, {handshake}"
    if evidence.overrides:
        steps = ", ".join(each.step for each in evidence.overrides)
        why = _shortened(evidence.overrides[0].reason, 60)
        what += f", OVERRIDDEN: {steps} ({why})"
    if evidence.target == "fake":
        return f"{evidence.verdict} (rehearsal): {what}, of a fake gateway; evidence in {report}"
    if evidence.target == "fallback":
        return f"{evidence.verdict} (fallback): {what}, of TWS paper; evidence in {report}"
    return f"{evidence.verdict}: {what}; evidence in {report}"


def _shortened(line: str, width: int) -> str:
    line = printable(line)
    return line if len(line) <= width else line[: width - 3] + "..."
