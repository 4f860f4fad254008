"""How partners of one company keep each other's address and tax id alike (res.partner, ``_fields_sync``, Odoo 18 on).

A contact below a company has the company's address: whoever changes one changes both, and all other contacts there.
Setting a parent brings the parent's address, unless both have one: then the child becomes an address of type «other».
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syncline.sandbox.odoo.database import Database

ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")
_MODEL = "res.partner"


class Partners:
    def __init__(self, database: Database) -> None:
        self.database = database

    def _row(self, key: int) -> dict[str, Any]:
        return self.database.rows[_MODEL][key]

    def address(self, key: int) -> dict[str, Any]:
        """The address, empty where none of it is set."""
        values = {name: self._row(key).get(name) for name in ADDRESS}
        return values if any(values.values()) else {}

    def sync(self, key: int, changed: Mapping[str, Any]) -> None:
        parent = self._row(key)["parent_id"]
        if parent and (changed.get("parent_id") or changed.get("type") == "contact"):
            self._from_above(key, parent, moved=bool(changed.get("parent_id")))
        if parent:
            self._upwards(key, parent, changed.keys())
        self._downwards(key, changed)

    def _from_above(self, key: int, parent: int, *, moved: bool) -> None:
        own, theirs = self.address(key), self.address(parent)
        if moved and self._row(key)["type"] == "contact" and own and theirs and own != theirs:
            self.database.stamped(_MODEL, key, {"type": "other"})
        if moved and self._row(parent)["vat"] and not self._row(key)["is_company"]:
            self.database.stamped(_MODEL, key, {"vat": self._row(parent)["vat"]})
        if self._row(key)["type"] == "contact" and theirs:
            self.database.stamped(_MODEL, key, theirs)

    def _upwards(self, key: int, parent: int, changed: Iterable[str]) -> None:
        row, above = self._row(key), self._row(parent)
        names = set(changed)
        if row["type"] == "contact" and names & {*ADDRESS, "parent_id"}:
            own = self.address(key)
            if any(row.get(name) != above.get(name) for name in ADDRESS) and own:
                self.database.write(_MODEL, [parent], own)
        if not row["is_company"] and "vat" in names and row["vat"] and row["vat"] != above["vat"]:
            self.database.write(_MODEL, [parent], {"vat": row["vat"]})

    def _downwards(self, key: int, changed: Mapping[str, Any]) -> None:
        moved = {name: value for name, value in changed.items() if name in ADDRESS}
        for child in [row for row in self.database.rows[_MODEL].values() if row.get("parent_id") == key]:
            if moved and child["type"] == "contact":
                self.database.stamped(_MODEL, child["id"], moved)
            if "vat" in changed and not child["is_company"] and child["vat"] != changed["vat"]:
                self.database.stamped(_MODEL, child["id"], {"vat": changed["vat"]})

    def compute(self, key: int) -> None:
        """What is computed and stored; it moves nobody's stamp."""
        row = self._row(key)
        parent = row["parent_id"]
        top = self._row(parent)["commercial_partner_id"] or parent if parent and not row["is_company"] else key
        named = row["name"] or row["type"].title()
        whole = f"{self._row(parent)['name']}, {named}" if parent and not row["is_company"] else row["name"]
        self.database.put(_MODEL, key, {"commercial_partner_id": top, "complete_name": whole})
        definition = self.database.models[_MODEL].fields["is_company"]
        if definition.readonly:  # the tax id decides
            self.database.put(_MODEL, key, {"is_company": not parent and bool(row["vat"]) and row["vat"] != "/"})
