"""Whom an order or a lead is for. Odoo has one field, ``partner_id``, for a company or a person at one.

A record shows both: ``partner_id.company`` is the company behind it (its commercial entity), ``partner_id.person`` the
partner itself where it is a person. Written is the person, if one is given, and else the company.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.odoo.schema import BUYER
from connectors.odoo.session import Session

PARTNERS = "res.partner"


def parties(session: Session, keys: Iterable[int]) -> dict[int, dict[str, str | None]]:
    """``{company, person}`` of partners by their ids, in one call. A person on their own has no company."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    fields = ["id", "is_company", "commercial_partner_id"]
    found: dict[int, dict[str, str | None]] = {}
    for row in session.records(PARTNERS, [["id", "in", wanted]], fields):
        above = (row["commercial_partner_id"] or [row["id"]])[0]
        company = str(above) if row["is_company"] or above != row["id"] else None
        found[row["id"]] = {"company": company, "person": None if row["is_company"] else str(row["id"])}
    return found


def buyer(given: Mapping[str, Any], now: Mapping[str, str | None] | None) -> str:
    """The key that ``partner_id`` is to have, empty for none. ``given`` are the fields of a write that names company,
    person or both, ``now`` what they are at present.

    A person at the company that is written stays: the company alone would take them off.
    """
    seen = now or {}
    company = given.get(f"{BUYER}.company", seen.get("company"))
    if given.get(f"{BUYER}.person"):
        return str(given[f"{BUYER}.person"])
    stays = f"{BUYER}.person" not in given and seen.get("person") and company == seen.get("company")
    return str((seen.get("person") if stays else company) or "")
