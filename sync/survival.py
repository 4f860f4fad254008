"""Who survives where two values stand against each other, by the policy of the field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from model import paths
from model.fields import Kind
from sync.decision import Canonical, blank
from sync.policy import Rule, Survivorship

if TYPE_CHECKING:
    from sync.merge import Context, Facts

SAME_CONNECTION: Final = "same connection"
"""The rule of a conflict between two records of one connection: its authority cannot choose between them."""


def resolve(context: Context, canonical: Canonical, facts: Facts, fuller: str | None) -> str | None:
    """Who wins by survivorship: "ours", "theirs", or None where a person has to decide.

    ``fuller`` says which side has more parts of the item that the path belongs to, None that neither has.
    """
    if not context.mapping.update_in:
        return "ours"
    policy = context.survivorship(facts.path)
    if policy.rule is Rule.MANUAL:
        return None
    if policy.rule is Rule.MOST_RESTRICTIVE:
        ours, theirs = _strictness(policy, facts.canonical), _strictness(policy, facts.observed)
        return None if ours == theirs else "ours" if ours < theirs else "theirs"
    if policy.rule is Rule.LATEST:
        return "ours" if facts.fresh else "theirs"
    if policy.rule is Rule.MOST_COMPLETE:
        longer = fuller if paths.item(facts.path) != facts.path else _longer(facts)
        if longer is not None:
            return longer
    ours_rank = _rank(policy, canonical.field_source(facts.path))
    theirs_rank = _rank(policy, context.connection)
    if ours_rank == theirs_rank:
        return None
    return "ours" if ours_rank < theirs_rank else "theirs"


def rule_of(context: Context, canonical: Canonical, path: str, winner: str | None) -> str:
    """What decided, or could not."""
    rule = context.survivorship(path).rule
    ranked = rule in (Rule.AUTHORITY, Rule.MOST_COMPLETE) and winner is None
    return SAME_CONNECTION if ranked and canonical.field_source(path) == context.connection else rule.value


def outranks(context: Context, canonical: Canonical, path: str) -> bool:
    """Whether the observed system's word counts for more than the word of whoever the canonical value came from."""
    policy = context.survivorship(path)
    by_rank = policy.rule in (Rule.AUTHORITY, Rule.MOST_COMPLETE) and context.mapping.update_in
    return by_rank and _rank(policy, context.connection) < _rank(policy, canonical.field_source(path))


def _strictness(policy: Survivorship, value: Any) -> int:
    """The place of a value in the policy's list; what it does not list restricts least."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return policy.values.index(text) if text in policy.values else len(policy.values)


def _rank(policy: Survivorship, source: str) -> int:
    if source == "person":
        return -1
    return policy.order.index(source) if source in policy.order else len(policy.order)


def fuller(canonical: Canonical, observed: Mapping[str, Any], item: str) -> str | None:
    """Which side has more parts of an item, of those that the record speaks of. How long they are says nothing: a
    British postal code is no better than a German one."""
    parts = [path for path in observed if paths.item(path) == item]
    ours = sum(not blank(canonical.values.get(path)) for path in parts)
    theirs = sum(not blank(observed[path]) for path in parts)
    return None if ours == theirs else "ours" if ours > theirs else "theirs"


def _longer(facts: Facts) -> str | None:
    ours, theirs = _size(facts.canonical), _size(facts.observed)
    return None if ours == theirs else "ours" if ours > theirs else "theirs"


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 1


def is_set(context: Context, path: str) -> bool:
    spec = context.schema.field(path)
    return spec is not None and spec.kind is Kind.SET and context.survivorship(path).rule is not Rule.MANUAL
