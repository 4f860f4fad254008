"""A canonical path that an entity does not have: what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

from mappings.reading.meant import nearest, resembling
from mappings.reading.synonyms import leaves_called, paths_called
from model import paths
from model.fields import EntitySchema

_USUAL_ITEM = {
    "emails": "emails[work]",
    "phones": "phones[work]",
    "addresses": "addresses[billing].city",
    "consents": "consents[email:marketing].status",
    "lines": "lines[1].sku",
}
"""An item to show for each list, as it is mostly mapped."""


def instead_of(path: str, schema: EntitySchema) -> str | None:
    """A hint for a path that leads to no field of the entity. Patterns are read as the items they stand for."""
    lists = _lists(schema)
    name, key, leaf = _taken_apart(path)
    if name in lists:
        return _inside(name, key, leaf, lists[name])
    for meant in paths_called(name):
        if schema.field(meant) is not None:
            return f"did you mean {_with_key(meant, key, leaf, schema)!r}?"
    plain = [template for template in schema.fields if "[" not in template]
    near = nearest(name, [*plain, *lists])
    if near is not None and near in lists:
        return _inside(near, key, leaf, lists[near]) if key else f"did you mean {_usual(near, lists[near])!r}?"
    return f"did you mean {near!r}?" if near is not None else resembling(name, [*plain, *lists])


def instead_of_part(name: str, leaf: str, schema: EntitySchema) -> str:
    """A hint for an attribute that the items of a list do not have, where the list is mapped by ``each``."""
    leaves = _lists(schema)[name]
    if leaves == ("",):
        return "such an item is one value: each: {key: …, value: …}"
    if not leaf:
        return f"such an item has parts: each: {{key: …, rules: {{{_preferred(name, leaves)}: …}}}}"
    meant = _leaf_meant(leaf, leaves)
    return f"did you mean {meant!r}?" if meant else _parts(leaves)


def _leaf_meant(leaf: str, leaves: tuple[str, ...]) -> str | None:
    return next((one for one in leaves_called(leaf) if one in leaves), None) or nearest(leaf, leaves)


def _parts(leaves: tuple[str, ...]) -> str:
    return f"its parts are: {', '.join(filter(None, leaves))}"


def _preferred(name: str, leaves: tuple[str, ...]) -> str:
    """The part that is mostly mapped."""
    leaf = paths.split(_USUAL_ITEM.get(name, name))[2]
    return leaf if leaf in leaves else leaves[0]


def _taken_apart(path: str) -> tuple[str, str | None, str | None]:
    try:
        return paths.split(path)
    except ValueError:
        return path.partition("[")[0], None, None


def _lists(schema: EntitySchema) -> Mapping[str, tuple[str, ...]]:
    """The keyed lists of an entity with the attributes of their items; "" where an item is one value."""
    found: dict[str, tuple[str, ...]] = {}
    for template in schema.fields:
        name, brackets, leaf = template.partition("[]")
        if brackets:
            found[name] = (*found.get(name, ()), leaf.removeprefix("."))
    return found


def _usual(name: str, leaves: tuple[str, ...], key: str | None = None) -> str:
    """How an item of the list is written."""
    usual, leaf = _USUAL_ITEM.get(name, f"{name}[work]"), _preferred(name, leaves)
    return f"{name}[{key or paths.split(usual)[1]}]" + (f".{leaf}" if leaf else "")


def _inside(name: str, key: str | None, leaf: str | None, leaves: tuple[str, ...]) -> str:
    """Where the list is right, its key or the attribute behind it is missing, or wrong."""
    if not key:
        return f"it is a list by key: {_usual(name, leaves)}"
    if leaf is None:
        return f"name the part of it that is meant: {_usual(name, leaves, key)}"
    if leaves == ("",):
        return f"did you mean '{name}[{key}]'? Such an item is one value"
    meant = _leaf_meant(leaf, leaves)
    return f"did you mean '{name}[{key}].{meant}'?" if meant else _parts(leaves)


def _with_key(meant: str, key: str | None, leaf: str | None, schema: EntitySchema) -> str:
    """The path meant, with the key (and part) that were written where they go with it."""
    name, own, part = paths.split(meant)
    if own is None or not key:
        return meant
    item = f"{name}[{key}]"
    parts = [leaf, *leaves_called(leaf)] if leaf else []
    named = (f"{item}.{one}" for one in parts if schema.field(f"{item}.{one}") is not None)
    return next(named, f"{item}.{part}" if part else item)
