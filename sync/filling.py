"""What one entity has to add to another: values for what is blank there. Pure.

An item (an address, a consent) is taken as a whole: half of one address never completes half of another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from model import paths
from sync.decision import MERGED, UNKNOWN, blank
from sync.merge import CONSENT_RANK, Context
from sync.survival import is_set

_Values = Mapping[str, Any]


@dataclass(slots=True)
class Filling:
    """``flows`` are new values of the kept entity with their reason; ``given_up`` are paths in which two values stood
    against each other, with the rule that decided and the winner ("ours": the kept entity's)."""

    flows: dict[str, tuple[Any, str]] = field(default_factory=dict)
    given_up: dict[str, tuple[str, str]] = field(default_factory=dict)


def filling(context: Context, ours: _Values, theirs: _Values, disputed: Collection[str]) -> Filling:
    """Compare two entities' values. ``disputed`` are paths of ours that wait for a person, and stay as they are."""
    found = Filling()
    items: dict[str, list[str]] = defaultdict(list)
    for path in theirs:
        if path not in disputed:
            items[paths.item(path)].append(path)
    for item, own in items.items():
        spec = context.schema.field(own[0])
        if spec is not None and spec.is_consent:
            _consent(item, own, ours, theirs, found)
        else:
            _item(context, own, ours, theirs, found)
    return found


def _item(context: Context, own: Sequence[str], ours: _Values, theirs: _Values, found: Filling) -> None:
    apart = [path for path in own if _apart(path, ours, theirs)]
    united = {path: sorted({*ours[path], *theirs[path]}) for path in apart if is_set(context, path)}
    for path in own:
        value = theirs[path]
        if path in united:
            if united[path] != ours[path]:
                found.flows[path] = (united[path], MERGED)
        elif path in apart:
            found.given_up[path] = (MERGED, "ours")
        elif blank(ours.get(path)) and not blank(value) and apart:
            found.given_up[path] = (MERGED, "ours")
            if path not in ours:
                found.flows[path] = (None, MERGED)  # known to be blank, so that records that show it are told
        elif (blank(ours.get(path)) and not blank(value)) or path not in ours:
            found.flows[path] = (value, MERGED)


def _consent(item: str, own: Sequence[str], ours: _Values, theirs: _Values, found: Filling) -> None:
    """The most restrictive status stands, however old it is: nobody opted in to anything by being recognised."""
    status = f"{item}.status"
    rank, known = CONSENT_RANK.get(str(theirs.get(status))), CONSENT_RANK.get(str(ours.get(status)))
    accepted = rank is not None and (known is None or rank > known)
    for path in own:
        value = theirs[path]
        if path not in ours or (blank(ours[path]) and not blank(value)):
            found.flows[path] = (value, "consent")
        elif _apart(path, ours, theirs):
            found.given_up[path] = ("most restrictive", "theirs" if accepted else "ours")
            if accepted:
                found.flows[path] = (value, "consent")


def _apart(path: str, ours: _Values, theirs: _Values) -> bool:
    value, known = theirs.get(path, UNKNOWN), ours.get(path, UNKNOWN)
    return not blank(value) and not blank(known) and value != known
