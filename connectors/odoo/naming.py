"""Countries, states and tags by what people call them: Odoo's records hold ids of other models' records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.odoo.session import Session
from connectors.unfit import UnfitError

_FRESH = timedelta(minutes=15)
_COUNTRIES, _STATES = "res.country", "res.country.state"
_FIELDS: Mapping[str, Sequence[str]] = {_COUNTRIES: ("code",), _STATES: ("code", "name", "country_id")}


class Naming:
    """The small tables, asked for whole when first needed, and again after a quarter of an hour."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._tables: dict[str, tuple[datetime, dict[int, dict[str, Any]]]] = {}

    def table(self, model: str) -> dict[int, dict[str, Any]]:
        now = self.session.context.clock.now()
        kept = self._tables.get(model)
        if kept is None or now - kept[0] > _FRESH:
            rows = self.session.records(model, [], ["id", *_FIELDS.get(model, ("display_name",))])
            kept = self._tables[model] = (now, {row["id"]: row for row in rows})
        return kept[1]

    def forget(self) -> None:
        self._tables.clear()

    def codes(self) -> list[str]:
        """Every country's ISO code."""
        return sorted(row["code"] for row in self.table(_COUNTRIES).values() if row["code"])

    def code(self, model: str, key: int) -> str | None:
        """The code of a country or state; one that was added since the table was read has none until it is renewed."""
        return self.table(model).get(key, {}).get("code") or None

    def names(self, model: str, keys: Iterable[int]) -> list[str]:
        """Tags by their whole names (``Parent / Child``), in order."""
        table = self.table(model)
        if not all(key in table for key in keys):
            self._tables.pop(model)
            table = self.table(model)
        return sorted(table[key]["display_name"] for key in keys if key in table)

    def country(self, field: str, code: str) -> int:
        found = [key for key, row in self.table(_COUNTRIES).items() if str(row["code"]).upper() == code.upper()]
        if not found:
            raise UnfitError("unknown-choice", field, f"{field} takes the ISO code of a country that Odoo lists")
        return found[0]

    def state(self, field: str, said: str, country: int | None) -> int:
        """A state by its code or name, within a country where that is known. Raises UnfitError where several or none
        have it."""
        found = [
            key
            for key, row in self.table(_STATES).items()
            if said.casefold() in {str(row["code"]).casefold(), str(row["name"]).casefold()}
            and (country is None or (row["country_id"] or [None])[0] == country)
        ]
        if len(found) != 1:
            rule = "no state of the country has" if not found else "states of several countries have"
            raise UnfitError("unknown-choice", field, f"{field} takes a state's code or name, and {rule} this one")
        return found[0]

    def tags(self, field: str, model: str, given: Any) -> list[int]:
        if not isinstance(given, list | tuple):
            raise UnfitError("wrong-type", field, f"{field} takes a list of names")
        by_name = {row["display_name"]: key for key, row in self.table(model).items()}
        if any(name not in by_name for name in given):
            raise UnfitError("unknown-choice", field, f"{field} takes tags that exist in Odoo: make them there first")
        return [by_name[name] for name in given]
