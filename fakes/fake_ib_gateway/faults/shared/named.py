"""Finds faults by name: `slow`, or `slow=2.5`. A fault is named like its module, with dashes.

A module is imported when its fault is needed; all of them are only imported to list them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module

from fake_ib_gateway import faults
from fake_ib_gateway.faults.shared.declared import Declared, NotAllowed
from fake_ib_gateway.faults.shared.fault import Fault

HOW_TO_LIST = "`fake-ib-gateway --list-faults` lists them"


class UnknownFault(ValueError):
    """No such fault, or not such a value; the text says what is allowed."""


class _Faults(Mapping[str, Declared]):
    """By name, from the files in the folder; ordered by group, then by name."""

    def __getitem__(self, name: str) -> Declared:
        if name not in self._names():
            raise KeyError(name)
        module = import_module(f"{faults.__name__}.{name.replace('-', '_')}")
        declared: Declared = module.FAULT
        return declared

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names(), key=lambda name: (self[name].group, name)))

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def nearest(self, name: str) -> str:
        """The most similar name; "" if there is none."""
        from difflib import get_close_matches  # only where somebody mistyped

        return next(iter(get_close_matches(name, sorted(self._names()), 1)), "")

    @staticmethod
    def _names() -> set[str]:
        found = pkgutil.iter_modules(faults.__path__)
        return {each.name.replace("_", "-") for each in found if not each.ispkg}


FAULTS = _Faults()


def named(words: str) -> Fault:
    """The fault of `slow` or `slow=2.5`. Raises UnknownFault."""
    name, equals, text = words.partition("=")
    if name not in FAULTS:
        nearest = FAULTS.nearest(name)
        guess = f" did you mean {nearest}?" if nearest else ""
        raise UnknownFault(f"no fault {name!r};{guess} {HOW_TO_LIST}")
    declared = FAULTS[name]
    if not equals:
        return declared.make()
    if declared.takes is None:
        raise UnknownFault(f"fault {name!r} takes no value, not {text!r}")
    try:
        return declared.make(declared.takes.read(text))
    except NotAllowed as allowed:
        what = f"fault {name}={declared.takes.name}"
        raise UnknownFault(f"{what} takes {allowed}, not {text!r}") from None


def listed() -> str:
    """Every fault in a line of at most 80 columns: name, what it does, what it takes."""
    width = max(map(len, FAULTS))
    return "\n".join(f"{name:{width}}  {_told(each)}" for name, each in FAULTS.items())


def _told(declared: Declared) -> str:
    return declared.summary + (f" [={declared.takes.name}]" if declared.takes else "")
