"""Positions of streams whose changes and deletions are read apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from connectors.http import parse_moment
from model.errors import CursorExpiredError


@dataclass(frozen=True, slots=True)
class Cursor:
    """``stamp``: changes up to here were seen. ``deletions``: what was deleted before this was seen."""

    stamp: datetime
    deletions: datetime

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises CursorExpiredError for what is no cursor of ours: a full read then puts things right."""
        try:
            parts = orjson.loads(text)
            return cls(parse_moment(parts["stamp"]), parse_moment(parts["deletions"]))
        except (ValueError, KeyError, TypeError):
            raise CursorExpiredError(
                "the stored position is not one of this connector: read everything again"
            ) from None

    def __str__(self) -> str:
        return orjson.dumps({"stamp": self.stamp.isoformat(), "deletions": self.deletions.isoformat()}).decode()
