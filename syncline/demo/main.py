"""`syncline demo`: three systems on this machine, kept in agreement before your eyes.

Everything shown is done by the ordinary commands, run as a person would run them, against systems that speak their real
wire protocols. Nothing leaves this machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from model.errors import SynclineError
from state.reports import open_reports
from sync.decision import Bucket, Side, Why
from syncline.cli.views import LINKED, joined
from syncline.demo.systems import Systems, email_of, rows, running

_MARK = ".syncline-demo"


def run(folder: Path = Path("var/demo")) -> int:
    """Play the whole story in ``folder``, which is emptied first. Returns an exit code.

    Raises SynclineError where the folder holds something that is not a former demonstration.
    """
    story = Story(_prepared(folder.absolute()))
    with running(story.folder) as systems:
        return story.play(systems)


def _prepared(folder: Path) -> Path:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise SynclineError(f"{folder} is not empty and no former demonstration; nothing was touched")
    shutil.rmtree(folder, ignore_errors=True)
    with resources.as_file(resources.files("syncline.demo") / "project") as project:
        shutil.copytree(project, folder)
    (folder / _MARK).touch()
    (folder / "var").mkdir(exist_ok=True)
    return folder


class Story:
    """The chapters, and how they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
        self.started = time.monotonic()
        self.environment: dict[str, str] = {}

    def play(self, systems: Systems) -> int:
        self.environment = {**os.environ, **systems.environment, "SYNCLINE_PROJECT": str(self.folder)}
        self._title("Three systems that know the same customers, each its own way")
        self._inventory(systems, "before")
        self._title("1. What would a first run do?")
        self._syncline("plan", "--limit", "4", "--reveal", expected=(0,))
        self._title("2. The first run: recognise who is who, merge, and write what is missing")
        self._syncline("run", expected=(0, 3, 4))
        self._inventory(systems, "after the first run")
        self._title("3. A day of work in all three systems")
        for line in work_a_day(systems):
            self.console.print(f"  • {line}")
        self._title("4. The second run carries each change where it belongs")
        self._syncline("plan", "--limit", "12", "--reveal", expected=(0,))
        self._syncline("run", expected=(0, 3, 4))
        self._syncline("conflicts", "list", "--limit", "3", expected=(0,))
        self._title("5. Nothing happened since: a third run writes nothing")
        before = snapshot(systems)
        self._syncline("run", expected=(0, 3, 4))
        calm = snapshot(systems) == before
        self._picture(systems, calm=calm)
        return 0 if calm else 1

    def _title(self, text: str) -> None:
        self.console.print(f"\n[bold cyan]── {text}[/]")

    def _syncline(self, *arguments: str, expected: tuple[int, ...]) -> None:
        """Run a command as a person would, in a process of its own."""
        self.console.print(f"[dim]$ syncline {' '.join(arguments)}[/]")
        sys.stdout.flush()
        command = [sys.executable, "-m", "syncline", "--project", str(self.folder), "--quiet", *arguments]
        done = subprocess.run(command, env=self.environment, check=False)  # noqa: S603 (our own command, fixed words)
        if done.returncode not in expected:
            raise SynclineError(f"`syncline {arguments[0]}` ended with exit code {done.returncode}")

    def _inventory(self, systems: Systems, when: str) -> None:
        table = Table(title=f"Records {when}", title_justify="left", box=None, pad_edge=False)
        table.add_column("")
        for name in ("companies", "people", "orders"):
            table.add_column(name, justify="right")
        for system, counts in inventory(systems).items():
            table.add_row(system, *(str(counts.get(name, "")) for name in ("companies", "people", "orders")))
        self.console.print(table)

    def _picture(self, systems: Systems, *, calm: bool) -> None:
        self._title("The picture")
        self._inventory(systems, "now")
        reports = open_reports(f"sqlite:///{self.folder / 'var' / 'syncline.db'}")
        try:
            runs = [reports.run(view.id) for view in reversed(reports.runs(limit=10))]
            disputed = len(reports.parked(why=Why.DISPUTED, limit=1000))
            dead = len(reports.parked(why=Why.DEAD, limit=1000))
            open_conflicts = reports.conflicts(limit=100)
        finally:
            reports.close()
        table = Table(title="Balance of every run", title_justify="left", box=None, pad_edge=False)
        table.add_column("run")
        for name in ("linked", "created", "updated", "seen", *(bucket.value for bucket in Bucket), "adds up"):
            table.add_column(name, justify="right", no_wrap=True)
        for view in runs:
            table.add_row(*_row(view))
        self.console.print(table)
        for question in open_conflicts:
            one = question.conflict
            self.console.print(
                f"Waiting for a person: {one.path} of one {question.entity}: {one.ours_source} says {one.ours!r}, "
                f"{one.theirs_binding.connection} says {one.theirs!r}. Neither was overwritten."
            )
        self.console.print(
            f"{disputed} records could be more than one person, and {dead} hold a telephone number that is none: "
            "they are set aside, named, and stop nothing else."
        )
        verdict = "[green]The third run wrote nothing.[/]" if calm else "[red]The third run wrote something.[/]"
        self.console.print(f"{verdict} {time.monotonic() - self.started:.0f} seconds in all.")
        self.console.print(
            f"\nLook around: [bold]syncline --project {os.path.relpath(self.folder)} status[/] "
            "(also: runs list, conflicts list, dead-letters list, record show …)"
        )


def _row(view: Any) -> list[str]:
    total: Counter[str] = Counter()
    seen = 0
    for (_, side), balance in view.balances.items():
        seen += balance.seen
        total.update({bucket.value: n for bucket, n in balance.buckets.items()})
        words = ("created", "updated") if side is Side.OUT else LINKED
        for word in words:
            total[word.partition(" ")[0]] += joined(balance.detail, word)[0]
    adds_up = all(balance.adds_up for balance in view.balances.values())
    names = ("linked", "created", "updated")
    buckets = [f"{total[bucket.value]:,}" for bucket in Bucket]
    return [str(view.id), *(f"{total[n]:,}" for n in names), f"{seen:,}", *buckets, "yes" if adds_up else "NO"]


def work_a_day(systems: Systems) -> list[str]:
    """People edit records in all three systems; what they did, one line each."""
    known = rows("northwind_customers")
    anders, hardy, berglund = known[0], known[3], known[4]
    contact = {row["Email"]: row["Id"] for row in systems.salesforce.rows("Contact") if row["Email"]}
    gid = {row["email"]: row["id"] for row in systems.shopify.rows("customers") if row["email"]}
    crm, shop = systems.salesforce, systems.shopify
    systems.erp("UPDATE companies SET phone = '030-5550199' WHERE code = 'ALFKI'")
    crm.edit("Contact", contact[email_of(berglund)], {"Email": "christina@berglunds.example"})
    shop.edit(gid[email_of(hardy)], emailMarketingConsent={"marketingState": "UNSUBSCRIBED"})
    systems.erp(
        "INSERT INTO companies (id, code, name, street, city, country) VALUES"
        " (200, 'LITWR', 'Litware Publishing', 'Kaistr. 9', 'Hamburg', 'Germany')"
    )
    shop.seed("customers", [{"firstName": "Nora", "lastName": "Lindqvist", "email": "nora@lindqvist.example"}])
    systems.erp("UPDATE people SET title = 'Head of Purchasing' WHERE name = ?", anders["ContactName"])
    crm.edit("Contact", contact[email_of(anders)], {"Title": "Chief Buyer"})
    return [
        f"ERP: {anders['CompanyName']} has a new telephone number.",
        f"Salesforce: {berglund['ContactName']} has a new e-mail address.",
        f"Shop: {hardy['ContactName']} unsubscribes from the newsletter.",
        "ERP: a new company, Litware Publishing.",
        "Shop: a new customer, Nora Lindqvist.",
        f"ERP and Salesforce: {anders['ContactName']} gets two different new job titles at once.",
    ]


def inventory(systems: Systems) -> dict[str, dict[str, int]]:
    """How many records each system holds."""

    def count(table: str) -> int:
        return int(systems.erp(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 (names from this module)

    return {
        "ERP (SQL)": {"companies": count("companies"), "people": count("people"), "orders": count("web_orders")},
        "Salesforce": {
            "companies": len(systems.salesforce.rows("Account")),
            "people": len(systems.salesforce.rows("Contact")),
        },
        "Shop (Shopify)": {
            "people": len(systems.shopify.rows("customers")),
            "orders": len(systems.shopify.rows("orders")),
        },
    }


def snapshot(systems: Systems) -> Any:
    """Everything the systems hold, to tell whether anything was written."""
    return (
        [systems.erp(f"SELECT * FROM {table} ORDER BY id") for table in ("companies", "people", "web_orders")],  # noqa: S608 (fixed names)
        [dict(row) for name in ("Account", "Contact") for row in systems.salesforce.rows(name)],
        [dict(row) for name in ("customers", "orders") for row in systems.shopify.rows(name)],
    )
