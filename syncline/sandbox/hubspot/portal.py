"""The records of the fake account and the rules they keep.

Deleted records stay, archived, for ninety days. A merge makes a new record under a new id; the old ids lead to it, and
are in no list any more. (HubSpot developer changelog, "Updated merge functionality for contacts and companies", 2025)
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from model.clock import Clock
from syncline.sandbox.hubspot.replies import ApiError
from syncline.sandbox.hubspot.schema import (
    NEEDED,
    SINGULAR,
    STAGES,
    PropertyDef,
    iso,
    marker_property,
    stamp_of,
    standard_properties,
    taken,
)
from syncline.sandbox.hubspot.ties import Ties

Values = dict[str, str]


@dataclass(slots=True)
class Row:
    """One record. ``past`` holds what the search index may still show: states by moment, None for gone."""

    kind: str
    key: str
    values: Values
    created: datetime
    updated: datetime
    archived: datetime | None = None
    past: list[tuple[datetime, Values | None]] = field(default_factory=list)


class Portal:
    """Rows by type and id. ``lag`` (seconds) is how far the search index is behind."""

    def __init__(self, clock: Clock, lag: float) -> None:
        self.clock = clock
        self.lag = timedelta(seconds=lag)
        self.properties: dict[str, dict[str, PropertyDef]] = {kind: standard_properties(kind) for kind in SINGULAR}
        for definitions in self.properties.values():
            definitions["syncline_id"] = marker_property()
        self.rows: dict[str, dict[str, Row]] = {kind: {} for kind in SINGULAR}
        self.survivors: dict[str, dict[str, str]] = {kind: {} for kind in SINGULAR}
        self.ties = Ties()
        self.count = 51_000_000_000
        self._unique: dict[tuple[str, str, str], str] = {}

    def live(self, kind: str) -> Iterator[Row]:
        return (row for row in self.rows[kind].values() if row.archived is None)

    def get(self, kind: str, key: str) -> Row | None:
        """A live record by id; an id that was merged away gives the survivor."""
        row = self.rows[kind].get(self.resolved(kind, key))
        return row if row is not None and row.archived is None else None

    def resolved(self, kind: str, key: str) -> str:
        while key in self.survivors[kind]:
            key = self.survivors[kind][key]
        return key

    def holder(self, kind: str, name: str, value: str) -> Row | None:
        """The live record that has a unique value. E-mail addresses count as well where they are additional ones."""
        key = self._unique.get((kind, name, value.lower()))
        return self.rows[kind][key] if key is not None else None

    def unique(self, kind: str, name: str) -> bool:
        """Whether records can be named by the property."""
        definition = self.properties[kind].get(name)
        return (kind, name) == ("contacts", "email") or bool(definition and definition.unique and not definition.fixed)

    def checked(self, kind: str, given: Mapping[str, Any]) -> dict[str, str | None]:
        """The values as they would be stored. Raises ApiError."""
        known = self.properties[kind]
        for name in given:
            if name not in known:
                message = f'Property "{name}" does not exist'
                raise ApiError(
                    "VALIDATION_ERROR", message, code="PROPERTY_DOESNT_EXIST", context={"propertyName": [name]}
                )
        return {name: taken(known[name], value) for name, value in given.items()}

    def create(self, kind: str, given: Mapping[str, Any], *, at: datetime | None = None) -> Row:
        values = self.checked(kind, given)
        missing = [name for name in NEEDED.get(kind, ()) if not values.get(name)]
        if missing:
            message = f"Error creating {SINGULAR[kind].upper()}. Some required properties were not set."
            raise ApiError("VALIDATION_ERROR", message, context={"properties": missing})
        self.count += 1
        key = str(self.count)
        self._claim(kind, key, {}, values, creating=True)
        now = at or self.clock.now()
        row = self.rows[kind][key] = Row(kind, key, {}, now, now)
        row.values["createdate"] = iso(now)
        return self._settle(row, values, now)

    def update(self, kind: str, row: Row, given: Mapping[str, Any], *, at: datetime | None = None) -> Row:
        values = self.checked(kind, given)
        self._forward_only(row, values)
        self._claim(kind, row.key, row.values, values)
        return self._settle(row, values, at or self.clock.now())

    def archive(self, row: Row) -> None:
        now = self.clock.now()
        row.archived = row.updated = now
        self._release(row)
        people = list(self.ties.of(row.kind, row.key, "contacts")) if row.kind == "companies" else []
        self.ties.drop(row.kind, row.key)
        self._remember(row, None, now)
        for other in people:
            self.touched("contacts", other)

    def forget(self, row: Row) -> None:
        """Gone for good, as after a request for erasure: in no list, archived or not."""
        self.archive(row)
        del self.rows[row.kind][row.key]

    def purge(self) -> None:
        """Empty the recycle bin of what has lain in it for ninety days."""
        limit = self.clock.now() - timedelta(days=90)
        for rows in self.rows.values():
            for key in [key for key, row in rows.items() if row.archived and row.archived < limit]:
                del rows[key]

    def merge(self, kind: str, primary: Row, loser: Row, *, keeps_id: bool = False) -> Row:
        """``keeps_id`` is a beta that some accounts have: the primary record keeps its id."""
        if primary is loser:
            raise ApiError("VALIDATION_ERROR", "Cannot merge an object with itself")
        now = self.clock.now()
        for row in (primary, loser):
            self._release(row)
        merged = {**loser.values, **primary.values}
        old = [key for key in (primary.key, loser.key) if not (keeps_id and key == primary.key)]
        known = [row.values.get("hs_merged_object_ids") for row in (primary, loser)]
        merged["hs_merged_object_ids"] = ";".join([*old, *filter(None, known)])
        emails = [primary.values.get("hs_additional_emails"), loser.values.get("email")]
        if any(emails) and kind == "contacts":
            merged["hs_additional_emails"] = ";".join(filter(None, emails))
        key = primary.key
        if not keeps_id:
            self.count += 1
            key = str(self.count)
        survivor = Row(kind, key, merged, min(primary.created, loser.created), now)
        for row in (primary, loser):
            if row.key != key:
                del self.rows[kind][row.key]
                self.survivors[kind][row.key] = key
                self.ties.move(kind, row.key, key)
        if keeps_id:
            survivor.past = primary.past
        self.rows[kind][key] = survivor
        self._hold(survivor)
        return self._settle(survivor, {}, now)

    def touched(self, kind: str, key: str) -> None:
        """A contact shows its primary company as a property, so that a change of it is one of the record; associations
        of other types are none."""
        row = self.rows[kind].get(key)
        if row is None or kind != "contacts":
            return
        primary = self.ties.primary("contacts", key, "companies")
        if row.values.get("associatedcompanyid") != primary:
            self._settle(row, {"associatedcompanyid": primary}, self.clock.now())

    def indexed(self, row: Row, now: datetime) -> Values | None:
        """The record as the search index shows it."""
        shown: Values | None = None
        for at, values in row.past:
            if at <= now - self.lag:
                shown = values
        return shown

    def _forward_only(self, row: Row, values: dict[str, str | None]) -> None:
        """A life cycle goes forward; to set it back, it has to be cleared first. Nothing is said of it."""
        new, old = values.get("lifecyclestage"), row.values.get("lifecyclestage")
        if new in STAGES and old in STAGES and STAGES.index(new) < STAGES.index(old):
            del values["lifecyclestage"]

    def _claim(
        self, kind: str, key: str, before: Mapping[str, str], after: Mapping[str, str | None], *, creating: bool = False
    ) -> None:
        names = [name for name in after if self.unique(kind, name)]
        for name in names:
            value = after[name]
            holder = self._unique.get((kind, name, value.lower())) if value else None
            if holder is None or holder == key:
                continue
            if creating and name == "email":
                raise ApiError("CONFLICT", f"Contact already exists. Existing ID: {holder}", status=409)
            where = f"portalId=4711, objectTypeId=ObjectTypeId{{legacyObjectType={SINGULAR[kind].upper()}}}"
            what = f"PropertyValueCoordinates{{{where}, propertyName={name}, value={value}}}"
            raise ApiError("VALIDATION_ERROR", f"Cannot set {what} on {key}. {holder} already has that value.")
        for name in names:
            if before.get(name):
                self._unique.pop((kind, name, before[name].lower()), None)
            if value := after[name]:
                self._unique[kind, name, value.lower()] = key

    def _release(self, row: Row) -> None:
        for place in [place for place, key in self._unique.items() if place[0] == row.kind and key == row.key]:
            del self._unique[place]

    def _hold(self, row: Row) -> None:
        for name, value in row.values.items():
            if self.unique(row.kind, name):
                self._unique[row.kind, name, value.lower()] = row.key
        for email in filter(None, row.values.get("hs_additional_emails", "").split(";")):
            self._unique["contacts", "email", email.lower()] = row.key

    def _settle(self, row: Row, values: Mapping[str, str | None], now: datetime) -> Row:
        for name, value in values.items():
            if value is None:
                row.values.pop(name, None)
            else:
                row.values[name] = value
        row.updated = now
        row.values |= {"hs_object_id": row.key, stamp_of(row.kind): iso(now)}
        self._remember(row, dict(row.values), now)
        return row

    def _remember(self, row: Row, values: Values | None, now: datetime) -> None:
        known = [at for at, _ in row.past if at <= now - self.lag]
        row.past = [entry for entry in row.past if not known or entry[0] >= known[-1]] + [(now, values)]

    def snapshot(self) -> Any:
        """What `restore` puts back: a batch that is refused as a whole has changed nothing."""
        return copy.deepcopy((self.rows, self.survivors, self.ties.pairs, self._unique))

    def restore(self, before: Any) -> None:
        self.rows, self.survivors, self.ties.pairs, self._unique = before

    def dump(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "survivors": self.survivors,
            "ties": self.ties.dump(),
            "rows": [
                [row.kind, row.key, row.values, iso(row.created), iso(row.updated), row.archived and iso(row.archived)]
                for rows in self.rows.values()
                for row in rows.values()
            ],
        }

    def load(self, stored: Mapping[str, Any]) -> None:
        """Take over what `dump` gave."""
        self.count = int(stored["count"])
        self.survivors = {kind: dict(stored["survivors"][kind]) for kind in self.survivors}
        self.ties.load(stored["ties"])
        for kind, key, values, created, updated, archived in stored["rows"]:
            moments = [datetime.fromisoformat(text) if text else None for text in (created, updated, archived)]
            made, changed = moments[0] or self.clock.now(), moments[1] or self.clock.now()
            row = Row(kind, key, dict(values), made, changed, moments[2])
            row.past = [(row.updated, None if row.archived else dict(values))]
            self.rows[kind][key] = row
            if row.archived is None:
                self._hold(row)
