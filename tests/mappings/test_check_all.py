"""What is wrong with no single mapping, but with all of them side by side."""

from __future__ import annotations

import time
from collections.abc import Collection

import pytest

from connectors.contract import Field, FieldType
from mappings.checking.together import check_all, required_cycles
from mappings.language import MappingFile
from mappings.reading.parse import parse_mapping
from model.entities import schemas

SCHEMAS = schemas()


def mapping(stream: str, rules: str, entity: str = "contact", head: str = "") -> MappingFile:
    """``crm.Contact`` with these rules."""
    connection, name = stream.split(".")
    text = f"connection: {connection}\nstream: {name}\nentity: {entity}\n{head}\nrules: {{{rules}}}\n"
    found, notes = parse_mapping(text, f"{connection}_{name}.yaml".lower())
    assert found is not None, list(map(str, notes))
    return found


def said(*mappings: MappingFile, ordered: bool = True, whole: bool = True) -> list[tuple[str, str | None, str | None]]:
    def decided(entity: str, path: str, connections: Collection[str]) -> bool:
        assert len(connections) > 1
        assert entity in SCHEMAS
        return ordered

    found = check_all(mappings, SCHEMAS, decided, whole=whole)
    assert all(one.line and one.column for one in found)
    return [(one.code, one.file, one.path) for one in found]


BY_MAIL = 'match: {strong: ["emails[*]"]}'
BY_NUMBER = "match: {strong: [contact_number]}"
MAIL = '"emails[work]": Email'


def test_two_systems_that_feed_one_entity_and_meet_by_a_rule_are_right():
    assert said(mapping("crm.Contact", MAIL, head=BY_MAIL), mapping("shop.customers", MAIL, head=BY_MAIL)) == []


def test_two_mappings_that_enforce_what_nobody_else_supplies_are_said():
    enforcing = '"emails[work]": {field: Email, strength: enforce}'
    crm, shop = mapping("crm.Contact", enforcing, head=BY_MAIL), mapping("shop.customers", enforcing, head=BY_MAIL)
    assert said(crm, shop) == [("two-enforce", "shop_customers.yaml", "contact.emails[work]")]
    erp = mapping("erp.people", MAIL, head=BY_MAIL)
    assert said(crm, shop, erp) == []  # people edit it there
    assert said(crm, mapping("shop.customers", MAIL, head=BY_MAIL)) == []


def test_a_path_of_two_systems_without_an_order_is_one_note_for_the_entity():
    rules = f"{MAIL}, given_name: F, family_name: L, job_title: T, department: D"
    crm, shop = mapping("crm.Contact", rules, head=BY_MAIL), mapping("shop.customers", rules, head=BY_MAIL)
    assert said(crm, shop, ordered=False) == [("no-order", "shop_customers.yaml", "contact")]
    found = check_all([crm, shop], SCHEMAS, lambda *_: False)
    assert "emails[work], given_name, family_name, job_title and 1 more" in found[0].message
    assert said(crm, mapping("shop.customers", rules, head="direction: out"), ordered=False) == []


def test_a_path_that_is_written_and_never_read_is_said():
    crm = mapping("crm.Contact", f"{MAIL}, job_title: Title", head=BY_MAIL)
    shop = mapping("shop.customers", f"{MAIL}, nickname: Nick, job_title: Job", head="direction: out")
    assert said(crm, shop) == [("never-read", "shop_customers.yaml", "contact.nickname")]
    named = mapping("erp.people", MAIL, head=f"{BY_MAIL}\ndefaults: {{canonical: {{nickname: X}}}}")
    assert said(crm, shop, named) == []
    assert said(crm, shop, whole=False) == []


def test_items_of_a_list_count_as_read_by_whoever_reads_the_list():
    lines = "lines: {field: L, each: {key: id, rules: {sku: sku}}}"
    shop = mapping("shop.orders", f"number: N, {lines}", "order", "match: {strong: [number]}")
    erp = mapping("erp.orders", '"lines[1].sku": S, number: N', "order", "direction: out")
    assert said(shop, erp) == []


@pytest.mark.parametrize(
    ("one", "other", "right"),
    [
        (BY_MAIL, BY_MAIL, True),
        (BY_MAIL, BY_NUMBER, True),
        (BY_NUMBER, BY_NUMBER, False),
        ("match: {strong: [[family_name, birth_date]]}", BY_NUMBER, False),  # the shop has no birth dates
        ("match: {strong: [[family_name, given_name]]}", BY_NUMBER, True),
        ("match: {scored: {weights: {family_name: 1}, blocks: [[family_name]]}}", BY_NUMBER, True),
        ("match: {scored: {weights: {family_name: 1}, blocks: [[birth_date]]}}", BY_NUMBER, False),
        (BY_NUMBER, f"create: out\n{BY_NUMBER}", True),  # what it brings founds nothing
        (f"create: out\n{BY_NUMBER}", BY_NUMBER, True),
    ],
)
def test_systems_whose_records_could_never_meet_are_said(one, other, right):
    rules = f"{MAIL}, given_name: F, family_name: L"
    crm = mapping("crm.Contact", f"{rules}, birth_date: B", head=one)
    shop = mapping("shop.customers", rules, head=other)
    assert said(crm, shop) == ([] if right else [("no-shared-match", "shop_customers.yaml", "contact")])


def told(*mappings: MappingFile, **known) -> list[tuple[str, str | None, int | None, int | None]]:
    found = check_all(mappings, SCHEMAS, lambda *_: True, **known)
    return [(one.code, one.file, one.line, one.column) for one in found]


@pytest.mark.parametrize(
    ("head", "place", "words"),
    [
        ("", (3, 1), "each becomes a contact of its own"),
        ("create: both", (4, 1), "each becomes a contact of its own"),
        ("create: out", (4, 1), "each contact is created there anew"),
        ("create: none", (4, 1), "none ever belongs to a contact"),
        ("match: {strong: []}", (3, 1), "each becomes a contact of its own"),
    ],
)
def test_a_mapping_without_match_beside_another_system_is_told_what_comes_of_it(head, place, words):
    crm, shop = mapping("crm.Contact", MAIL, head=BY_MAIL), mapping("shop.customers", MAIL, head=head)
    assert told(crm, shop) == [("no-match", "shop_customers.yaml", *place)]
    (one,) = check_all([crm, shop], SCHEMAS, lambda *_: True)
    assert words in one.message
    assert one.hint == 'match: {strong: ["emails[*]"]}'


def test_a_mapping_needs_no_match_where_nobody_else_brings_its_entity():
    alone = mapping("crm.Contact", MAIL)
    assert told(alone) == []
    assert told(alone, mapping("crm.Lead", MAIL)) == []
    assert told(alone, mapping("shop.customers", MAIL, head=f"create: out\n{BY_MAIL}")) == []
    assert told(alone, mapping("shop.customers", MAIL, head="direction: out")) == []
    assert [code for code, *_ in told(alone, proposed=[mapping("shop.customers", MAIL)])] == ["no-match"]


def test_what_to_match_by_is_suggested_out_of_what_the_mapping_reads():
    def hint(rules):
        found = check_all([mapping("crm.Contact", rules), mapping("shop.x", MAIL, head=BY_MAIL)], SCHEMAS, lambda *_: 1)
        return next(one.hint for one in found if one.code == "no-match")

    assert hint("contact_number: No, family_name: N") == "match: {strong: [contact_number]}"
    assert hint("family_name: N").startswith("match: {strong: […]}, with a path")


def test_a_mapping_with_mistakes_hides_only_what_it_may_supply_itself():
    contact = mapping("crm.Contact", "account: {field: A, reference: Person}, given_name: N", head="direction: out")
    person, broken = mapping("crm.Person", "given_name: N"), mapping("crm.Account", "name: Name", "account")
    reference = ("wrong-stream", "crm_contact.yaml", 5, 40)
    unsupplied = ("never-read", "crm_contact.yaml", 5, 9)
    assert told(contact, person, broken=[broken]) == [unsupplied, reference]
    assert told(contact, broken=[broken, person]) == [reference]  # the other may have the path in a rule that is wrong
    assert told(person, broken=[broken, contact]) == [reference]
    assert told(contact, person, broken=[broken], whole=False) == []


def test_asking_who_supplies_thousands_of_items_takes_no_time():
    written = ", ".join(f'"emails[a{number}]": A{number}' for number in range(1500))
    read = ", ".join(f'"emails[b{number}]": B{number}' for number in range(1500))
    crm, shop = mapping("crm.Contact", read, head=BY_MAIL), mapping("shop.x", written, head="direction: out")
    begun = time.process_time()
    assert len(told(crm, shop)) == 300 + 1  # and that there are more
    assert time.process_time() - begun < 2


def test_a_third_system_may_join_two_that_do_not_meet_by_themselves():
    crm = mapping("crm.Contact", f"{MAIL}, contact_number: N", head=BY_MAIL)
    erp = mapping("erp.people", "contact_number: N", head="match: {strong: [contact_number]}")
    shop = mapping("shop.customers", MAIL, head=BY_MAIL)
    assert said(erp, shop, crm) == []
    assert [code for code, *_ in said(erp, shop)] == ["no-shared-match"]


def test_two_streams_of_one_system_need_not_meet():
    assert said(mapping("crm.Contact", MAIL), mapping("crm.Lead", MAIL)) == []


def test_a_reference_into_a_stream_that_no_mapping_reads_is_said():
    contact = mapping("crm.Contact", "account: {field: AccountId, reference: Account}")
    account = mapping("crm.Account", "name: Name", "account")
    assert said(contact, account) == []
    assert said(contact) == [("stream-unmapped", "crm_contact.yaml", "contact.account")]
    assert said(contact, whole=False) == []
    other = mapping("shop.Account", "name: Name", "account")
    assert [code for code, *_ in said(contact, other)] == ["stream-unmapped"]


def test_a_reference_into_a_stream_of_another_entity_is_said_with_the_right_one():
    contact = mapping("crm.Contact", "account: {field: AccountId, reference: Person}")
    found = check_all(
        [contact, mapping("crm.Person", "given_name: N"), mapping("crm.Account", "name: N", "account")],
        SCHEMAS,
        lambda *_: True,
    )
    assert [(one.code, one.hint) for one in found] == [("wrong-stream", "reference: Account")]


def needs(*required: str) -> list[Field]:
    return [Field(name=name, type=FieldType.REFERENCE, required=name in required) for name in ("AccountId", "HeadId")]


ACCOUNT = mapping("crm.Account", "name: N, parent: {field: AccountId, reference: Account}", "account")
CONTACT = mapping(
    "crm.Contact",
    "account: {field: AccountId, reference: Account}, reports_to: {field: HeadId, reference: Contact}",
)
OWNED = mapping("crm.Account", "name: N, custom: {field: HeadId, reference: Contact}", "account")


def cycles(*mappings: MappingFile, **fields: list[Field]) -> list[str]:
    found = required_cycles(mappings, {("crm", stream): given for stream, given in fields.items()})
    assert all(one.code == "reference-cycle" and one.line for one in found)
    return [one.message.split(":")[0] for one in found]


def test_records_that_require_each_other_are_an_error_named_once():
    expected = ["the system requires Account → Contact → Account"]
    assert cycles(OWNED, CONTACT, Account=needs("HeadId"), Contact=needs("AccountId")) == expected
    assert cycles(OWNED, CONTACT, Account=needs("HeadId"), Contact=needs()) == []
    assert cycles(OWNED, CONTACT, Account=needs(), Contact=needs("AccountId")) == []


def test_a_record_that_requires_another_of_its_own_kind_can_never_be_the_first():
    assert cycles(CONTACT, Contact=needs("HeadId")) == ["the system requires Contact → Contact"]
    assert cycles(ACCOUNT, CONTACT, Account=needs(), Contact=needs("AccountId")) == []


def test_nothing_is_said_of_cycles_where_fields_are_not_known_or_nothing_is_created():
    assert cycles(OWNED, CONTACT) == []
    only_in = mapping("crm.Contact", "reports_to: {field: HeadId, reference: Contact}", head="create: in")
    assert cycles(only_in, Contact=needs("HeadId")) == []
