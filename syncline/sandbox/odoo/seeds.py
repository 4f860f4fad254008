"""What a new database has before anybody adds a record: countries, states, tags, stages, users."""

from __future__ import annotations

from typing import Any

from syncline.sandbox.odoo.database import Database

_COUNTRIES = (
    "DE Germany|US United States|FR France|GB United Kingdom|ES Spain|IT Italy|AT Austria|CH Switzerland|AU Australia"
    "|CA Canada|MX Mexico|JP Japan|PL Poland|BR Brazil|NL Netherlands|BE Belgium|SE Sweden|PT Portugal"
)
_STATES = "US CA California|US NY New York|US WA Washington|US OR Oregon|AU WA Western Australia|CA BC British Columbia"


def plant(database: Database) -> None:
    with database.transaction():
        for text in _COUNTRIES.split("|"):
            code, _, name = text.partition(" ")
            database.create("res.country", {"code": code, "name": name})
        countries = {row["code"]: key for key, row in database.rows["res.country"].items()}
        for text in _STATES.split("|"):
            country, code, name = text.split(" ", 2)
            values = {"country_id": countries[country], "code": code, "name": name}
            database.create("res.country.state", values)
        small: tuple[tuple[str, dict[str, Any]], ...] = (
            ("res.currency", {"name": "EUR"}),
            ("res.users", {"name": "OdooBot", "login": "__system__"}),
            ("res.users", {"name": "Administrator", "login": "admin"}),
            ("res.users", {"name": "Marc Demo", "login": "demo"}),
            ("res.partner.category", {"name": "Services"}),
            ("res.partner.category", {"name": "Consulting", "parent_id": 1}),
            ("res.partner.category", {"name": "VIP"}),
            ("crm.stage", {"name": "New"}),
            ("crm.stage", {"name": "Proposition"}),
            ("crm.stage", {"name": "Won", "is_won": True}),
            ("crm.tag", {"name": "Product"}),
            ("crm.lost.reason", {"name": "Too expensive"}),
            ("product.product", {"name": "Office Chair", "default_code": "FURN_7777"}),
            ("product.product", {"name": "Desk", "default_code": "FURN_8888"}),
        )
        for model, values in small:
            database.create(model, values)
