"""The three systems of the demonstration, and the people who work in them.

The companies are Northwind's. Every system spells them its own way, knows another part of them, and has people of its
own: Salesforce the AdventureWorks prospects, the shop its customers and Northwind's orders.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.shopify.fake import ShopifyFake
from syncline.sandbox.wire import Server

_ERP = """
CREATE TABLE companies (
    id INTEGER PRIMARY KEY, code TEXT UNIQUE, name TEXT NOT NULL, street TEXT, city TEXT, region TEXT, postal_code TEXT,
    country TEXT, phone TEXT, fax TEXT, hub_id TEXT UNIQUE, changed_at TEXT NOT NULL DEFAULT {now});
CREATE TABLE people (
    id INTEGER PRIMARY KEY, company_id INTEGER REFERENCES companies(id), name TEXT NOT NULL, title TEXT, email TEXT,
    street TEXT, city TEXT, postal_code TEXT, country TEXT, hub_id TEXT UNIQUE, changed_at TEXT NOT NULL DEFAULT {now});
CREATE TABLE web_orders (
    id INTEGER PRIMARY KEY, number TEXT UNIQUE, person_id INTEGER REFERENCES people(id), ordered_at TEXT, total TEXT,
    currency TEXT, city TEXT, country TEXT, hub_id TEXT UNIQUE, changed_at TEXT NOT NULL DEFAULT {now});
"""
_TRIGGER = """
CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} WHEN NEW.changed_at IS OLD.changed_at
BEGIN UPDATE {table} SET changed_at = {now} WHERE id = NEW.id; END;
CREATE INDEX {table}_by_change ON {table} (changed_at, id);
"""
_NOW = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
_FORMS = {"Germany": " GmbH", "France": " S.A.", "UK": " Ltd", "USA": " Inc.", "Sweden": " AB", "Brazil": " Ltda"}


def rows(name: str) -> list[dict[str, str]]:
    """A sample file (``northwind_customers``), see the notice beside it."""
    source = resources.files("syncline.demo").joinpath("data", f"{name}.csv")
    return list(csv.DictReader(io.StringIO(source.read_text(encoding="utf-8"), newline="")))


def plain(text: str) -> str:
    """As somebody without the right keyboard types it: ``Lúcia`` → ``Lucia``."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def email_of(row: dict[str, str]) -> str:
    """An address for a Northwind contact, who has none in the data: ``maria.anders@alfki.example``."""
    name = plain(row["ContactName"]).lower().replace("'", "")
    return f"{'.'.join(name.split())}@{row['CustomerID'].lower()}.example"


@dataclass(slots=True)
class Systems:
    """The running systems and where they are."""

    folder: Path
    salesforce: SalesforceFake
    shopify: ShopifyFake
    environment: dict[str, str]

    def erp(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Somebody works in the ERP."""
        with closing(sqlite3.connect(self.folder / "erp.db")) as database, database:
            return database.execute(statement, values).fetchall()


@contextmanager
def running(folder: Path) -> Iterator[Systems]:
    """Fill all three systems and serve the fakes on loopback ports of their own until the block ends."""
    salesforce, shopify = SalesforceFake(), ShopifyFake(maximum=20_000, rate=2_000)
    fill_erp(folder / "erp.db")
    fill_salesforce(salesforce)
    fill_shop(shopify)
    with Server(salesforce) as crm, Server(shopify) as shop:
        salesforce.instance_url = crm.url
        environment = {
            "DEMO_ERP": f"sqlite:///{folder / 'erp.db'}",
            "DEMO_CRM_URL": crm.url,
            "DEMO_CRM_SECRET": "secret",
            "DEMO_SHOP_URL": shop.url,
            "DEMO_SHOP_TOKEN": "shpat_static",
        }
        yield Systems(folder, salesforce, shopify, environment)


def fill_erp(path: Path) -> None:
    """All 91 companies and their contact persons."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_ERP.format(now=_NOW))
        for table in ("companies", "people", "web_orders"):
            database.executescript(_TRIGGER.format(table=table, now=_NOW))
        for number, row in enumerate(rows("northwind_customers"), 1):
            database.execute(
                "INSERT INTO companies (id, code, name, street, city, region, postal_code, country, phone, fax)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    number,
                    row["CustomerID"],
                    row["CompanyName"],
                    row["Address"],
                    row["City"],
                    row["Region"] or None,
                    row["PostalCode"] or None,
                    row["Country"],
                    row["Phone"] or None,
                    row["Fax"] or None,
                ),
            )
            database.execute(
                "INSERT INTO people (id, company_id, name, title, street, city, postal_code, country)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    1000 + number,
                    number,
                    row["ContactName"],
                    row["ContactTitle"],
                    row["Address"],
                    row["City"],
                    row["PostalCode"] or None,
                    row["Country"],
                ),
            )


def fill_salesforce(fake: SalesforceFake) -> None:
    """Every second company, spelled as sales people spell, with its contact; two more of their own; and prospects."""
    known = rows("northwind_customers")[::2]
    accounts = [
        {
            "Name": plain(row["CompanyName"]) + _FORMS.get(row["Country"], ""),
            "BillingStreet": row["Address"],
            "BillingCity": plain(row["City"]),
            "BillingPostalCode": row["PostalCode"] or None,
            "BillingCountry": {"UK": "United Kingdom", "USA": "United States"}.get(row["Country"], row["Country"]),
            "Website": f"www.{row['CustomerID'].lower()}.example",
        }
        for row in known
    ]
    accounts += [
        {"Name": "Adatum Corporation", "BillingCity": "Redmond", "BillingCountry": "United States"},
        {"Name": "Fabrikam Nordic AB", "BillingCity": "Stockholm", "BillingCountry": "Sweden"},
    ]
    keys = fake.seed("Account", accounts)
    contacts = []
    for row, key in zip(known, keys, strict=False):
        given, _, family = plain(row["ContactName"]).rpartition(" ")
        contacts.append(
            {
                "FirstName": given,
                "LastName": family,
                "Title": row["ContactTitle"],
                "Email": email_of(row),
                "AccountId": key,
            }
        )
    contacts.append(
        {"FirstName": "Dean", "LastName": "Halstead", "Email": "dean@adatum.example", "AccountId": keys[-2]}
    )
    fake.seed("Contact", [*contacts, *_prospects()])


def _prospects() -> Iterator[dict[str, Any]]:
    for row in rows("adventureworks_prospects"):
        yield {
            "Salutation": row["salutation"] or None,
            "FirstName": row["first_name"],
            "LastName": row["last_name"],
            "Email": row["email"] if _deliverable(row["email"]) else None,
            "Birthdate": row["birth_date"][:10] or None,
            "MailingStreet": row["address_line1"],
            "MailingCity": row["city"],
            "MailingState": row["state"],
            "MailingPostalCode": row["postal_code"],
            "MailingCountry": "United States",
            "LeadSource": "Web",
        }


def _deliverable(email: str) -> bool:
    """Whether Salesforce would have let anybody type it; some in the data end before the dot."""
    return " " not in email and "." in email.rpartition("@")[2]


def fill_shop(fake: ShopifyFake) -> None:
    """Every third company's buyer, some of Salesforce's prospects, a few nobody else knows; and Northwind's orders."""
    fake.define_marker()
    known = rows("northwind_customers")
    buyers = {row["CustomerID"]: _buyer(row, number) for number, row in enumerate(known) if number % 3 == 0}
    gids = dict(zip(buyers, fake.seed("customers", buyers.values()), strict=True))
    people = [row for row in rows("adventureworks_prospects")[:400:20] if _deliverable(row["email"])]
    fake.seed("customers", [_shopper(row) for row in people])
    fake.seed(
        "customers",
        [
            {"firstName": "Grace", "lastName": "Okafor", "email": "grace.okafor@shopper.example"},
            {"firstName": "Henrik", "lastName": "Solberg", "email": "henrik@shopper.example"},
        ],
    )
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in rows("northwind_order_lines"):
        lines.setdefault(row["OrderID"], []).append(
            {
                "sku": f"NW-{row['ProductID']}",
                "title": row["ProductName"],
                "quantity": int(row["Quantity"]),
                "priceSet": {"shopMoney": {"amount": row["UnitPrice"], "currencyCode": "USD"}},
            }
        )
    fake.seed("orders", [_order(row, lines[row["OrderID"]], gids) for row in rows("northwind_orders")])


def _buyer(row: dict[str, str], number: int) -> dict[str, Any]:
    given, _, family = row["ContactName"].rpartition(" ")
    return {
        "firstName": given,
        "lastName": family.upper() if number % 2 else family,
        "email": email_of(row),
        "addresses": [
            {
                "address1": row["Address"],
                "city": row["City"],
                "zip": row["PostalCode"] or None,
                "company": row["CompanyName"],
                "countryCode": _COUNTRY[row["Country"]],
            }
        ],
        **({"emailMarketingConsent": {"marketingState": "SUBSCRIBED"}} if number % 2 else {}),
        "tags": ["wholesale"],
    }


def _shopper(row: dict[str, str]) -> dict[str, Any]:
    return {"firstName": row["first_name"], "lastName": row["last_name"], "email": row["email"], "tags": ["retail"]}


def _order(row: dict[str, str], lines: list[dict[str, Any]], gids: dict[str, str]) -> dict[str, Any]:
    """An order of a customer of the shop, or of a guest."""
    order: dict[str, Any] = {
        "name": f"#{row['OrderID']}",
        "processedAt": f"{row['OrderDate']}T12:00:00Z",
        "currency": "USD",
        "financialStatus": "PAID",
        "fulfillmentStatus": "FULFILLED" if row["ShippedDate"] else "UNFULFILLED",
        "lineItems": lines,
        "shippingAddress": {
            "address1": row["ShipAddress"],
            "city": row["ShipCity"],
            "zip": row["ShipPostalCode"] or None,
            "countryCode": _COUNTRY[row["ShipCountry"]],
        },
    }
    if row["CustomerID"] in gids:
        order["customer"] = {"toAssociate": {"id": gids[row["CustomerID"]]}}
    return order


_COUNTRY = {
    "Argentina": "AR", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Denmark": "DK",
    "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Mexico": "MX", "Norway": "NO",
    "Poland": "PL", "Portugal": "PT", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US",
    "Venezuela": "VE",
}  # fmt: skip
