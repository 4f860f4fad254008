"""Partners that look different from one day to the next, though nobody changed them and nothing is stamped: a usage of
an address, or a relationship, begins or ends. Once a day the lists of both are asked for those days themselves.

What was entered for the day it was entered on, as nearly all is, comes with a stamp of its partner, and was read by
that. Neither list says when a row was entered (API_BUSINESS_PARTNER, its EDMX: A_BuPaAddressUsage and
A_BusinessPartnerContact have no date but those of validity), so the partner's own stamp has to tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from connectors import odata
from connectors.gateway import Gateway
from connectors.s4hana.partners import KEY, ROOT
from connectors.sdk import RefusedError, UnauthorisedError

_TOGETHER = 40  # partners read by one call
_STAMPS = ("CreationDate", "LastChangeDate")


def places(stream: str) -> Mapping[str, str]:
    """The entity sets whose rows begin and end, and the property that names the partner in each."""
    persons = {"A_BusinessPartnerContact": "BusinessPartnerPerson"} if stream == "persons" else {}
    return {"A_BuPaAddressUsage": KEY, **persons}


def turned(gateway: Gateway, stream: str, since: str, until: str) -> dict[str, str]:
    """Numbers of partners, of any category, of which something began or ended from a day to another; each with the day
    from which on whoever read it has seen that.

    A list that the user may not see, or that this system does not give, is left out: it says nothing of the others.
    Raises UnauthorisedError where the user may not see partners either.
    """
    first, after = _later(since, -1), _later(until, 1)
    found: dict[str, str] = {}
    for name, number in places(stream).items():
        try:
            for key, day in _rows(gateway, stream, name, number, (first, after)):
                found[key] = max(day, found.get(key, ""))
        except RefusedError:
            continue
        except UnauthorisedError:
            gateway.page(ROOT, {"$top": 1, "$select": KEY}, f"reading {stream}")
    return found


def _rows(gateway: Gateway, stream: str, name: str, number: str, days: tuple[str, str]) -> Iterator[tuple[str, str]]:
    kind = gateway.model().type_of(name)
    # By the clock of whoever read it a row counts from the first place on earth where its day begins, and until the
    # last one where it ends: a beginning is seen by who reads on its day, an end for certain two days later.
    for column, seen in (("ValidityStartDate", 0), ("ValidityEndDate", 2)):
        known = kind.properties.get(column)
        if known is None or not known.filterable:
            continue
        zone = "Z" if known.edm == "Edm.DateTimeOffset" else ""
        begin, end = (odata.literal(f"{day}T00:00:00{zone}", known.edm) for day in days)
        wanted = odata.every(odata.compared(column, "ge", begin), odata.compared(column, "lt", end))
        query = {"$filter": wanted, "$select": f"{number},{column}"}
        for rows in gateway.rows(name, query, f"reading {stream}"):
            for row in map(kind.shown, rows):
                day = str(row.get(column) or "")[:10]
                if days[0] <= day < days[1]:
                    yield odata.unpadded(str(row[number])), _later(day, seen)


def unseen(gateway: Gateway, stream: str, found: Mapping[str, str], since: str, page: int) -> list[str]:
    """Those of `turned` that were not stamped late enough to have been read with what began or ended. Partners stamped
    since then are listed for that, in as many calls as reading all of ``found`` would take, and no more."""
    left = dict(found)
    after, calls = "", len(found) // _TOGETHER
    moment = odata.literal(f"{_later(since, -1)}T00:00:00", "Edm.DateTime")
    stamped = odata.some(odata.compared(name, "ge", moment) for name in _STAMPS)
    kind = gateway.model().type_of(ROOT)
    for _ in range(calls):
        query = {
            "$filter": odata.every(stamped, after),
            "$orderby": KEY,
            "$top": page,
            "$select": ",".join((KEY, *_STAMPS)),
        }
        rows, more = gateway.page(ROOT, query, f"reading {stream}")
        for row in map(kind.shown, rows):
            key, stamp = odata.unpadded(str(row[KEY])), max(str(row.get(name) or "")[:10] for name in _STAMPS)
            if left.get(key, "9") <= stamp:
                del left[key]
        if not left or not rows or (len(rows) < page and not more):
            break
        after = odata.compared(KEY, "gt", odata.literal(str(rows[-1][KEY])))
    return list(left)


def _later(day: str, days: int) -> str:
    return f"{datetime.fromisoformat(day) + timedelta(days=days):%Y-%m-%d}"
