"""What an OData 2.0 service is asked for: ``$filter`` and ``$orderby``, understood and applied to rows.

Rows hold values as `syncline.sandbox.odata_model` keeps them. As at a gateway, a property that is not there and a
literal of another type than the property's are refused; comparisons with null are false, except ``eq null`` and
``ne null``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from syncline.sandbox.odata_model import Entity, ServiceError

Row = Mapping[str, Any]
Condition = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<typed>(?:datetimeoffset|datetime|time|guid|binary|X)'(?:[^']|'')*')
      | (?P<text>'(?:[^']|'')*')
      | (?P<number>-?\d+(?:\.\d+)?[LlMmDdFf]?)
      | (?P<name>[A-Za-z_][\w/]*)
      | (?P<sign>[(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
_KINDS = {"datetime": "Edm.DateTime", "datetimeoffset": "Edm.DateTimeOffset", "time": "Edm.Time", "guid": "Edm.Guid"}
_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
    "substringof": lambda part, text: part in text,
}
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


def condition(text: str, entity: Entity, *, plain: bool = False) -> Condition:
    """The filter as a function of a row. Raises ServiceError where it cannot be understood.

    ``plain``: as SAP Cloud for Customer has it, where ``or`` joins conditions on one property only, and ``*`` in a text
    stands for any signs.
    """
    reader = _Reader(_tokens(text), entity, plain=plain)
    found = reader.either()
    reader.end()
    return found


def ordered(rows: Iterable[Row], text: str, entity: Entity) -> list[Any]:
    """Rows in the order that ``$orderby`` asks for; null comes before every value."""
    found = list(rows)
    for part in reversed([one.strip() for one in text.split(",") if one.strip()]):
        name, _, direction = part.partition(" ")
        if entity.properties.get(name) is None or direction.strip() not in {"", "asc", "desc"}:
            raise _unreadable(f"Property {name} not found in type {entity.type}")
        found.sort(key=lambda row: ((v := row[name]) is not None, v or ""), reverse=direction.strip() == "desc")
    return found


def literal(text: str) -> tuple[Any, str | None]:
    """A literal's value as rows have it, and its type (None for null). Raises ServiceError."""
    tokens = _tokens(text)
    if len(tokens) != 1:
        raise _unreadable("Invalid key predicate")
    return _value(*tokens[0])


def _value(kind: str, text: str) -> tuple[Any, str | None]:
    if kind == "text":
        return text[1:-1].replace("''", "'"), "Edm.String"
    if kind == "number":
        return float(text.rstrip("LlMmDdFf")), "number"
    if kind == "typed":
        name, _, inner = text.partition("'")
        return _typed(name, inner[:-1])
    if text in {"true", "false"}:
        return text == "true", "Edm.Boolean"
    if text == "null":
        return None, None
    raise _unreadable(f"Invalid token '{text}'")


def _typed(name: str, inner: str) -> tuple[Any, str]:
    edm = _KINDS.get(name, "Edm.Binary")
    if edm == "Edm.Time":
        found = _DURATION.fullmatch(inner)
        if found is None:
            raise _unreadable("Invalid time literal")
        return "{:02}:{:02}:{:02}".format(*(int(part or 0) for part in found.groups())), edm
    if edm in {"Edm.DateTime", "Edm.DateTimeOffset"}:
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]00:00)?", inner):
            raise _unreadable("Invalid datetime literal")
        fraction = re.search(r"\.\d*[1-9]", inner)
        return (inner[:19] if len(inner) >= 19 else f"{inner}:00") + (fraction[0] if fraction else ""), edm
    return inner.lower(), edm


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _unreadable(f"Invalid token at position {at}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _unreadable(message: str) -> ServiceError:
    return ServiceError(400, "005056A509B11EE1B9A8FEC11C21D78E", message)


class _Reader:
    """Recursive descent: ``or`` binds least, then ``and``, then ``not``."""

    def __init__(self, tokens: Sequence[tuple[str, str]], entity: Entity, *, plain: bool) -> None:
        self._tokens = tokens
        self._at = 0
        self._entity = entity
        self._plain = plain

    def either(self) -> Condition:
        begun = self._at
        found = [self._both()]
        while self._taken("or"):
            found.append(self._both())
        named = {text for _, text in self._tokens[begun : self._at] if text in self._entity.properties}
        if self._plain and len(found) > 1 and len(named) > 1:
            raise _unreadable("OR is supported for conditions on the same property only")
        return found[0] if len(found) == 1 else lambda row: any(one(row) for one in found)

    def _both(self) -> Condition:
        found = [self._single()]
        while self._taken("and"):
            found.append(self._single())
        return found[0] if len(found) == 1 else lambda row: all(one(row) for one in found)

    def _single(self) -> Condition:
        if self._taken("not"):
            inner = self._single()
            return lambda row: not inner(row)
        if self._taken("("):
            inner = self.either()
            self._expect(")")
            return inner
        kind, text = self._next()
        if kind == "name" and text in _FUNCTIONS:
            return self._call(text)
        if kind != "name" or self._entity.properties.get(text) is None:
            raise _unreadable(f"Property {text} not found in type {self._entity.type}")
        return self._comparison(text)

    def _call(self, function: str) -> Condition:
        deed = _FUNCTIONS[function]
        self._expect("(")
        first = self._operand()
        self._expect(",")
        second = self._operand()
        self._expect(")")
        if self._taken("eq"):
            self._expect("true")
        return lambda row: deed(str(first(row) or ""), str(second(row) or ""))

    def _operand(self) -> Callable[[Row], Any]:
        kind, text = self._next()
        if kind == "name":
            return lambda row: row.get(text)
        value = _value(kind, text)[0]
        return lambda _: value

    def _comparison(self, name: str) -> Condition:
        operator = self._next()[1]
        compare = _COMPARISONS.get(operator)
        if compare is None:
            raise _unreadable(f"Invalid operator '{operator}'")
        value, kind = _value(*self._next())
        known = self._entity.properties[name]
        if kind is not None and not known.takes(kind):
            raise _unreadable(f"Invalid parametertype used at function '{operator}'")
        if not known.filterable:
            raise _unreadable(f"Property {name} is not filterable")
        value = known.stored(value)
        if self._plain and operator == "eq" and isinstance(value, str) and "*" in value:
            pattern = re.compile(".*".join(map(re.escape, value.split("*"))), re.DOTALL)
            return lambda row: pattern.fullmatch(str(row[name] or "")) is not None
        if value is None or operator in {"eq", "ne"}:
            return lambda row: compare(row[name], value)
        return lambda row: row[name] is not None and compare(row[name], value)

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _unreadable("The filter ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _taken(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in {("name", text), ("sign", text)}:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            raise _unreadable(f"'{text}' is missing")

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise _unreadable("The filter goes on after its end")
