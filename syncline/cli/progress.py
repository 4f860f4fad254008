"""How a run tells of its progress: one moving line on a terminal, a line per phase elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import time

from sync.decision import BindingId
from syncline.cli.output import Output

_PAUSE = 0.1


class Progress:
    """A listener for the engine."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._moving = sys.stderr.isatty() and not output.quiet
        self._phase = ""
        self._seen: dict[BindingId, int] = {}
        self._drawn = 0.0
        self._open = False

    def phase(self, name: str, binding: BindingId | None) -> None:
        self._phase = f"{name} {binding}" if binding is not None else name
        if self._moving:
            self._draw(self._phase)
        else:
            self._output.say(self._phase)

    def advanced(self, binding: BindingId, seen: int) -> None:
        self._seen[binding] = seen
        if self._moving and time.monotonic() - self._drawn > _PAUSE:
            self._draw(f"{self._phase}  {seen:,}")

    def finished(self) -> None:
        if self._open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._open = False

    def _draw(self, text: str) -> None:
        self._drawn = time.monotonic()
        self._open = True
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
