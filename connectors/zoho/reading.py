"""Reading a module: everything by its list, in the order of the ids; later what changed, by COQL.

Vendor facts (Zoho CRM v8, "Get Records", "Get List of Deleted Records"): a list takes 50 field names, shows 200 records
a page, 2,000 by page number, the rest by page tokens that hold 24 hours and reach 100,000 records. A record deleted
meanwhile moves its successors up, one of them over the edge of a page: so each stretch of the list is compared with
its ids by COQL, which is also how a list goes on that cannot be paged further.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.http import parse_moment
from connectors.positions import Cursor
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record, RefusedError, SourceIncompleteError
from connectors.zoho import coql
from connectors.zoho.schema import KEY, STAMP, chunks
from connectors.zoho.session import IDS, Row, Session, expired, joined, only_here, version

BY_NUMBER = 2000
"""Records that the list shows by page number."""


def record_of(row: Row) -> Record:
    """A row of an answer as a record. ``-None-`` is how a pick list shows that nothing was picked."""
    data: dict[str, Any] = {name: None if value == "-None-" else value for name, value in row.items()}
    return Record(str(row[KEY]), data, version(row))


class Reading:
    """One read of one module, full (``since`` None) or from a cursor."""

    def __init__(self, session: Session, name: str, wanted: Collection[str] | None, since: str | None) -> None:
        self.session = session
        self.name = name
        self.wanted = None if wanted is None else sorted(wanted)
        self._since = Cursor.parse(since) if since is not None else None
        self._page = session.settings.page

    def pages(self) -> Iterator[Page]:
        if self._since is None:
            yield from self._everything()
        else:
            yield from self._changes(self._since)

    # Everything -------------------------------------------------------------------------------------------------------

    def _everything(self) -> Iterator[Page]:
        self.session.schema(self.name)  # and the vendor's clock with it
        started = self.session.now
        low: str | None = None
        seen: set[str] = set()
        for rows in self._list():
            yield Page([record_of(row) for row in rows.values()], full=True)
            seen.update(rows)
            if len(seen) >= BY_NUMBER:
                high = max(seen, key=int)
                yield from self._slipped(low, high, seen)
                low, seen = high, set()
        yield from self._slipped(low, None, seen)
        yield Page([], str(Cursor(started, started)), full=True)

    def _list(self) -> Iterator[dict[str, Row]]:
        """The list in the order of the ids, page by page, as long as it can be paged.

        Of what lies beyond, `_slipped` reads the rest; converted leads, which COQL may not show, are listed again.
        """
        first, *others = chunks(self.session.schema(self.name).readable(self.wanted))
        last = 0
        try:
            for found in self._paged(first, sort_by=KEY, **only_here(self.name)):
                yield self._whole({str(row[KEY]): row for row in found}, others)
                last = max((int(row[KEY]) for row in found), default=last)
        except CursorExpiredError:
            if self.name == "Leads":
                yield from self._converted_beyond(last, first, others)

    def _converted_beyond(
        self, last: int, first: Sequence[str], others: Sequence[Sequence[str]]
    ) -> Iterator[dict[str, Row]]:
        """Converted leads above an id, from the newest down to it. Raises SourceIncompleteError where they are more
        than a list can be paged: reading everything once more would end in the same way."""
        try:
            for found in self._paged(first, sort_by=KEY, sort_order="desc", converted="true"):
                fresh = {str(row[KEY]): row for row in found if int(row[KEY]) > last}
                yield self._whole(fresh, others)
                if len(fresh) < len(found):
                    return
        except CursorExpiredError:
            message = "more leads were converted than Zoho's list shows; delete or archive old ones, or leave Leads out"
            raise SourceIncompleteError(f"reading {self.name}: {message}") from None

    def _paged(self, fields: Sequence[str], *, since: datetime | None = None, **query: Any) -> Iterator[list[Row]]:
        """Pages of the list, by number and then by token. Raises CursorExpiredError where a token holds no more."""
        query = {"sort_order": "asc", "per_page": self._page, **query}
        number, token = 1, None
        while True:
            place: dict[str, Any] = {"page": number} if token is None else {"page_token": token}
            try:
                found, info = self.session.listed(self.name, fields, since=since, **query, **place)
            except RefusedError as error:
                if token is None or not expired(error):
                    raise
                raise CursorExpiredError(f"{self.name}: the list cannot be paged to its end") from None
            yield found
            if not info.get("more_records"):
                return
            if not found:
                raise ProtocolError(f"reading {self.name}: an empty page, and more are said to follow")
            number += 1
            if number * self._page > BY_NUMBER:
                token = info.get("next_page_token")
                if not token:
                    raise ProtocolError(f"reading {self.name}: more records, and no token to ask for them")

    def _whole(self, rows: dict[str, Row], others: Sequence[Sequence[str]]) -> dict[str, Row]:
        """Rows of the list with the fields that one call could not ask for."""
        parts = [rows]
        for fields in others:
            found: dict[str, Row] = {}
            for keys in coql.portions(list(rows), IDS):
                found |= self.session.named(self.name, fields, keys)
            parts.append(found)
        whole, torn = joined(parts)
        return whole | self._rows(torn) if torn else whole

    def _slipped(self, low: str | None, high: str | None, seen: Collection[str]) -> Iterator[Page]:
        """What there is between two ids (no upper one: to the end) and was not seen."""
        for keys in live_keys(self.session, self.name, low, high, coql.ROWS):
            missed = [key for key in keys if key not in seen]
            for portion in coql.portions(missed, IDS):
                yield Page([record_of(row) for row in self._rows(portion).values()], full=True)

    def _rows(self, keys: Sequence[str]) -> dict[str, Row]:
        return self.session.rows(self.name, keys, self.wanted)

    # What changed -----------------------------------------------------------------------------------------------------

    def _changes(self, since: Cursor) -> Iterator[Page]:
        overlap = timedelta(seconds=self.session.settings.overlap)
        self.session.schema(self.name)  # and the vendor's clock with it
        started = self.session.now
        if since.deletions < started - timedelta(days=self.session.settings.deletions_days):
            days = self.session.settings.deletions_days
            what = f"{self.name} was last read more than {days:g} days ago: deletions may be listed no more"
            raise CursorExpiredError(what)
        stamp = since.stamp
        for keys, latest in self._changed(since.stamp - overlap):
            stamp = max(stamp, min(latest, started))
            yield Page([record_of(row) for row in self._rows(keys).values()], str(Cursor(stamp, since.deletions)))
        if self.name == "Leads":
            yield from self._converted(since.stamp - overlap)
        yield from self._deletions(since.deletions - overlap)
        yield Page([], str(Cursor(max(stamp, started), started)))

    def _changed(self, after: datetime) -> Iterator[tuple[list[str], datetime]]:
        """Ids in the order of the stamp, a page at a time, and the stamp of the last; none twice in one second."""
        beyond: str | None = None
        rows = min(coql.ROWS, self._page * 10)
        more = True
        while more:
            text = coql.changes(self.name, after, beyond, rows)
            found, more = self.session.query(text, f"reading changes of {self.name}")
            for portion in coql.portions(found, min(IDS, self._page)):
                yield [str(row[KEY]) for row in portion], parse_moment(portion[-1][STAMP])
            if more:
                former = (after, beyond)
                after, beyond = parse_moment(found[-1][STAMP]).replace(microsecond=0), str(found[-1][KEY])
                if (after, beyond) == former:
                    raise ProtocolError(f"reading changes of {self.name}: the same page came again")

    def _converted(self, since: datetime) -> Iterator[Page]:
        """Leads that were converted: COQL is not documented to show them, the list is."""
        for found in self._paged([KEY, STAMP], since=since, converted="true", sort_by=STAMP):
            for keys in coql.portions([str(row[KEY]) for row in found], IDS):
                yield Page([record_of(row) for row in self._rows(keys).values()])

    def _deletions(self, since: datetime) -> Iterator[Page]:
        number, more = 1, True
        while more:
            try:
                found, more = self.session.deleted(self.name, since, number)
            except RefusedError as error:
                if error.code not in {"DISCRETE_PAGINATION_LIMIT_EXCEEDED", "PAGINATION_LIMIT_EXCEEDED"}:
                    raise
                raise CursorExpiredError(f"{self.name}: more was deleted than is listed") from None
            yield Page([Record(str(row[KEY]), {KEY: str(row[KEY])}, deleted=True) for row in found])
            number += 1


def live_keys(session: Session, name: str, low: str | None, high: str | None, rows: int) -> Iterator[list[str]]:
    """Every live key above one and up to another, in pages, in order."""
    more = True
    while more:
        found, more = session.query(coql.keys(name, low, high, rows), f"listing ids of {name}")
        keys = [str(row[KEY]) for row in found]
        yield keys
        low = keys[-1] if keys else None
