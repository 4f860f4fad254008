"""The canonical entities, and what the engine knows of each: an `EntitySchema` derived from the class.

The classes are the truth about fields, kinds and privacy. Records travel flat, as mappings from canonical paths to JSON
values; the classes are built from them (`unflatten`) where a person or another program wants to see a whole record.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin

from pydantic import MISSING
from pydantic.fields import FieldInfo

from model import paths
from model.customers import Account, Contact, Lead
from model.dealings import Activity, Case, Opportunity, Order
from model.fields import EntitySchema, FieldSpec, Kind, Privacy
from model.shapes import Address, Consent, Entity, Items, Money, OrderLine, Part

__all__ = [
    "ENTITIES",
    "MISSING",
    "Account",
    "Activity",
    "Address",
    "Case",
    "Consent",
    "Contact",
    "Entity",
    "Lead",
    "Money",
    "Opportunity",
    "Order",
    "OrderLine",
    "flatten",
    "schema_of",
    "schemas",
    "unflatten",
]

ENTITIES: Mapping[str, type[Entity]] = {
    "account": Account,
    "contact": Contact,
    "lead": Lead,
    "opportunity": Opportunity,
    "order": Order,
    "case": Case,
    "activity": Activity,
}


def schema_of(entity: str, custom: Mapping[str, FieldSpec] | None = None) -> EntitySchema:
    """The schema of an entity, with custom fields by template. Raises KeyError for a name that is no entity."""
    built_in = _built_in(entity)
    return built_in if not custom else EntitySchema(entity, {**built_in.fields, **custom})


def schemas(custom: Mapping[str, Mapping[str, FieldSpec]] | None = None) -> dict[str, EntitySchema]:
    """Every entity's schema by name; ``custom`` is by entity, then by template."""
    return {name: schema_of(name, (custom or {}).get(name)) for name in ENTITIES}


@cache
def _built_in(entity: str) -> EntitySchema:
    specs = {spec.template: spec for spec in _specs(ENTITIES[entity], "", Privacy.PUBLIC)}
    return EntitySchema(entity, types.MappingProxyType(specs))


def _specs(part: type[Part], prefix: str, privacy: Privacy) -> Iterator[FieldSpec]:
    """The specs of a class's fields; those of a keyed list carry its own ``[]`` in their template."""
    for name, info in part.model_fields.items():
        what = info.metadata[-1]
        template = prefix + name + ("[]" if _is_keyed(info) else "")
        if isinstance(what, Items):
            listed = _spec(template, info, Kind.TEXT, privacy)
            yield from _specs(what.part, f"{template}.", listed.privacy)
        else:
            yield _spec(template, info, what, privacy)


def _spec(template: str, info: FieldInfo, kind: Kind, least: Privacy) -> FieldSpec:
    extra = info.json_schema_extra
    facts: Any = extra["canonical"] if isinstance(extra, dict) else {}
    order = list(Privacy)
    privacy = max(Privacy(facts["privacy"]), least, key=order.index)
    return FieldSpec(
        template=template,
        kind=kind,
        privacy=privacy,
        label=info.title or "",
        description=info.description or "",
        target=facts["target"],
        choices=tuple(facts["choices"]) if facts["choices"] else None,
        max_length=facts["max_length"],
        required=facts["required"],
    )


def _is_keyed(info: FieldInfo) -> bool:
    members = get_args(info.annotation) if get_origin(info.annotation) in (Union, types.UnionType) else ()
    return any(get_origin(member) is dict for member in members)


def flatten(instance: Entity) -> dict[str, Any]:
    """The record as canonical paths and values; absent attributes are left out.

    A mapping that is not money is taken for a keyed list, so that custom keyed lists come out as they went in.
    """
    return dict(_flat(instance.model_dump(mode="json"), ""))


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if not _is_list(value):
            yield prefix + name, value
            continue
        for key, item in value.items():
            place = f"{prefix}{name}[{key}]"
            if _is_list(item):
                yield from ((f"{place}.{leaf}", leaf_value) for leaf, leaf_value in item.items())
            else:
                yield place, item


def _is_list(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() != {"amount", "currency"}


def unflatten(entity: str, values: Mapping[str, Any]) -> Entity:
    """The record as an instance. Raises pydantic's ValidationError, which names every value that does not fit, and
    ValueError where a key is no canonical path."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        name, key, leaf = paths.split(path)
        if key is None:
            nested[name] = value
        elif leaf is None:
            nested.setdefault(name, {})[key] = value
        else:
            nested.setdefault(name, {}).setdefault(key, {})[leaf] = value
    return ENTITIES[entity].model_validate(nested)
