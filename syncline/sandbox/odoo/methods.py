"""The methods of models that the outside may call, with the parameters the ORM gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from syncline.sandbox.odoo.database import BOT, Database, Row
from syncline.sandbox.odoo.domains import test_of
from syncline.sandbox.odoo.faults import Fault, missing, refused, ruled
from syncline.sandbox.odoo.imports import Import

PARAMETERS: Mapping[str, Sequence[str]] = {
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "search_read": ("domain", "fields", "offset", "limit", "order"),
    "fields_get": ("allfields", "attributes"),
    "create": ("vals_list",),
    "load": ("fields", "data"),
    "context_get": (),
    "check_access_rights": ("operation", "raise_exception"),
    "read": ("fields", "load"),
    "write": ("vals",),
    "unlink": (),
    "has_access": ("operation",),
}
ON_RECORDS = frozenset({"read", "write", "unlink", "has_access"})
_WRITES = {"create": "create", "write": "write", "unlink": "unlink"}


class Methods:
    def __init__(self, database: Database, version: int) -> None:
        self.database = database
        self.version = version
        self.forbidden: set[tuple[str, str]] = set()
        self.ruled: set[tuple[str, int, str]] = set()
        self.needed: dict[tuple[str, int | None, str], str] = {}

    def call(self, model: str, method: str, ids: Sequence[int], context: Mapping[str, Any], **params: Any) -> Any:
        """Raises Fault; a call that writes is one transaction."""
        self.database.definition(model)
        if method not in PARAMETERS or (method == "check_access_rights" and self.version >= 19):
            raise Fault("NotFound", f"The method '{model}.{method}' does not exist", 404)
        unknown = params.keys() - set(PARAMETERS[method])
        if unknown:
            raise Fault("UnprocessableEntity", f"got an unexpected keyword argument '{sorted(unknown)[0]}'", 422)
        right = _WRITES.get(method, "read")
        if (model, right) in self.forbidden and method not in {"has_access", "check_access_rights", "context_get"}:
            raise refused(right, model)
        for key in ids if method in {"read", "write", "unlink"} else ():
            if key in self.database.rows[model]:
                self._may(right, model, key)
        deed: Callable[..., Any] = getattr(self, f"_{method}")
        if method not in _WRITES and method != "load":
            return deed(model, ids, context, **params)
        with self.database.transaction():
            return deed(model, ids, context, **params)

    def _may(self, right: str, model: str, key: int | None = None) -> None:
        """Raises Fault where the user may not do this with the model, or with this record."""
        if (model, right) in self.forbidden:
            raise refused(right, model)
        if key is not None and (model, key, right) in self.ruled:
            raise ruled(right, model, key)
        if other := self.needed.get((model, key, right)):
            raise refused(right, other)

    # reading

    def _found(self, model: str, domain: Sequence[Any], context: Mapping[str, Any], order: str | None) -> list[Row]:
        definition = self.database.definition(model)
        test = test_of(domain or [], definition.fields, model)
        archived = "active" not in definition.fields or not context.get("active_test", True)
        archived = archived or any(isinstance(t, list | tuple) and t[0] == "active" for t in domain or [])
        rows = [r for r in self.database.rows[model].values() if test(r) and (archived or r.get("active"))]
        rows = [row for row in rows if (model, row["id"], "read") not in self.ruled]
        for part in reversed([part.strip() for part in (order or "id").split(",")]):
            name, _, way = part.partition(" ")
            if name not in definition.fields:
                raise Fault("ValueError", f"Invalid field {name!r} on model {model!r}")
            rows.sort(key=lambda row: (not row[name], row[name]), reverse=way.strip().lower() == "desc")
        return rows

    def _search_read(
        self,
        model: str,
        _: Sequence[int],
        context: Mapping[str, Any],
        domain: Sequence[Any] = (),
        fields: Sequence[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
    ) -> list[Row]:
        rows = self._found(model, domain, context, order)[offset:]
        return [self._shown(model, row, fields) for row in (rows[:limit] if limit else rows)]

    def _search(
        self,
        model: str,
        _: Sequence[int],
        context: Mapping[str, Any],
        domain: Sequence[Any] = (),
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
    ) -> list[int]:
        rows = self._found(model, domain, context, order)[offset:]
        return [row["id"] for row in (rows[:limit] if limit else rows)]

    def _search_count(
        self, model: str, _: Sequence[int], context: Mapping[str, Any], domain: Sequence[Any] = (), limit: Any = None
    ) -> int:
        return len(self._found(model, domain, context, None)[:limit])

    def _read(
        self,
        model: str,
        ids: Sequence[int],
        _: Mapping[str, Any],
        fields: Sequence[str] | None = None,
        load: str | None = "_classic_read",
    ) -> list[Row]:
        """What is not there is left out (odoo/models.py, ``_read_format``)."""
        there = [row for key in ids if (row := self.database.rows[model].get(key)) is not None]
        rows = [self._shown(model, row, fields) for row in there]
        if load != "_classic_read":  # many2one as bare ids
            pointing = [f.name for f in self.database.models[model].fields.values() if f.type == "many2one"]
            for row in rows:
                row.update({name: row[name][0] for name in pointing if row.get(name)})
        return rows

    def _shown(self, model: str, row: Row, fields: Sequence[str] | None) -> Row:
        """False for null, ``[id, name]`` for many2one, moments in whole seconds; binaries as base64 or False."""
        definition = self.database.models[model]
        shown: Row = {"id": row["id"]}
        for name in fields or definition.fields:
            field = definition.fields.get(name)
            if field is None:
                raise Fault("ValueError", f"Invalid field {name!r} on {model!r}")
            value = row.get(name, False)
            if name == "display_name":
                value = self.display_name(model, row["id"])
            elif name == "country_code":
                value = self.database.rows["res.country"].get(row["country_id"], {}).get("code", False)
            elif isinstance(value, datetime):
                value = value.strftime("%Y-%m-%d %H:%M:%S")
            elif field.type == "many2one" and value:
                value = [value, self.display_name(field.relation or "", value)]
            shown[name] = value
        return shown

    def display_name(self, model: str, key: int) -> str:
        row = self.database.rows[model].get(key)
        if row is None:
            return ""
        if model == "res.partner.category" and row["parent_id"]:
            return f"{self.display_name(model, row['parent_id'])} / {row['name']}"
        if model == "res.country.state":
            country = self.database.rows["res.country"][row["country_id"]]
            return f"{row['name']} ({country['code']})"
        if model == "product.product" and row["default_code"]:
            return f"[{row['default_code']}] {row['name']}"
        return str(row.get("complete_name") or row["name"])

    def _fields_get(
        self,
        model: str,
        _: Sequence[int],
        __: Mapping[str, Any],
        allfields: Sequence[str] | None = None,
        attributes: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        fields = self.database.definition(model).fields
        return {name: f.shown(attributes) for name, f in fields.items() if not allfields or name in allfields}

    def _context_get(self, _: str, __: Sequence[int], ___: Mapping[str, Any]) -> dict[str, Any]:
        return {"lang": "en_US", "tz": "Europe/Helsinki", "uid": BOT}

    def _has_access(self, model: str, _: Sequence[int], __: Mapping[str, Any], operation: str) -> bool:
        return (model, operation) not in self.forbidden

    def _check_access_rights(
        self, model: str, _: Sequence[int], __: Mapping[str, Any], operation: str, raise_exception: Any = 1
    ) -> bool:
        if (model, operation) in self.forbidden and raise_exception:
            raise refused(operation, model)
        return (model, operation) not in self.forbidden

    # writing

    def _create(self, model: str, _: Sequence[int], __: Mapping[str, Any], vals_list: Any) -> Any:
        if isinstance(vals_list, Mapping):
            return self.database.create(model, vals_list)
        return [self.database.create(model, values) for values in vals_list]

    def _write(self, model: str, ids: Sequence[int], _: Mapping[str, Any], vals: Mapping[str, Any]) -> bool:
        for key in ids:
            if key not in self.database.rows[model]:
                raise missing(model, key)
        self.database.write(model, list(ids), vals)
        return True

    def _unlink(self, model: str, ids: Sequence[int], _: Mapping[str, Any]) -> bool:
        self.database.unlink(model, list(ids))
        return True

    def _load(
        self,
        model: str,
        _: Sequence[int],
        context: Mapping[str, Any],
        fields: Sequence[str] = (),
        data: Sequence[Sequence[str]] = (),
    ) -> dict[str, Any]:
        importing = Import(self.database, model, context, self._may, quotes_classes=self.version < 17)
        return importing.load(fields, data)
