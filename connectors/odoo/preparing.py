"""Turns writes into rows for ``load``, and keeps out what would have the whole batch refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.odoo.buyers import PARTNERS, buyer, parties
from connectors.odoo.naming import Naming
from connectors.odoo.reading import Reading
from connectors.odoo.schema import BUYER, CODED, LEAVES, TAGS, ModelSchema
from connectors.sdk import Outcome, OutcomeKind, Write
from connectors.unfit import UnfitError
from connectors.wording import without_values

ADDRESS = frozenset({"street", "street2", "zip", "city", "state_id", "country_id"})
"""What Odoo keeps alike between a company and its people (``_address_fields`` of res.partner)."""

OWN = "other"


@dataclass(slots=True)
class Row:
    """One write on its way: its place in the batch, its cells by column, and lists of tags to empty, which ``load``
    does not promise to do."""

    at: int
    write: Write
    cells: dict[str, str]
    emptied: list[str] = field(default_factory=list)


class Preparing:
    """One batch. ``addresses`` says whether a person's is to be their own or the company's, as the settings do."""

    def __init__(self, reading: Reading, naming: Naming, addresses: str) -> None:
        self.reading = reading
        self.naming = naming
        self.own = addresses == "own" and reading.shape.model == PARTNERS
        self._parties: Mapping[int, Mapping[str, str | None]] = {}

    @property
    def schema(self) -> ModelSchema:
        return self.reading.schema

    def rows(self, batch: Sequence[Write]) -> tuple[list[Row], dict[int, Outcome]]:
        """Rows fit to be sent, and the outcomes of the others."""
        rows: list[Row] = []
        outcomes: dict[int, Outcome] = {}
        homes = self._homes(batch)
        self._parties = parties(self.reading.session, (home[BUYER][0] for home in homes.values() if home.get(BUYER)))
        for at, write in enumerate(batch):
            if write.key is not None and not write.key.isdecimal():
                outcomes[at] = Outcome(OutcomeKind.MISSING, write.key, message="no id of Odoo's: a whole number")
                continue
            try:
                rows.append(self._row(at, write, homes.get(write.key or "")))
            except UnfitError as error:
                said = without_values(str(error), write)
                outcomes[at] = Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=said, field=error.field)
        return rows, outcomes

    def _homes(self, batch: Sequence[Write]) -> Mapping[str, Mapping[str, Any]]:
        """Where records stand whose address or partner is about to change: parent, type, country, partner."""
        at_stake = {*ADDRESS, BUYER} & self.schema.entries.keys()
        touched = [write.key for write in batch if write.key and write.key.isdecimal() and _heads(write) & at_stake]
        if not touched:
            return {}
        fields = [name for name in ("parent_id", "type", "country_id", BUYER) if name in self.schema.entries]
        domain = [["id", "in", [int(key) for key in touched]]]
        return {str(row["id"]): row for row in self.reading.session.records(self.reading.shape.model, domain, fields)}

    def _row(self, at: int, write: Write, home: Mapping[str, Any] | None) -> Row:
        given = dict(write.fields)
        if write.key is None:
            given = {**self._born(given), **given}
        if self.own and "type" not in given and _heads(write) & ADDRESS:
            parent = given["parent_id.id"] if "parent_id.id" in given else (home or {}).get("parent_id")
            if parent and (home or {}).get("type", "contact") == "contact":
                given["type"] = OWN  # otherwise the company, and everybody else there, would move to this address
        row = Row(at, write, {})
        if any(f"{BUYER}.{leaf}" in given for leaf in LEAVES) and BUYER in self.schema.entries:
            held = (home or {}).get(BUYER) or [0]
            key = buyer(given, self._parties.get(held[0]))
            given = {name: value for name, value in given.items() if name.partition(".")[0] != BUYER}
            given[f"{BUYER}.id"] = key
        for path, value in given.items():
            self._put(row, path, value, given, home)
        return row

    def _born(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What makes a new record one of this stream. Later versions compute ``is_company`` from the tax id."""
        born = {name: value for name, value in self.reading.shape.born.items() if self.schema.written(name)}
        if self.reading.shape.born.get("is_company") and "is_company" not in born and not given.get("vat"):
            text = "this version of Odoo takes a partner for a company by its tax id, and there is none"
            raise UnfitError("no-tax-id", "vat", text)
        if "name" not in given and (title := next((given[n] for n in self.reading.shape.titles if given.get(n)), None)):
            born["name"] = title
        return born

    def _put(self, row: Row, path: str, value: Any, given: Mapping[str, Any], home: Mapping[str, Any] | None) -> None:
        name, _, leaf = path.partition(".")
        if name not in self.schema.entries:
            raise UnfitError(
                "unknown-field", path, f"{self.schema.name} has no field {name}, or the user may not see it"
            )
        if not self.schema.written(name):
            raise UnfitError("read-only", path, f"{path} cannot be written")
        kind = self.schema.kind(name)
        if name in TAGS:
            keys = self.naming.tags(name, self.schema.relation(name) or "", value or [])
            if keys:
                row.cells[f"{name}/.id"] = ",".join(map(str, keys))
            elif row.write.key is not None:
                row.emptied.append(name)
        elif kind == "many2one":
            row.cells[f"{name}/.id"] = self._target(path, name, leaf, value, given, home)
        elif leaf or kind.endswith("2many"):
            raise UnfitError("read-only", path, f"{path} cannot be written")
        else:
            row.cells[name] = self.schema.cell(name, value)

    def _target(
        self, path: str, name: str, leaf: str, value: Any, given: Mapping[str, Any], home: Mapping[str, Any] | None
    ) -> str:
        """The id that a many2one is to have, as text; empty to clear it."""
        model = self.schema.relation(name) or ""
        if leaf == "id" and (value in (None, "") or str(value).isdecimal()):
            return str(value or "")
        if leaf != "code" or model not in CODED:
            raise UnfitError(
                "wrong-type", path, f"{path} takes the id of a record" if leaf == "id" else f"{path} cannot be written"
            )
        if not value:
            return ""
        if not isinstance(value, str):
            raise UnfitError("wrong-type", path, f"{path} takes text")
        if model == "res.country.state":
            return str(self.naming.state(path, value, self._country(given, home)))
        return str(self.naming.country(path, value))

    def _country(self, given: Mapping[str, Any], home: Mapping[str, Any] | None) -> int | None:
        if given.get("country_id.code"):
            return self.naming.country("country_id.code", given["country_id.code"])
        if given.get("country_id.id"):
            return int(given["country_id.id"])
        found = (home or {}).get("country_id")
        return int(found[0]) if found and "country_id.code" not in given else None


def _heads(write: Write) -> set[str]:
    return {path.partition(".")[0] for path in write.fields}
