"""One company in three systems: an ERP in SQLite, a Salesforce org and a shop, and the project that syncs them."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model.clock import ManualClock, SystemClock
from sync.run import RunReport
from syncline import wiring
from syncline.cli.main import app
from syncline.demo import systems
from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.shopify.fake import ShopifyFake
from syncline.sandbox.wire import transport
from syncline.settings import Project, load_project

Row = dict[str, Any]
_TABLES = ("companies", "people", "web_orders")


def lay_out_erp(path: Path) -> None:
    """The empty tables of the demonstration's ERP."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(systems._ERP.format(now=systems._NOW))
        for table in _TABLES:
            database.executescript(systems._TRIGGER.format(table=table, now=systems._NOW))


class Erp:
    """People working in the ERP."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lay_out_erp(path)

    def sql(self, statement: str, *values: Any) -> list[Row]:
        with closing(sqlite3.connect(self.path, timeout=30)) as database, database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement, values)]

    def add(self, table: str, **values: Any) -> int:
        marks = ", ".join("?" * len(values))
        statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) RETURNING id"
        return int(self.sql(statement, *values.values())[0]["id"])

    def edit(self, table: str, key: int, **values: Any) -> None:
        pairs = ", ".join(f"{name} = ?" for name in values)
        self.sql(f"UPDATE {table} SET {pairs} WHERE id = ?", *values.values(), key)

    def rows(self, table: str) -> list[Row]:
        return self.sql(f"SELECT * FROM {table} ORDER BY id")


def three_systems_project(folder: Path, **changes: Sequence[tuple[str, str]]) -> Path:
    """The demonstration's project in a folder of its own. ``changes`` (by file) are texts and their replacements."""
    source = resources.files("syncline.demo").joinpath("project")
    with resources.as_file(source) as original:
        shutil.copytree(original, folder)
    (folder / "var").mkdir()
    for name, pairs in changes.items():
        file = folder / ("config.yaml" if name == "config" else f"mappings/{name}.yaml")
        text = file.read_text()
        for old, new in pairs:
            assert old in text, (name, old)
            text = text.replace(old, new)
        file.write_text(text)
    return folder


class Company:
    """The three systems and the hub between them. Fakes are reached without ports, on a clock that stands still."""

    def __init__(self, folder: Path, clock: Any, **changes: Sequence[tuple[str, str]]) -> None:
        self.folder, self.clock = folder, clock
        self.erp = Erp(folder / "erp.db")
        self.crm = SalesforceFake(clock)
        self.shop = ShopifyFake(clock)
        self.shop.define_marker()
        self.environment = {
            "DEMO_ERP": f"sqlite:///{folder / 'erp.db'}",
            "DEMO_CRM_URL": "https://example.my.salesforce.com",
            "DEMO_CRM_SECRET": "secret",
            "DEMO_SHOP_URL": "https://demo.myshopify.com",
            "DEMO_SHOP_TOKEN": "shpat_static",
        }
        self.project_folder = three_systems_project(folder / "project", **changes)

    @property
    def project(self) -> Project:
        project, found = load_project(self.project_folder, environment=self.environment)
        assert project is not None, [str(one) for one in found]
        return project

    @property
    def world(self) -> wiring.World:
        carriers = {"crm": transport(self.crm), "shop": transport(self.shop)}
        return wiring.World(clock=self.clock, transports=carriers, environment=self.environment)

    def sync(self, **options: Any) -> RunReport:
        """One run in a fresh process: new connectors, the same state. Its balances must add up."""
        self.clock.advance(60)
        with wiring.build_engine(self.project, world=self.world) as engine:
            report = engine.run(**options)
        assert all(balance.adds_up for balance in report.balances.values()), report.balances
        return report

    def ask(self, deed: Any) -> Any:
        """What an engine between runs says or does."""
        with wiring.build_engine(self.project, world=self.world) as engine:
            return deed(engine)

    def reports(self) -> Any:
        return wiring.opened_reports(self.project, self.world)

    def settle(self, runs: int = 3) -> RunReport:
        """Runs until everything has come to rest."""
        for _ in range(runs):
            report = self.sync()
            if not report.writes and not report.troubles:
                return report
        return report

    # What is there

    def state(self) -> Row:
        """Everything the three systems hold, without their own stamps."""
        crm = {name: [_bare(row) for row in self.crm.rows(name)] for name in ("Account", "Contact")}
        shop = [_bare(row) for row in self.shop.rows("customers")]
        erp = {table: [_bare(row) for row in self.erp.rows(table)] for table in _TABLES}
        return {"crm": crm, "shop": shop, "erp": erp}

    def picture(self) -> dict[str, list[tuple[Any, ...]]]:
        """What people see in the systems, without keys: equal for two companies that agree on the same."""
        accounts = {row["Id"]: row["Name"] for row in self.crm.rows("Account")}
        codes = {row["id"]: row["code"] for row in self.erp.rows("companies")}
        contact = ("FirstName", "LastName", "Email", "Title", "Phone", "MailingCity", "HasOptedOutOfEmail")
        shown = {
            "accounts": [(r["Name"], r["AccountNumber"], r["BillingCity"]) for r in self.crm.rows("Account")],
            "contacts": [(*(r[f] for f in contact), accounts.get(r["AccountId"])) for r in self.crm.rows("Contact")],
            "companies": [(r["name"], r["code"], r["city"]) for r in self.erp.rows("companies")],
            "people": [
                (r["name"], r["title"], r["email"], r["city"], codes.get(r["company_id"]))
                for r in self.erp.rows("people")
            ],
            "customers": [
                (r["firstName"], r["lastName"], r["email"], *r["tags"], r["emailConsent"]["state"])
                for r in self.shop.rows("customers")
            ],
            "orders": [(r["number"], r["total"], r["currency"]) for r in self.erp.rows("web_orders")],
        }
        return {name: sorted(rows, key=repr) for name, rows in shown.items()}

    def counts(self) -> tuple[int, int, int, int, int]:
        """Companies and people of the ERP, accounts and contacts of the org, customers of the shop."""
        return (
            len(self.erp.rows("companies")),
            len(self.erp.rows("people")),
            len(self.crm.rows("Account")),
            len(self.crm.rows("Contact")),
            len(self.shop.rows("customers")),
        )

    def contact(self, email: str) -> Row:
        (found,) = [row for row in self.crm.rows("Contact") if row["Email"] == email]
        return found

    def customer(self, email: str) -> Row:
        (found,) = [row for row in self.shop.rows("customers") if row["email"] == email]
        return found

    def person(self, email: str) -> Row:
        (found,) = [row for row in self.erp.rows("people") if row["email"] == email]
        return found

    def writes(self) -> Counter[str]:
        """Write calls the fakes have answered."""
        calls = Counter(
            {f"crm {t}": n for t, n in self.crm.calls.items() if t.split()[0] != "GET" and "oauth" not in t}
        )
        calls["shop"] = self.shop.calls["Write"]
        return calls

    def assert_nothing_doubled(self) -> None:
        """No two rows of a system carry the same marker, the same e-mail address or the same name at one company."""
        crm, shop, erp = self.crm.rows("Contact"), self.shop.rows("customers"), self.erp.rows("people")
        for rows, fields in (
            (crm, ("Syncline_Id__c", "Email")),
            (self.crm.rows("Account"), ("Syncline_Id__c", "AccountNumber", "Name")),
            (shop, ("email",)),
            (erp, ("hub_id", "email")),
            (self.erp.rows("companies"), ("hub_id", "code", "name")),
        ):
            for field in fields:
                twice = [v for v, n in Counter(row[field] for row in rows if row[field]).items() if n > 1]
                assert not twice, (field, twice)
        markers = Counter(field["value"] for row in shop for field in row["metafields"].values())
        assert not [value for value, n in markers.items() if n > 1]

    def assert_calm(self) -> None:
        """Nothing is doubled, and two more runs (one of them reading everything again) write nothing."""
        self.assert_nothing_doubled()
        before, calls = self.state(), self.writes()
        for options in ({}, {"full": True}):
            report = self.sync(**options)
            assert not report.troubles, report.troubles
            assert report.writes == 0
        assert self.writes() == calls
        assert self.state() == before


@dataclass
class Said:
    """What a command said."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Command:
    """``command("record", "show", …)``; its exit code must be 0, or the one that is named."""

    company: Company

    def __call__(self, *words: str, code: int = 0) -> Said:
        folder = str(self.company.project_folder)
        result = CliRunner().invoke(app, ["--project", folder, *words], obj=self.company.world)
        assert result.exit_code == code, (words, result.stderr, result.exception)
        return Said(result.stdout, result.stderr)


_OWN = frozenset({"changed_at", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "updatedAt", "createdAt"})


def _bare(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _OWN}


@pytest.fixture
def clock() -> ManualClock:
    """Stands still, beginning now: the ERP stamps its rows by the machine's clock."""
    return ManualClock(SystemClock().now())


@pytest.fixture
def company(tmp_path: Path, clock: ManualClock) -> Company:
    return Company(tmp_path, clock)


@pytest.fixture
def founded(company: Company) -> Company:
    """Two companies and their people, known in part to each system, agreed upon.

    Ana Berg of Alfa is in all three systems. Bo Lind of Beta was in the shop and the ERP, Cid Moss of Beta only in
    Salesforce.
    """
    return found(company)


def found(company: Company, *, settled: bool = True) -> Company:
    erp, crm, shop = company.erp, company.crm, company.shop
    alfa = erp.add("companies", code="ALFA", name="Alfa GmbH", city="Berlin", postal_code="10115", country="Germany")
    beta = erp.add("companies", code="BETA", name="Beta AB", city="Lund", postal_code="22100", country="Sweden")
    erp.add("people", company_id=alfa, name="Ana Berg", title="Owner", email="ana@alfa.example")
    erp.add("people", company_id=beta, name="Bo Lind", title="Buyer", email="bo@beta.example")
    account, other = crm.seed(
        "Account",
        [
            {"Name": "Alfa", "BillingCity": "Berlin", "BillingPostalCode": "10115", "BillingCountry": "Germany"},
            {"Name": "Beta", "BillingCity": "Lund", "BillingPostalCode": "22100", "BillingCountry": "Sweden"},
        ],
    )
    crm.seed(
        "Contact",
        [
            {"FirstName": "Ana", "LastName": "Berg", "Email": "ana@alfa.example", "AccountId": account},
            {"FirstName": "Cid", "LastName": "Moss", "Email": "cid@beta.example", "AccountId": other},
        ],
    )
    shop.seed(
        "customers",
        [
            {"firstName": "Ana", "lastName": "Berg", "email": "ana@alfa.example", "tags": ["retail"]},
            {
                "firstName": "Bo",
                "lastName": "Lind",
                "email": "bo@beta.example",
                "tags": ["wholesale"],
                "emailMarketingConsent": {"marketingState": "SUBSCRIBED"},
            },
        ],
    )
    if settled:
        company.settle()
    return company


@pytest.fixture
def make_company(tmp_path: Path, clock: ManualClock) -> Any:
    """A company whose project differs: ``make_company(crm_contacts=[("old", "new")])``."""
    numbers = itertools.count(1)

    def make(*, real: bool = False, **changes: Sequence[tuple[str, str]]) -> Company:
        folder = tmp_path / f"company-{next(numbers)}"
        folder.mkdir()
        return Company(folder, SystemClock() if real else ManualClock(clock.now()), **changes)

    return make


@pytest.fixture
def command(founded: Company) -> Any:
    """The command line in the project of ``founded``."""
    return Command(founded)


@pytest.fixture
def founder() -> Any:
    """Fills a company as ``founded`` does."""
    return found
