"""Queries: SuiteQL is Oracle's SQL over tables of its own; here SQLite answers it, with Oracle's date functions.

What matters is kept: dates without a mask come as days in the user's format, local to the account; null columns are
missing in rows; everything is text; an unknown or hidden column has the whole query refused; a query ends at ``cap``
rows; pages hold a thousand, and offsets are whole pages.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from syncline.sandbox.netsuite.faults import ApiError
from syncline.sandbox.netsuite.objects import CURRENCIES
from syncline.sandbox.netsuite.store import Row, Store

_MARK = "\x01"  # begins every date, so that dates are told from text, and are ordered among themselves
_STAMP = "%Y-%m-%d %H:%M:%S"
_MASKS = (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH24", "%H"), ("MI", "%M"), ("SS", "%S"))
_TEXT = re.compile(r"('(?:[^']|'')*')")
_DISPLAY = re.compile(r"BUILTIN\.DF\(\s*((?:\w+\.)?(\w+))\s*\)", re.IGNORECASE)
_UNMASKED = re.compile(r"\w*date\w*\s*[<>=]+\s*'", re.IGNORECASE)
_ADDRESS = ("addressee", "attention", "addr1", "addr2", "addr3", "city", "state", "zip", "country", "addrphone")
_TABLES = {"customer": "customer", "contact": "contact", "salesOrder": "transaction"}


class Queries:
    """``hidden``: (table, column) that the role may not see, or (table, "*"). ``largest``: rows of a page, at most."""

    def __init__(self, store: Store, zone: str, cap: int) -> None:
        self.store = store
        self.zone = ZoneInfo(zone)
        self.cap = cap
        self.largest = 1000
        self.hidden: set[tuple[str, str]] = set()
        self._built: tuple[Any, sqlite3.Connection] | None = None

    def run(self, text: str, limit: int, offset: int) -> dict[str, Any]:
        """The body of an answer. Raises ApiError INVALID_PARAMETER."""
        if not 1 <= limit <= 1000 or offset % limit:
            raise ApiError("INVALID_PARAMETER", "Invalid value for the query parameter limit or offset.")
        if not text.strip().upper().startswith("SELECT") or _UNMASKED.search(text):
            raise _refused("Invalid or unsupported search")
        try:
            found = self._database().execute(_translated(text))
            names = [column[0].lower() for column in found.description]
            rows = found.fetchmany(self.cap)
        except sqlite3.Error as error:
            raise _refused(_reason(str(error))) from None
        limit = min(limit, self.largest)
        items = [_shown(dict(zip(names, row, strict=True))) for row in rows[offset : offset + limit]]
        more = offset + limit < len(rows)
        return {
            "count": len(items),
            "hasMore": more,
            "items": items,
            "offset": offset,
            "totalResults": len(rows),
        }

    def _database(self) -> sqlite3.Connection:
        state = (self.store.revision, frozenset(self.hidden), tuple(map(len, self.store.types.values())))
        if self._built is None or self._built[0] != state:
            if self._built is not None:
                self._built[1].close()
            self._built = (state, self._build())
        return self._built[1]

    def _build(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:", check_same_thread=False)
        database.create_function("TO_CHAR", -1, _to_char, deterministic=True)
        database.create_function("TO_TIMESTAMP", 2, _to_timestamp, deterministic=True)
        database.create_function("TO_DATE", 2, _to_timestamp, deterministic=True)
        database.create_function("BUILTIN_DF", 2, self._display)
        for name, table in _TABLES.items():
            columns = [field.lower() for field in self.store.types[name] if field != "subsidiary"]
            rows = [self._columns(name, row) for row in self.store.rows[name].values()]
            extra = ["type", "foreigntotal"] if table == "transaction" else []
            self._table(database, table, [*(c for c in columns if c != "total"), *extra], rows)
        for name in ("customer", "contact"):
            book = [self._book(row, line) for row, line in self.store.lines(name)]
            flags = ["entity", "internalid", "addressbookaddress", "defaultbilling", "defaultshipping", "label"]
            self._table(database, f"{name}addressbook", flags, book)
            self._table(database, f"{name}addressbookentityaddress", ["nkey", *_ADDRESS], book)
        lines = [one for row in self.store.rows["salesOrder"].values() for one in self._lines(row)]
        columns = ["transaction", "id", "mainline", "taxline", "item", "memo", "quantity", "rate", "foreignamount"]
        self._table(database, "transactionline", columns, lines)
        gone = [self._gone(row) for row in self.store.deleted]
        self._table(database, "deletedrecord", ["recordid", "type", "name", "deleteddate"], gone)
        currency = [{"id": int(key), "symbol": code, "name": code} for key, code in CURRENCIES.items()]
        self._table(database, "currency", ["id", "symbol", "name"], currency)
        return database

    def _table(self, database: sqlite3.Connection, name: str, columns: list[str], rows: list[Row]) -> None:
        if (name, "*") in self.hidden:
            return
        seen = [column for column in columns if (name, column) not in self.hidden]
        database.execute(f'CREATE TABLE "{name}" ({", ".join(f"{column!r}" for column in seen)})')
        marks = ", ".join("?" * len(seen))
        # The other way round than they were made: what no ORDER BY decides is in no order one could trust.
        values = [[row.get(column) for column in seen] for row in reversed(rows)]
        database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)  # noqa: S608 (names of ours)

    def _columns(self, name: str, row: Row) -> Row:
        found: Row = {}
        for field in self.store.types[name].values():
            value = row.get(field.name)
            if isinstance(value, bool):
                value = "T" if value else "F"
            elif isinstance(value, datetime):
                value = self._local(value)
            elif field.type == "date" and value is not None:
                value = f"{_MARK}{value} 00:00:00"
            elif field.name == "id" or (field.type in {"ref", "choice"} and value is not None):
                value = int(str(value)) if str(value).isdigit() else value
            found[field.name.lower()] = value
        if name == "salesOrder":
            found |= {"type": "SalesOrd", "foreigntotal": row["total"], "status": f"SalesOrd:{row['status']}"}
        return found

    def _local(self, moment: datetime) -> str:
        return _MARK + moment.astimezone(self.zone).strftime(_STAMP)

    def _book(self, row: Row, line: Row) -> Row:
        flags = {flag.lower(): "T" if line[flag] else "F" for flag in ("defaultBilling", "defaultShipping")}
        key = line["internalId"]
        keys = {"entity": int(row["id"]), "internalid": key, "addressbookaddress": key, "nkey": key}
        return {**keys, **flags, **{name.lower(): value for name, value in line["addressBookAddress"].items()}}

    def _lines(self, row: Row) -> list[Row]:
        """The order itself is the first row; what is sold leaves the stock, so that its numbers are negative."""
        key = int(row["id"])
        main = {"transaction": key, "id": 0, "mainline": "T", "taxline": "F", "foreignamount": row["total"]}
        tax = {"transaction": key, "id": 9999, "mainline": "F", "taxline": "T", "foreignamount": 0}
        lines = [
            {"transaction": key, "id": line["line"], "mainline": "F", "taxline": "F", "item": line["item"]}
            | {"memo": line["description"], "rate": line["rate"]}
            | {"quantity": -line["quantity"], "foreignamount": -line["amount"]}
            for line in row["item"]
        ]
        return [main, *lines, tax]

    def _gone(self, row: Row) -> Row:
        found = {"recordid": int(row["id"]) if row["id"] else None, "type": row["type"].lower(), "name": row["name"]}
        return {**found, "deleteddate": self._local(row["at"])}

    def _display(self, column: str, value: Any) -> Any:
        if value is None:
            return None
        return CURRENCIES.get(str(value)) if column.lower() == "currency" else f"{column.capitalize()} {value}"


def _translated(text: str) -> str:
    parts = _TEXT.split(_DISPLAY.sub(r"BUILTIN_DF('\2', \1)", text))
    for at in range(0, len(parts), 2):
        parts[at] = re.sub(r"\btransaction\b", '"transaction"', parts[at], flags=re.IGNORECASE)
        parts[at] = re.sub(r"FETCH FIRST (\d+) ROWS ONLY", r"LIMIT \1", parts[at], flags=re.IGNORECASE)
    return "".join(parts)


def _pattern(mask: str) -> str:
    for oracle, python in _MASKS:
        mask = mask.replace(oracle, python)
    return mask


def _to_char(value: Any, mask: str | None = None) -> str | None:
    if value is None or not str(value).startswith(_MARK):
        return None if value is None else str(value)
    return datetime.strptime(value[1:], _STAMP).strftime(_pattern(mask or "MM/DD/YYYY"))  # noqa: DTZ007 (local)


def _to_timestamp(text: str, mask: str) -> str:
    return _MARK + datetime.strptime(text, _pattern(mask)).strftime(_STAMP)  # noqa: DTZ007 (local)


def _shown(row: Row) -> Row:
    """Rows have no nulls, and all their values are text; a date that was not masked is a day."""
    return {"links": []} | {
        name: _to_char(value) if str(value).startswith(_MARK) else str(value)
        for name, value in row.items()
        if value is not None and value != ""
    }


def _reason(error: str) -> str:
    column, table = re.search(r"no such column: (?:\w+\.)?(\w+)", error), re.search(r"no such table: (\w+)", error)
    if column:
        return f"Field '{column[1]}' for record was not found. Reason: NOT_EXPOSED - Not available for channel SEARCH"
    return f"Record '{table[1]}' was not found." if table else "Invalid or unsupported search"


def _refused(reason: str) -> ApiError:
    detail = f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {reason}"
    return ApiError("INVALID_PARAMETER", detail)
