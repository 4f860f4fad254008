"""Items as records, and records as bodies: what is shown of an item, and what is sent for the fields of a write. Pure.

A record has the item's own attributes, references as objects under their names (``defaultB2BUnit.uid``) and collections
as lists. Of a reference only what is named is sent, and its unique attributes, since they say which item it is: an item
with the same ones is updated along with its parent, another one takes its place.
Sources: SAP Help, "Integrations and Data Management": "The EDMX Key Value" (``integrationKey``, annotation ``Alias``),
"How Integration API Persistence Works", "PATCH API Constraints" (references cannot be set to null; a collection is
replaced as a whole), "Attribute Handling" (long and decimal numbers travel as text).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors import odata
from connectors.edmx import EntitySet, EntityType, Service, UnfitError
from connectors.hybris.settings import StreamSettings
from connectors.sdk import ProtocolError

KEY = "integrationKey"
ADDRESS = "publicKey"
EMAIL = "email"
PARENT = "parent"
"""The unit above a unit: of the groups that it is in, the one that is a unit, too."""

_TEXTUAL = frozenset({"Edm.Int64", "Edm.Decimal"})
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of item of the integration object: its entity set, and what is read along."""

    model: Service
    set: EntitySet
    settings: StreamSettings

    @property
    def kind(self) -> EntityType:
        return self.set.type

    @property
    def expand(self) -> tuple[str, ...]:
        """The paths of the settings as far as the integration object has them."""
        found: dict[str, None] = {}
        for path in self.settings.expand:
            known = list(_steps(self.model, self.kind, path))
            if known:
                found["/".join(known)] = None
        return tuple(path for path in found if not any(other.startswith(f"{path}/") for other in found))

    @property
    def alone(self) -> bool:
        """Whether the item's key is its one unique attribute."""
        return unique(self.kind) == (f"{self.kind.name}_{self.settings.code}",)

    @property
    def stamped(self) -> str | None:
        """The attribute that says when an item was changed, where it is modelled."""
        name = self.settings.modified
        return name if name in self.kind.properties else None

    @property
    def marker(self) -> str | None:
        name = self.settings.marker
        return name if name in self.kind.properties else None

    def target(self, kind: EntityType, name: str) -> tuple[EntityType, bool] | None:
        """Where a navigation leads, and whether to many."""
        leads = kind.navigations.get(name)
        return None if leads is None else (self.model.types[leads[0]], leads[1])


def shape(model: Service, settings: StreamSettings) -> Shape:
    """Raises ProtocolError where the integration object has no such item."""
    found = set_of(model, settings.item)
    if found is None:
        raise ProtocolError(f"the integration object has no item {settings.item}")
    return Shape(model, found, settings)


def set_of(model: Service, item: str) -> EntitySet | None:
    """The entity set of an item: its name is a plural that the system makes."""
    return next((one for one in model.sets.values() if one.type.name == item), None)


def unique(kind: EntityType) -> tuple[str, ...]:
    """What the key of an item is made of: ``Type_attribute`` each, of references too."""
    key = kind.properties.get(KEY)
    return tuple(part for part in (key.alias if key else "").split("|") if part)


def _steps(model: Service, kind: EntityType, path: str) -> Iterator[str]:
    for name in path.split("/"):
        leads = kind.navigations.get(name)
        if leads is None:
            return
        yield name
        kind = model.types[leads[0]]


# Shown ----------------------------------------------------------------------------------------------------------------


def shown(shape: Shape, row: Mapping[str, Any]) -> Tree:
    """An item as the record has it. ``expand``ed references that point nowhere are null, empty collections empty."""
    data = _shown(shape.model, shape.kind, row, shape.expand)
    if "groups" in shape.kind.navigations and "groups" in shape.expand:
        above = [
            one for one in data.get("groups") or () if one.get(shape.settings.code) != data.get(shape.settings.code)
        ]
        code = shape.settings.code
        data[PARENT] = {code: above[0].get(code)} if above else None
    return data


def _shown(model: Service, kind: EntityType, row: Mapping[str, Any], expand: Sequence[str]) -> Tree:
    data = {name: _value(row.get(name), known.edm) for name, known in kind.properties.items() if name in row}
    for head in dict.fromkeys(path.partition("/")[0] for path in expand):
        inner = [path.partition("/")[2] for path in expand if path.startswith(f"{head}/")]
        target = model.types[kind.navigations[head][0]]
        value = row.get(head)
        if isinstance(value, Mapping) and "__deferred" in value:
            value = None
        many = kind.navigations[head][1]
        rows = value.get("results", ()) if isinstance(value, Mapping) and "results" in value else value
        if many:
            listed = [_shown(model, target, one, inner) for one in rows or ()]
            data[head] = sorted(listed, key=lambda one: str(one.get(KEY)))
        else:
            data[head] = _shown(model, target, value, inner) if isinstance(value, Mapping) else None
    return data


def _value(value: Any, edm: str) -> Any:
    """Dates of Java are moments: they are shown with their zone."""
    return odata.shown(value, "Edm.DateTimeOffset" if edm == "Edm.DateTime" else edm)


# Sent -----------------------------------------------------------------------------------------------------------------


def tree(fields: Mapping[str, Any]) -> Tree:
    """Record paths as a tree. Raises UnfitError where a path is both a value and has parts."""
    root: Tree = {}
    for path, value in fields.items():
        *heads, leaf = path.split(".")
        at = root
        for head in heads:
            at = at.setdefault(head, {})
            if not isinstance(at, dict):
                raise UnfitError(path, "is named beside a whole of which it is a part")
        at[leaf] = value
    return root


def body(shape: Shape, wanted: Tree, held: Mapping[str, Any] | None, code: str) -> Tree:
    """What is sent for a write: ``held`` is the record as it is, None where it is made; ``code`` is its own. Raises
    UnfitError."""
    return _body(shape, shape.kind, wanted, held, (code,))


def _body(shape: Shape, kind: EntityType, wanted: Tree, held: Mapping[str, Any] | None, at: tuple[str, ...]) -> Tree:
    sent: Tree = {}
    for name, value in wanted.items():
        place = ".".join((*at[1:], name))
        known, leads = kind.properties.get(name), shape.target(kind, name)
        if name == KEY:
            raise UnfitError(place, "is made by the system")
        if known is not None:
            if value is None and held is None:
                continue  # what is made without a value needs none
            sent[name] = _property(value, known.edm, place)
        elif leads is None:
            raise UnfitError(place, "the integration object has no such attribute")
        elif leads[1]:
            raise UnfitError(place, "a collection is replaced as a whole by the Integration API: it is only read")
        else:
            inner = _reference(shape, leads[0], value, (held or {}).get(name), (*at, name))
            if inner is not None:
                sent[name] = inner
    return sent


def _property(value: Any, edm: str, place: str) -> Any:
    try:
        if edm == "Edm.DateTime":
            plain = odata.sent(value, "Edm.DateTimeOffset")
            return None if plain is None else plain.replace("+0000)", ")")
        made = odata.sent(value, edm)
    except ValueError as error:
        raise UnfitError(place, str(error)) from None
    return str(made) if edm in _TEXTUAL and made is not None else made


def _reference(shape: Shape, kind: EntityType, value: Any, held: Any, at: tuple[str, ...]) -> Tree | None:
    """A reference's body: its unique attributes as given or as held, and what is named. None where there is nothing."""
    place = ".".join(at[1:])
    if not isinstance(value, dict):
        raise UnfitError(place, "is a reference: name its attributes")
    inner = held if isinstance(held, Mapping) else None
    if inner is None and all(blank(one) for one in leaves(value)):
        return None
    # What is the parent's own is known from where the reference stands ("the outer context of the payload").
    outer = "" if kind is shape.kind else f"{shape.kind.name}_"
    parts = [part for part in unique(kind) if not outer or not part.startswith(outer)]
    keys = [part.partition("_")[::2] for part in parts]
    for owner, name in keys:
        if owner == kind.name and name in value and blank(value[name]):
            raise UnfitError(f"{place}.{name}", "a reference cannot be emptied by the Integration API")
    missing = [(owner, name) for owner, name in keys if not _says(value, name, own=owner == kind.name)]
    if inner is None and missing == [(kind.name, ADDRESS)]:
        # Addresses have no unique attribute that anybody knows by heart; this one is any text that is unique.
        return {**_body(shape, kind, value, None, at), ADDRESS: "|".join(at)}
    if inner is None and missing:
        names = ", ".join(name for _, name in missing)
        raise UnfitError(f"{place}.{next(iter(value))}", f"says not which {kind.name} is meant: it needs {names}")
    sent = _body(shape, kind, value, inner, at)
    for owner, name in missing:
        sent |= {name: (inner or {}).get(name)} if owner == kind.name else _owner(shape, kind, inner or {}, owner)
    return sent


def _says(value: Tree, name: str, *, own: bool) -> bool:
    within = [value] if own else [one for one in value.values() if isinstance(one, dict)]
    return any(not blank(one.get(name)) for one in within)


def _owner(shape: Shape, kind: EntityType, held: Mapping[str, Any], owner: str) -> Tree:
    """The reference through which an item is named by another one's attributes (a region by its country)."""
    for name, (target, many) in kind.navigations.items():
        inner = held.get(name)
        if target == owner and not many and isinstance(inner, Mapping):
            parts = [part.partition("_")[::2] for part in unique(shape.model.types[target])]
            return {name: {one: inner.get(one) for of, one in parts if of == owner}}
    return {}


def leaves(value: Tree) -> Iterator[Any]:
    for one in value.values():
        yield from leaves(one) if isinstance(one, dict) else (one,)


def blank(value: Any) -> bool:
    return value is None or value == ""
