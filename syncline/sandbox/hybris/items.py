"""How the fake keeps items: upserts by what is unique, nested items along with their parents, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

from model.clock import Clock
from syncline.sandbox.hybris.entities import KEY, Item
from syncline.sandbox.odata_model import Row, ServiceError

_LOWERED = frozenset({"Customers", "B2BCustomers"})


class CommerceError(ServiceError):
    """A refusal as the Integration API words it; ``innererror`` is the key of the item, where there is one."""

    def __init__(self, status: int, code: str, message: str, key: str | None = None) -> None:
        super().__init__(status, code, message)
        self.key = key

    def body(self, now: Any) -> dict[str, Any]:  # noqa: ARG002 (gateways put the time into theirs)
        error: dict[str, Any] = {"code": self.code, "message": {"lang": "en", "value": self.message}}
        return {"error": {**error, **({"innererror": self.key} if self.key else {})}}


class Items:
    """Rows by set and key. References are kept as keys under ``@name``."""

    def __init__(self, items: Mapping[str, Item], clock: Clock) -> None:
        self.items = items
        self.clock = clock
        self.rows: dict[str, dict[tuple[Any, ...], Row]] = {name: {} for name in items}
        self._undo: list[tuple[str, tuple[Any, ...], Row | None]] | None = None

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All of what is done within is stored, or nothing. Within another, it is part of that."""
        if self._undo is not None:
            yield
            return
        self._undo = []
        try:
            yield
        except ServiceError:
            for name, key, before in reversed(self._undo):
                self.rows[name].pop(key, None)
                if before is not None:
                    self.rows[name][key] = before
            raise
        finally:
            self._undo = None

    def all(self, item: Item) -> list[Row]:
        """Items of a type, and of those below it."""
        return [row for name in (item.name, *item.below) for row in self.rows[name].values()]

    def held(self, item: Item, key: str) -> tuple[Item, Row] | None:
        for name in (item.name, *item.below):
            row = self.rows[name].get((key,))
            if row is not None:
                return self.items[name], row
        return None

    def upsert(
        self,
        item: Item,
        body: Mapping[str, Any],
        *,
        replace: bool = False,
        makes: bool = True,
        outer: tuple[Item, Row] | None = None,
    ) -> Row:
        """Find the item by its unique attributes, or make it; then take over what is named. What it is ``outer``'s for
        is known without being named. Raises CommerceError."""
        key = self._key(item, body, outer)
        found = self.held(item, key)
        if found is None and not makes:
            message = f"Required item for EntityType [{item.item}] does not exist in the System."
            raise CommerceError(400, "missing_nav_property", message, key)
        if found is None:
            return self._make(item, body, key, outer)
        self.change(*found, body, replace=replace)
        return found[1]

    def _key(self, item: Item, body: Mapping[str, Any], outer: tuple[Item, Row] | None) -> str:
        """The key that a body has. Raises CommerceError where a part is missing."""
        parts = []
        for text in item.unique:
            owner, _, name = text.partition("_")
            within = [body] if owner == item.item else [one for one in body.values() if isinstance(one, Mapping)]
            within += [outer[1]] if outer is not None and outer[0].item == owner != item.item else []
            value = next((one[name] for one in within if one.get(name) not in {None, ""}), None)
            if value is None:
                message = f"Key Property [{name}] is required for EntityType [{item.item}]."
                raise CommerceError(400, "missing_key", message)
            parts.append(quote_plus(str(value)))
        return "|".join(parts)

    def _make(self, item: Item, body: Mapping[str, Any], key: str, outer: tuple[Item, Row] | None) -> Row:
        row: Row = dict.fromkeys(item.properties)
        row |= {f"@{name}": [] if leads.many else None for name, leads in item.navigations.items()}
        if item.name in _LOWERED:
            lowered = quote_plus(str(body["uid"]).lower())
            if any((lowered,) in self.rows[name] for name in _LOWERED):
                message = (
                    f"An error occurred while attempting to save entries for entityType: {item.item}. ambiguous unique "
                    f"keys {{uid={body['uid'].lower()}}} for model {item.item}Model"
                )
                raise CommerceError(400, "invalid_attribute_value", message, key)
            row["originalUid"] = body["uid"]
            key, body = lowered, {**body, "uid": str(body["uid"]).lower()}
        row[KEY] = key
        for name in ("creationtime", "active", "loginDisabled"):
            if name in row:
                row[name] = {"creationtime": self.now(), "active": True, "loginDisabled": False}[name]
        with self.whole():
            self._note(item.name, (key,))
            self.rows[item.name][(key,)] = row
            for name in ("owner", "order"):
                if outer is not None and name in item.navigations and item.navigations[name].target == outer[0].name:
                    row[f"@{name}"] = outer[1][KEY]
            self._fill(item, row, body, replace=False)
            for name in item.required:
                if row.get(name, row.get(f"@{name}")) in {None, ""}:
                    message = f"Property [{name}] is required for EntityType [{item.item}]."
                    raise CommerceError(400, "missing_property", message, key)
        return row

    def change(self, item: Item, row: Row, body: Mapping[str, Any], *, replace: bool) -> None:
        with self.whole():
            self._note(item.name, (row[KEY],))
            self._fill(item, row, body, replace=replace)
            for name in item.required:
                if name in body and body[name] in {None, ""}:
                    message = f"Property [{name}] is required for EntityType [{item.item}]."
                    raise CommerceError(400, "missing_property", message, row[KEY])

    def _fill(self, item: Item, row: Row, body: Mapping[str, Any], *, replace: bool) -> None:
        for name, value in body.items():
            known = item.properties.get(name)
            if name == KEY or name.startswith("@"):
                continue
            if known is not None:
                if known.creatable:
                    row[name] = self._taken(item, row, name, value)
            elif name in item.navigations:
                self._refer(item, row, name, value, replace=replace)
            else:
                message = f"An entity contains [{name}] that is not defined in the Integration Object."
                raise CommerceError(400, "invalid_property", message)
        if "modifiedtime" in row:
            row["modifiedtime"] = self.now()

    def _taken(self, item: Item, row: Row, name: str, value: Any) -> Any:
        try:
            return item.properties[name].taken(value) if value is not None else None
        except ServiceError:
            message = (
                f"An error occurred while attempting to save entries for entityType: {item.item}, with error message "
                f"[{name}] {value}."
            )
            raise CommerceError(400, "invalid_attribute_value", message, row[KEY]) from None

    def _refer(self, item: Item, row: Row, name: str, value: Any, *, replace: bool) -> None:
        leads = item.navigations[name]
        target, makes = self.items[leads.target], name in item.makes
        if not leads.many:
            if not isinstance(value, Mapping):
                if replace or value is not None:
                    message = f"NavigationProperty [{name}] is required for EntityType [{item.item}]."
                    raise CommerceError(400, "missing_nav_property", message, row[KEY])
                return
            row[f"@{name}"] = self.upsert(target, value, makes=makes, outer=(item, row))[KEY]
            return
        listed = value.get("results") if isinstance(value, Mapping) else value
        keys = [self.upsert(target, one, makes=makes, outer=(item, row))[KEY] for one in listed or ()]
        kept = [] if replace else row[f"@{name}"]
        row[f"@{name}"] = list(dict.fromkeys([*kept, *keys]))

    def drop(self, item: Item, row: Row) -> None:
        with self.whole():
            self._note(item.name, (row[KEY],))
            del self.rows[item.name][(row[KEY],)]

    def _note(self, name: str, key: tuple[Any, ...]) -> None:
        if self._undo is not None:
            before = self.rows[name].get(key)
            copied = None if before is None else {k: list(v) if isinstance(v, list) else v for k, v in before.items()}
            self._undo.append((name, key, copied))

    def now(self) -> str:
        moment = self.clock.now()
        fraction = f".{moment.microsecond // 1000:03}".rstrip("0").rstrip(".")
        return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}"
