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


PLACE = {"addresses[home].street": "street", "addresses[home].city": "city", "addresses[home].postal_code": "code"}


def first_contact(world, shop, erp, rule="authority", order=("shop", "erp")):
    """Ana is in both systems, which see each other for the first time; ``shop`` and ``erp`` are her addresses there."""
    for name, address in sorted({"shop": shop, "erp": erp}.items(), key=lambda one: order.index(one[0])):
        world.system(name)
        world.contacts(name, rules={"emails[work]": "email", **PLACE})
        row = dict(zip(("street", "code", "city"), address, strict=True))
        world.systems[name].put("people", "1", email="ana@example.com", **{k: v for k, v in row.items() if v})
    world.authority("shop", "erp", rule=rule)
    world.sync()


def address(world, name):
    (row,) = world.people(name)
    return tuple(row.get(part) for part in ("street", "code", "city"))


def test_what_one_address_lacks_is_filled_from_another_spelling_of_it(world):
    first_contact(world, ("Hauptstr. 1", None, "Köln"), ("Hauptstraße 1", "50667", "Köln"))
    assert address(world, "shop") == address(world, "erp") == ("Hauptstr. 1", "50667", "Köln")
    world.assert_calm()


def test_what_one_address_lacks_is_never_filled_from_another_address(world):
    first_contact(world, ("Hauptstr. 1", None, "Köln"), ("Seeweg 9", "20095", "Hamburg"))
    assert address(world, "shop") == address(world, "erp") == ("Hauptstr. 1", None, "Köln")
    with world.store.database.read() as tx:
        lost = {row[0] for row in tx.rows("SELECT theirs FROM conflict")}
    assert lost == {'"Seeweg 9"', '"20095"', '"Hamburg"'}
    world.assert_calm()


def test_an_address_that_survives_takes_nothing_of_the_one_that_was_there_before(world):
    first_contact(world, ("Hauptstr. 1", "50667", "Köln"), (None, "20095", "Hamburg"), rule="authority")
    assert address(world, "shop") == address(world, "erp") == ("Hauptstr. 1", "50667", "Köln")
    world.assert_calm()


def test_an_address_of_lesser_authority_is_gone_as_a_whole_once_the_other_is_read(world):
    """The ERP is read first and says nothing of a postal code; the shop's word counts for more."""
    first_contact(world, ("Hauptstr. 1", None, "Köln"), ("Seeweg 9", "20095", "Hamburg"), order=("erp", "shop"))
    assert address(world, "shop") == address(world, "erp") == ("Hauptstr. 1", None, "Köln")
    world.assert_calm()


def test_while_a_person_decides_between_two_addresses_no_part_of_either_travels(world):
    first_contact(world, ("Hauptstr. 1", None, "Köln"), (None, "20095", "Hamburg"), rule="manual")
    for _ in range(2):
        assert address(world, "shop") == ("Hauptstr. 1", None, "Köln")
        assert address(world, "erp") == (None, "20095", "Hamburg")
        world.sync(full=True)


@pytest.mark.parametrize(
    ("shop", "erp", "kept"),
    [
        (("Weg 1", None, "Köln"), ("Seeweg 9", "20095", "Hamburg"), "erp"),
        (("Weg 1", "50667", "Köln"), ("Seeweg 9", None, "Hamburg an der Elbe"), "shop"),
        (("Weg 1", "50667", "Köln"), ("Seeweg 9", "BN2M 3PZ", "Hamburg an der Elbe"), "shop"),
    ],
)
def test_the_more_complete_of_two_addresses_is_the_one_with_more_parts_and_never_the_longer_one(world, shop, erp, kept):
    first_contact(world, shop, erp, rule="most_complete")
    assert address(world, "shop") == address(world, "erp") == {"shop": shop, "erp": erp}[kept]
    world.assert_calm()
