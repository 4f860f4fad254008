"""Companies that somebody merges in Odoo, while another system has both of them."""

from __future__ import annotations

import pytest

from model.clock import ManualClock
from sync.absorb import MERGED_THERE
from sync.decision import Side
from syncline import wiring
from syncline.init.compose import compose
from syncline.sandbox.odoo import OdooFake
from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.settings import load_project

ENVIRONMENT = {
    "ODOO_URL": "https://acme.example.com",
    "ODOO_DATABASE": "demo",
    "ODOO_API_KEY": "canary-key",
    "SALESFORCE_URL": "https://example.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "app",
    "SALESFORCE_CLIENT_SECRET": "secret",
}


class Pair:
    """The two systems and the hub between them, on a clock that stands still."""

    def __init__(self, folder, clock):
        self.folder, self.clock = folder / "project", clock
        self.crm, self.odoo = SalesforceFake(clock), OdooFake(clock)
        compose(self.folder, ["odoo", "salesforce"])
        (self.folder / "var").mkdir(exist_ok=True)

    def sync(self, *, later=300):
        self.clock.advance(later)
        project, found = load_project(self.folder, environment=ENVIRONMENT)
        assert project is not None, [str(one) for one in found]
        carriers = {"crm": transport(self.crm), "odoo": transport(self.odoo)}
        world = wiring.World(clock=self.clock, transports=carriers, environment=ENVIRONMENT)
        with wiring.build_engine(project, world=world) as engine:
            report = engine.run(sweep=True)
            asked = [engine.hub.store.all_parked(at, Side.IN, None, 9) for at in engine.hub.bindings]
            self.asked = [one.code for pages in asked for page in pages for one in page]
        assert all(balance.adds_up for balance in report.balances.values()), report.balances
        assert not report.troubles, report.troubles

    def companies(self):
        return sorted(row["name"] for row in self.odoo.database.rows["res.partner"].values())

    def accounts(self):
        return sorted(row["Name"] for row in self.crm.rows("Account"))


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path, ManualClock())


def test_the_loser_of_a_merge_is_neither_deleted_elsewhere_nor_made_anew_nor_its_survivor_written_over(pair):
    pair.crm.seed(
        "Account", [{"Name": "Alfa Foods", "BillingCity": "Eugene"}, {"Name": "Alpha Food", "BillingCity": "Graz"}]
    )
    for _ in range(3):
        pair.sync()
    rows = {row["name"]: key for key, row in pair.odoo.database.rows["res.partner"].items()}
    assert set(rows) == {"Alfa Foods", "Alpha Food"}
    pair.clock.advance(3600)
    pair.odoo.merge("res.partner", rows["Alfa Foods"], rows["Alpha Food"])
    for _ in range(4):
        pair.sync(later=86_400)
    assert pair.companies() == ["Alfa Foods"]
    assert pair.accounts() == ["Alfa Foods", "Alpha Food"]
    assert pair.asked == [MERGED_THERE]
    pair.crm.edit("Account", pair.crm.rows("Account")[1]["Id"], {"BillingCity": "Vienna"})
    for _ in range(3):
        pair.sync(later=86_400)
    assert pair.companies() == ["Alfa Foods"]
    assert pair.odoo.row("res.partner", rows["Alfa Foods"])["city"] == "Eugene"
