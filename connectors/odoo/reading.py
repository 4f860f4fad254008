"""Reading what changed, by ``write_date`` and id.

``write_date`` is the moment at which the writing transaction *began* (``cr.now()``, odoo/orm and odoo/sql_db.py): a
long one becomes visible long after its stamp, so that every read begins again an overlap earlier: as long as a hosted
server lets a request live, fifteen minutes. It is stored in microseconds and shown in whole seconds, and how a moment
without a fraction compares to one with it differs between versions. So only ``>= second`` and ``< next second`` are
asked: a page that is full gives back its last second, which the next page begins with; one that holds nothing but a
single second (a mass update stamps all alike) is read by id.

Archived records are records. What was deleted leaves no trace: a sweep finds it by ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.odoo.absence import gone, survivors
from connectors.odoo.buyers import PARTNERS, parties
from connectors.odoo.naming import Naming
from connectors.odoo.schema import BUYER, CODED, LINES, TAGS, ModelSchema, moment_shown
from connectors.odoo.session import Session
from connectors.odoo.settings import Shape
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record

STAMP = "write_date"
_FORM = "%Y-%m-%d %H:%M:%S"
_ORDER = f"{STAMP}, id"
_CHUNK = 500
_LINE_FIELDS = (
    "id", "order_id", "sequence", "name", "product_id", "product_uom_qty", "price_unit", "discount", "price_tax",
    "price_total", "price_subtotal", "display_type", "currency_id",
)  # fmt: skip


def position(text: str) -> str:
    """The stamp in a cursor. Raises CursorExpiredError for what is none of ours: a full read then puts things right."""
    try:
        stamp = orjson.loads(text)["stamp"]
        datetime.strptime(stamp, _FORM)  # noqa: DTZ007 (Odoo's moments are UTC and do not say so)
    except (ValueError, KeyError, TypeError):
        raise CursorExpiredError("the stored position is not one of this connector: read everything again") from None
    return str(stamp)


def moved(stamp: str, seconds: int) -> str:
    return (datetime.strptime(stamp, _FORM) + timedelta(seconds=seconds)).strftime(_FORM)  # noqa: DTZ007 (see above)


@dataclass(slots=True)
class Reading:
    """One stream. ``wanted`` are the fields to read, all if None."""

    session: Session
    naming: Naming
    shape: Shape
    wanted: Sequence[str] | None

    @property
    def schema(self) -> ModelSchema:
        return self.session.schema(self.shape.model)

    def pages(self, since: str | None) -> Iterator[Page]:
        known = position(since) if since is not None else None
        bottom = moved(known, -self.session.settings.overlap) if known else None
        full = since is None
        while True:
            rows = self._rows([[STAMP, ">=", bottom]] if bottom else [], _ORDER)
            if len(rows) < self.session.settings.page:
                yield self._page(rows, known, full=full)
                return
            last = _second(rows[-1])
            kept = [row for row in rows if _second(row) < last]
            if kept:
                yield self._page(kept, known, full=full)
                bottom = last
            else:
                yield from self._second(last, known, full=full)
                known = last  # all of it was read: a last page without rows leaves off there
                bottom = moved(last, 1)

    def _second(self, stamp: str, known: str | None, *, full: bool) -> Iterator[Page]:
        """Every record of one second, by id. After a crash it is read anew: the position stays before it."""
        within: list[Any] = [[STAMP, ">=", stamp], [STAMP, "<", moved(stamp, 1)]]
        beyond = 0
        while True:
            rows = self._rows([*within, ["id", ">", beyond]], "id")
            if rows:
                yield self._page(rows, known, full=full)
                beyond = int(rows[-1]["id"])
            if len(rows) < self.session.settings.page:
                return

    def _rows(self, domain: Sequence[Any], order: str) -> list[dict[str, Any]]:
        fields = self.schema.readable(self.wanted)
        conditions = [*self.shape.domain, *domain]
        return self.session.records(self.shape.model, conditions, fields, order, self.session.settings.page)

    def _page(self, rows: Sequence[Mapping[str, Any]], known: str | None, *, full: bool) -> Page:
        stamps = [stamp for stamp in (known, *(_second(row) for row in rows)) if stamp]
        cursor = orjson.dumps({"stamp": max(stamps)}).decode() if stamps else None
        return Page(self.shown(rows), cursor, full=full)

    def keys(self) -> Iterator[list[str]]:
        """Every key, archived ones included, in the order of ids."""
        beyond = 0
        while True:
            domain = [*self.shape.domain, ["id", ">", beyond]]
            rows = self.session.records(self.shape.model, domain, ["id"], "id", self.session.settings.page)
            yield [str(row["id"]) for row in rows]
            if len(rows) < self.session.settings.page:
                return
            beyond = int(rows[-1]["id"])

    def fetch(self, keys: Sequence[str]) -> list[Record]:
        """A record for every key, in order, but for those that the user may not see: nothing can be said of them. One
        that left the stream's domain (a company that became a person) is still there, and shown: to be archived or to
        be of another kind is not to be deleted."""
        found: dict[str, Record] = {}
        numbers = sorted({int(key) for key in keys if key.isdecimal()})
        for at in range(0, len(numbers), _CHUNK):
            found |= {r.key: r for r in self.among([["id", "in", numbers[at : at + _CHUNK]]], within=False)}
        absent = [number for number in numbers if str(number) not in found]
        away = gone(self.session, self.shape.model, absent) if absent else set()
        heirs = survivors(self.session, self.shape, away)
        for key in keys:
            if not key.isdecimal() or int(key) in away:
                heir = heirs.get(int(key)) if key.isdecimal() else None
                found[key] = Record(key, {}, deleted=True, superseded_by=heir)
        return [found[key] for key in keys if key in found]

    def among(self, domain: Sequence[Any], *, within: bool = True) -> list[Record]:
        """Records that fulfil a domain, within the stream's own or anywhere in its model."""
        conditions = [*(self.shape.domain if within else ()), *domain]
        return self.shown(self.session.records(self.shape.model, conditions, self.schema.readable(self.wanted)))

    # records

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        lines = self._lines(rows)
        held = [row[BUYER][0] for row in rows if row.get(BUYER)] if self.shape.model != PARTNERS else []
        known = parties(self.session, held)
        return [self._record(row, lines, known) for row in rows]

    def _record(
        self,
        row: Mapping[str, Any],
        lines: Mapping[int, list[dict[str, Any]]],
        known: Mapping[int, Mapping[str, str | None]],
    ) -> Record:
        data = {name: self._value(name, value) for name, value in row.items() if name != "id"}
        if LINES in row:
            data[LINES] = lines.get(row["id"], [])
        if data.get(BUYER) and self.shape.model != PARTNERS:
            data[BUYER] |= known.get(row[BUYER][0], {})  # of whom the user may not see, nothing is known
        return Record(str(row["id"]), {"id": str(row["id"]), **data}, moment_shown(row.get(STAMP)) or None)

    def _value(self, name: str, value: Any) -> Any:
        if name not in self.schema.entries:
            return value
        shown = self.schema.shown(name, value)
        relation = self.schema.relation(name) or ""
        if name in TAGS and value:
            return self.naming.names(relation, value)
        if relation in CODED and isinstance(shown, dict):
            shown["code"] = self.naming.code(relation, value[0])
        return shown

    def _lines(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, list[dict[str, Any]]]:
        """The lines of the orders of a page, in one call. Sections and notes among them are no goods, and left out."""
        keys = [key for row in rows for key in row.get(LINES) or ()]
        if not keys:
            return {}
        model = self.schema.relation(LINES) or "sale.order.line"
        schema = self.session.schema(model)
        fields = [name for name in _LINE_FIELDS if name == "id" or name in schema.entries]
        found: dict[int, list[dict[str, Any]]] = {}
        for line in self.session.records(model, [["id", "in", keys]], fields, "sequence, id"):
            if line.get("display_type"):
                continue
            shown = {n: schema.shown(n, v) for n, v in line.items() if n not in {"id", "order_id", "display_type"}}
            found.setdefault(line["order_id"][0], []).append({"id": str(line["id"]), **shown})
        return found


def _second(row: Mapping[str, Any]) -> str:
    stamp = row.get(STAMP)
    if not isinstance(stamp, str):
        raise ProtocolError(
            f"a record without a {STAMP}: its model keeps no log of access, and cannot be read for changes"
        )
    return stamp[:19]
