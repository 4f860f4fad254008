"""A project of Sales and Service Cloud Version 2 and HubSpot, with the mappings that come along."""

from pathlib import Path

import pytest

import mappings.compile
from model.clock import ManualClock
from syncline.sandbox.c4c import C4cSecondFake
from syncline.sandbox.hubspot import HubSpotFake
from syncline.sandbox.wire import transport
from syncline.wiring import World

LIBRARY = Path(mappings.compile.__file__).parent / "library"
CONFIG = """
syncline: 1
state: sqlite:///var/syncline.db
connections:
  c4c:
    connector: c4c
    url: https://acme.crm.example
    api: v2
    auth: {kind: basic, user: USER, password: "${env:PASSWORD}"}
    streams: {accounts: , contacts: , leads: , opportunities: , tickets: {defaults: {caseType: ZCSE}}}
  hubspot:
    connector: hubspot
    auth: {token: "${env:TOKEN}"}
    streams: [companies, contacts, deals, tickets]
entities:
"""
RULES = "  {}: {{survivorship: {{default: {{rule: authority, order: [c4c, hubspot]}}}}}}\n"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def c4c(clock):
    return C4cSecondFake(clock)


@pytest.fixture
def crm(clock):
    return HubSpotFake(clock, private_app="token")


@pytest.fixture
def project(tmp_path, make_cli, clock, c4c, crm):
    folder = tmp_path / "p"
    (folder / "mappings").mkdir(parents=True)
    named = ("account", "contact", "opportunity", "case")
    (folder / "config.yaml").write_text(CONFIG + "".join(RULES.format(name) for name in named))
    for path in [*(LIBRARY / "c4c").glob("*_v2.yaml"), *(LIBRARY / "hubspot").glob("*.yaml")]:
        (folder / "mappings" / f"{path.parent.name}_{path.name}").write_text(path.read_text())
    environment = {"PASSWORD": "password", "TOKEN": "token"}
    carriers = {"c4c": transport(c4c), "hubspot": transport(crm)}
    return make_cli(folder, World(clock=clock, environment=environment, transports=carriers))


def stamps(fake):
    return {key: row["adminData"]["updatedOn"] for rows in fake.rows.values() for key, row in rows.items()}


def test_what_is_written_fits_what_the_systems_describe(project):
    project("check", "--online")


def test_cases_go_both_ways_and_opportunities_out_of_version_2_only(project, c4c, crm, clock):
    (alfreds,) = c4c.seed("accounts", [{"firstLineName": "Alfreds"}])
    c4c.seed("opportunities", [{"name": "Spring delivery", "account.id": alfreds}])
    c4c.seed("leads", [{"name": "Wine", "primaryContact": {"familyName": "Moos"}}])
    c4c.seed("tickets", [{"subject": "Two bottles broken", "account.id": alfreds, "caseType": "ZCSE"}])
    crm.seed("deals", [{"dealname": "Autumn delivery", "dealstage": "contractsent"}])
    crm.seed("tickets", [{"subject": "Cork in the wine", "hs_pipeline_stage": "1"}])
    for _ in range(2):
        clock.advance(3600)
        project("run")
    assert {row["subject"] for row in c4c.rows["tickets"].values()} == {"Two bottles broken", "Cork in the wine"}
    assert {row["caseType"] for row in c4c.rows["tickets"].values()} == {"ZCSE"}
    assert [row["name"] for row in c4c.rows["opportunities"].values()] == ["Spring delivery"]
    assert {row["dealname"] for row in crm.rows("deals")} == {"Spring delivery", "Autumn delivery"}
    assert {row["subject"] for row in crm.rows("tickets")} == {"Two bottles broken", "Cork in the wine"}
    (deal,) = [row for row in crm.rows("deals") if row["dealname"] == "Spring delivery"]
    (company,) = crm.rows("companies")
    assert set(crm.associated("deals", deal["hs_object_id"], "companies")) == {company["hs_object_id"]}
    before = stamps(c4c)
    clock.advance(86400)
    project("run")
    assert stamps(c4c) == before
    crm.edit("deals", deal["hs_object_id"], {"dealname": "Early spring delivery"})
    clock.advance(3600)
    project("run")
    assert [row["name"] for row in c4c.rows["opportunities"].values()] == ["Early spring delivery"]


def test_a_second_contact_on_a_ticket_changes_nobody_elses_and_is_never_taken_away(project, c4c, crm, clock):
    """Which of two HubSpot means is not known: neither is an edit, and what the hub adds takes nobody's place."""
    people = [{"familyName": name, "eMail": f"{name.lower()}@example.com"} for name in ("Anders", "Moos", "Berg")]
    anders, moos, berg = c4c.seed("contacts", people)
    (case,) = c4c.seed("tickets", [{"subject": "Cork", "contact.id": anders, "caseType": "ZCSE"}])

    def later():
        for _ in range(2):
            clock.advance(3600)
            project("run")

    def named():
        kept = crm.associated("tickets", ticket, "contacts")
        return sorted(crm.row("contacts", key)["lastname"] for key in kept)

    later()
    (ticket,) = [row["hs_object_id"] for row in crm.rows("tickets")]
    assert named() == ["Anders"]
    second = next(row["hs_object_id"] for row in crm.rows("contacts") if row["lastname"] == "Moos")
    crm.associate("tickets", ticket, "contacts", second, 16)
    crm.edit("tickets", ticket, {"content": "They called again"})
    later()
    assert c4c.rows["tickets"][case]["contact"]["id"] == anders
    c4c.edit("tickets", case, {"contact.id": berg})
    later()
    assert named() == ["Anders", "Berg", "Moos"]
    assert c4c.rows["tickets"][case]["contact"]["id"] == berg
    before = stamps(c4c), crm.stamp("tickets", ticket)
    clock.advance(86400)
    project("run", "--full")
    assert (stamps(c4c), crm.stamp("tickets", ticket)) == before
    assert moos in c4c.rows["contacts"]
