"""One page a diagnosis code, from the decision tree itself, and the list of them all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from golive.diagnosis import placeholders, recovery
from golive.diagnosis.branch import Branch
from golive.diagnosis.decision_tree import TREE, UNEXPLAINED
from golive.diagnosis.diagnose import Next, diagnose
from golive.diagnosis.seen import Seen
from golive.evidence.record import Diagnosis
from golive.procedure import steps
from tests.support.generated import drills, examples, markdown
from tests.support.generated.drills import Drill

NEXT = Next("golive check", "golive check --fallback", "golive check --kill-stale", "secrets.json")
SOAK = replace(NEXT, again="golive soak")
TITLES = {
    "A": "restart the gateway",
    "B": "reinstall the gateway",
    "C": "switch to TWS paper",
}
NO_DRILL = "No fault of the fake gateway leads to this cause."
EXAMPLE = (
    "Times, process ids and paths on this page are examples, for the settings of"
    " `secrets.example.json`. A run prints its own."
)


def pages() -> dict[str, str]:
    made = {f"causes/{branch.code}.md": _page(branch) for branch in TREE}
    return made | {
        f"causes/{UNEXPLAINED.code}.md": _unexplained(),
        "causes/procedures.md": _procedures(),
        "causes/index.md": _index(),
    }


def _next(what: Seen) -> Next:
    """What can be typed after the run that saw this."""
    return SOAK if what.failed_in("soak") else NEXT


def _page(branch: Branch) -> str:
    what = examples.seen(branch.code)
    found = diagnose(what, _next(what))
    if found.code != branch.code:
        raise ValueError(f"the example of {branch.code} is diagnosed as {found.code}")
    return markdown.page(
        f"`{branch.code}`",
        markdown.sentence(found.cause),
        "## What it means",
        f"golive names this cause when: {markdown.plain(branch.when)}.",
        _stops_at(branch.code, what),
        _procedure(branch),
        "## What was seen",
        "An example of the facts that a run shows with it:",
        markdown.block(found.facts),
        "## What to do",
        _to_do(branch, what),
        *_if_that_fails(found),
        "## How to drill it",
        _drills(drills.of_cause(branch.code)),
        EXAMPLE,
        "[All causes](index.md) · [All faults](../faults.md) · [What is checked](../checks.md)",
    )


def _unexplained() -> str:
    """Of no branch: whatever else fails."""
    what = examples.seen("gateway-restarted")
    return markdown.page(
        f"`{UNEXPLAINED.code}`",
        "A check failed, and no branch of the decision tree explains why.",
        "## What it means",
        f"golive names this cause when: {markdown.plain(UNEXPLAINED.when)}.",
        "## What to do",
        _to_do(UNEXPLAINED, what),
        "## How to drill it",
        NO_DRILL,
        "[All causes](index.md)",
    )


def _stops_at(code: str, what: Seen) -> str:
    """The steps that fail in its drills; else that of the example."""
    failed = [each.step for each in drills.of_cause(code) if each.step] or [what.failed]
    named = [f"{markdown.code(each)} ({steps.step(each).title})" for each in dict.fromkeys(failed)]
    return f"The check that fails: {'; or '.join(named)}."


def _procedure(branch: Branch) -> str:
    told = []
    if branch.procedure:
        letter = branch.procedure
        there = f"procedures.md#procedure-{letter.lower()}"
        told.append(f"The cure is [Procedure {letter}]({there}): {TITLES[letter]}.")
    if branch.written:
        told.append(f"In the written decision tree: {markdown.plain(branch.written)}")
    return "\n\n".join(told)


def _to_do(branch: Branch, what: Seen) -> str:
    return _steps(branch.next_steps or recovery.PROCEDURES[branch.procedure or "A"], what)


def _steps(templates: Sequence[str], what: Seen) -> str:
    """Each with the commands of each platform."""
    not_before = _not_before(what)
    filled = {
        name: placeholders.of(examples.on(what, program), not_before, commands)
        | asdict(_next(what))
        for name, (commands, program) in examples.PLATFORMS.items()
    }
    told = (
        {name: template.format(**values) for name, values in filled.items()}
        for template in templates
    )
    return "\n".join(line for n, each in enumerate(told, start=1) for line in numbered(n, each))


def _not_before(what: Seen) -> datetime | None:
    """The moment that the diagnosis names, if it names one."""
    told = diagnose(what, _next(what)).not_before
    return datetime.fromisoformat(told) if told else None


def numbered(number: int, told: dict[str, str]) -> Iterator[str]:
    """One line, where all platforms are told the same; else one more for each that differs."""
    texts = list(dict.fromkeys(told.values()))
    if len(texts) == 1:
        yield from _line(number, texts[0])
        return
    shared = _shared(texts)
    words = shared.removesuffix(": ")
    yield f"{number}. {markdown.plain(words) or 'By platform'}:"
    for text in texts:
        names = ", ".join(name for name, each in told.items() if each == text)
        rest = text.removeprefix(shared)
        yield f"    - {names}: {markdown.code(rest) if words else markdown.plain(rest)}"


def _shared(texts: Sequence[str]) -> str:
    """The words before the command that differs: up to the last colon that all have."""
    colons = [found.end() for found in re.finditer(": ", texts[0])]
    common = [end for end in colons if all(each.startswith(texts[0][:end]) for each in texts)]
    return texts[0][: max(common, default=0)]


def _line(number: int, text: str) -> Iterator[str]:
    """A command behind a colon is shown as one."""
    words, colon, command = text.partition(": golive ")
    if colon:
        yield f"{number}. {markdown.plain(words)}: {markdown.code(f'golive {command}')}"
    else:
        yield f"{number}. {markdown.sentence(text)}"


def _if_that_fails(found: Diagnosis) -> Sequence[str]:
    if not found.if_that_fails:
        return ()
    lines = [line for n, each in enumerate(found.if_that_fails, 1) for line in _line(n, each)]
    return "If that fails:", "\n".join(lines)


def _drills(known: Sequence[Drill]) -> str:
    if not known:
        return NO_DRILL
    heads = ("command", "what the fake gateway does", "first check that fails")
    rows = [
        (markdown.code(each.command), markdown.plain(each.summary), markdown.code(each.step or ""))
        for each in known
    ]
    return markdown.table(heads, rows)


def _procedures() -> str:
    """The three of the written procedure."""
    what = examples.seen("zombies")
    return markdown.page(
        "Recovery procedures",
        "A cause that is the gateway's own is cured by one of three procedures. Each is done once,"
        " step by step, and ends with one new attempt.",
        *(
            part
            for letter, templates in recovery.PROCEDURES.items()
            for part in (
                f"## Procedure {letter}",
                markdown.sentence(TITLES[letter]),
                _steps(templates, what),
            )
        ),
        EXAMPLE,
        "[All causes](index.md)",
    )


def _index() -> str:
    heads = ("cause", "golive names it when", "procedure", "drill")
    rows = [
        (
            f"[{branch.code}]({branch.code}.md)",
            markdown.plain(branch.when),
            branch.procedure or "",
            ", ".join(markdown.code(each.fault) for each in drills.of_cause(branch.code)[:2]),
        )
        for branch in (*TREE, UNEXPLAINED)
    ]
    return markdown.page(
        "Causes and cures",
        "Every NO-GO names one cause, by a code. Each code has a page here: what it means, what"
        " was seen, what to do, and how to see it in a rehearsal.",
        "`unfinished` is no cause: the run was cut short, for example by Ctrl-C, and that says"
        " nothing about the gateway. The terminal says from when on the whole procedure may be run"
        " again.",
        "They stand in the order in which golive looks for them. The first that applies is the"
        " cause; others that apply as well are named behind it.",
        markdown.table(heads, rows),
        "The letters are those of the [recovery procedures](procedures.md).",
    )
