"""The canonical entities and the schemas derived from them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model.entities import ENTITIES, MISSING, Address, Contact, flatten, schema_of, schemas, unflatten
from model.fields import FieldSpec, Kind, Privacy, in_dependency_order
from model.paths import template
from model.shapes import CONSENT_STATUSES


def test_every_entity_of_the_model_has_a_schema():
    assert set(schemas()) == {"account", "contact", "lead", "opportunity", "order", "case", "activity"}


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_field_has_a_label_and_says_where_a_reference_leads_and_what_a_choice_offers(entity):
    for path, spec in schema_of(entity).fields.items():
        assert spec.template == path
        assert spec.label
        assert (spec.target in ENTITIES) == (spec.kind is Kind.REFERENCE)
        assert bool(spec.choices) == (spec.kind is Kind.CHOICE)


def test_lists_appear_as_templates_with_the_kind_of_their_items():
    contact, order = schema_of("contact"), schema_of("order")
    assert contact.fields["emails[]"].kind is Kind.EMAIL
    assert contact.fields["phones[]"].kind is Kind.PHONE
    assert contact.fields["addresses[].country"].kind is Kind.COUNTRY
    assert contact.fields["tags"].kind is Kind.SET
    assert {leaf: order.fields[f"lines[].{leaf}"].kind for leaf in ("sku", "quantity", "unit_price", "total")} == {
        "sku": Kind.TEXT,
        "quantity": Kind.DECIMAL,
        "unit_price": Kind.MONEY,
        "total": Kind.MONEY,
    }


def test_consents_are_keyed_by_channel_and_purpose_and_marked_as_such():
    spec = schema_of("contact").field("consents[email:marketing].status")
    assert spec is not None
    assert spec.is_consent
    assert spec.choices == CONSENT_STATUSES
    assert schema_of("contact").field("consents[email:marketing].at").kind is Kind.DATETIME


def test_a_path_finds_its_field_and_a_stranger_finds_none():
    schema = schema_of("contact")
    assert schema.field("addresses[billing].city").label == "City"
    assert schema.field("addresses[billing].altitude") is None
    assert schema.field("no path at all") is None


def test_what_identifies_or_describes_a_person_is_never_public():
    for entity, schema in schemas().items():
        for path, spec in schema.fields.items():
            named_after_a_person = path in {"given_name", "family_name", "full_name", "birth_date", "gender"}
            reaches_a_person = spec.kind in {Kind.EMAIL, Kind.PHONE}
            if named_after_a_person or reaches_a_person or spec.is_consent:
                assert spec.privacy is not Privacy.PUBLIC, f"{entity}.{path}"


def test_custom_fields_stand_beside_the_built_in_ones_and_leave_other_schemas_alone():
    tier = FieldSpec(template="loyalty_tier", custom=True)
    assert schema_of("contact", {"loyalty_tier": tier}).fields["loyalty_tier"] is tier
    assert "loyalty_tier" not in schema_of("contact").fields
    assert "loyalty_tier" in schemas({"contact": {"loyalty_tier": tier}})["contact"].fields


def test_parents_come_before_children():
    order = [schema.name for schema in in_dependency_order(reversed(schemas().values()))]
    assert order.index("account") < order.index("contact") < order.index("opportunity") < order.index("order")
    assert order.index("order") < order.index("case") < order.index("activity")


def test_absent_null_and_empty_stay_three_things():
    contact = unflatten("contact", {"given_name": None, "family_name": ""})
    assert isinstance(contact, Contact)
    assert contact.given_name is None
    assert contact.family_name == ""
    assert contact.middle_name is MISSING
    assert flatten(contact) == {"given_name": None, "family_name": ""}


def test_a_whole_record_survives_the_way_to_a_class_and_back():
    values = {
        "number": "10248",
        "lines[10248-11].sku": "11",
        "lines[10248-11].unit_price": {"amount": "14", "currency": "USD"},
        "lines[10248-42].quantity": "10",
        "emails[billing]": "ap@vinet.example",
        "addresses[shipping].city": "Reims",
        "addresses[shipping].floor": "3",
        "tags": ["export", "wine"],
        "deposit": {"amount": "5.00", "currency": "USD"},
        "memberships[gold]": "since 2019",
    }
    order = unflatten("order", values)
    assert isinstance(order.addresses["shipping"], Address)
    assert flatten(order) == values
    assert json.loads(order.model_dump_json())["lines"]["10248-42"] == {"quantity": "10"}


_contact_paths = st.builds(
    lambda place, key: place.replace("[]", f"[{key}]"),
    st.sampled_from(sorted(schema_of("contact").fields)),
    st.sampled_from(["work", "billing", "email:marketing"]),
)


def _value_of(path):
    kind = schema_of("contact").fields[template(path)].kind
    if kind is Kind.BOOLEAN:
        return st.booleans() | st.none()
    if kind is Kind.SET:
        return st.lists(st.text(max_size=5), max_size=3)
    return st.text(max_size=8) | st.none()


_records = st.lists(_contact_paths, unique=True, max_size=12).flatmap(
    lambda chosen: st.fixed_dictionaries({path: _value_of(path) for path in chosen})
)


@given(_records)
def test_flattening_undoes_unflattening(values):
    assert flatten(unflatten("contact", values)) == values


def test_a_value_of_the_wrong_type_is_refused_without_repeating_it():
    with pytest.raises(ValidationError) as caught:
        unflatten("contact", {"given_name": ["maria.anders"], "birth_date": 19800101})
    assert "given_name" in str(caught.value)
    assert "maria.anders" not in str(caught.value)
