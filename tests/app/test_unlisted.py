"""Words that value tables do not list: by field, with counts, and the lines that would list them."""

import json

import pytest

CONFIG = """\
syncline: 1
connections:
  shop:
    connector: files
    folder: data
    streams:
      people: {file: people.csv, key: no}
      orders: {file: orders.jsonl, key: id}
"""
PEOPLE = """
connection: shop
stream: people
entity: contact
direction: in
match: {strong: ["emails[work]"]}
rules:
  family_name: name
  "emails[work]": mail
  lifecycle:
    field: status
    transform: trim
    values: {lead: New, customer: [Won, Regular], former: {read: Gone}}
    unknown: collect
  gender: {field: sex, values: {male: M, female: F}}
  job_title: {field: role, values: {Boss: B}, unknown: keep}
"""
ORDERS = """
connection: shop
stream: orders
entity: order
direction: in
match: {strong: [number]}
rules:
  number: id
  status: {field: state.now, values: {open: O}, unknown: collect}
  lines:
    field: items
    each:
      key: sku
      rules:
        quantity: n
        unit: {field: u, values: {piece: PC}, unknown: collect}
"""
ROWS = """no,name,mail,status,sex,role
1,A,a@example.com,New,M,B
2,B,b@example.com, customer,M,X
3,C,c@example.com,Customer,divers,
4,D,d@example.com,Zwischenstand: 7,F,
5,E,e@example.com,Zwischenstand: 7,F,
6,F,not an address,Zwischenstand: 7,F,
7,G,g@example.com,no longer,F,
"""
LINES = [
    {"id": "1", "state": {"now": "X"}, "items": [{"sku": "a", "n": 1, "u": "KG"}, {"sku": "b", "n": 1, "u": "KG"}]},
    {"id": "2", "state": {"now": "O"}, "items": [{"sku": "a", "n": 1, "u": "PC"}, {"sku": "b", "n": 1, "u": 12}]},
]


@pytest.fixture
def shop(write, make_cli):
    folder = write(
        {
            "config.yaml": CONFIG,
            "mappings/people.yaml": PEOPLE,
            "mappings/orders.yaml": ORDERS,
            "data/people.csv": ROWS,
            "data/orders.jsonl": "".join(json.dumps(one) + "\n" for one in LINES),
        }
    )
    cli = make_cli(folder)
    cli("run", code=3)
    return cli


def words(found):
    return {
        (one["mapping"], one["path"]): {word["word"]: (word["records"], word["choice"]) for word in one["words"]}
        for one in found
    }


def test_every_word_that_no_table_lists_is_counted_once_per_record_with_what_it_is_known_to_mean(shop):
    found = shop("mappings", "unknown", "--reveal", "--json").json
    assert words(found) == {
        ("people", "lifecycle"): {
            "Zwischenstand: 7": (3, None),
            "Customer": (1, "customer"),
            "customer": (1, "customer"),
            "no longer": (1, None),
        },
        ("people", "gender"): {"divers": (1, "other")},
        ("orders", "status"): {"X": (1, None)},
        ("orders", "lines[*].unit"): {"KG": (1, None), "12": (1, None)},
    }
    places = {one["place"].rpartition("mappings/")[2]: one["unknown"] for one in found}
    assert places["people.yaml:13:5"] == "collect"
    assert places["people.yaml:15:24"] == "park"


def test_the_lines_proposed_are_what_the_table_needs_and_what_is_unclear_is_a_comment(shop):
    (found,) = (one for one in shop("mappings", "unknown", "people", "--json").json if one["path"] == "lifecycle")
    assert found["lines"] == [
        "customer: [Won, Regular, Customer, customer]",
        '# …: "Zwischenstand: 7"',
        '# …: "no longer"',
    ]
    path = shop.folder / "mappings/people.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("customer: [Won, Regular]", found["lines"][0]), encoding="utf-8")
    (left,) = (one for one in shop("mappings", "unknown", "people", "--json").json if one["path"] == "lifecycle")
    assert {one["word"] for one in left["words"]} == {"Zwischenstand: 7", "no longer"}
    shop("run", code=3)
    again = shop("mappings", "unknown", "people", "--json").json
    assert words(again)["people", "lifecycle"] == words([left])["people", "lifecycle"]


def test_words_of_fields_that_are_not_public_are_masked_in_the_lines_too(shop):
    said = shop("mappings", "unknown", "people")
    assert "divers" not in said.out
    assert "d•••" in said.out
    assert "other: divers" not in said.out
    assert "--reveal" in said.out
    assert "Zwischenstand: 7" in said.out
    assert "other: divers" in shop("mappings", "unknown", "people", "--reveal").out


def test_of_many_words_the_most_frequent_are_listed(shop):
    (found,) = (
        one for one in shop("mappings", "unknown", "people", "-n", "1", "--json").json if one["path"] == "lifecycle"
    )
    assert [one["word"] for one in found["words"]] == ["Zwischenstand: 7"]
    assert found["more"] == 3


def test_where_every_word_is_listed_that_is_said(shop):
    (shop.folder / "mappings/people.yaml").unlink()
    text = ORDERS.replace("{open: O}", "{open: [O, X]}").replace("{piece: PC}", "{piece: [PC, KG, 12]}")
    (shop.folder / "mappings/orders.yaml").write_text(text, encoding="utf-8")
    assert shop("mappings", "unknown").err == "No dead letter has a value that a table does not list.\n"
