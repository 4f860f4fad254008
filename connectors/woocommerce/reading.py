"""Reading customers (always all of them), orders (what was modified) and guests (who is behind those orders).

The shop compares ``modified_after`` with whole seconds, and takes the moment for one of the *site's* clock even where
the dates are UTC (WordPress, WP_Date_Query::build_mysql_datetime). So no zone is named: the text then stays what it is,
but for the hour that the site's clock skips in spring, which becomes an hour later (`unskipped`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import chain
from typing import Any

from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record, RefusedError
from connectors.woocommerce import records
from connectors.woocommerce.session import Row, Session, refusal, said

ALL: dict[str, dict[str, Any]] = {"customers": {"role": "all"}, "orders": {"status": "any"}}
"""Without these a list leaves out roles other than ``customer``. Orders in the trash are in no list but its own."""

_GUEST = "id,customer_id,billing"
_AT_ONCE = 100


class Reader:
    """``statuses`` tells which an order may have, those of extensions included; none where the shop does not say."""

    def __init__(self, session: Session, statuses: Callable[[], Sequence[str]] = tuple) -> None:
        self._session = session
        self._statuses = statuses
        self._custom = session.settings.custom

    def _all(self, name: str) -> dict[str, Any]:
        """What a list has to be asked for to show every record: orders by each status of the shop, by name.

        ``any`` leaves out those that an extension registered with ``exclude_from_search`` (WP_Query); those that it
        registered with WordPress only have no name for the shop (`_unnamed`).
        """
        named = ",".join(self._statuses()) if name == "orders" else ""
        return {"status": named} if named else ALL[name]

    def _unnamed(self, query: Mapping[str, Any]) -> list[Row]:
        """The orders, from the oldest on, that only ``any`` shows: their status is none of those that the shop names.

        There are hardly ever any; so only id and status are listed to find them.
        """
        named = self._statuses()
        if not named:
            return []
        lean = {**query, **ALL["orders"], "_fields": "id,status"}
        listed = (row for rows in self._session.walk("orders", lean) for row in rows)
        keys = [str(row["id"]) for row in listed if row.get("status") not in named]
        found: list[Row] = []
        for at in range(0, len(keys), _AT_ONCE):
            shown = {name: query[name] for name in ("_fields",) if name in query}
            found += self._included("orders", keys[at : at + _AT_ONCE], {**shown, **ALL["orders"]})[0]
        return sorted(found, key=lambda row: int(row["id"]))

    def _walk(self, name: str, query: Mapping[str, Any], *, newest_first: bool = False) -> Iterator[list[Row]]:
        """Every record, in pages; orders that only ``any`` shows come last."""
        yield from self._session.walk(name, {**self._all(name), **query}, newest_first=newest_first)
        if name == "orders" and (rows := self._unnamed(query)):
            yield rows

    # whole lists

    def customers(self) -> Iterator[Page]:
        """Everybody, each time: the shop cannot tell who was modified, and ignores being asked."""
        for rows in self._session.walk("customers", ALL["customers"]):
            yield Page([self._shown(row) for row in rows], None, full=True)

    def keys(self, name: str) -> Iterator[Sequence[str]]:
        for rows in self._walk(name, {"_fields": "id"}):
            yield [str(row["id"]) for row in rows]

    # what was modified

    def orders(self, since: str | None) -> Iterator[Page]:
        """By id, so that the position moves only behind the last page. What went to the trash comes as deleted."""
        started = self._session.context.clock.now()
        query = self._after(since)
        for rows in self._walk("orders", query):
            yield Page([self._shown(row) for row in rows], None, full=since is None)
        if since is not None:
            for rows in self._session.walk("orders", {**query, "status": "trash", "_fields": "id"}):
                yield Page([Record(str(row["id"]), {}, deleted=True) for row in rows])
        yield Page([], self._cursor(started), full=since is None)

    def guests(self, since: str | None) -> Iterator[Page]:
        """Buyers without an account, each as the newest of their orders shows them.

        Which order is somebody's newest is seen by going through all from the newest on; after a position only until
        everybody behind a modified order was met. Of the orders that only ``any`` shows, those that were modified are
        looked at.
        """
        started = self._session.context.clock.now()
        asked = {**self._after(since), "_fields": _GUEST}
        unnamed = self._unnamed(asked)
        wanted = None if since is None else self._behind(asked, unnamed)
        met: set[bytes] = set()
        if wanted is None or wanted:
            for rows in self._newest(unnamed):
                page = []
                for row in rows:
                    email = records.guest_email(row)
                    if email is None or (wanted is not None and email not in wanted):
                        continue
                    if (mark := _mark(email)) not in met:
                        met.add(mark)
                        page.append(records.guest(row, email))
                yield Page(page, None, full=since is None)
                if wanted is not None and len(met) == len(wanted):
                    break
        yield Page([], self._cursor(started), full=since is None)

    def _newest(self, unnamed: Sequence[Row]) -> Iterator[list[Row]]:
        """All orders from the newest on, the given ones each in its place."""
        waiting = list(unnamed)
        for rows in self._session.walk("orders", {**self._all("orders"), "_fields": _GUEST}, newest_first=True):
            due = [row for row in waiting if row["id"] > rows[-1]["id"]]
            waiting = waiting[: len(waiting) - len(due)]
            yield sorted([*rows, *due], key=lambda row: -int(row["id"]))
        yield waiting[::-1]

    def _behind(self, query: Mapping[str, Any], unnamed: Sequence[Row]) -> set[str]:
        pages = self._session.walk("orders", {**self._all("orders"), **query})
        rows = chain(unnamed, chain.from_iterable(pages))
        return {email for row in rows if (email := records.guest_email(row)) is not None}

    def _after(self, since: str | None) -> dict[str, Any]:
        if since is None:
            return {}
        try:
            position = datetime.strptime(since, _FORMAT).replace(tzinfo=UTC)
        except ValueError:
            what = "the stored position is not one of this connector: read everything again"
            raise CursorExpiredError(what) from None
        # the filter is exclusive: a second more, so that what is as old as the overlap is still in
        return modified_after(position - timedelta(seconds=self._session.settings.overlap + 1))

    def _cursor(self, started: datetime) -> str:
        """The moment a read began, by the slower of both clocks, so that neither being ahead passes anything over."""
        return (started - self._session.behind).strftime(_FORMAT)

    # single records

    def fetch(self, name: str, keys: Sequence[str]) -> list[Record]:
        """A record for each key, in order; what is gone, or in the trash, is deleted; what may not be seen is left out.

        Not being listed is no deletion: extensions keep accounts and statuses out of lists and out of what lists count,
        and cut pages short. So each missing one is asked for, too.
        """
        found: dict[str, Record] = {key: Record(key, {}, deleted=True) for key in keys if not is_key(key)}
        whole = [key for key in dict.fromkeys(keys) if is_key(key)]
        for at in range(0, len(whole), _AT_ONCE):
            found |= self._listed(name, whole[at : at + _AT_ONCE])
        found |= self._singly(name, [key for key in whole if key not in found])
        return [found[key] for key in keys if key in found]

    def _listed(self, name: str, keys: Sequence[str]) -> dict[str, Record]:
        """Which of them lists show. What lies in the trash is deleted."""
        queries = [self._all(name)]
        if name == "orders":
            queries += [query for query in (ALL["orders"],) if query not in queries]
            queries.append({"status": "trash"})
        found: dict[str, Record] = {}
        for query in queries:
            if missing := [key for key in keys if key not in found]:
                for row in self._included(name, missing, query)[0]:
                    gone = query.get("status") == "trash"
                    found[str(row["id"])] = Record(str(row["id"]), {}, deleted=True) if gone else self._shown(row)
        return found

    def _included(self, name: str, keys: Sequence[str], query: Mapping[str, Any]) -> tuple[list[Row], int | None]:
        return self._session.page(name, {**query, "include": ",".join(keys), "per_page": _AT_ONCE})

    def _shown(self, row: Row) -> Record:
        return records.record(row, self._custom)

    def _singly(self, name: str, keys: Sequence[str]) -> dict[str, Record]:
        return {key: record for key in keys if (record := self._one(name, key)) is not None}

    def _one(self, name: str, key: str) -> Record | None:
        """A record by its address; None where the key's user may not see this one."""
        answer = self._session.ask("GET", f"{name}/{{key}}", parts={"key": key}, accept=(403, 404))
        if answer.ok:
            row: Row = answer.json()
            gone = row.get("status") == "trash"
            return Record(key, {}, deleted=True) if gone else self._shown(row)
        code, _ = said(answer)
        if answer.status == 403 and code == "woocommerce_rest_cannot_view":
            return None
        if answer.status == 403:
            raise refusal(answer)
        if not code.endswith("invalid_id"):
            raise ProtocolError(f"asking for one of {name}: not there, for another reason ({code})")
        return Record(key, {}, deleted=True)

    def by_email(self, values: Sequence[str]) -> list[Record]:
        found: dict[str, Record] = {}
        for value in dict.fromkeys(value.strip() for value in values):
            if "@" not in value:
                continue
            try:
                rows, _ = self._session.page("customers", {**ALL["customers"], "email": value})
            except RefusedError as error:
                if error.code != "rest_invalid_param":
                    raise
                continue  # no address, says the shop: then nobody has it
            same = [row for row in rows if str(row.get("email", "")).lower() == value.lower()]
            found |= {str(row["id"]): self._shown(row) for row in same}
        return list(found.values())

    def by_marker(self, name: str, values: Sequence[str]) -> list[Record]:
        """Records with one of these markers. No list can be asked for custom fields: all are looked at, newest first,
        until each was found."""
        wanted = {value for value in values if value}
        if not wanted:
            return []
        marker, keys = self._session.settings.marker, []
        for rows in self._walk(name, {"_fields": "id,meta_data"}, newest_first=True):
            for row in rows:
                value = records.meta(row, (marker,))[marker]
                if isinstance(value, str) and value in wanted:
                    wanted.discard(value)
                    keys.append(str(row["id"]))
            if not wanted:
                break
        return [one for one in self.fetch(name, keys) if not one.deleted]


_FRIDAY, _MORNING = 4, 4
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def unskipped(moment: datetime) -> datetime:
    """A moment not after this one whose clock time is skipped nowhere: clocks skip an hour of weekend nights, before
    four."""
    if moment.weekday() < _FRIDAY or moment.hour >= _MORNING:
        return moment
    return moment.replace(hour=0, minute=0, second=0) - timedelta(hours=3)


def modified_after(moment: datetime) -> dict[str, Any]:
    return {"modified_after": unskipped(moment).strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": True}


def is_key(key: str | None) -> bool:
    return key is not None and key.isascii() and key.isdigit() and int(key) > 0


def _mark(email: str) -> bytes:
    return blake2b(email.encode(), digest_size=8).digest()
