"""What a program prints, as it comes: heard line by line, in bounds, and never left unread."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from golive.kit.clock import SYSTEM, Clock

KEPT = 200
"""Lines; older ones are forgotten."""
LAST = 20
LONGEST = 4_000
"""Bytes of a line that are kept of it, unless its reader needs all of it."""
FLOOD = 8 * 2**20
"""Bytes, and at least that much in lines: nobody waits behind them for something in particular."""
LEAST_OF_A_LINE = 256
"""Bytes that a line counts for, be it empty."""
SLICE = 0.25
"""Seconds that are waited at once: Windows shows a Ctrl-C only to who is awake."""

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]+[0-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])"
)
_LINE_ENDS = {True: re.compile(rb"\r?\n|\r"), False: re.compile(rb"\n")}
"""Also a return alone, of what is read as on a terminal: a line may be written over."""

Tell = Callable[[float], None]


class Output:
    """Read by a thread until `read` has no more bytes.

    `hear` gets each line, in that thread, as `text` makes it of its bytes: `plain`, unless it is
    another; of a flood it gets no more.
    """

    def __init__(
        self,
        read: Callable[[], bytes],
        hear: Callable[[str], None] = lambda line: None,
        longest: int = LONGEST,
        flood: int = FLOOD,
        clock: Clock = SYSTEM,
        text: Callable[[bytes], str] | None = None,
    ) -> None:
        self._text, self._ends = text or plain, _LINE_ENDS[text is None]
        self._read, self._longest, self._flood, self._clock = read, longest, flood, clock
        self.hear = hear
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.bytes = self.count = self.cut = 0
        self.is_over = False
        self._rest = bytearray()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def last_lines(self, most: int = LAST) -> list[str]:
        """The last lines that are not blank, with one that has not ended yet."""
        with self._changed:
            return [each for each in (*self.lines, self.rest) if each.strip()][-most:]

    @property
    def rest(self) -> str:
        """What there is of a line that has not ended yet."""
        with self._changed:
            return self._text(bytes(self._rest[: self._longest]))[:LONGEST]

    @property
    def is_flood(self) -> bool:
        return max(self.bytes, self.count * LEAST_OF_A_LINE) > self._flood

    @property
    def silence(self) -> str:
        """Why no line was heard, in words; "" where one was."""
        if self.count:
            return ""
        what = f"{self.bytes} bytes, but no complete line" if self.bytes else "nothing at all"
        return f"it printed {what}"

    def wait_for(
        self, holds: Callable[[], bool], seconds: float, tell: Tell = lambda left: None
    ) -> bool:
        """Whether it comes to hold within so long; looked at whenever something was printed."""
        end = self._clock.monotonic() + seconds
        with self._changed:
            while not holds():
                left = end - self._clock.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, SLICE))
                tell(left)
        return True

    def join(self, seconds: float) -> bool:
        """Whether all of it has been read by then."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):  # it was closed under the thread
            while data := self._read():
                self._take(data)
        with self._changed:
            if self._rest:
                self._line(bytes(self._rest))
                self._rest.clear()
            self.is_over = True
            self._changed.notify_all()

    def _take(self, data: bytes) -> None:
        with self._changed:
            self.bytes += len(data)
            first, *others = self._ends.split(data)
            self._add(first)
            for each in others:
                self._line(bytes(self._rest))
                self._rest.clear()
                self._add(each)
            self._changed.notify_all()

    def _add(self, data: bytes) -> None:
        """To the line that has not ended; a byte more than is kept tells that it was cut."""
        self._rest += data[: self._longest + 1 - len(self._rest)]

    def _line(self, data: bytes) -> None:
        self.count += 1
        self.cut += len(data) > self._longest
        line = self._text(data[: self._longest])
        self.lines.append(line[:LONGEST])
        if not self.is_flood:
            self.hear(line)


def exact(data: bytes) -> str:
    """A line as it is: bytes that are no UTF-8 become surrogates, which JSON is not told in."""
    return data.decode("utf-8", "surrogateescape")


def plain(data: bytes) -> str:
    """A line as text, without what colours it on a terminal; of UTF-16 what is ASCII."""
    return _ESCAPES.sub("", data.replace(b"\0", b"").decode("utf-8", "replace"))
