"""The engine with real mappings: two systems that show every value differently, and lose some on the way."""

from __future__ import annotations

from mappings.compile import load
from model.entities import schemas

SCHEMAS = schemas()
CRM = """
connection: crm
stream: people
entity: contact
match: {strong: ["emails[*]"]}
rules:
  given_name: first
  family_name: {field: last, placeholder: "(unknown)", max_length: 8}
  "emails[work]": {field: email, loses: [case]}
  "phones[work]": {field: phone, transform: {phone: {region: US, style: international}}}
  "addresses[billing].country": {field: country, transform: {country: name}}
  "consents[email:marketing].status":
    field: optout
    values: {opted_out: true, unknown: false, pending: false, opted_in: false}
    blank: {out: ignore}
  tags: {field: tags, list: set, separator: ";"}
"""
SHOP = """
connection: shop
stream: people
entity: contact
match: {strong: ["emails[*]"]}
rules:
  "full_name, given_name, family_name": {field: name, transform: full_name}
  "emails[work]": email
  "phones[work]": {field: tel, transform: {phone: DE}}
  "addresses[billing].country": {field: cc, transform: {country: alpha3}}
  "consents[email:marketing].status":
    field: state
    values: {opted_in: SUB, opted_out: UNSUB, pending: PEND, unknown: {read: NONE}}
    blank: {out: ignore}
  tags: {field: tags, list: set}
"""


def lower_case_mail(row):
    return {**row, "email": row["email"].lower()} if row.get("email") else row


def start(world):
    for name, text in (("crm", CRM), ("shop", SHOP)):
        world.system(name)
        mapping, found = load(text, f"{name}.yaml", SCHEMAS)
        assert mapping is not None, [str(one) for one in found]
        world.mappings.append(mapping)
    world.authority("crm", "shop")
    crm, shop = world.systems["crm"], world.systems["shop"]
    crm.stores = lower_case_mail
    ana = {"first": "Ana", "last": "Bo", "email": "Ana@x.com", "phone": "(206) 555-0100", "country": "Germany"}
    crm.put("people", "c1", **ana, optout=False, tags="b;a")
    max_ = {"name": "Maximilian Overlongname", "email": "Max@X.com", "tel": "030 123456", "cc": "FRA"}
    shop.put("people", "s1", **max_, state="SUB", tags=["z"])
    shop.put("people", "s2", name="Cher", email="cher@x.com", state="NONE")
    for _ in range(3):
        world.sync()
    return crm, shop


def test_values_arrive_in_each_system_s_own_notation_and_stay(world):
    start(world)
    assert world.people("crm")[1] == {
        "first": "Maximilian",
        "last": "Overlong",
        "email": "max@x.com",
        "phone": "+49 30 123456",
        "country": "France",
        "optout": False,
        "tags": "z",
    }
    assert world.people("crm")[2] == {"last": "(unknown)", "email": "cher@x.com", "optout": False}
    assert world.people("shop")[0] == {
        "name": "Ana Bo",
        "email": "Ana@x.com",
        "tel": "+12065550100",
        "cc": "DEU",
        "tags": ["a", "b"],
    }
    assert world.people("shop")[2] == {
        "name": "Maximilian Overlongname",
        "email": "Max@X.com",
        "tel": "030 123456",
        "cc": "FRA",
        "state": "SUB",
        "tags": ["z"],
    }
    world.assert_calm()


def test_edits_cross_over_and_what_a_system_lost_is_no_edit(world):
    crm, shop = start(world)
    crm.put("people", "c1", first="Eva", country="Austria", optout=True, tags=None)
    shop.put("people", "s1", state="UNSUB", tags=["q"])
    for _ in range(3):
        world.sync()
    eva, maximilian = world.people("shop")[1:]
    assert (eva["name"], eva["cc"], eva["state"], eva["tags"]) == ("Eva Bo", "AUT", "UNSUB", [])
    assert (maximilian["name"], maximilian["email"]) == ("Maximilian Overlongname", "Max@X.com")
    there = next(row for row in world.people("crm") if row["first"] == "Maximilian")
    assert (there["last"], there["email"], there["optout"], there["tags"]) == ("Overlong", "max@x.com", True, "q")
    world.assert_calm()


LIST = """
connection: list
stream: people
entity: contact
match: {strong: ["emails[*]"]}
rules:
  family_name: last
  "emails[work]": email
  "addresses[billing].region": state
  language: speaks
"""
STORE = """
connection: store
stream: people
entity: contact
match: {strong: ["emails[*]"]}
rules:
  family_name: last
  "emails[work]": email
  "addresses[billing].region": {field: province, direction: in}
  language: {field: locale, direction: in}
"""


def with_a_store(world, stores):
    """A list that knows Ana's state and language, and a store that shows both and takes neither."""
    for name, text in (("list", LIST), ("store", STORE)):
        world.system(name)
        mapping, found = load(text, f"{name}.yaml", SCHEMAS)
        assert mapping is not None, [str(one) for one in found]
        world.mappings.append(mapping)
    world.authority("list", "store")
    world.systems["store"].stores = stores
    world.systems["list"].put("people", "l1", last="Ana", email="ana@x.com", state="WA", speaks="de")
    world.sync()
    world.sync()
    return world.systems["list"].table("people").rows["l1"], world.systems["store"].table("people").rows


def test_what_a_new_record_shows_of_a_field_it_was_never_told_is_nobody_s_edit(world):
    listed, _ = with_a_store(world, lambda row: {"province": None, "locale": "en"} | row)
    assert (listed["state"], listed["speaks"]) == ("WA", "de")
    world.assert_calm()


def test_a_field_that_is_only_read_is_followed_once_somebody_edits_it_there(world):
    _, stored = with_a_store(world, lambda row: {"province": None, "locale": "en"} | row)
    (key,) = stored
    world.systems["store"].put("people", key, province="OR", locale="fr")
    world.sync()
    listed = world.systems["list"].table("people").rows["l1"]
    assert (listed["state"], listed["speaks"]) == ("OR", "fr")
    world.systems["store"].put("people", key, province=None)
    world.sync()
    assert not world.systems["list"].table("people").rows["l1"]["state"]
    world.assert_calm()
