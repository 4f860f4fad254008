"""Names that people write before they know ours: the hint is what to write instead, ready to be copied."""

from __future__ import annotations

import pytest

from mappings.compile import load
from mappings.reading.synonyms import _LEAVES, _WORDS
from model.entities import schemas

SCHEMAS = schemas()


def hints(rules: str, entity: str = "contact", head: str = "") -> list[tuple[str, int | None, int | None, str | None]]:
    text = f"connection: crm\nstream: Contact\nentity: {entity}\n{head}rules:\n{rules}"
    return [(one.code, one.line, one.column, one.hint) for one in load(text, "crm.yaml", SCHEMAS)[1]]


@pytest.mark.parametrize(
    ("written", "meant", "entity"),
    [
        ("firstname", "given_name", "contact"),
        ("first_name", "given_name", "lead"),
        ("forename", "given_name", "contact"),
        ("surname", "family_name", "contact"),
        ("last_name", "family_name", "contact"),
        ("name", "full_name", "contact"),
        ("title", "job_title", "contact"),
        ("company", "account", "contact"),
        ("company_name", "name", "account"),
        ("organisation", "company", "lead"),
        ("zip", "addresses[billing].postal_code", "contact"),
        ("zip_code", "addresses[billing].postal_code", "contact"),
        ("postcode", "addresses[billing].postal_code", "account"),
        ("city", "addresses[billing].city", "contact"),
        ("state", "addresses[billing].region", "contact"),
        ("country", "addresses[billing].country", "contact"),
        ("mobile", "phones[mobile]", "contact"),
        ("cell_phone", "phones[mobile]", "contact"),
        ("phone", "phones[work]", "contact"),
        ("fax", "phones[fax]", "account"),
        ("email", "emails[work]", "contact"),
        ("newsletter", "consents[email:marketing].status", "contact"),
        ("dob", "birth_date", "contact"),
        ("sex", "gender", "contact"),
        ("vat_id", "tax_id", "account"),
        ("revenue", "annual_revenue", "account"),
        ("notes", "description", "contact"),
        ("notes", "note", "order"),
        ("order_number", "number", "order"),
        ("emials", "emails[work]", "contact"),
        ("addreses", "addresses[billing].city", "contact"),
        ("famly_name", "family_name", "contact"),
    ],
)
def test_a_word_for_a_field_leads_to_the_field(written, meant, entity):
    found = hints(f"  {written}: X\n", entity, "create: none\n")
    assert found == [("unknown-path", 6, 3, f"did you mean {meant!r}?")]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("emails", "it is a list by key: emails[work]"),
        ("addresses", "it is a list by key: addresses[billing].city"),
        ("consents", "it is a list by key: consents[email:marketing].status"),
        ('"addresses[shipping]"', "name the part of it that is meant: addresses[shipping].city"),
        ('"consents[sms:any]"', "name the part of it that is meant: consents[sms:any].status"),
        ('"emails[home].address"', "did you mean 'emails[home]'? Such an item is one value"),
        ('"email[home]"', "did you mean 'emails[home]'?"),
        ('"phone[mobile]"', "did you mean 'phones[mobile]'?"),
        ('"address[home].zip"', "did you mean 'addresses[home].postal_code'?"),
        ('"address[home].city"', "did you mean 'addresses[home].city'?"),
        ('"addresses[home].zip"', "did you mean 'addresses[home].postal_code'?"),
        ('"addresses[home].state"', "did you mean 'addresses[home].region'?"),
        ('"addresses[home].cty"', "did you mean 'addresses[home].city'?"),
    ],
)
def test_lists_are_named_with_their_key_and_part(written, hint):
    assert hints(f"  {written}: X\n") == [("unknown-path", 5, 3, hint)]


@pytest.mark.parametrize(
    ("rule", "column", "hint"),
    [
        (
            "emails: {field: E, each: {key: t, rules: {address: a}}}",
            45,
            "such an item is one value: each: {key: …, value: …}",
        ),
        (
            "addresses: {field: A, each: {key: t, value: a}}",
            40,
            "such an item has parts: each: {key: …, rules: {city: …}}",
        ),
        ("addresses: {field: A, each: {key: t, rules: {zip: z}}}", 48, "did you mean 'postal_code'?"),
        ("addresses: {field: A, each: {key: t, rules: {cty: z}}}", 48, "did you mean 'city'?"),
    ],
)
def test_parts_of_items_are_named_as_a_list_is_mapped(rule, column, hint):
    assert hints(f"  {rule}\n") == [("unknown-path", 5, column, hint)]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("emails.work", 'did you mean "emails[work]"?'),
        ("phones.mobile", 'did you mean "phones[mobile]"?'),
        ("addresses.billing.city", 'did you mean "addresses[billing].city"?'),
        ("addresses.zip", 'did you mean "addresses[billing].postal_code"?'),
        ("FirstName", "did you mean 'given_name'?"),
        ("Zip Code", "did you mean 'addresses[billing].postal_code'?"),
        ("Nick Name", "did you mean 'nick_name'?"),
        ("a.b.c.d", 'such as given_name, "emails[work]" or "addresses[billing].city"'),
    ],
)
def test_what_is_no_path_at_all_leads_to_one(written, hint):
    assert hints(f"  {written}: X\n") == [("not-a-path", 5, 3, hint)]


def test_the_same_is_said_wherever_a_path_stands():
    assert hints("  family_name: L\n", head="owns: [addresses]\n") == [("owned-unread", 4, 8, None)]
    assert hints("  family_name: L\n", head="owns: [zip]\n")[0][3] == "did you mean 'addresses[billing].postal_code'?"
    (one,) = hints("  family_name: L\n", head="match: {strong: [surname]}\n")
    assert one == ("unknown-path", 4, 18, "did you mean 'family_name'?")
    (one,) = hints("  family_name: L\n", head='filter: {out: [{path: "email[work]", present: true}]}\n')
    assert one == ("unknown-path", 4, 23, "did you mean 'emails[work]'?")
    (one,) = hints("  family_name: L\n", head="examples: [{record: {L: x}, canonical: {surname: x}}]\n")
    assert one == ("unknown-path", 4, 41, "did you mean 'family_name'?")
    (one,) = hints("  family_name: L\n", head="defaults: {canonical: {newsletter: x}}\n")
    assert one == ("unknown-path", 4, 24, "did you mean 'consents[email:marketing].status'?")


def test_every_path_that_is_suggested_exists_somewhere():
    for meant in {path for several in _WORDS for path in several.split()}:
        assert any(schema.field(meant) is not None for schema in SCHEMAS.values()), meant
    leaves = {template.partition("[].")[2] for schema in SCHEMAS.values() for template in schema.fields}
    assert set(_LEAVES) <= leaves


def test_an_expression_about_the_record_is_sent_to_canonical_paths_on_the_way_out():
    pytest.importorskip("cel_expr_python")
    (one,) = hints("  family_name: L\n", head="filter: {out: [{expr: 'src.Status == \"x\"'}]}\n")
    assert one[:3] == ("unknown-name", 4, 24)
    assert one[3] == 'the way out starts from canonical paths, not from a record: to.given_name, to["emails[work]"]'
    (one,) = hints("  family_name: L\n", head="filter: {in: [{expr: 'to.family_name == \"x\"'}]}\n")
    assert one[3] == "on the way in there is only the record: name its fields, src.name"


@pytest.mark.parametrize(
    ("paths", "template", "words"),
    [
        ("addresses[home].city", "{postal_code:word} {city}", "addresses[home].postal_code, addresses[home].city"),
        (
            "addresses[home].city, addresses[home].region",
            "{region:word}, {postal_code:word}, {city}",
            "the part 'postal_code' of the template would go nowhere (add to the paths: addresses[home].postal_code)",
        ),
        (
            "given_name, family_name",
            "{family_name:word} {salutation:word} {middle_name:word} {given_name:word}",
            "the parts 'salutation' and 'middle_name' of the template would go nowhere (add to the paths: sal",
        ),
        (
            "addresses[home].city, addresses[home].region",
            "{postal_code:word} {city}",
            "template has no part 'region' (it has: postal_code, city; nothing goes to addresses[home].postal_code)",
        ),
    ],
)
def test_parts_of_a_template_and_paths_that_differ_are_said_with_whole_paths(paths, template, words):
    rule = f'"{paths}": {{field: A, transform: {{template: "{template}"}}}}'
    text = f"connection: c\nstream: s\nentity: contact\nrules:\n  {rule}\n"
    (one,) = load(text, "c.yaml", SCHEMAS)[1]
    assert (one.code, one.line) == ("bad-rule", 5)
    assert words in str(one)
