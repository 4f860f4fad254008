"""A subset of SOQL: enough for what integrations ask, refusing the rest in the words of the real one.

``SELECT fields | COUNT() FROM Object [WHERE …] [ORDER BY field [ASC|DESC], …] [LIMIT n] [OFFSET n]`` with AND, OR,
NOT, parentheses, ``= != < <= > >= IN NOT IN LIKE``, text, number, boolean, null, date and datetime literals; what is
selected may be a field of a record pointed to (``Product2.Name``).
Datetimes compare at whole seconds, whatever the stored value prints; text compares without case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from syncline.sandbox.salesforce.faults import ApiError
from syncline.sandbox.salesforce.schema import ObjectDef, full_id

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*')
    |(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_][\w.]*)
    |(?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,))""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query. ``fields`` is None for COUNT()."""

    object: str
    fields: tuple[str, ...] | None
    test: Test
    order: tuple[tuple[str, bool], ...] = ()  # field, descending
    limit: int | None = None
    offset: int = 0

    def run(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that pass, ordered and cut; without ORDER BY in order of Id."""
        found = sorted((row for row in rows if self.test(row)), key=lambda row: str(row["Id"]))
        for name, descending in reversed(self.order):
            found.sort(key=lambda row, n=name: _sort_key(row.get(n)), reverse=descending)  # type: ignore[misc]
        return found[self.offset :][: self.limit]


def parse(text: str, objects: Mapping[str, ObjectDef]) -> Query:
    """Raises ApiError MALFORMED_QUERY, INVALID_TYPE or INVALID_FIELD."""
    return _Parser(text, objects).query()


class _Parser:
    def __init__(self, text: str, objects: Mapping[str, ObjectDef]) -> None:
        self.text = text
        self.objects = objects
        self.tokens = self._scan(text)
        self.at = 0
        self.object: ObjectDef | None = None

    def _scan(self, text: str) -> list[tuple[str, str, int]]:
        tokens, at, text = [], 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise self._malformed(f"unexpected token: '{text[at:].split(None, 1)[0][:1]}'")
            tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            at = found.end()
        return tokens

    def _malformed(self, what: str) -> ApiError:
        return ApiError("MALFORMED_QUERY", what)

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "<EOF>", len(self.text))

    def _next(self) -> tuple[str, str, int]:
        token = self._peek()
        self.at += 1
        return token

    def _word(self, *words: str) -> bool:
        """Take the next token if it is one of the words."""
        kind, value, _ = self._peek()
        if kind == "word" and value.upper() in words:
            self.at += 1
            return True
        return False

    def _sign(self, sign: str) -> bool:
        kind, value, _ = self._peek()
        if kind == "sign" and value == sign:
            self.at += 1
            return True
        return False

    def _need(self, taken: bool) -> None:  # noqa: FBT001 (reads as a sentence where used)
        if not taken:
            raise self._malformed(f"unexpected token: '{self._peek()[1]}'")

    def query(self) -> Query:
        self._need(self._word("SELECT"))
        names = self._select()
        self._need(self._word("FROM"))
        name = self._next()[1]
        self.object = next((o for n, o in self.objects.items() if n.lower() == name.lower()), None)
        if self.object is None:
            what = f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure "
            raise ApiError("INVALID_TYPE", f"{what}to append the '__c' after the entity name.")
        fields = None if names is None else tuple(self._shown(name, at) for name, at in names)
        test = self._any() if self._word("WHERE") else _always
        order = self._order() if self._word("ORDER") else ()
        limit = self._whole() if self._word("LIMIT") else None
        offset = self._whole() if self._word("OFFSET") else 0
        self._need(self._peek()[0] == "end")
        return Query(object=self.object.name, fields=fields, test=test, order=order, limit=limit, offset=offset)

    def _select(self) -> list[tuple[str, int]] | None:
        names: list[tuple[str, int]] = []
        while True:
            kind, name, at = self._next()
            if kind != "word":
                raise self._malformed(f"unexpected token: '{name}'")
            if name.upper() == "COUNT" and self._sign("("):
                self._need(self._sign(")"))
                return None
            names.append((name, at))
            if not self._sign(","):
                return names

    def _shown(self, name: str, at: int) -> str:
        """A field of the object, or one of a record it points to (``Product2.Name``)."""
        assert self.object is not None
        relation, _, rest = name.partition(".")
        by = next((f for f in self.object.fields.values() if f.relationship == relation and len(f.targets) == 1), None)
        there = self.objects.get(by.targets[0]) if by is not None else None
        found = there.named(rest) if there is not None else None
        return f"{relation}.{found.name}" if found is not None else self._field(name, at)

    def _field(self, name: str, at: int) -> str:
        assert self.object is not None
        found = self.object.named(name)
        if found is not None:
            return found.name
        pointer = f"\n{self.text}\n{' ' * at}^\nERROR at Row:1:Column:{at + 1}\n"
        what = f"No such column '{name}' on entity '{self.object.name}'. If you are attempting to use a custom field, "
        advice = "be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe "
        raise ApiError("INVALID_FIELD", f"{pointer}{what}{advice}call for the appropriate names.")

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._need(self._word("BY"))
        keys = []
        while True:
            _, name, at = self._next()
            field = self._field(name, at)
            descending = self._word("DESC")
            if not descending:
                self._word("ASC")
            if self._word("NULLS"):
                self._need(self._word("FIRST", "LAST"))
            keys.append((field, descending))
            if not self._sign(","):
                return tuple(keys)

    def _whole(self) -> int:
        kind, value, _ = self._next()
        if kind != "number" or not value.isdigit():
            raise self._malformed(f"unexpected token: '{value}'")
        return int(value)

    def _any(self) -> Test:
        tests = [self._all()]
        while self._word("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._word("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._word("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._sign("("):
            inner = self._any()
            self._need(self._sign(")"))
            return inner
        kind, name, at = self._next()
        if kind != "word":
            raise self._malformed(f"unexpected token: '{name}'")
        field = self._field(name, at)
        self._filterable(field)
        if self._word("IN"):
            return self._among(field)
        if self._word("NOT"):
            self._need(self._word("IN"))
            among = self._among(field)
            return lambda row: not among(row)
        if self._word("LIKE"):
            pattern = _like(str(self._value(field)))
            return lambda row: pattern.match(str(row.get(field) or "")) is not None
        sign = self._next()[1]
        return self._compare(field, sign)

    def _filterable(self, field: str) -> None:
        assert self.object is not None
        if not self.object.fields[field].filterable:
            what = f"field '{field}' can not be filtered in a query call"
            raise ApiError("INVALID_FIELD", what)

    def _among(self, field: str) -> Test:
        self._need(self._sign("("))
        values = {_comparable(self._value(field))}
        while self._sign(","):
            values.add(_comparable(self._value(field)))
        self._need(self._sign(")"))
        return lambda row: _comparable(row.get(field)) in values

    def _compare(self, field: str, sign: str) -> Test:
        if sign not in {"=", "!=", "<>", *_ORDERED}:
            raise self._malformed(f"unexpected token: '{sign}'")
        value = _comparable(self._value(field))
        if sign == "=":
            return lambda row: _comparable(row.get(field)) == value
        if sign in {"!=", "<>"}:
            return lambda row: _comparable(row.get(field)) != value
        ordered = _ORDERED[sign]

        def test(row: Row) -> bool:
            mine = _comparable(row.get(field))
            return mine is not None and value is not None and ordered(mine, value)

        return test

    def _value(self, field: str) -> Any:
        assert self.object is not None
        kind, text, _ = self._next()
        definition = self.object.fields[field]
        if kind == "word" and text.lower() in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[text.lower()]
        fits = {
            "text": definition.is_text or definition.type in {"id", "reference"},
            "number": definition.is_number,
            "moment": definition.type == "datetime",
            "date": definition.type == "date",
        }.get(kind)
        if fits is None:
            raise self._malformed(f"unexpected token: '{text}'")
        if not fits:
            what = f"value of filter criterion for field '{field}' must be of type {definition.type} and "
            raise ApiError("INVALID_FIELD", f"{what}should {'not ' if kind == 'text' else ''}be enclosed in quotes")
        if kind == "text":
            value = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)
            return full_id(value) if definition.type in {"id", "reference"} else value
        return float(text) if kind == "number" else parse_moment(text) if kind == "moment" else text


def _always(_: Row) -> bool:
    return True


def _like(pattern: str) -> re.Pattern[str]:
    parts = [".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern]
    return re.compile("".join(parts) + r"\Z", re.IGNORECASE | re.DOTALL)


def parse_moment(text: str) -> datetime:
    """A datetime literal."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _comparable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _sort_key(value: Any) -> tuple[bool, Any]:
    """Nulls first; datetimes at full precision."""
    return (False, "") if value is None else (True, value.lower() if isinstance(value, str) else value)
