"""The rows of the fake database: transactions, stamps, constraints, and how partners keep each other's data alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from model.clock import Clock
from syncline.sandbox.odoo.faults import Fault, missing
from syncline.sandbox.odoo.partners import Partners
from syncline.sandbox.odoo.schema import FieldDef, ModelDef

Row = dict[str, Any]
BOT = 2


class Database:
    """Rows by model and id. Moments are kept with microseconds and shown in whole seconds."""

    def __init__(self, clock: Clock, models: Mapping[str, ModelDef]) -> None:
        self.clock = clock
        self.models = dict(models)
        self.rows: dict[str, dict[int, Row]] = {name: {} for name in models}
        self.last: dict[str, int] = {}
        self.now = clock.now()
        self._journal: list[tuple[str, int, Row | None]] = []
        self._transactions = 0
        self.partners = Partners(self)

    @contextmanager
    def transaction(self, began: datetime | None = None) -> Iterator[None]:
        """Everything within is stamped with the moment it *began*, and undone where it ends in a fault."""
        self._transactions += 1
        fraction = self._transactions * 381_966 % 1_000_000  # stamps of one second are in no order of ids
        self.now = (began or self.clock.now()).replace(microsecond=fraction)
        with self.savepoint():
            yield
        self._journal.clear()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        mark = len(self._journal)
        try:
            yield
        except BaseException:
            self.rollback(mark)
            raise

    @property
    def mark(self) -> int:
        return len(self._journal)

    def rollback(self, mark: int) -> None:
        while len(self._journal) > mark:
            model, key, before = self._journal.pop()
            if before is None:
                self.rows[model].pop(key, None)
            else:
                self.rows[model][key] = before

    def definition(self, model: str) -> ModelDef:
        if model not in self.models:
            raise Fault("NotFound", f"the model {model!r} does not exist", 404)
        return self.models[model]

    def row(self, model: str, key: int) -> Row:
        found = self.rows[model].get(key)
        if found is None:
            raise missing(model, key)
        return found

    def put(self, model: str, key: int, values: Mapping[str, Any]) -> None:
        """Change a row, whatever it is, without any consequences."""
        before = self.rows[model].get(key)
        self._journal.append((model, key, dict(before) if before is not None else None))
        self.rows[model][key] = {**(before or {}), **values}

    def stamped(self, model: str, key: int, values: Mapping[str, Any], by: int = BOT) -> None:
        self.put(model, key, {**values, "write_date": self.now, "write_uid": by})

    def create(self, model: str, values: Mapping[str, Any], by: int = BOT) -> int:
        definition = self.definition(model)
        taken = {**definition.defaults, **self.taken(model, values)}
        key = self.last[model] = self.last.get(model, 0) + 1
        blank: Row = {f.name: [] if f.type.endswith("2many") else False for f in definition.fields.values() if f.store}
        self.put(model, key, {**blank, "id": key, "create_date": self.now, "create_uid": by})
        self.stamped(model, key, taken, by)
        self._numbered(model, key)
        self._constrain(model, key)
        if model == "res.partner":
            self.partners.sync(key, taken)
            self.partners.compute(key)
        return key

    def write(self, model: str, keys: Sequence[int], values: Mapping[str, Any], by: int = BOT) -> None:
        taken = self.taken(model, values)
        for key in keys:
            before = dict(self.row(model, key))
            self.stamped(model, key, taken, by)
            self._constrain(model, key)
            changed = {name: value for name, value in taken.items() if before.get(name) != value}
            if model == "res.partner" and changed:
                self.partners.sync(key, changed)
                self.partners.compute(key)
        if model == "sale.order.line":  # computed totals of the order follow, and its stamp does not
            for key in keys:
                self._totals(self.row(model, key)["order_id"])

    def unlink(self, model: str, keys: Sequence[int]) -> None:
        """What orders need stays; what points at a deleted record otherwise is cleared; external ids go, too."""
        for key in keys:
            if key not in self.rows[model]:
                continue  # without record rules to check, deleting nothing is no error
            if model == "res.partner" and any(key == r.get("partner_id") for r in self.rows["sale.order"].values()):
                text = "The operation cannot be completed: another model requires the record being deleted."
                raise Fault("ValidationError", f"{text} If possible, archive it instead.\n\nModel: Sales Order")
            for other, name in self._pointing(model):
                for row in [r for r in self.rows[other].values() if r.get(name) == key]:
                    self.put(other, row["id"], {name: False})
            for about in ("ir.model.data", "mail.message"):
                for row in list(self.rows[about].values()):
                    if (row["model"], row["res_id"]) == (model, key):
                        self._drop(about, row["id"])
            self._drop(model, key)

    def _drop(self, model: str, key: int) -> None:
        self._journal.append((model, key, dict(self.rows[model][key])))
        del self.rows[model][key]

    def _pointing(self, model: str) -> list[tuple[str, str]]:
        return [
            (d.name, f.name)
            for d in self.models.values()
            for f in d.fields.values()
            if f.type == "many2one" and f.relation == model
        ]

    # values

    def taken(self, model: str, values: Mapping[str, Any]) -> Row:
        """Values as they are stored. What is read only is silently left out of nothing: the ORM writes it."""
        definition = self.definition(model)
        found: Row = {}
        for name, value in values.items():
            field = definition.fields.get(name)
            if field is None:
                raise Fault("ValueError", f"Invalid field {name!r} in {model!r}")
            found[name] = self._value(model, field, value)
        if found.get("website"):
            found["website"] = found["website"] if "://" in found["website"] else f"http://{found['website']}"
        return found

    def _value(self, model: str, field: FieldDef, value: Any) -> Any:
        blank = value in (None, "", False)
        if field.type == "boolean":
            return bool(value)
        if field.type in {"integer", "float", "monetary"}:
            number = int if field.type == "integer" else float
            return number(0 if blank else value)
        if field.type == "many2many":
            return self._commanded(field, value)
        if blank:
            return False
        plain: Mapping[str, Callable[[Any], Any]] = {
            "many2one": lambda v: self._target(field, v),
            "selection": lambda v: self._choice(model, field, v),
            "datetime": lambda v: datetime.fromisoformat(str(v)).replace(tzinfo=UTC),
            "html": _html,
            "char": lambda v: str(v)[: field.size] if field.size else str(v),  # cut without a word, as Char does
        }
        return plain.get(field.type, lambda v: v)(value)

    def _target(self, field: FieldDef, value: Any) -> int:
        if not isinstance(value, int) or value not in self.rows[field.relation or ""]:
            text = f"The operation cannot be completed: a foreign key of {field.name} points to nothing"
            raise Fault("ValidationError", text)
        return value

    def _choice(self, model: str, field: FieldDef, value: Any) -> str:
        if value not in {choice for choice, _ in field.selection}:
            raise Fault("ValueError", f"Wrong value for {model}.{field.name}: {value!r}")
        return str(value)

    def _commanded(self, field: FieldDef, value: Any) -> list[int]:
        """Commands: 6 sets, 4 adds, 3 takes out, 5 clears. A bare list of ids sets, too."""
        held: list[int] = []
        for command in value or []:
            if isinstance(command, int):
                held.append(command)
            elif command[0] == 6:
                held = list(command[2])
            elif command[0] == 4:
                held.append(command[1])
            elif command[0] == 5:
                held = []
            else:
                raise Fault("ValueError", f"Command {command!r} is not supported by this server")
        return [self._target(field, key) for key in held]

    def _constrain(self, model: str, key: int) -> None:
        row = self.rows[model][key]
        if model == "res.partner" and row["type"] == "contact" and not row["name"]:
            raise Fault("ValidationError", "The operation cannot be completed: Contacts require a name")
        for field in self.models[model].fields.values():
            if field.required and row.get(field.name) in (False, None, ""):
                text = "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n\n"
                raise Fault("ValidationError", f"{text}Model: {model}\nField: {field.string} ({field.name})")
        if model == "ir.model.data":
            same = [r for r in self.rows[model].values() if (r["module"], r["name"]) == (row["module"], row["name"])]
            if len(same) > 1:
                raise Fault(
                    "UniqueViolation", "duplicate key value violates unique constraint ir_model_data_module_name"
                )

    def _numbered(self, model: str, key: int) -> None:
        row = self.rows[model][key]
        if model == "sale.order":
            self.put(
                model, key, {"name": f"S{key:05d}", "date_order": row["date_order"] or self.now.replace(microsecond=0)}
            )
            self.put(model, key, {"currency_id": row["currency_id"] or 1})
        if model == "sale.order.line":
            self._totals(row["order_id"])
        if model == "crm.lead" and not row["company_currency"]:
            self.put(model, key, {"company_currency": 1, "stage_id": row["stage_id"] or 1})

    def _totals(self, order: int) -> None:
        lines = [line for line in self.rows["sale.order.line"].values() if line["order_id"] == order]
        for line in lines:
            net = round(line["product_uom_qty"] * line["price_unit"] * (1 - line["discount"] / 100), 2)
            tax = round(net * 0.2, 2)
            computed = {"price_subtotal": net, "price_tax": tax, "price_total": net + tax, "currency_id": 1}
            self.put("sale.order.line", line["id"], computed)
        net = sum(self.rows["sale.order.line"][line["id"]]["price_subtotal"] for line in lines)
        sums = {"amount_untaxed": net, "amount_tax": round(net * 0.2, 2), "amount_total": round(net * 1.2, 2)}
        self.put("sale.order", order, {**sums, "order_line": [line["id"] for line in lines]})


def _html(value: Any) -> str:
    text = str(value)
    return text if re.match(r"\s*<\w+", text) else f"<p>{text}</p>"
