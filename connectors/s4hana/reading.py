"""Reading partners: by the two properties of their change stamp, by key, by a field; and the keys of all.

A partner that was never changed has no LastChangeDate (ABAP's initial date is null in OData), and null sorts before
everything. So a read has two parts: those never changed, in the order of their creation, and then those changed, in the
order of their change; who is changed in between comes in the second part. Each page is asked for by what comes after
the last row of the one before (stamp, then number), never by ``$skip`` or the server's ``$skiptoken``, which count rows
and so lose some when rows change their place. The stamps are the server's own clock, in whatever zone it keeps; they
are only ever compared with one another. Once a day there is a third part, for what begins or ends by itself (`turned`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors import odata
from connectors.gateway import Gateway
from connectors.s4hana.partners import (
    CATEGORY,
    FUNCTION,
    IDENTIFICATION,
    KEY,
    NUMBER,
    ROOT,
    Partner,
    Shapes,
    Today,
    expansion,
)
from connectors.s4hana.settings import S4HanaSettings
from connectors.s4hana.turning import turned, unseen
from connectors.sdk import Context, CursorExpiredError, Page, ProtocolError, Record, RefusedError

_CREATED = ("CreationDate", "CreationTime")
_CHANGED = ("LastChangeDate", "LastChangeTime")
_FIRST = datetime(1900, 1, 1)  # noqa: DTZ001 (the server's own clock has no zone here)


class Moment(NamedTuple):
    """A stamp as the server shows it: a date and a time of day."""

    day: str
    time: str

    def before(self, seconds: int) -> Moment:
        moment = datetime.fromisoformat(f"{self.day}T{self.time}")
        earlier = moment - timedelta(seconds=seconds) if moment - _FIRST > timedelta(seconds=seconds) else _FIRST
        return Moment(f"{earlier:%Y-%m-%d}", f"{earlier:%H:%M:%S}")


@dataclass(frozen=True, slots=True)
class Position:
    """How far partners never changed, and changed ones, were read; and up to which day what begins and ends was asked
    for."""

    created: Moment | None = None
    changed: Moment | None = None
    day: str | None = None

    def __str__(self) -> str:
        return json.dumps({"created": self.created, "changed": self.changed, "day": self.day})

    @classmethod
    def of(cls, text: str) -> Position:
        """Raises CursorExpiredError where the text is no position."""
        try:
            said = json.loads(text)
            created, changed = (None if said[n] is None else Moment(*said[n]) for n in ("created", "changed"))
            day = said.get("day")
            for moment in (created, changed, None if day is None else Moment(day, "00:00:00")):
                if moment is not None:
                    moment.before(0)
        except (ValueError, KeyError, TypeError):
            raise CursorExpiredError("the stored position cannot be understood: read all again") from None
        return cls(created, changed, day)


class Reader:
    """Reads one stream."""

    def __init__(self, gateway: Gateway, settings: S4HanaSettings, stream: str, context: Context) -> None:
        self.gateway = gateway
        self.settings = settings
        self.stream = stream
        self._context = context
        self._category = odata.equal("BusinessPartnerCategory", CATEGORY[stream])

    # By change ----------------------------------------------------------------------------------------------------

    def pages(self, since: str | None) -> Iterator[Page]:
        at = Position.of(since) if since is not None else Position()
        full, begun = since is None, self._context.clock.now()
        today = Today.at(begun).latest
        met: set[str] = set()

        def shown(rows: Sequence[Mapping[str, Any]]) -> list[Record]:
            records = self._records(rows)
            if not full:
                met.update(record.key for record in records)
            return records

        never = odata.compared("LastChangeDate", "eq", "null")
        for rows in self._ordered(_CREATED, never, at.created):
            at = replace(at, created=_last(rows, _CREATED, at.created))
            yield Page(shown(rows), str(at), full=full)
        stamped = odata.compared("LastChangeDate", "ge", odata.literal("1900-01-01", "Edm.DateTime"))
        for rows in self._ordered(_CHANGED, stamped, at.changed):
            changed = _last(rows, _CHANGED, at.changed)
            created = at.created
            if changed is not None:
                # Whatever was created before this read began was seen in its first part. The latest change tells how
                # late it is by the server's clock, ours how long ago that was.
                spent = (self._context.clock.now() - begun).total_seconds()
                created = max(created or changed.before(int(spent) + 1), changed.before(int(spent) + 1))
            at = replace(at, created=created, changed=changed)
            yield Page(shown(rows), str(at), full=full)
        if at.day is not None and at.day < today:
            for keys in self._turned(at.day, today, met):
                yield Page([partner.record for partner in self.partners(keys).values()], str(at), full=full)
        if at.day != today:
            yield Page([], str(replace(at, day=today)), full=full)

    def _turned(self, since: str, until: str, met: Collection[str]) -> Iterator[list[str]]:
        """The numbers of partners of which something began or ended between two days, and whom no read has shown with
        that; ``met`` are those that this one has shown."""
        found = turned(self.gateway, self.stream, since, until)
        found = {key: day for key, day in found.items() if key not in met}
        keys = unseen(self.gateway, self.stream, found, since, self.settings.page)
        for start in range(0, len(keys), self.settings.page):
            yield keys[start : start + self.settings.page]

    def _ordered(self, columns: tuple[str, str], which: str, since: Moment | None) -> Iterator[list[dict[str, Any]]]:
        """Rows in the order of a stamp, from an overlap before ``since``; at least one page."""
        begin = since.before(self.settings.overlap) if since is not None else None
        kinds = ("Edm.DateTime", "Edm.Time")
        after = ""
        if begin is not None:
            after = odata.beyond(_literals(columns, kinds, begin), inclusive=True)
        model = self.gateway.model()
        kind = model.type_of(ROOT)
        while True:
            query = {
                "$filter": odata.every(self._category, which, after),
                "$orderby": ",".join((*columns, KEY)),
                "$top": self.settings.page,
                "$expand": expansion(model, self.settings.marker),
            }
            rows, more = self.gateway.page(ROOT, query, f"reading {self.stream}")
            if rows or not after:
                yield rows
            if not rows or (len(rows) < self.settings.page and not more):
                return
            last = kind.shown(rows[-1])
            stamp = (last.get(columns[0]), last.get(columns[1]), last.get(KEY))
            if not all(isinstance(part, str) and part for part in stamp):
                raise ProtocolError(f"reading {self.stream}: a partner without {columns[0]}, {columns[1]} or {KEY}")
            position = [
                *_literals(columns, kinds, Moment(str(stamp[0]), str(stamp[1]))),
                (KEY, odata.literal(stamp[2])),
            ]
            following = odata.beyond(position)
            if following == after:
                raise ProtocolError(f"reading {self.stream}: the pages do not advance")
            after = following

    # By key and by field ------------------------------------------------------------------------------------------

    def keys(self) -> Iterator[list[str]]:
        """The numbers of all partners, in their order."""
        after = ""
        while True:
            query = {
                "$filter": odata.every(self._category, after),
                "$orderby": KEY,
                "$top": self.settings.page,
                "$select": KEY,
            }
            rows, more = self.gateway.page(ROOT, query, f"listing {self.stream}")
            numbers = [str(row[KEY]) for row in rows]
            yield [odata.unpadded(number) for number in numbers]
            if not rows or (len(rows) < self.settings.page and not more):
                return
            after = odata.compared(KEY, "gt", odata.literal(numbers[-1]))

    def partners(self, keys: Sequence[str]) -> dict[str, Partner]:
        """The partners of these numbers, by number without zeros; those that are not there are left out."""
        wanted = dict.fromkeys(map(odata.unpadded, keys))
        return {partner.key: partner for partner in self._where(odata.equal(KEY, key) for key in wanted if key)}

    def records(self, keys: Sequence[str]) -> list[Record]:
        """A record for every key, in order; what is not there comes as deleted."""
        found = self.partners(keys)
        held = [found.get(odata.unpadded(key)) for key in keys]
        gone = (Record(key, {}, deleted=True) for key in keys)
        return [
            partner.record._replace(key=key) if partner else missing
            for partner, key, missing in zip(held, keys, gone, strict=True)
        ]

    def find(self, field: str, values: Sequence[str]) -> list[Record]:
        """Partners by the hub's id, or by a property of their own. Raises RefusedError for another field."""
        marker = self.settings.marker
        if marker is not None and field == marker_field(marker):
            return [partner.record for partner in self.partners(self._identified(marker, values)).values()]
        known = self.gateway.model().type_of(ROOT).properties.get(field)
        if known is None or not known.filterable or known.edm != "Edm.String":
            raise RefusedError(f"searching {self.stream}: cannot be searched by {field}", code="INVALID_FIELD")
        wanted = dict.fromkeys(value.upper() if known.upper else value for value in values)
        return [partner.record for partner in self._where(odata.equal(field, value) for value in wanted)]

    def _identified(self, marker: str, values: Sequence[str]) -> list[str]:
        """The numbers of partners that have one of these identifications."""
        found: list[str] = []
        conditions = (odata.equal(NUMBER, value.upper()) for value in dict.fromkeys(values))
        for some in odata.portions(conditions):
            wanted = odata.every(odata.equal("BPIdentificationType", marker), odata.some(some))
            query = {"$filter": wanted, "$select": KEY}
            for rows in self.gateway.rows("A_BuPaIdentification", query, f"searching {self.stream}"):
                found += [str(row[KEY]) for row in rows]
        return found

    def _where(self, conditions: Iterable[str]) -> Iterator[Partner]:
        expand = expansion(self.gateway.model(), self.settings.marker)
        for some in odata.portions(conditions):
            query = {"$filter": odata.every(self._category, odata.some(some)), "$expand": expand, "$orderby": KEY}
            for rows in self.gateway.rows(ROOT, query, f"reading {self.stream}"):
                yield from self._shaped(rows)

    # Shapes -------------------------------------------------------------------------------------------------------

    def _records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        return [partner.record for partner in self._shaped(rows)]

    def _shaped(self, rows: Sequence[Mapping[str, Any]]) -> list[Partner]:
        today = Today.at(self._context.clock.now())
        model = self.gateway.model()
        shapes = Shapes(self.gateway, model, self.settings.stream(self.stream), self.settings.marker, today)
        partners = [shapes.partner(row) for row in rows]
        if self.stream == "persons" and partners:
            shapes.relate(partners, self._contacts(partners))
        return partners

    def _contacts(self, partners: Sequence[Partner]) -> list[dict[str, Any]]:
        """Relationships of persons, asked for by the person: the navigation of a partner leads from the company."""
        found: list[dict[str, Any]] = []
        for some in odata.portions(odata.equal("BusinessPartnerPerson", partner.key) for partner in partners):
            query = {"$filter": odata.some(some), "$expand": FUNCTION}
            for rows in self.gateway.rows("A_BusinessPartnerContact", query, f"reading {self.stream}"):
                found += rows
        return found


def marker_field(marker: str) -> str:
    """The record path of the hub's own id."""
    return f"{IDENTIFICATION}.{marker}.{NUMBER}"


def _literals(columns: Sequence[str], kinds: Sequence[str], moment: Moment) -> list[tuple[str, str]]:
    return [(name, odata.literal(value, kind)) for name, value, kind in zip(columns, moment, kinds, strict=True)]


def _last(rows: Sequence[Mapping[str, Any]], columns: tuple[str, str], before: Moment | None) -> Moment | None:
    """The position behind a page; never before one that was reached already."""
    if not rows:
        return before
    last = rows[-1]
    day = odata.shown(last.get(columns[0]), "Edm.DateTime", day=True)
    time = odata.shown(last.get(columns[1]), "Edm.Time")
    reached = Moment(str(day), str(time or "00:00:00"))
    return reached if before is None else max(before, reached)
