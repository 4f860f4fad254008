"""What a mapping's policies promise: where edits are taken, and whose value wins."""

import pytest

from sync.policy import Rule, Survivorship


@pytest.fixture
def pair(world):
    """A CRM, and a shop whose edits are not taken."""
    world.system("crm")
    world.system("shop")
    world.contacts("crm")
    world.contacts("shop", update_in=False)
    world.authority("shop", "crm")
    return world


def put(world, system, key, **fields):
    world.systems[system].put("people", key, **fields)


def only(world, system):
    (row,) = world.people(system)
    return row


def test_a_record_is_founded_from_a_system_whose_edits_are_not_taken(pair):
    put(pair, "shop", "s1", name="Ana", email="ana@example.com")
    pair.sync()
    assert only(pair, "crm")["name"] == "Ana"
    put(pair, "shop", "s1", name="Anna")
    pair.sync()
    assert only(pair, "crm")["name"] == "Ana"
    assert only(pair, "shop")["name"] == "Anna"  # it is theirs, and nobody puts it back
    pair.assert_calm()


def test_an_edit_elsewhere_wins_over_one_that_is_not_taken(pair):
    put(pair, "crm", "c1", name="Ana", email="ana@example.com", title="Owner")
    pair.sync()
    put(pair, "shop", "n1", title="Boss")
    pair.sync()
    put(pair, "crm", "c1", title="Chair")
    pair.sync()
    assert only(pair, "crm")["title"] == only(pair, "shop")["title"] == "Chair"
    put(pair, "crm", "c1", title="Agent")
    put(pair, "shop", "n1", title="Boss")
    pair.sync()
    assert only(pair, "crm")["title"] == only(pair, "shop")["title"] == "Agent"
    pair.assert_calm()


def test_on_first_contact_the_hub_s_values_go_there_and_none_comes_from_there(pair):
    put(pair, "crm", "c1", name="Ana", email="ana@example.com", dept="Sales")
    pair.sync(select=["crm"])
    put(pair, "shop", "s1", name="A.", email="ana@example.com", title="Boss")
    pair.sync()
    assert only(pair, "crm") == {"name": "Ana", "email": "ana@example.com", "dept": "Sales"}
    assert only(pair, "shop") == {"name": "Ana", "email": "ana@example.com", "dept": "Sales", "title": "Boss"}
    pair.assert_calm()


@pytest.mark.parametrize(("crm", "shop", "wins"), [("open", "blocked", "blocked"), ("on_hold", "open", "on_hold")])
def test_the_most_restrictive_value_wins_whoever_said_it(two, crm, shop, wins):
    two.survivorship["job_title"] = Survivorship(Rule.MOST_RESTRICTIVE, values=("blocked", "on_hold", "open"))
    put(two, "crm", "c1", name="Ana", email="ana@example.com", title="new")
    two.sync()
    put(two, "crm", "c1", title=crm)
    put(two, "shop", "n1", title=shop)
    two.sync()
    assert only(two, "crm")["title"] == only(two, "shop")["title"] == wins
    two.assert_calm()


def test_two_values_that_restrict_alike_wait_for_a_person(two):
    two.survivorship["job_title"] = Survivorship(Rule.MOST_RESTRICTIVE, values=("blocked",))
    put(two, "crm", "c1", name="Ana", email="ana@example.com", title="new")
    two.sync()
    put(two, "crm", "c1", title="open")
    put(two, "shop", "n1", title="half open")
    two.sync()
    assert (only(two, "crm")["title"], only(two, "shop")["title"]) == ("open", "half open")


@pytest.mark.parametrize("order", [("erp", "crm", "shop"), ("crm", "erp", "shop"), ("shop", "erp", "crm")])
def test_a_value_stands_under_the_highest_authority_that_says_it_whoever_was_read_first(world, order):
    """The ERP and the CRM say the same, the shop something else: the CRM's word counts, not that the ERP came first."""
    for name in order:
        world.system(name)
        world.contacts(name)
    world.authority("crm", "shop", "erp")
    for name, title in (("crm", "Owner"), ("shop", "Boss"), ("erp", "Owner")):
        world.systems[name].put("people", name, name="Ana", email="ana@example.com", title=title)
    world.sync()
    world.sync()
    assert {world.people(name)[0]["title"] for name in order} == {"Owner"}
    world.assert_calm()


def test_of_two_edits_of_one_address_one_survives_as_a_whole(world):
    address = {"addresses[home].street": "street", "addresses[home].city": "city"}
    for name in ("shop", "erp"):
        world.system(name)
        world.contacts(name, rules={"emails[work]": "email", **address})
    world.authority("shop", "erp")
    world.systems["shop"].put("people", "s1", email="ana@example.com", street="Old 1", city="Kiel")
    world.sync()
    world.systems["shop"].put("people", "s1", street="New 2")
    world.systems["erp"].put("people", "n1", street="Other 3", city="Bonn")
    world.sync()
    assert {(row["street"], row["city"]) for name in ("shop", "erp") for row in world.people(name)} == {
        ("New 2", "Kiel")
    }
    with world.store.database.read() as tx:
        assert {row[0] for row in tx.rows("SELECT theirs FROM conflict")} == {'"Other 3"', '"Bonn"'}, (
            "both halves are kept"
        )
    world.assert_calm()
