"""The parts of `config.yaml` that decide beforehand: survivorship and brakes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from model import paths
from model.fields import EntitySchema
from sync.hub import survivorship_of
from sync.policy import DEFAULT_LIMITS, Braked, Limit, Rule, Survivorship
from syncline.document import Node, nearest


def survivorship(node: Node, schema: EntitySchema, connections: Collection[str]) -> dict[str, Survivorship]:
    """Rules by canonical path, pattern or template; ``default`` is the entity's own."""
    rules: dict[str, Survivorship] = {}
    for name, entry in node.items():
        if name != "default" and not _leads_somewhere(name, schema):
            entry.report(
                "unknown-field", f"{schema.name} has no field {name!r}", nearest(name, schema.fields), key=True
            )
        rule = _rule(entry, connections)
        if rule is not None:
            rules[name] = rule
    return rules


def deciding(rules: Mapping[str, Mapping[str, Survivorship]]) -> Callable[[str, str, Collection[str]], bool]:
    """A function that tells whether it is decided whose value of a path wins, where these connections differ."""
    of = {entity: survivorship_of(own) for entity, own in rules.items()}

    def decided(entity: str, path: str, connections: Collection[str]) -> bool:
        found: Survivorship = of[entity](path.replace("[*]", "[]")) if entity in of else Survivorship()
        if found.rule in (Rule.AUTHORITY, Rule.MOST_COMPLETE):  # among those without a rank, nobody wins
            return sum(name not in found.order for name in connections) < 2
        return True

    return decided


def _leads_somewhere(name: str, schema: EntitySchema) -> bool:
    if schema.field(name.replace("[*]", "[]")) is not None:
        return True
    try:
        wanted = paths.template(name)
    except ValueError:
        return False
    return any(template == wanted or template.startswith(f"{wanted}.") for template in schema.fields)


def _rule(node: Node, connections: Collection[str]) -> Survivorship | None:
    """Long form ``{rule, order}``, or the rule's name alone."""
    if isinstance(node.value, str):
        chosen = node.choice([rule.value for rule in Rule])
        return Survivorship(Rule(chosen)) if chosen else None
    entries = node.known({"rule", "order"})
    chosen = entries["rule"].choice([rule.value for rule in Rule]) if "rule" in entries else Rule.AUTHORITY.value
    order = _order(entries["order"], connections) if "order" in entries else ()
    if chosen == Rule.AUTHORITY and not order:
        node.report("missing-key", "authority needs an order", "order: [connection that wins, next, …]")
    return Survivorship(Rule(chosen), order) if chosen else None


def _order(node: Node, connections: Collection[str]) -> tuple[str, ...]:
    order: list[str] = []
    for entry in node.elements():
        name = entry.text()
        if name is None:
            continue
        if name not in connections:
            entry.report("unknown-connection", f"there is no connection {name!r}", nearest(name, connections))
        elif name in order:
            entry.report("duplicate", f"{name!r} stands in the order twice")
        else:
            order.append(name)
    return tuple(order)


def brakes(node: Node, connections: Collection[str]) -> dict[str, dict[Braked, Limit]]:
    """Limits by connection (``default`` for all), then by kind of write."""
    limits: dict[str, dict[Braked, Limit]] = {}
    for owner, entry in node.items():
        if owner != "default" and owner not in connections:
            hint = nearest(owner, ["default", *connections])
            entry.report("unknown-connection", f"there is no connection {owner!r}", hint, key=True)
        for kind, limit in entry.known([kind.value for kind in Braked]).items():
            found = _limit(limit, DEFAULT_LIMITS[Braked(kind)])
            if found is not None:
                limits.setdefault(owner, {})[Braked(kind)] = found
    return limits


def _limit(node: Node, default: Limit) -> Limit | None:
    entries = node.known({"count", "share"})
    count = entries["count"].number(0, whole=True) if "count" in entries else default.count
    share = entries["share"].number(0, 1) if "share" in entries else default.share
    return None if count is None or share is None else Limit(int(count), float(share))
