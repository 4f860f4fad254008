"""What a diagnostic means in general: what brings it about, and what to do."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Two sentences or so each, about any place where the code may appear."""

    cause: str
    remedy: str
