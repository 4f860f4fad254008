"""What a compiled mapping does with records and entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Field
from mappings.compile import Compiled, load
from mappings.conditions import matches
from mappings.contract import Blank, Projection, RenderRequest, Rendition, Strength
from model.entities import schemas
from model.records import Record, RecordRef

SCHEMAS = schemas()


def mapping(rules: str, entity: str = "contact", head: str = "", fields: list[Field] | None = None) -> Compiled:
    text = f"connection: crm\nstream: Contact\nentity: {entity}\n{head}rules:\n{rules}"
    compiled, found = load(text, "crm.yaml", SCHEMAS, fields)
    assert compiled is not None, [str(one) for one in found]
    return compiled


def project(compiled: Compiled, **data: Any) -> Projection:
    return compiled.project([Record("1", data)])[0]


def render(
    compiled: Compiled,
    values: Mapping[str, Any],
    *paths: str,
    current: Mapping[str, Any] | None = None,
    keys: Mapping[tuple[str, str], str] | None = None,
) -> Rendition:
    known = keys or {}
    request = RenderRequest(
        values, frozenset(paths) if paths else None, lambda stream, entity_id: known.get((stream, entity_id)), current
    )
    return compiled.render([request])[0]


NAME = "  given_name: First\n"


def test_absent_null_and_empty_are_three_things() -> None:
    compiled = mapping(NAME + "  family_name: {field: Last, empty: keep}\n")
    assert project(compiled).values == {}
    assert project(compiled, First=None, Last=None).values == {"given_name": None, "family_name": None}
    assert project(compiled, First="", Last="").values == {"given_name": None, "family_name": ""}


def test_what_is_inside_a_missing_object_is_absent_and_inside_a_null_one_null() -> None:
    compiled = mapping('  "addresses[work].city": address.city\n  nickname: names.1.nick\n')
    assert project(compiled).values == {}
    assert project(compiled, address=None).values == {"addresses[work].city": None}
    assert project(compiled, address={}, names=[{}, {"nick": "A"}]).values == {"nickname": "A"}


def test_one_bad_value_holds_up_no_other() -> None:
    compiled = mapping(NAME + "  birth_date: Born\n  gender: {field: Sex, values: {male: M}}\n")
    projection = project(compiled, First="Ana", Born="yesterday", Sex="Q")
    assert projection.values == {"given_name": "Ana"}
    assert [(p.code, p.field, p.path) for p in projection.problems] == [
        ("not-a-date", "Born", "birth_date"),
        ("unknown-option", "Sex", "gender"),
    ]
    assert "yesterday" not in projection.problems[0].message


@pytest.mark.parametrize("value", [["a"], {"a": 1}, True, 1.5, 7, float("nan"), [], {}])
def test_no_odd_value_raises_on_its_way_in(value: Any) -> None:
    compiled = mapping(
        """
  given_name: F
  birth_date: F
  "emails[a]": F
  "phones[a]": F
  "addresses[a].country": F
  language: F
  website: F
  time_zone: F
  gender: {field: F, values: {male: M}}
  tags: {field: F, list: set, direction: in}
  "consents[email:x].at": F
  active: F
  account: {field: F, reference: Account}
  "full_name, family_name": {field: F, transform: full_name}
""".replace(": F\n", ": {field: F, direction: in}\n")
        .replace("field: F, values", "direction: in, field: F, values")
        .replace("reference: Account", "reference: Account, direction: in")
        .replace("transform: full_name", "transform: full_name, direction: in")
    )
    projection = project(compiled, F=value)
    assert projection.problems


def test_a_bad_value_in_a_field_no_record_can_lack_parks_the_record() -> None:
    compiled = mapping("  name: Name\n", "account")
    (problem,) = project(compiled, Name=["x"]).problems
    assert (problem.path, problem.field) == (None, "Name")


def test_a_deleted_record_says_nothing_and_has_no_fingerprint() -> None:
    compiled = mapping(NAME)
    gone = Record("1", {}, deleted=True)
    assert compiled.project([gone]) == [Projection({})]
    assert compiled.fingerprints([gone]) == [""]


def test_references_wait_for_the_engine_both_ways() -> None:
    compiled = mapping("  account: {field: AccountId, reference: {stream: Account, number: true}}\n")
    assert project(compiled, AccountId=17).references == {"account": RecordRef("Account", "17")}
    assert project(compiled, AccountId=None).values == {"account": None}
    assert render(compiled, {"account": "e1"}).waiting == ["account"]
    assert render(compiled, {"account": "e1"}, keys={("Account", "e1"): "17"}).fields == {"AccountId": 17}
    assert compiled.reference_streams == {"account": "Account"}


def test_a_field_that_points_into_several_streams_is_told_apart_by_its_keys() -> None:
    compiled = mapping(
        "  subject: S\n  contact: {field: Who, reference: {stream: Contact, starts: '003'}}\n", "activity"
    )
    assert project(compiled, Who="003A").references == {"contact": RecordRef("Contact", "003A")}
    assert project(compiled, Who="00QA") == Projection({"contact": None}, {}, [], None, [])


def test_only_what_changed_is_written() -> None:
    compiled = mapping(NAME + "  family_name: Last\n")
    values = {"given_name": "Ana", "family_name": "Bo"}
    assert render(compiled, values).fields == {"First": "Ana", "Last": "Bo"}
    assert render(compiled, values, "family_name").fields == {"Last": "Bo"}
    assert render(compiled, values, "nickname").fields == {}


def test_blanks_clear_unless_the_rule_says_otherwise() -> None:
    compiled = mapping(NAME + "  family_name: {field: Last, blank: {out: ignore}}\n")
    assert render(compiled, {"given_name": None}, "given_name", "family_name").fields == {"First": None}
    assert (compiled.blank_out("given_name"), compiled.blank_out("family_name")) == (Blank.CLEAR, Blank.IGNORE)
    assert render(compiled, {"given_name": None}).fields == {}


def test_what_is_written_where_there_is_nothing() -> None:
    compiled = mapping(
        "  given_name: {field: First, default: Friend}\n  family_name: {field: Last, placeholder: '(unknown)'}\n",
        head="defaults: {record: {Source: Hub, First: Never}, canonical: {lifecycle: lead}}\n",
    )
    assert render(compiled, {}).fields == {"First": "Friend", "Last": "(unknown)", "Source": "Hub"}
    assert render(compiled, {}, "given_name", "family_name").fields == {"First": None, "Last": "(unknown)"}
    assert project(compiled, First="Friend", Last="(unknown)").values == {"given_name": "Friend"}
    assert compiled.defaults_in == {"lifecycle": "lead"}


def test_strength_decides_what_an_update_may_touch() -> None:
    compiled = mapping(
        "  given_name: {field: First, strength: if_empty}\n  family_name: {field: Last, strength: create_only}\n"
    )
    values = {"given_name": "Ana", "family_name": "Bo"}
    paths = ("given_name", "family_name")
    assert render(compiled, values).fields == {"First": "Ana", "Last": "Bo"}
    assert render(compiled, values, *paths, current={"First": "Eva"}).fields == {}
    assert render(compiled, values, *paths, current={"First": ""}).fields == {"First": "Ana"}
    assert compiled.strength("family_name") is Strength.CREATE_ONLY


def test_a_value_that_is_too_long_is_parked_unless_its_loss_is_declared() -> None:
    fields = [Field(name="First", max_length=5), Field(name="Last", max_length=5)]
    compiled = mapping(NAME + "  family_name: {field: Last, max_length: 5}\n", fields=fields)
    rendition = render(compiled, {"given_name": "Maximilian", "family_name": "Maximilian"})
    assert rendition.fields == {"Last": "Maxim"}
    assert [(p.code, p.path) for p in rendition.problems] == [("too-long", "given_name")]
    assert compiled.same("family_name", "Maximilian", "Maxim")
    assert not compiled.same("family_name", "Maximilian", "Max")
    assert not compiled.same("given_name", "Maximilian", "Maxim")


def test_declared_losses_are_no_edits() -> None:
    compiled = mapping(
        '  "emails[a]": {field: E, loses: [case]}\n  "phones[a]": {field: P, loses: [format]}\n'
        "  nickname: {field: N, loses: [space, accents]}\n  job_title: J\n"
        '  "addresses[a].country": {field: C, transform: {country: name}}\n'
    )
    assert compiled.same("emails[a]", "Ana@b.com", "ana@b.com")
    assert compiled.same("phones[a]", "+12065550100", "12065550100")
    assert compiled.same("nickname", "Zoë  B", "Zoe B")
    assert not compiled.same("job_title", "CEO", "ceo")
    assert not compiled.same("emails[a]", "ana@b.com", "eva@b.com")
    assert not compiled.same("nowhere", "a", "b")
    assert compiled.same("job_title", None, "")


def test_a_table_is_read_backwards_by_its_first_match() -> None:
    rule = "  gender: {field: Sex, values: {male: [M, 1], female: F, other: F}, unknown: UNKNOWN}\n"
    parked = mapping(rule.replace("UNKNOWN", "collect"))
    assert project(parked, Sex=1).values == {"gender": "male"}
    assert project(parked, Sex="F").values == {"gender": "female"}
    assert [p.code for p in project(parked, Sex="Z").problems] == ["new-option"]
    assert render(parked, {"gender": "male"}).fields == {"Sex": "M"}
    assert [p.code for p in render(parked, {"gender": "undisclosed"}).problems] == ["new-option"]
    assert parked.same("gender", "other", "female")  # both are F there
    default = mapping(rule.replace("UNKNOWN", "{default: other}"))
    assert project(default, Sex="Z").values == {"gender": "other"}
    assert render(default, {"gender": "undisclosed"}).fields == {"Sex": "F"}
    kept = mapping(rule.replace("UNKNOWN", "keep"))
    assert [p.code for p in project(kept, Sex="Z").problems] == ["unknown-option"]  # not a choice of the model
    assert project(kept, Sex="undisclosed").values == {"gender": "undisclosed"}


def test_sets_come_as_lists_or_as_separated_text() -> None:
    compiled = mapping("  tags: {field: T, list: set, separator: ';'}\n  interests: {field: I, list: set}\n")
    assert project(compiled, T="b; a;;b", I=["y", "x", None]).values == {"tags": ["a", "b"], "interests": ["x", "y"]}
    assert render(compiled, {"tags": ["a", "b"], "interests": ["x"]}).fields == {"T": "a;b", "I": ["x"]}
    assert render(compiled, {"tags": [], "interests": []}, "tags", "interests").fields == {"T": None, "I": []}
    assert [p.code for p in render(compiled, {"tags": ["a;b"]}).problems] == ["separator-inside"]


def test_several_fields_are_one_text_and_back() -> None:
    compiled = mapping('  "addresses[a].street": {fields: [A.one, A.two], transform: join}\n')
    assert project(compiled, A={"one": "x", "two": None}).values == {"addresses[a].street": "x"}
    assert project(compiled, A={"one": "x", "two": "y"}).values == {"addresses[a].street": "x\ny"}
    assert project(compiled, A={"one": None, "two": ""}).values == {"addresses[a].street": None}
    assert render(compiled, {"addresses[a].street": "x"}).fields == {"A.one": "x", "A.two": None}
    assert [p.code for p in render(compiled, {"addresses[a].street": "x\ny\nz"}).problems] == ["too-many-lines"]
    assert render(compiled, {"addresses[a].street": None}, "addresses[a].street").fields == {
        "A.one": None,
        "A.two": None,
    }


def test_surplus_lines_go_into_the_last_field_where_that_is_declared() -> None:
    compiled = mapping('  "addresses[a].street": {fields: [A, B], transform: join, loses: [lines]}\n')
    assert render(compiled, {"addresses[a].street": "x\ny\nz"}).fields == {"A": "x", "B": "y, z"}
    assert compiled.same("addresses[a].street", "x\ny\nz", "x\ny, z")


def test_names_are_never_guessed() -> None:
    compiled = mapping('  "full_name, given_name, family_name": {field: N, transform: full_name}\n')
    assert project(compiled, N="Ana  Bo").values == {"full_name": "Ana Bo", "given_name": "Ana", "family_name": "Bo"}
    assert project(compiled, N="Ana de la Bo").values == {"full_name": "Ana de la Bo"}
    assert render(compiled, {"given_name": "Ana", "family_name": "Bo"}).fields == {"N": "Ana Bo"}
    both = {"full_name": "Ana Bo", "given_name": "Eva", "family_name": "Bo"}
    assert render(compiled, both, "given_name").fields == {"N": "Eva Bo"}  # the part is newer
    assert render(compiled, both, "full_name").fields == {"N": "Ana Bo"}
    assert [p.code for p in render(compiled, {"family_name": "van Dyck"}).problems] == ["not-lossless"]


def test_a_currency_beside_the_amount_is_read_and_written_with_it() -> None:
    compiled = mapping("  name: N\n  amount: {field: A, transform: {money: {currency_field: C}}}\n", "opportunity")
    assert project(compiled, A="5", C="eur").values == {"amount": {"amount": "5.00", "currency": "EUR"}}
    assert [p.code for p in project(compiled, A="5").problems] == ["unknown-currency"]
    assert render(compiled, {"amount": {"amount": "5.00", "currency": "EUR"}}).fields == {"A": "5.00", "C": "EUR"}
    assert compiled.record_fields == ("A", "C", "N")


def test_two_amounts_that_share_a_currency_field_must_agree() -> None:
    rule = "{{field: {0}, transform: {{money: {{currency_field: C}}}}}}"
    compiled = mapping(f"  number: N\n  total: {rule.format('T')}\n  freight: {rule.format('F')}\n", "order")
    amounts = {"total": {"amount": "5.00", "currency": "EUR"}, "freight": {"amount": "1.00", "currency": "USD"}}
    assert [p.code for p in render(compiled, amounts).problems] == ["two-values"]


LINES = """
  number: N
  lines:
    field: items
    each: {key: id, rules: {sku: sku, quantity: amount.count}}
"""


def test_items_are_told_apart_by_their_keys() -> None:
    compiled = mapping(LINES, "order")
    projection = project(compiled, items=[{"id": 7, "sku": "A", "amount": {"count": 2}}])
    assert projection.values == {"lines[7].sku": "A", "lines[7].quantity": "2"}
    assert projection.complete == ["lines[*].sku", "lines[*].quantity"]
    assert compiled.covers("lines[99].sku")
    assert not compiled.covers("lines[99].title")
    assert project(compiled, items=None).complete == ["lines[*].sku", "lines[*].quantity"]
    assert project(compiled).complete == []


def test_an_item_that_cannot_be_told_apart_or_read_removes_nothing() -> None:
    compiled = mapping(LINES, "order")
    for items in ([{"sku": "A"}], [{"id": 1}, {"id": 1}], [{"id": "a[b]"}], ["x"], [{"id": {}}]):
        projection = project(compiled, items=items)
        assert projection.complete == []
        assert projection.problems
    half = project(compiled, items=[{"id": 1, "sku": "A", "amount": {"count": "many"}}])
    assert half.complete == ["lines[*].sku"]
    assert [p.path for p in half.problems] == ["lines[1].quantity"]


def test_a_list_that_is_replaced_keeps_what_it_does_not_know() -> None:
    compiled = mapping(LINES, "order")
    current = {"items": [{"id": 1, "sku": "A", "colour": "red"}, {"id": 2, "sku": "B"}, {"id": 3, "sku": "C"}]}
    values = {"lines[1].sku": "Z", "lines[1].quantity": "2", "lines[2].sku": None, "lines[9].sku": "N"}
    rendition = render(compiled, values, "lines[1].sku", "lines[2].sku", "lines[9].sku", current=current)
    assert rendition.fields == {
        "items": [
            {"id": 1, "sku": "Z", "colour": "red", "amount": {"count": "2"}},
            {"id": 3, "sku": "C"},
            {"id": "9", "sku": "N"},
        ]
    }
    assert current["items"][0]["sku"] == "A"


def test_items_that_are_one_value() -> None:
    compiled = mapping("  emails: {field: mails, each: {key: kind, value: address}}\n")
    assert project(compiled, mails=[{"kind": "work", "address": "a@B.com"}]).values == {"emails[work]": "a@b.com"}
    assert render(compiled, {"emails[work]": "a@b.com"}).fields == {"mails": [{"kind": "work", "address": "a@b.com"}]}


def test_filters_keep_out_with_a_reason() -> None:
    compiled = mapping(
        NAME,
        head="filter: {in: [{field: a.kind, in: [x, 1, true]}, {field: mail, matches: '*@b.com'}],"
        " out: [{path: 'emails[*]', present: true}]}\n",
    )
    assert project(compiled, First="A", a={"kind": 1}, mail="q@B.com").skipped is None
    skipped = project(compiled, First="A", a={"kind": "y"}, mail="q@b.com")
    assert (skipped.values, skipped.skipped) == ({}, "filter: a.kind is one of x, 1, true")
    assert compiled.accepts({"emails[work]": "x@y.z"}) is None
    assert compiled.accepts({"emails[work]": None}) == "filter: emails[*] is present"
    assert compiled.record_fields == ("First", "a", "mail")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [("a*c", "abc", True), ("a*c", "ac", True), ("ab*bc", "abc", False), ("*", "", True), ("A", "a", True),
     ("*b*b*", "ab", False), ("a*b*c", "aXbXc", True), ("a", "ab", False)],
)  # fmt: skip
def test_a_star_stands_for_anything(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


def test_hostile_patterns_take_no_time() -> None:
    assert not matches("*a" * 500 + "b", "a" * 20000)


def test_a_fingerprint_changes_with_mapped_fields_and_with_the_mapping() -> None:
    compiled = mapping(NAME + "  family_name: Last\n")
    first, same, other, absent, null = compiled.fingerprints(
        [
            Record("1", {"First": "A", "Last": "B", "Extra": 1}),
            Record("2", {"Extra": 2, "Last": "B", "First": "A"}),
            Record("3", {"First": "A", "Last": "C"}),
            Record("4", {"First": "A"}),
            Record("5", {"First": "A", "Last": None}),
        ]
    )
    assert first == same
    assert len({first, other, absent, null}) == 4
    assert first.startswith(compiled.version[:6])
    changed = mapping(NAME + "  family_name: {field: Last, transform: trim}\n")
    assert changed.version[:6] != compiled.version[:6]
    assert changed.fingerprints([Record("1", {"First": "A", "Last": "B"})])[0][6:] == first[6:]


def test_fingerprints_take_what_json_cannot() -> None:
    compiled = mapping(NAME)
    prints = compiled.fingerprints([Record("1", {"First": 2**70}), Record("2", {"First": 2**71})])
    assert prints[0] != prints[1]


def test_a_version_is_what_a_mapping_means_and_not_how_it_is_written() -> None:
    plain = mapping("  given_name: First\n  family_name: Last\n")
    spelt = mapping(
        "  # a comment\n  given_name: {field: First}\n  family_name:\n    field: Last\n", head="lifecycle: proposed\n"
    )
    assert plain.version == spelt.version
    assert len(plain.version) == 12
    assert mapping("  given_name: First\n").version != plain.version
    assert mapping("  given_name: First\n  family_name: Last\n", head="create: in\n").version != plain.version


def test_directions_are_kept() -> None:
    compiled = mapping(
        "  given_name: {field: F, direction: in}\n  family_name: {field: L, direction: out}\n  nickname: N\n"
    )
    assert compiled.reads == {"given_name", "nickname"}
    assert compiled.writes == {"family_name", "nickname"}
    assert project(compiled, F="a", L="b", N="c").values == {"given_name": "a", "nickname": "c"}
    assert render(compiled, {"given_name": "a", "family_name": "b", "nickname": "c"}).fields == {"L": "b", "N": "c"}
    assert compiled.record_fields == ("F", "N")


def test_a_constant_goes_in_and_never_out() -> None:
    compiled = mapping(NAME + "  lifecycle: {constant: customer}\n")
    assert project(compiled, First="A").values == {"given_name": "A", "lifecycle": "customer"}
    assert render(compiled, {"lifecycle": "lead"}, "lifecycle").fields == {}


VALUES = st.none() | st.text(max_size=4) | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2)


@settings(max_examples=150, deadline=None)
@given(data=st.dictionaries(st.sampled_from(["First", "A", "items", "T", "N", "S"]), VALUES))
def test_whatever_a_record_holds_each_rule_ends_in_a_value_a_problem_or_nothing(data: dict[str, Any]) -> None:
    projection = ODD.project([Record("1", data)])[0]
    for path, value in projection.values.items():
        assert value is None or isinstance(value, (str, list, dict, bool, int))
        assert path not in {problem.path for problem in projection.problems}


ODD = mapping(
    NAME + '  "addresses[a].street": {fields: [A, S], transform: join}\n'
    '  "full_name, family_name": {field: N, transform: full_name}\n  tags: {field: T, list: set, separator: ","}\n'
    "  emails: {field: items, each: {key: k, value: v}}\n"
)
