"""The parts of `config.yaml` that decide beforehand: survivorship, brakes, and when a field is frozen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from mappings.checking.standing import owned_leaves
from mappings.language import MappingFile
from mappings.reading.nodes import Notes
from model import paths
from model.diagnostics import Diagnostic
from model.fields import EntitySchema
from sync.hub import survivorship_of
from sync.policy import DEFAULT_LIMITS, Braked, Limit, Oscillation, Rule, Survivorship
from syncline.document import Node, nearest

_NEEDS_VALUES = (
    "most_restrictive and values go together, the strictest value first",
    "{rule: most_restrictive, values: [blocked, on_hold, open]}",
)


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
        if found.rule is Rule.AUTHORITY:  # among those without a rank, nobody wins
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
        if chosen == Rule.MOST_RESTRICTIVE:
            node.report("missing-key", *_NEEDS_VALUES)
        return Survivorship(Rule(chosen)) if chosen else None
    entries = node.known({"rule", "order", "values"})
    chosen = entries["rule"].choice([rule.value for rule in Rule]) if "rule" in entries else Rule.AUTHORITY.value
    order = _order(entries["order"], connections) if "order" in entries else ()
    if chosen == Rule.AUTHORITY and not _holds(entries, "order"):
        node.report("missing-key", "authority needs an order", "order: [connection that wins, next, …]")
    values = _values(entries["values"]) if "values" in entries else ()
    if (chosen == Rule.MOST_RESTRICTIVE) != _holds(entries, "values") and chosen:
        node.report("missing-key", *_NEEDS_VALUES)
    return Survivorship(Rule(chosen), order, values) if chosen else None


def _holds(entries: Mapping[str, Node], key: str) -> bool:
    """Whether something stands there, right or wrong; what is wrong with it is said for itself."""
    return key in entries and entries[key].value not in (None, [])


def _values(node: Node) -> tuple[str, ...]:
    """A field's values as text; truth values as YAML writes them."""
    found: list[str] = []
    for entry in node.elements():
        value = entry.value
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, (list, dict)) or value is None:
            entry.report("wrong-type", "a value is a word, a number or true and false")
        elif text in found:
            entry.report("duplicate", f"{text!r} stands in the list twice", "take one out")
        else:
            found.append(text)
    return tuple(found)


def owned(
    mappings: Sequence[MappingFile], known: Mapping[str, EntitySchema], rules: Mapping[str, Mapping[str, Survivorship]]
) -> tuple[dict[str, dict[str, Survivorship]], list[Diagnostic]]:
    """The rules with what mappings own: there their connection comes first. Two owners of one field are an error."""
    merged = {entity: dict(of_entity) for entity, of_entity in rules.items()}
    owners: dict[tuple[str, str], MappingFile] = {}
    found: list[Diagnostic] = []
    for mapping in mappings:
        written = rules.get(mapping.entity, {})
        rest = written["default"].order if "default" in written else ()
        for index, name in enumerate(mapping.owns):
            notes = Notes(mapping.file, mapping.positions, found)
            for path in owned_leaves(name, known[mapping.entity]):
                rival = _rival(path, mapping, owners, written)
                if rival:
                    message = f"{rival} already decides {path}: one field has one owner"
                    notes.add("two-owners", message, ("owns", index), subject=f"{mapping.entity}.{name}")
                    break
                owners[mapping.entity, path] = mapping
                order = (mapping.connection, *(one for one in rest if one != mapping.connection))
                decided = Survivorship(Rule.AUTHORITY, order)
                merged.setdefault(mapping.entity, {}).update({path: decided, paths.item(path): decided})
    return merged, found


def _rival(
    path: str, mapping: MappingFile, owners: Mapping[tuple[str, str], MappingFile], written: Mapping[str, Survivorship]
) -> str | None:
    """Who else decides a path: another mapping, or config.yaml."""
    for (entity, other), owner in owners.items():
        if entity == mapping.entity and owner.connection != mapping.connection and _overlap(path, other):
            return f"{owner.file} owns {other} and"
    return next(("config.yaml" for other in written if other != "default" and _overlap(path, other)), None)


def _overlap(one: str, other: str) -> bool:
    """Whether two paths or patterns can mean the same field."""
    try:
        (a, key, part), (b, other_key, other_part) = paths.split(one), paths.split(other.replace("[]", "[*]"))
    except ValueError:
        return False
    keys = key == other_key or "*" in (key, other_key) or other_key is None
    return a == b and keys and (part == other_part or other_part is None)


def _order(node: Node, connections: Collection[str]) -> tuple[str, ...]:
    order: list[str] = []
    for entry in node.elements():
        name = entry.text()
        if name is None:
            continue
        if name not in connections:
            entry.report("unknown-connection", f"there is no connection {name!r}", nearest(name, connections))
        elif name in order:
            entry.report("duplicate", f"{name!r} stands in the order twice", "take one out")
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


def approval(node: Node, known: Collection[str] | None) -> frozenset[str]:
    """Connections, streams and bindings that a person approves. ``known``: None where it is not known what there is."""
    if node.value is None:
        return frozenset()
    names = node.texts()
    for index, name in enumerate(names):
        if known is not None and name not in known:
            at = (index,) if isinstance(node.value, list) else ()
            hint = nearest(name, known)
            node.report("unknown-selection", f"no connection or mapped stream is named {name!r}", hint, at=at)
    return frozenset(names)


def _limit(node: Node, default: Limit) -> Limit | None:
    entries = node.known({"count", "share"})
    count = entries["count"].number(0, whole=True) if "count" in entries else default.count
    share = entries["share"].number(0, 1) if "share" in entries else default.share
    return None if count is None or share is None else Limit(int(count), float(share))


def oscillation(node: Node) -> Oscillation:
    """When a field that systems change to and fro is frozen."""
    entries = node.known({"flips", "runs"})
    found = {name: entry.number(1, whole=True) for name, entry in entries.items()}
    return Oscillation(**{name: int(number) for name, number in found.items() if number is not None})
