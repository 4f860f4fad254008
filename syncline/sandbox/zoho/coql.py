"""COQL, as far as connectors ask it: one module, criteria, order, limit (Zoho CRM v8, "Query API")."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncline.sandbox.wire import Response
from syncline.sandbox.zoho.faults import ApiError
from syncline.sandbox.zoho.schema import FieldDef, Module
from syncline.sandbox.zoho.store import Row, Store

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|>=|<=|!=|[=<>(),]|[A-Za-z_][\w.]*|[0-9.]+)")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
}
_ROWS, _COLUMNS, _CRITERIA, _VALUES, _OFFSET = 2000, 50, 25, 50, 100_000
Test = Callable[[Row], bool]


@dataclass(slots=True)
class Query:
    """One parsed query."""

    module: Module
    columns: list[str]
    test: Test
    order: list[tuple[str, bool]] = field(default_factory=list)  # name, descending
    limit: int = 200
    offset: int = 0


def answer(store: Store, text: str, most: int) -> Response:
    """What a query is answered, ``most`` rows at a time whatever it asks for.

    Converted leads are not shown; lookups with their id alone.
    """
    query = Parser(store, text).query()
    query.limit = min(query.limit, most)
    rows = [row for row in store.rows[query.module.name].values() if not row.get("Converted__s") and query.test(row)]
    for name, descending in reversed(query.order or [("id", False)]):
        rows.sort(key=lambda row: (row.get(name) is not None, row.get(name)), reverse=descending)
    page = rows[query.offset : query.offset + query.limit]
    if not page:
        return Response(status=204)
    data = []
    for row in page:
        shown = {name: store.shown(query.module, row, name) for name in dict.fromkeys([*query.columns, "id"])}
        data.append({n: {"id": v["id"]} if query.module.fields[n].is_lookup and v else v for n, v in shown.items()})
    more = query.offset + query.limit < len(rows)
    return Response.of({"data": data, "info": {"count": len(page), "more_records": more}})


class Parser:
    """A query's text, token by token."""

    def __init__(self, store: Store, text: str) -> None:
        self.store = store
        self.tokens = self._split(text)
        self.at = 0
        self.criteria = 0

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        text = text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _syntax(text[at : at + 12])
            tokens.append(found[1])
            at = found.end()
        return tokens

    def query(self) -> Query:
        self._word("select")
        columns = [self._next()]
        while self._taken(","):
            columns.append(self._next())
        self._word("from")
        module = self.store.module(self._next())
        if len(columns) > _COLUMNS:
            raise ApiError("LIMIT_EXCEEDED", "column limit exceeded", {"limit": _COLUMNS, "clause": "select"})
        for name in columns:
            self._field(module, name)
        if not self._taken("where"):
            raise ApiError("SYNTAX_ERROR", "missing clause", {"clause": "where"})
        query = Query(module, columns, self._either(module))
        if self._taken("order"):
            self._word("by")
            query.order = self._order(module)
        if self._taken("limit"):
            query.limit = int(self._next())
        if self._taken("offset"):
            query.offset = int(self._next())
        if self.at < len(self.tokens):
            raise _syntax(self.tokens[self.at])
        for value, most, clause in ((query.limit, _ROWS, "limit"), (query.offset, _OFFSET, "offset")):
            if value > most:
                raise ApiError("LIMIT_EXCEEDED", "limit exceeded", {"limit": most, "clause": clause})
        return query

    def _order(self, module: Module) -> list[tuple[str, bool]]:
        order = []
        while True:
            name = self._next()
            self._field(module, name)
            descending = self._taken("desc")
            if not descending:
                self._taken("asc")
            order.append((name, descending))
            if not self._taken(","):
                break
        if len({name for name, _ in order}) < len(order):
            raise ApiError("DUPLICATE_DATA", "duplicate columns", {"clause": "order"})
        return order

    def _either(self, module: Module) -> Test:
        """Two criteria at most side by side: more have to be bracketed in pairs."""
        one = self._criterion(module)
        word = self._peek()
        if word not in {"and", "or"}:
            return one
        self._word(word)
        two = self._criterion(module)
        if self._peek() in {"and", "or"}:
            raise ApiError("SYNTAX_ERROR", "criteria are to be bracketed", {"clause": "where"})
        return (lambda row: one(row) and two(row)) if word == "and" else (lambda row: one(row) or two(row))

    def _criterion(self, module: Module) -> Test:
        if self._taken("("):
            inner = self._either(module)
            self._word(")")
            return inner
        self.criteria += 1
        if self.criteria > _CRITERIA:
            raise ApiError("LIMIT_EXCEEDED", "criteria limit exceeded", {"limit": _CRITERIA, "clause": "where"})
        name = self._next()
        column = self._field(module, name)
        if column.type == "textarea":
            raise ApiError("INVALID_QUERY", "data type not supported", {"column_name": name, "data_type": "textarea"})
        if self._taken("is"):
            wanted = not self._taken("not")
            self._word("null")
            return lambda row: (row.get(name) is None) == wanted
        if self._taken("in"):
            values = self._values(column)
            return lambda row: row.get(name) is not None and _plain(row[name]) in values
        sign = self._next()
        if sign not in _COMPARED:
            raise _syntax(sign)
        value = self._value(column)
        return lambda row: row.get(name) is not None and _COMPARED[sign](_plain(row[name]), value)

    def _values(self, column: FieldDef) -> set[Any]:
        self._word("(")
        values = {self._value(column)}
        while self._taken(","):
            values.add(self._value(column))
        self._word(")")
        if len(values) > _VALUES:
            raise ApiError("LIMIT_EXCEEDED", "value limit exceeded", {"limit": _VALUES, "clause": "where"})
        return values

    def _value(self, column: FieldDef) -> Any:
        token = self._next()
        text = re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith("'") else token
        try:
            if column.type == "datetime":
                return datetime.fromisoformat(text)
            if column.type in {"integer", "currency", "double"}:
                return float(text)
        except ValueError:
            text = ""
        if not text and column.type in {"datetime", "integer", "currency", "double"}:
            message = "value given seems to be invalid for the column"
            raise ApiError("INVALID_QUERY", message, {"column_name": column.name})
        return text == "true" if column.type == "boolean" else _plain(text)

    def _field(self, module: Module, name: str) -> FieldDef:
        found = module.fields.get(name)
        if found is None:
            details = {"column_name": name, "module": module.name}
            raise ApiError("INVALID_QUERY", "column given seems to be invalid", details)
        return found

    def _peek(self) -> str:
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise _syntax("")
        self.at += 1
        return self.tokens[self.at - 1]

    def _taken(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self.at += 1
        return True

    def _word(self, word: str) -> None:
        if not self._taken(word):
            raise _syntax(self._peek())


def _plain(value: Any) -> Any:
    """Text is compared without case."""
    return value.casefold() if isinstance(value, str) else value


def _syntax(near: str) -> ApiError:
    return ApiError("SYNTAX_ERROR", "invalid query formed", {"near": near, "line": 1, "column": 1})
