"""What a proposal says about recognising people: held against the records, and said with what the hub does."""

import random

from connectors.contract import Field
from mappings.compile import load
from mappings.suggesting.suggest import Source, suggest
from mappings.suggesting.text import mapping_text
from mappings.suggesting.trial import tried
from model.diagnostics import Severity
from model.entities import schemas

SCHEMAS = schemas()
GIVEN = ("Ada", "Bernhard", "Chloe", "Dragan", "Edith", "Farid", "Greta", "Hiro", "Ines", "Jorge")
FAMILY = ("Marsh", "Quill", "Ostrow", "Tanaka", "Ferreira", "Lindqvist", "Okafor", "Brandt", "Castellano", "Dupont")


def people(count):
    """Different people, each with an address of their own."""
    dice = random.Random(7)
    return [
        {
            "first_name": dice.choice(GIVEN),
            "last_name": f"{dice.choice(FAMILY)}{'abcdefghij'[at % 10]}{'klmnopqrst'[at // 10 % 10]}",
            "email": f"m{at}@example.com",
            "birth_date": f"19{50 + at % 50}-0{1 + at % 9}-1{at % 10}",
            "zip": f"{10000 + 37 * at}",
        }
        for at in range(count)
    ]


def proposed(rows, entity="contact", writable=False):
    listed = [Field(name=name) for name in rows[0]]
    source = Source(connection="c", stream="s", fields=listed, records=rows, writable=writable)
    return tried(suggest(source, SCHEMAS, entity), SCHEMAS)


def text_of(found):
    text = mapping_text(found, "c_s")
    _, problems = load(text, "c_s.yaml", SCHEMAS)
    assert [str(one) for one in problems if one.severity is Severity.ERROR] == []
    return text


def test_an_address_of_one_person_each_is_a_key():
    found = proposed(people(40))
    assert found.matching.rules["strong"] == ["emails[*]"]
    assert found.matching.said == ()
    assert "one_to_one" not in text_of(found)


def test_an_address_that_families_share_counts_only_together_with_the_given_name():
    rows = people(40)
    for at in range(0, 6, 2):
        rows[at + 1] |= {"email": rows[at]["email"], "last_name": rows[at]["last_name"]}
        rows[at + 1]["first_name"] = next(name for name in GIVEN if name[0] != rows[at]["first_name"][0])
    found = proposed(rows)
    assert found.matching.rules["strong"] == [["emails[*]", "given_name"]]
    (said,) = found.matching.said
    assert "share an e-mail address, they are different people in 3 of 3 cases" in said
    assert "together with given_name" in " ".join(text_of(found).replace("\n#", "").split())


def test_where_no_name_is_known_the_day_of_birth_goes_with_a_shared_address():
    rows = [
        {"email": f"m{at // 2}@example.com", "birth_date": f"19{at + 50}-0{1 + at % 9}-{10 + at}"} for at in range(18)
    ]
    assert proposed(rows).matching.rules["strong"] == [["emails[*]", "birth_date"]]


def test_names_that_do_not_fall_into_parts_count_as_a_whole():
    rows = [
        {"name": name, "email": f"m{at // 2}@example.com", "zip": "100000"}
        for at, name in enumerate("甲乙丙丁戊己庚辛壬癸")
    ]
    assert proposed(rows).matching.rules == {"strong": [["emails[*]", "full_name"]]}


def test_one_person_under_one_address_twice_leaves_the_address_a_key():
    rows = people(40)
    rows[1] = {**rows[0], "zip": "99999"}
    assert proposed(rows).matching.rules["strong"] == ["emails[*]"]


def with_slips(row, dice):
    """The same person, typed once more with a slip in a name."""
    at = dice.randrange(1, len(row["last_name"]) - 1)
    return {**row, "email": "", "last_name": row["last_name"][:at] + "x" + row["last_name"][at + 1 :]}


def doubled(originals, doubles):
    dice = random.Random(3)
    rows = people(originals)
    return [{**row, "email": ""} for row in rows] + [with_slips(row, dice) for row in rows[:doubles]]


def test_a_file_that_holds_people_twice_is_seen_and_what_the_hub_does_is_said():
    found = proposed(doubled(60, 12))
    assert found.matching.doubles == 12
    (said,) = found.matching.said
    assert said.startswith("12 of the 72 records look like an earlier one")
    assert "one_to_one: false" in said
    scored = found.matching.rules["scored"]
    assert ["birth_date"] in scored["blocks"]
    assert {"family_name", "given_name", "birth_date"} <= scored["weights"].keys()
    assert "  #one_to_one: false" in text_of(found)


def test_taking_the_sign_off_lets_records_share_a_contact():
    text = text_of(proposed(doubled(60, 12)))
    mapping, _ = load(text.replace("  #one_to_one", "  one_to_one"), "c_s.yaml", SCHEMAS)
    assert mapping.match.one_to_one is False
    assert load(text, "c_s.yaml", SCHEMAS)[0].match.one_to_one is True


def test_two_records_alike_are_no_file_of_doubles():
    found = proposed(doubled(150, 1))
    assert found.matching.doubles == 0
    assert found.matching.said == ()


def test_addresses_that_are_in_a_list_twice_are_doubles_too():
    rows = [{"email": f"m{at % 30}@example.com", "name": f"{GIVEN[at % 10]} {FAMILY[at % 7]}"} for at in range(30)]
    found = proposed(rows + rows[:5])
    assert found.matching.rules["strong"] == ["emails[*]"]
    assert found.matching.doubles == 5
    assert "where they share a key of «strong» a person is asked" in found.matching.said[0]


def test_a_name_alone_makes_nobody_a_double():
    rows = [{"first_name": "Ada", "last_name": "Marsh", "birth_date": "", "zip": ""} for _ in range(10)]
    assert proposed([*people(40), *({**row, "email": ""} for row in rows)]).matching.doubles == 0


def test_brothers_and_sisters_at_one_address_are_no_doubles():
    rows = people(60)
    for at in range(0, 20, 2):
        rows[at + 1] |= {"last_name": rows[at]["last_name"], "zip": rows[at]["zip"]}
    assert proposed(rows).matching.doubles == 0


def test_branches_of_one_firm_under_one_tax_number_need_their_name_with_it():
    rows = [{"company": f"{FAMILY[at % 10]} {GIVEN[at % 7]}", "tax_id": f"DE{at // 2:09}"} for at in range(20)]
    found = proposed(rows, "account")
    assert found.matching.rules["strong"] == [["tax_id", "name"]]
    assert "different organisations" in found.matching.said[0]


def test_the_postal_code_that_counts_is_one_that_is_mapped():
    rows = [{**row, "home_zip": row["zip"]} for row in people(20)]
    rows = [{name: value for name, value in row.items() if name != "zip"} for row in rows]
    assert "addresses[home].postal_code" in proposed(rows).matching.rules["scored"]["weights"]


def test_no_value_gets_into_what_is_said():
    rows = doubled(60, 12)
    said = " ".join(proposed(rows).matching.said)
    assert not [row for row in rows if row["last_name"] in said or row["zip"] in said]


def test_the_scores_it_speaks_of_are_written_out_in_the_rule_as_the_email_address_is_that_tells_two_apart():
    found = proposed(doubled(60, 12))
    mapping, _ = load(text_of(found), "c_s.yaml", SCHEMAS)
    assert "emails[*]" in mapping.match.scored.weights
    link, dispute = mapping.match.scored.link_at, mapping.match.scored.dispute_at
    assert (found.matching.rules["scored"]["link"], found.matching.rules["scored"]["dispute"]) == (link, dispute)
    assert f"from a score of {link} on they do, from {dispute} on a person" in found.matching.said[0]
    assert f"    link: {link} #" in text_of(found)
