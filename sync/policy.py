"""What people decided beforehand: who wins, how much may change, what is released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """Survivorship: whose value wins where two systems changed a field apart, or differ on first contact."""

    AUTHORITY = "authority"  # the connection that stands first in ``order``
    LATEST = "latest"  # the change the hub received last; on first contact the canonical value stays
    MOST_COMPLETE = "most_complete"  # the longer text, the larger set, the item with more parts; else as AUTHORITY
    UNION = "union"  # sets: what either has
    MOST_RESTRICTIVE = "most_restrictive"  # the value that stands first in ``values``; consents always go by it
    MANUAL = "manual"  # nobody: a person decides


@dataclass(frozen=True, slots=True)
class Survivorship:
    """One field's rule. ``order`` lists connections, highest authority first; unlisted ones rank last, equal.

    ``values`` lists a field's values as text, the most restrictive one first.
    """

    rule: Rule = Rule.AUTHORITY
    order: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A brake trips where a kind of write exceeds ``count`` *and* ``share`` of the stream's linked records.

    A first load has few or no links, so there ``count`` alone decides.
    """

    count: int
    share: float

    def allows(self, links: int) -> int:
        """How many writes go through where so many records are linked."""
        return max(self.count, int(self.share * links))


class Braked(StrEnum):
    """Kinds of write that brakes count."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    BLANK = "blank"


DEFAULT_LIMITS: Mapping[Braked, Limit] = {
    Braked.CREATE: Limit(500, 0.25),
    Braked.UPDATE: Limit(500, 0.25),
    Braked.DELETE: Limit(10, 0.02),
    Braked.BLANK: Limit(25, 0.02),
}


@dataclass(frozen=True, slots=True)
class Oscillation:
    """A field that flips more than so often within so many runs is frozen (`sync.oscillation`)."""

    flips: int = 4
    runs: int = 100


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the engine is told beforehand.

    ``survivorship`` is by entity, then by canonical path, pattern or template; key ``default`` is the entity's own.
    ``limits`` is by connection (key ``default`` for all), then by kind. ``approval`` names the connections, streams
    (``crm.Contact``) and bindings in which nothing is written before a person saw it.
    """

    survivorship: Mapping[str, Mapping[str, Survivorship]] = field(default_factory=dict)
    limits: Mapping[str, Mapping[Braked, Limit]] = field(default_factory=dict)
    oscillation: Oscillation = field(default_factory=Oscillation)
    page: int = 4000
    approval: frozenset[str] = frozenset()

    def limit(self, connection: str, kind: Braked) -> Limit:
        for owner in (connection, "default"):
            found = self.limits.get(owner, {}).get(kind)
            if found is not None:
                return found
        return DEFAULT_LIMITS[kind]

    def needs_approval(self, connection: str, stream: str, entity: str) -> bool:
        """Whether a person has to approve what is written to a binding."""
        return not self.approval.isdisjoint({connection, f"{connection}.{stream}", f"{connection}.{stream}:{entity}"})
