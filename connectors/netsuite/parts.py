"""What hangs on a record and stands in tables of its own: the default addresses of an entity, the lines of an order.

Read a page at a time, never record by record. Only the default billing and shipping address are shown: other entries of
the address book are nobody's, and are left alone. Traps: SuiteQL shows what is sold with negative quantities and
amounts, since it leaves the stock; the first row of a transaction is the transaction itself (``mainline``), taxes have
rows, too (``taxline``). Not every account and role has these tables in SuiteQL: what cannot be read is not mentioned.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from typing import Any

from connectors.netsuite import suiteql
from connectors.netsuite.kinds import ADDRESS, ADDRESSES, Kind, Parts
from connectors.netsuite.session import Session, keyset

_FLAGS = {"billingAddress": "defaultbilling", "shippingAddress": "defaultshipping"}
_AMONG = 500
_LINES = "transactionline"
_LINE = ("transaction", "id", "item", "BUILTIN.DF(item) AS itemname", "memo", "quantity", "rate", "foreignamount")

Data = MutableMapping[str, dict[str, Any]]


def attached(session: Session, kind: Kind, data: Data, narrowed: Collection[str] | None) -> None:
    """Put what belongs to the records (``data``, by key) into them, as far as anybody looks at it and may."""
    if kind.parts is Parts.LINES:
        if data and (narrowed is None or "item" in narrowed) and shows_parts(session, kind):
            _lines(session, data)
        if data and (narrowed is None or {"item", "currencyCode"} & set(narrowed)):
            _currencies(session, data)
        return
    wanted = [name for name in ADDRESSES if narrowed is None or name in narrowed]
    if data and wanted and shows_parts(session, kind):
        _addresses(session, kind, data, wanted)


def shows_parts(session: Session, kind: Kind) -> bool:
    """Whether the account and the role let what hangs on a kind be read. Raises as `Session.answers`."""
    if kind.parts is Parts.LINES:
        return session.answers(suiteql.select(_LINE, _LINES, [], ""), f"reading lines of {kind.name}")
    return session.answers(
        suiteql.select(_columns(ADDRESSES), _book(kind), [], ""), f"reading addresses of {kind.name}"
    )


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
    for keys in suiteql.portions(list(data), _AMONG):
        conditions = [suiteql.among("transaction", keys), "mainline = 'F'", "taxline = 'F'"]
        order = {"transaction": "transaction", "id": "id"}
        for rows in keyset(session, _LINE, _LINES, conditions, order, "reading lines of salesOrder"):
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
    """A currency that is not known is not mentioned: an amount has one, whoever may see it."""
    for record in data.values():
        key = record.get("currency")
        code = session.currency(str(key)) if key is not None else None
        if code is None and (key is not None or "currency" not in record):
            continue
        record["currencyCode"] = code
        for line in record.get("item") or ():
            line["currencyCode"] = code
