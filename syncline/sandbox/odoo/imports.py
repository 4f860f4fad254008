"""``load``: rows of texts in, ids or complaints out. All or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from syncline.sandbox.odoo.database import Database, Row
from syncline.sandbox.odoo.faults import Fault
from syncline.sandbox.odoo.schema import FieldDef

_TRUE, _FALSE = {"1", "true", "yes"}, {"", "0", "false", "no"}
_MOST_ERRORS = 10
_DATA = "ir.model.data"


class UnreadableError(Exception):
    """A text that the field cannot be."""


class Import:
    """``may`` raises Fault where the user lacks a right: a row is then complained about like any other."""

    def __init__(
        self,
        database: Database,
        model: str,
        context: Mapping[str, Any],
        may: Callable[[str, str, int | None], None],
        *,
        quotes_classes: bool,
    ) -> None:
        self.database = database
        self.may = may
        self.model = model
        self.zone = context.get("tz")
        self.active_test = context.get("active_test", True)
        self.quotes_classes = quotes_classes
        self.messages: list[dict[str, Any]] = []

    def load(self, fields: Sequence[str], data: Sequence[Sequence[str]]) -> dict[str, Any]:
        mark = self.database.mark
        converted = [self._converted(number, dict(zip(fields, line, strict=True))) for number, line in enumerate(data)]
        keys = self._stored([(number, *row) for number, row in enumerate(converted) if row is not None])
        if any(message["type"] == "error" for message in self.messages):
            self.database.rollback(mark)
            return {"ids": False, "messages": self.messages, "nextrow": 0}
        return {"ids": keys, "messages": self.messages, "nextrow": 0}

    def _complain(self, number: int, message: str, field: str | None = None, kind: str = "error") -> None:
        place = {"rows": {"from": number, "to": number}, "record": number}
        self.messages.append({**place, "type": kind, "message": message, **({"field": field} if field else {})})

    def _converted(self, number: int, cells: Mapping[str, str]) -> tuple[int | None, str | None, Row] | None:
        key: int | None = None
        external: str | None = None
        values: Row = {}
        for column, text in cells.items():
            if column == "id":
                external = text
            elif column == ".id":
                key = int(text)
                row = self.database.rows[self.model].get(key)
                if row is None or (self.active_test and not row.get("active", True)) or self._hidden(key):
                    self._complain(number, f"Unknown database identifier '{text}'", ".id")
                    return None
            else:
                name = column.removesuffix("/.id")
                field = self.database.definition(self.model).fields.get(name)
                if field is None:
                    raise Fault("KeyError", name)
                try:
                    values[name] = self._value(field, text, by_id=column.endswith("/.id"))
                except UnreadableError as error:
                    self._complain(number, str(error), name)
                    return None
        return key, external, values

    def _hidden(self, key: int) -> bool:
        try:
            self.may("read", self.model, key)
        except Fault:
            return True
        return False

    def _value(self, field: FieldDef, text: str, *, by_id: bool) -> Any:
        if field.type == "boolean":
            if text.lower() in _TRUE | _FALSE:
                return text.lower() in _TRUE
            raise UnreadableError(f"Unknown value '{text}' for boolean field '{field.string}'")
        if text == "":
            return False
        if field.type == "many2one":
            return self._target(field, text, by_id=by_id)
        if field.type == "many2many":
            return [[6, 0, [self._target(field, one, by_id=by_id) for one in text.split(",")]]]
        if field.type == "selection" and text not in {choice for choice, _ in field.selection}:
            labels = {label.lower(): choice for choice, label in field.selection}
            if text.lower() in labels:
                return labels[text.lower()]
            raise UnreadableError(f"Value '{text}' not found in selection field '{field.string}'")
        try:
            if field.type in {"float", "monetary", "integer"}:
                return (int if field.type == "integer" else float)(text)
            if field.type == "datetime":
                moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 (Odoo's moments do not say)
                # The zone of the user, where the context names none: a fake user who sits two hours to the east.
                return str(moment) if self.zone == "UTC" else str(moment.replace(hour=(moment.hour - 2) % 24))
        except ValueError:
            raise UnreadableError(f"'{text}' does not seem to be valid for field '{field.string}'") from None
        return text

    def _target(self, field: FieldDef, text: str, *, by_id: bool) -> int:
        if by_id and text.isdecimal() and int(text) in self.database.rows[field.relation or ""]:
            return int(text)
        kind = "database id" if by_id else "name"
        raise UnreadableError(f"No matching record found for {kind} '{text}' in field '{field.string}'")

    def _stored(self, rows: Sequence[tuple[int, int | None, str | None, Row]]) -> list[int]:
        """All at once; where that fails, one by one to learn whose fault it is, up to ten faults."""
        mark = self.database.mark
        try:
            return [self._one(key, external, values) for _, key, external, values in rows]
        except Fault:
            self.database.rollback(mark)
        keys: list[int] = []
        errors = 0
        for count, (number, key, external, values) in enumerate(rows, start=1):
            mark = self.database.mark
            try:
                keys.append(self._one(key, external, values))
            except Fault as fault:
                self.database.rollback(mark)
                errors += 1
                quoted = f"Unknown error during import: <class 'odoo.exceptions.{fault.kind}'>: {fault.message}"
                self._complain(number, quoted if self.quotes_classes else fault.message)
            if errors >= _MOST_ERRORS and errors >= count / 10:
                self._complain(
                    number, "Found more than 10 errors, interrupted to avoid showing too many.", kind="warning"
                )
                break
        return keys

    def _one(self, key: int | None, external: str | None, values: Row) -> int:
        database = self.database
        if key is not None:
            self.may("write", self.model, key)
            database.write(self.model, [key], values)
            return key
        if not external:
            self.may("create", self.model, None)
            return database.create(self.model, values)
        module, _, name = external.partition(".")
        for held in database.rows[_DATA].values():
            if (held["module"], held["name"]) == (module, name):
                if held["model"] != self.model:
                    raise Fault("ValidationError", f"External ID {external} belongs to another model")
                self.may("write", self.model, held["res_id"])
                database.write(self.model, [held["res_id"]], values)
                return int(held["res_id"])
        self.may("create", self.model, None)
        made = database.create(self.model, values)
        database.create(_DATA, {"module": module, "name": name, "model": self.model, "res_id": made})
        return made
