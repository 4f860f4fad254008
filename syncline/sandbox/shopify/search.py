"""The search syntax of ``customers(query:)`` and its sisters, as far as the fake plays it.

Terms are joined by ``AND`` or a blank. A field nobody knows is *ignored with a warning*, as the vendor does: everything
is returned. Customers' ``updated_at`` matches whole days; orders and companies compare moments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

Doc = Mapping[str, Any]
Match = Callable[[Doc], bool]

_TERM = re.compile(
    r"""\s*(?:AND\s+)?(?:(?P<field>[a-z_]+):\s*)?(?P<op>>=|<=|>|<)?\s*(?:'(?P<one>[^']*)'|"(?P<two>[^"]*)"|(?P<bare>\S+))"""
)
_WORD = re.compile(r"[^\W_]+")

_TEXT = {
    "email": "email",
    "phone": "phone",
    "first_name": "firstName",
    "last_name": "lastName",
    "state": "state",
    "name": "name",
    "po_number": "poNumber",
    "external_id": "externalId",
}
_TIME = {
    "updated_at": "updatedAt",
    "created_at": "createdAt",
    "customer_date": "createdAt",
    "processed_at": "processedAt",
}
_KNOWN = {
    "customers": {"id", "email", "phone", "first_name", "last_name", "state", "tag", "updated_at", "customer_date"},
    "orders": {"id", "email", "name", "po_number", "tag", "updated_at", "created_at", "processed_at"},
    "companies": {"id", "name", "external_id", "updated_at", "created_at"},
}


class Search(NamedTuple):
    match: Match
    warnings: list[dict[str, Any]]


def parse(query: str, kind: str) -> Search:
    """The predicate a query means for one kind of record, and the warnings it earns."""
    tests: list[Match] = []
    warnings: list[dict[str, Any]] = []
    place = 0
    while place < len(query.rstrip()):
        found = _TERM.match(query, place)
        if found is None:
            break
        place = found.end()
        quoted = found["bare"] is None
        value = next(part for part in (found["one"], found["two"], found["bare"]) if part is not None)
        name = found["field"]
        if name is None:
            tests.append(_anywhere(value))
        elif name not in _KNOWN[kind]:
            warnings.append({"field": name, "code": "invalid_field", "message": "Invalid search field for this query."})
        else:
            tests.append(_term(name, found["op"] or "=", value, quoted=quoted, whole_days=kind == "customers"))
    return Search(lambda doc: all(test(doc) for test in tests), warnings)


def _term(name: str, op: str, value: str, *, quoted: bool, whole_days: bool) -> Match:
    if name in _TIME:
        return _moment(_TIME[name], op, value, whole_days=whole_days and name == "updated_at")
    if name == "id":
        wanted = int(value.rsplit("/", 1)[-1])
        return lambda doc: _compare(op, doc["number"], wanted)
    if name == "tag":
        return lambda doc: value.casefold() in (tag.casefold() for tag in doc.get("tags") or ())
    return _text(_TEXT[name], value, quoted=quoted)


def _text(name: str, value: str, *, quoted: bool) -> Match:
    if value == "*":
        return lambda doc: bool(doc.get(name))
    if quoted:
        return lambda doc: (doc.get(name) or "").casefold() == value.casefold()
    words = set(_words(value))
    return lambda doc: words <= set(_words(doc.get(name) or ""))


def _anywhere(value: str) -> Match:
    words = set(_words(value))
    return lambda doc: words <= {word for name in _TEXT.values() for word in _words(str(doc.get(name) or ""))}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _moment(name: str, op: str, value: str, *, whole_days: bool) -> Match:
    wanted = _parsed(value)
    if whole_days:
        return lambda doc: _compare(op, _parsed(doc[name]).date(), wanted.date())
    return lambda doc: _compare(op, _parsed(doc[name]), wanted)


def _parsed(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _compare(op: str, left: Any, right: Any) -> bool:
    if op == ">=":
        return bool(left >= right)
    if op == ">":
        return bool(left > right)
    if op == "<=":
        return bool(left <= right)
    if op == "<":
        return bool(left < right)
    return bool(left == right)
