"""What former runs did, as far as history and the log of writes tell: what undoing one and seeing a pattern rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sync.decision import ActionKind, BindingId, HistoryRow


class Step(NamedTuple):
    """One row of history: when it happened, and in which run."""

    run: int
    at: datetime
    row: HistoryRow


class Sent(NamedTuple):
    """One write that was carried out. ``paths`` are the canonical fields it wrote."""

    run: int
    binding: BindingId
    kind: ActionKind
    key: str
    paths: Sequence[str]


class Lost(NamedTuple):
    """A value of one record that lost against the hub's, in the run that saw it."""

    run: int
    binding: BindingId
    key: str
    path: str


@dataclass(slots=True)
class Story:
    """One entity since a run began. ``steps`` and ``sent`` are in order, those of the run first.

    ``before`` has the revision that each field had before that run, where its history goes back so far.
    """

    steps: list[Step] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    before: Mapping[str, int] = field(default_factory=dict)
