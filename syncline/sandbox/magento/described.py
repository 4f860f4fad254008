"""What the fake shop says of its attributes, store views and countries."""

from __future__ import annotations

from typing import Any

GENDERS = [{"label": " ", "value": ""}, *({"label": t, "value": str(n)} for n, t in enumerate(("Male", "Female"), 1))]


def attribute(
    code: str,
    kind: str = "text",
    *,
    stored: str = "varchar",
    required: bool = False,
    longest: int | None = None,
    options: list[dict[str, Any]] | None = None,
    own: bool = False,
) -> dict[str, Any]:
    """An attribute as the vendor describes it; ``own``: made in this shop, ``stored``: in which kind of
    column."""
    rules = [{"name": "max_text_length", "value": str(longest)}] if longest else []
    return {
        "frontend_input": kind,
        "input_filter": "",
        "store_label": code.replace("_", " ").title(),
        "validation_rules": rules,
        "multiline_count": 2 if kind == "multiline" else 0,
        "visible": True,
        "required": required,
        "data_model": "",
        "options": options or [],
        "frontend_class": "",
        "user_defined": own,
        "sort_order": 0,
        "frontend_label": code.replace("_", " ").title(),
        "note": "",
        "system": not own,
        "backend_type": stored,
        "attribute_code": code,
    }


CUSTOMER = [
    attribute("website_id", "select", stored="static", required=True),
    attribute("store_id", "select", stored="static"),
    attribute("group_id", "select", stored="static", required=True),
    *(attribute(code, stored="static") for code in ("prefix", "middlename", "suffix", "taxvat")),
    attribute("firstname", stored="static", required=True, longest=255),
    attribute("lastname", stored="static", required=True, longest=255),
    attribute("email", stored="static", required=True),
    attribute("dob", "date", stored="static"),
    attribute("gender", "select", stored="static", options=GENDERS),
    attribute("syncline_id", own=True, longest=64),
    attribute(
        "loyalty",
        "select",
        stored="int",
        own=True,
        options=[{"label": " ", "value": ""}, {"label": "Silver", "value": "11"}, {"label": "Gold", "value": "12"}],
    ),
    attribute("nickname", own=True, longest=40),
]
ADDRESS = [
    *(attribute(code, required=True, longest=255) for code in ("firstname", "lastname", "city", "telephone")),
    attribute("street", "multiline", required=True, longest=255),
    attribute("country_id", "select", required=True),
    attribute("region", "hidden"),
    *(attribute(code) for code in ("company", "postcode", "fax", "vat_id", "prefix", "middlename", "suffix")),
]
VIEWS = [
    {"id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1},
    {"id": 1, "code": "default", "name": "Default Store View", "website_id": 1, "store_group_id": 1, "is_active": 1},
    {"id": 2, "code": "french", "name": "Vue française", "website_id": 2, "store_group_id": 2, "is_active": 1},
]
WEBSITES = [
    {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0},
    {"id": 1, "code": "base", "name": "Main Website", "default_group_id": 1},
    {"id": 2, "code": "fr", "name": "France", "default_group_id": 2},
]
GROUPS = [{"id": n, "code": c, "tax_class_id": 3} for n, c in enumerate(("NOT LOGGED IN", "General", "Wholesale"))]
REGIONS = {
    "US": [{"id": "12", "code": "CA", "name": "California"}, {"id": "49", "code": "OR", "name": "Oregon"}],
    "DE": [{"id": "81", "code": "BAY", "name": "Bayern"}, {"id": "82", "code": "BER", "name": "Berlin"}],
    "GB": [],
    "MX": [],
    "FR": [],
}
REGION_NEEDED = frozenset({"US"})


def country(code: str) -> dict[str, Any] | None:
    if code not in REGIONS:
        return None
    said: dict[str, Any] = {"id": code, "two_letter_abbreviation": code, "three_letter_abbreviation": f"{code}X"}
    return said | ({"available_regions": REGIONS[code]} if REGIONS[code] else {})
