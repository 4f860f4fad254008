"""The demonstration's three systems, the people who work in them, and what must be true of the systems in the end.

What is right is known from what people did, and read from the systems' own stores; the hub is only asked what it knows
of values that lost. Every value a person enters is found nowhere else, so that none can hide behind another.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncline.demo import systems as demo
from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.shopify.fake import ShopifyFake
from syncline.sandbox.wire import Request, Response, Server

Row = dict[str, Any]


class Watched:
    """A fake that people and workers share, one at a time; a request can be armed to be a worker's last."""

    def __init__(self, fake: Any) -> None:
        self.fake, self.lock = fake, threading.Lock()
        self.armed: tuple[int, int, bool] | None = None  # requests left, the victim's pid, whether it takes effect

    def handle(self, request: Request) -> Response:
        with self.lock:
            if self.armed is None:
                return self.fake.handle(request)
            left, victim, takes_effect = self.armed
            if left:
                self.armed = left - 1, victim, takes_effect
                return self.fake.handle(request)
            self.armed = None
            if takes_effect:
                self.fake.handle(request)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            return Response(lost=True)


@dataclass
class Person:
    """Somebody who was entered while it went on, in one of the systems."""

    email: str
    born: str  # the system
    company: bool
    ids: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)  # field → the one system where people edit it
    last: dict[str, str] = field(default_factory=dict)  # field → what they entered last


class Office:
    """All three systems and everybody in them."""

    def __init__(self, folder: Path, dice: random.Random, accounts: frozenset[str] = frozenset()) -> None:
        """``accounts`` are the names of Salesforce accounts that the ERP knows, too."""
        self.folder, self.dice, self.accounts = folder, dice, accounts
        self.crm, self.shop = Watched(SalesforceFake(limit=10**9)), Watched(ShopifyFake(maximum=20_000, rate=2_000))
        demo.fill_erp(folder / "erp.db")
        demo.fill_salesforce(self.crm.fake)
        demo.fill_shop(self.shop.fake)
        self.environment: dict[str, str] = {}
        self.people: list[Person] = []
        self.contested: list[str] = []  # values entered for one field in two systems: one of each pair loses
        self.count = 0
        self.edits: Counter[str] = Counter()
        self.entered: Counter[bool] = Counter()  # people of a company, and others

    @contextmanager
    def open(self) -> Iterator[Office]:
        with ExitStack() as stack:
            crm, shop = (stack.enter_context(Server(one)) for one in (self.crm, self.shop))
            self.crm.fake.instance_url = crm.url
            self.environment = {
                "DEMO_ERP": f"sqlite:///{self.folder / 'erp.db'}",
                "DEMO_CRM_URL": crm.url,
                "DEMO_CRM_SECRET": "secret",
                "DEMO_SHOP_URL": shop.url,
                "DEMO_SHOP_TOKEN": "shpat_static",
            }
            yield self

    def erp(self, statement: str, *values: Any) -> list[Row]:
        """Raises sqlite3.OperationalError where a worker holds the database for long."""
        with closing(sqlite3.connect(self.folder / "erp.db", timeout=2)) as database, database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement, values)]

    def rows(self, name: str) -> list[Row]:
        watched = self.crm if name in ("Account", "Contact") else self.shop
        with watched.lock:
            return [dict(row) for row in watched.fake.rows(name)]

    # What people do

    def _word(self) -> str:
        """A name that nobody bore before."""
        self.count += 1
        letters = "abcdefghijklmnopqrstuvwxyz"
        number, word = self.count, ""
        while number:
            number, sign = divmod(number, 26)
            word += letters[sign]
        return f"Qu{word}x"

    def work(self, pieces: int) -> None:
        """People enter and edit, also while a worker is at it. Each field of a person is edited in one system only."""
        for _ in range(pieces):
            deed = self.dice.choice([self._enter, self._edit, self._edit, self._edit])
            with contextlib.suppress(sqlite3.OperationalError):  # a stopped worker holds the ERP: they come back later
                deed()

    def _enter(self) -> None:
        word = self._word()
        born = self.dice.choice(["erp", "crm", "shop"])
        person = Person(f"{word.lower()}@{born}.example", born, company=born != "shop")
        if born == "erp":
            (row,) = self.erp(
                "INSERT INTO people (company_id, name, title, email, city) VALUES (?, ?, ?, ?, ?) RETURNING id",
                *(self.dice.randint(1, 80), f"Ann {word}", f"Title {word}", person.email, f"City {word}"),
            )
            person.ids[born] = row["id"]
        elif born == "crm":
            with self.crm.lock:
                accounts = self.crm.fake.store.rows["Account"].values()
                account = self.dice.choice(sorted(row["Id"] for row in accounts if row["Name"] in self.accounts))
                contact = {"FirstName": "Ann", "LastName": word, "Email": person.email, "AccountId": account}
                (person.ids[born],) = self.crm.fake.seed("Contact", [contact])
        else:
            with self.shop.lock:
                (person.ids[born],) = self.shop.fake.seed(
                    "customers", [{"firstName": "Ann", "lastName": word, "email": person.email}]
                )
        person.last["name"] = word
        person.owners = {"title": self.dice.choice(["erp", "crm"]), "city": self.dice.choice(["erp", "crm"])}
        person.owners["name"] = self.dice.choice(["erp", "crm", "shop"] if person.company else ["crm", "shop"])
        if not person.company:
            person.owners |= {"title": "crm", "city": "crm"}
        self.people.append(person)
        self.entered[person.company] += 1
        self.edits[born] += 1

    def _edit(self) -> None:
        if not self.people:
            return
        person = self.dice.choice(self.people[-60:])
        what = self.dice.choice(["title", "city", "name"])
        where = person.owners[what]
        if self._found(person, where) is None:
            return  # it has not arrived there yet
        word = self._word()
        self._write(person, where, what, word)
        person.last[what] = word
        self.edits[where] += 1

    def _found(self, person: Person, where: str) -> Any:
        if where not in person.ids:
            known: list[Any]
            if where == "erp":
                known = [row["id"] for row in self.erp("SELECT id FROM people WHERE email = ?", person.email)]
            elif where == "crm":
                with self.crm.lock:
                    rows = self.crm.fake.store.rows["Contact"].values()
                    known = [row["Id"] for row in rows if row["Email"] == person.email and not row["IsDeleted"]]
            else:
                known = [row["id"] for row in self.rows("customers") if row["email"] == person.email]
            if known:
                person.ids[where] = known[0]
        return person.ids.get(where)

    def _write(self, person: Person, where: str, what: str, word: str) -> None:
        key = person.ids[where]
        if where == "erp":
            value = f"Ann {word}" if what == "name" else f"{what.title()} {word}"
            self.erp(f"UPDATE people SET {what} = ? WHERE id = ?", value, key)
        elif where == "crm":
            column = {"title": "Title", "city": "MailingCity", "name": "LastName"}[what]
            value = word if what == "name" else f"{what.title()} {word}"
            with self.crm.lock:
                self.crm.fake.edit("Contact", key, {column: value})
        else:
            with self.shop.lock:
                self.shop.fake.edit(key, lastName=word)

    def quarrel(self) -> None:
        """While no worker is at it, two systems change one field of somebody apart, who is then left in peace."""
        ready = [one for one in self.people if one.company and self._found(one, "erp") and self._found(one, "crm")]
        if not ready:
            return
        person = self.dice.choice(ready)
        self.people.remove(person)
        what = self.dice.choice(["title", "city"])
        for where in ("erp", "crm"):
            word = self._word()
            with contextlib.suppress(sqlite3.OperationalError):
                self._write(person, where, what, word)
                self.contested.append(word)

    # What must be true

    def snapshot(self) -> Any:
        """Everything the systems hold."""
        tables = [self.erp(f"SELECT * FROM {name} ORDER BY id") for name in ("companies", "people", "web_orders")]
        return tables, [self.rows(name) for name in ("Account", "Contact", "customers", "orders")]

    def counts(self) -> Counter[str]:
        """How many records there are of each kind, without the people who were entered while it went on."""
        found = Counter({name: len(self.rows(name)) for name in ("Account", "Contact", "customers", "orders")})
        for name in ("companies", "people", "web_orders"):
            found[name] = self.erp(f"SELECT count(*) AS n FROM {name}")[0]["n"]
        both, company = sum(self.entered.values()), self.entered[True]
        found.subtract({"Contact": both, "customers": both, "people": company})
        return found

    def wrong(self, known: str, expected: Counter[str]) -> list[str]:
        """What is not as it has to be; ``known`` is everything the hub remembers, as one text."""
        found = self.counts()
        counts = [f"{name}: {found[name]} and not {n}" for name, n in expected.items() if found[name] != n]
        lost = [f"lost: {word} is nowhere" for word in self.contested if word not in known]
        return [*counts, *self._doubled(), *self._missing(), *lost]

    def _doubled(self) -> Iterator[str]:
        shop = self.rows("customers")
        places: dict[str, list[Any]] = {
            "ERP companies, hub_id": [row["hub_id"] for row in self.erp("SELECT hub_id FROM companies")],
            "ERP people, hub_id": [row["hub_id"] for row in self.erp("SELECT hub_id FROM people")],
            "ERP people, email": [row["email"] for row in self.erp("SELECT email FROM people")],
            "ERP orders, number": [row["number"] for row in self.erp("SELECT number FROM web_orders")],
            "Salesforce accounts, marker": [row["Syncline_Id__c"] for row in self.rows("Account")],
            "Salesforce contacts, marker": [row["Syncline_Id__c"] for row in self.rows("Contact")],
            "shop, email": [row["email"] for row in shop],
            "shop, marker": [one["value"] for row in shop for one in row["metafields"].values()],
        }
        ours = {person.email for person in self.people}
        for row in self.rows("Contact"):
            if row["Email"] in ours:
                places.setdefault("Salesforce contacts, email", []).append(row["Email"])
        for place, values in places.items():
            for value, times in Counter(value for value in values if value).items():
                if times > 1:
                    yield f"doubled: {place}: {value} is there {times} times"

    def _missing(self) -> Iterator[str]:
        """Everybody is wherever they belong, and shows what was entered last."""
        erp = {row["email"]: row for row in self.erp("SELECT * FROM people WHERE email IS NOT NULL")}
        crm = {row["Email"]: row for row in self.rows("Contact")}
        shop = {row["email"]: row for row in self.rows("customers")}
        for person in self.people:
            there = {"crm": crm.get(person.email), "shop": shop.get(person.email)}
            if person.company:
                there["erp"] = erp.get(person.email)
            for name, row in there.items():
                if row is None:
                    yield f"missing: {person.email} (entered in {person.born}) is not in {name}"
                    continue
                for what, word in person.last.items():
                    shown = _shown(name, row, what)
                    if shown is not None and word not in shown:
                        yield f"lost: {what} of {person.email}: {name} shows {shown!r}, not {word!r}"


def _shown(system: str, row: Row, what: str) -> str | None:
    """A field as the system shows it; None where it has no such field."""
    columns = {
        "erp": {"title": "title", "city": "city", "name": "name"},
        "crm": {"title": "Title", "city": "MailingCity", "name": "LastName"},
        "shop": {"name": "lastName"},
    }[system]
    return None if what not in columns else str(row[columns[what]])
