"""What there is to know of a fake system in order to serve it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncline.sandbox.wire import Fake


def _nothing(*_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class System:
    """A system that can be faked. ``settings`` are the lines of a connection to it, with ``{url}`` to fill in.

    ``make`` gives it with the records of a file, ``keep`` writes them there, ``at`` tells it the address it has.
    """

    name: str
    label: str
    port: int
    settings: str
    make: Callable[[Path | None], Fake] = field(repr=False)
    at: Callable[[Any, str], None] = field(default=_nothing, repr=False)
    keep: Callable[[Any, Path], None] = field(default=_nothing, repr=False)
