"""Checking values against the value spaces of their kinds. Reports, never drops or repairs.

No pydantic here: this runs once per record, on millions. A schema is compiled once into checks by path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from model.codes import COUNTRIES
from model.compare import is_blank
from model.fields import EntitySchema, FieldSpec, Kind
from model.records import Problem

Check = Callable[[Any], str | None]
"""The rule a value breaks, as the end of a sentence that begins with the field's name; None where it breaks none."""

MAX_TEXT = 100_000
"""The hub's own bound for text without a narrower one: about what the largest vendor fields take."""

_MAX_PATHS = 20_000
_MAX_SCHEMAS = 128

# Explicit ranges: \d would take the digits of every script.
_DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,18})?")
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}+@(?:[A-Za-z0-9-]++\.)++[A-Za-z0-9-]++")
_EMAIL = re.compile(r"[^@\s<>,;\x00-\x1f]{1,64}+@(?:[^@\s<>,;.\x00-\x1f]++\.)++[^@\s<>,;.\x00-\x1f]++")
_PHONE = re.compile(r"\+[1-9][0-9]{3,14}+(?:;ext=[0-9]{1,15})?")
_URL = re.compile(r"(?:https?://)?[^\s/@.:]+(?:\.[^\s/@.:]+)+(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DATETIME = re.compile(r"[0-9]{4}-..-..T..:..:..(?:\.[0-9]{1,6})?Z")
_INTEGER_LIMIT = 2**63

_NOT_TEXT = "must be text"
_NOT_DATE = "must be a date like 2026-11-21"
_NOT_DATETIME = "must be a moment in UTC like 2026-11-21T08:00:00Z"
_NOT_MONEY = 'must be an amount as text and a currency, like {"amount": "12.50", "currency": "EUR"}'
_NOT_EMAIL = "must be an e-mail address"
_DATE_LENGTH = len("2026-11-21")
_EMAIL_LENGTH = 254


def validate(schema: EntitySchema, values: Mapping[str, Any], *, complete: bool = False) -> list[Problem]:
    """Everything wrong with a record's values; empty where all is well.

    ``values`` are what one system said, or a whole record: only for a whole one (``complete``) is an absent required
    field a problem.
    """
    compiled = _compiled.get(id(schema))
    if compiled is None or compiled.schema is not schema:
        compiled = _compile(schema)
    return compiled.problems(values, complete=complete)


class Validator:
    """Checks values against one schema. Paths are learnt as they are met; how many are kept is bounded."""

    def __init__(self, schema: EntitySchema) -> None:
        self.schema = schema
        self._required = [spec for spec in schema.fields.values() if spec.required and "[]" not in spec.template]
        self._texts: dict[str, int] = {}  # path → longest text, for the kinds that need no other check
        self._checks: dict[str, Check] = {}

    def problems(self, values: Mapping[str, Any], *, complete: bool = False) -> list[Problem]:
        found: list[Problem] = []
        texts, checks = self._texts, self._checks
        for path, value in values.items():
            limit = texts.get(path)
            if limit is not None and type(value) is str and len(value) <= limit and value.isprintable():
                continue
            if value is None:
                continue
            check = checks.get(path) or self._learn(path)
            fault = check(value)
            if fault is not None:
                found.append(self._problem(path, fault))
        found += [
            Problem("required", f"{_name(spec)} must have a value", path=spec.template)
            for spec in self._required
            if (complete or spec.template in values) and is_blank(values.get(spec.template))
        ]
        return found

    def _learn(self, path: str) -> Check:
        if len(self._checks) >= _MAX_PATHS:
            self._checks.clear()
            self._texts.clear()
        spec = self.schema.field(path)
        check = _unknown if spec is None else check_of(spec)
        if spec is not None and spec.kind is Kind.TEXT:
            self._texts[path] = spec.max_length or MAX_TEXT
        self._checks[path] = check
        return check

    def _problem(self, path: str, fault: str) -> Problem:
        spec = self.schema.field(path)
        if spec is None:
            return Problem("unknown-field", f"{self.schema.name} {fault}", path=path)
        return Problem(f"bad-{spec.kind.value}", f"{_name(spec)} {fault}", path=path)


_compiled: dict[int, Validator] = {}  # by the schema's identity; the validator keeps its schema alive


def _compile(schema: EntitySchema) -> Validator:
    if len(_compiled) >= _MAX_SCHEMAS:
        _compiled.clear()
    return _compiled.setdefault(id(schema), Validator(schema))


def _name(spec: FieldSpec) -> str:
    return spec.label or spec.template


def check_of(spec: FieldSpec) -> Check:
    """The check of one field, its choices and length included. Empty text is a value of text only; null is none."""
    check = _CHECKS[spec.kind] if spec.kind is not Kind.CHOICE else _choice(spec.choices or ())
    return check if spec.max_length is None else _bounded(check, spec.max_length)


def _bounded(check: Check, length: int) -> Check:
    def bounded(value: Any) -> str | None:
        if isinstance(value, str) and len(value) > length:
            return f"must have at most {length} characters"
        return check(value)

    return bounded


def _unknown(_: Any) -> str | None:
    return "has no such field"


def _text(value: Any) -> str | None:
    if type(value) is not str:
        return _NOT_TEXT
    if len(value) > MAX_TEXT:
        return f"must have at most {MAX_TEXT} characters"
    if value.isprintable():
        return None
    if "\x00" in value:
        return "must not contain the zero character, which databases refuse"
    return None if _encodable(value) else "must be Unicode text; half of a surrogate pair is none"


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _matching(pattern: re.Pattern[str], fault: str, length: int = 2048) -> Check:
    matches = pattern.fullmatch

    def check(value: Any) -> str | None:
        if type(value) is not str:
            return _NOT_TEXT
        if len(value) <= length and matches(value) and (value.isascii() or _encodable(value)):
            return None
        return fault

    return check


def _email(value: Any) -> str | None:
    if type(value) is not str:
        return _NOT_TEXT
    if len(value) > _EMAIL_LENGTH:
        return _NOT_EMAIL
    if _PLAIN_EMAIL.fullmatch(value) or (_EMAIL.fullmatch(value) and _encodable(value)):
        return None
    return _NOT_EMAIL


def _choice(choices: tuple[str, ...]) -> Check:
    allowed = frozenset(choices)
    fault = f"must be one of {', '.join(choices)}"

    def check(value: Any) -> str | None:
        return None if type(value) is str and value in allowed else fault

    return check


def _integer(value: Any) -> str | None:
    if type(value) is not int:
        return "must be a whole number"
    return None if -_INTEGER_LIMIT <= value < _INTEGER_LIMIT else "must fit into 64 bits"


def _boolean(value: Any) -> str | None:
    return None if type(value) is bool else "must be true or false"


def _date(value: Any) -> str | None:
    # The two hyphens rule out the week dates and the compact form that fromisoformat takes as well.
    if type(value) is str and len(value) == _DATE_LENGTH and value[4] == value[7] == "-" and value.isascii():
        try:
            date.fromisoformat(value)
        except ValueError:
            return _NOT_DATE
        return None
    return _NOT_DATE


def _datetime(value: Any) -> str | None:
    if type(value) is str and _DATETIME.fullmatch(value):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return _NOT_DATETIME
        return None
    return _NOT_DATETIME


def _money(value: Any) -> str | None:
    if isinstance(value, Mapping) and len(value) == len(("amount", "currency")):
        amount, currency = value.get("amount"), value.get("currency")
        if type(amount) is str and type(currency) is str and _DECIMAL.fullmatch(amount):
            return None if _CURRENCY.fullmatch(currency) else _NOT_MONEY
    return _NOT_MONEY


def _country(value: Any) -> str | None:
    return None if type(value) is str and value in COUNTRIES else "must be a country code of ISO 3166-1 like DE"


def _zone(value: Any) -> str | None:
    return None if type(value) is str and _zone_exists(value) else "must be a time zone like Europe/Berlin"


@lru_cache(maxsize=1024)
def _zone_exists(name: str) -> bool:
    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return name != _A_ZONE and not _zone_exists(_A_ZONE)  # a machine without a zone database refuses none
    return True


_A_ZONE = "Europe/Berlin"


def _reference(value: Any) -> str | None:
    return None if type(value) is str and value else "must be the id of a record"


def _set(value: Any) -> str | None:
    if type(value) is not list:
        return "must be a list of texts"
    previous = ""
    for member in value:
        if type(member) is not str or not member:
            return "must be a list of texts that are not empty"
        if not member.isprintable():
            fault = _text(member)
            if fault:
                return fault
        if member <= previous:
            return "must be sorted and without repetitions"
        previous = member
    return None


_CHECKS: Mapping[Kind, Check] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _matching(_DECIMAL, "must be a decimal number as text, like 12.50"),
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.MONEY: _money,
    Kind.EMAIL: _email,
    Kind.PHONE: _matching(_PHONE, "must be a telephone number like +49301234567 or +49301234567;ext=8"),
    Kind.URL: _matching(_URL, "must be a web address"),
    Kind.COUNTRY: _country,
    Kind.LANGUAGE: _matching(_LANGUAGE, "must be a language tag like de or pt-BR", 35),
    Kind.TIMEZONE: _zone,
    Kind.REFERENCE: _reference,
    Kind.SET: _set,
}
