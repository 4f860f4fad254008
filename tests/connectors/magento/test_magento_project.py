"""A project that is composed from the default mappings: a shop and a CRM come to agree, and rest."""

import pytest

from syncline import wiring
from syncline.init.compose import compose
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.settings import load_project

ENVIRONMENT = {
    "SALESFORCE_URL": "https://example.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "app",
    "SALESFORCE_CLIENT_SECRET": "secret",
    "MAGENTO_URL": "https://shop.example.com",
    "MAGENTO_CONSUMER_KEY": "consumer-key",
    "MAGENTO_CONSUMER_SECRET": "consumer-secret",
    "MAGENTO_TOKEN": "access-token",
    "MAGENTO_TOKEN_SECRET": "token-secret",
}


@pytest.fixture
def sync(tmp_path, clock, fake):
    crm = SalesforceFake(clock)
    compose(tmp_path / "p", ["magento", "salesforce"])
    carriers = {"magento": transport(fake), "crm": transport(crm)}
    world = wiring.World(clock=clock, transports=carriers, environment=ENVIRONMENT)

    def once():
        clock.advance(60)
        project, found = load_project(tmp_path / "p", environment=ENVIRONMENT)
        assert project is not None, [str(one) for one in found]
        with wiring.build_engine(project, world=world) as engine:
            report = engine.run()
        assert all(balance.adds_up for balance in report.balances.values())
        return report

    return crm, once


def test_customers_and_contacts_come_to_agree_and_then_nothing_is_written(fake, sync, ana, jean, home):
    crm, once = sync
    fake.seed("customers", [{**ana, "addresses": [{**home, "default_billing": True}]}, jean])
    crm.seed("Contact", [{"FirstName": "Hanna", "LastName": "Moos", "Email": "hanna@example.com"}])
    crm.seed("Contact", [{"FirstName": "Ana", "LastName": "Trujillo", "Email": "ana@example.com", "Title": "Owner"}])
    for _ in range(3):
        report = once()
    assert (report.writes, list(report.troubles)) == (0, [])
    emails = {"ana@example.com", "hanna@example.com", "jean@example.com"}
    assert {row["email"] for row in fake.shop.tables["customers"].values()} == emails
    assert len(fake.shop.tables["customers"]) == 3
    assert {row["Email"] for row in crm.rows("Contact")} == emails
    assert len(crm.rows("Contact")) == 3
    [shared] = [row for row in crm.rows("Contact") if row["Email"] == "ana@example.com"]
    assert shared["MailingCity"] == "Eugene"
