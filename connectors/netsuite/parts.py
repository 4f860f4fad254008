"""What hangs on a record and stands in tables of its own: the default addresses of an entity, the lines of an order.

Read a page at a time, never record by record. Only the default billing and shipping address are shown: other entries of
the address book are nobody's, and are left alone. Traps: SuiteQL shows what is sold with negative quantities and
amounts, since it leaves the stock; the first row of a transaction is the transaction itself (``mainline``), taxes have
rows, too (``taxline``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from typing import Any

from connectors.netsuite import suiteql
from connectors.netsuite.kinds import ADDRESS, ADDRESSES, Kind, Parts
from connectors.netsuite.session import Session, keyset
from connectors.sdk import RefusedError

_FLAGS = {"billingAddress": "defaultbilling", "shippingAddress": "defaultshipping"}
_AMONG = 500

Data = MutableMapping[str, dict[str, Any]]


def attached(session: Session, kind: Kind, data: Data, narrowed: Collection[str] | None) -> None:
    """Put what belongs to the records (``data``, by key) into them, as far as anybody looks at it."""
    if kind.parts is Parts.LINES:
        if data and (narrowed is None or "item" in narrowed):
            _lines(session, data)
        if data and (narrowed is None or {"item", "currencyCode"} & set(narrowed)):
            _currencies(session, data)
        return
    wanted = [name for name in ADDRESSES if narrowed is None or name in narrowed]
    if data and wanted and has_addresses(session, kind):
        _addresses(session, kind, data, wanted)


def has_addresses(session: Session, kind: Kind) -> bool:
    """Whether the address book of a kind can be read: not every account and role has its tables in SuiteQL. Asked once;
    where it cannot, records do not mention addresses."""
    if kind.parts is not Parts.ADDRESSES:
        return True
    if kind.name not in session.books:
        try:
            text = suiteql.select(_columns(ADDRESSES), _book(kind), [], "")
            session.rows(text, f"reading addresses of {kind.name}", limit=1, probing=True)
        except RefusedError:
            session.books[kind.name] = False
        else:
            session.books[kind.name] = True
    return session.books[kind.name]


def _book(kind: Kind) -> str:
    book = f"{kind.table}addressbook"
    return f"{book} b INNER JOIN {book}entityaddress a ON b.addressbookaddress = a.nkey"


def _columns(wanted: Sequence[str]) -> list[str]:
    flags = (f"b.{_FLAGS[name]} AS {_FLAGS[name]}" for name in wanted)
    parts = (f"a.{name.lower()} AS {name.lower()}" for name in ADDRESS)
    return ["b.entity AS entity", "b.internalid AS line", *flags, *parts]


def _addresses(session: Session, kind: Kind, data: Data, wanted: Sequence[str]) -> None:
    for record in data.values():
        record |= dict.fromkeys(wanted)
    columns, table = _columns(wanted), _book(kind)
    flags = " OR ".join(f"b.{_FLAGS[name]} = 'T'" for name in wanted)
    order = {"entity": "b.entity", "line": "b.internalid"}
    for keys in suiteql.portions(list(data), _AMONG):
        conditions = [suiteql.among("b.entity", keys), f"({flags})"]
        for rows in keyset(session, columns, table, conditions, order, f"reading addresses of {kind.name}"):
            for row in rows:
                for name in wanted:
                    if row.get(_FLAGS[name]) == "T":
                        data[str(row["entity"])][name] = {part: row.get(part.lower()) for part in ADDRESS}


def _lines(session: Session, data: Data) -> None:
    for record in data.values():
        record["item"] = []
    columns = ["transaction", "id", "item", "BUILTIN.DF(item) AS itemname", "memo", "quantity", "rate", "foreignamount"]
    for keys in suiteql.portions(list(data), _AMONG):
        conditions = [suiteql.among("transaction", keys), "mainline = 'F'", "taxline = 'F'"]
        order = {"transaction": "transaction", "id": "id"}
        for rows in keyset(session, columns, "transactionline", conditions, order, "reading lines of salesOrder"):
            for row in rows:
                data[str(row["transaction"])]["item"].append(_line(row))


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "line": str(row["id"]),
        "item": row.get("item"),
        "itemName": row.get("itemname"),
        "description": row.get("memo"),
        "quantity": _turned(row.get("quantity")),
        "rate": row.get("rate"),
        "amount": _turned(row.get("foreignamount")),
    }


def _turned(value: Any) -> str | None:
    """A number with its sign the other way round, digit for digit."""
    if value is None:
        return None
    text = str(value)
    if not text.strip("-0."):
        return text.removeprefix("-")
    return text[1:] if text.startswith("-") else f"-{text}"


def _currencies(session: Session, data: Data) -> None:
    codes = session.currencies()
    for record in data.values():
        code = codes.get(str(record.get("currency")))
        record["currencyCode"] = code
        for line in record.get("item") or ():
            line["currencyCode"] = code
