"""Custom fields as an admin writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.custom import custom_fields
from model.entities import schema_of
from model.fields import Kind, Privacy
from model.validate import validate


def faults_of(declared):
    return {fault.path: fault for fault in custom_fields("contact", declared)[1]}


def test_a_declared_field_is_known_to_the_schema_and_checked_like_any_other():
    specs, faults = custom_fields(
        "contact",
        {
            "loyalty_tier": {"type": "choice", "choices": ["bronze", "silver"], "label": "Tier", "privacy": "public"},
            "loyalty_points": "integer",
            "addresses[].floor": {"type": "text", "max_length": 3},
            "memberships[]": "text",
            "sponsor": {"type": "reference", "target": "account"},
        },
    )
    assert faults == []
    schema = schema_of("contact", specs)
    assert schema.fields["loyalty_tier"].privacy is Privacy.PUBLIC
    assert schema.fields["loyalty_tier"].custom
    assert "account" in schema.references
    good = {"loyalty_tier": "silver", "loyalty_points": 3, "addresses[home].floor": "3rd", "memberships[a]": "x"}
    assert validate(schema, good) == []
    bad = {"loyalty_tier": "gold", "loyalty_points": "3", "addresses[home].floor": "third", "memberships[a]": 1}
    assert {problem.path for problem in validate(schema, bad)} == bad.keys()


def test_a_field_nobody_classified_is_personal():
    specs, _ = custom_fields("contact", {"note": "text"})
    assert specs["note"].privacy is Privacy.PERSONAL


def test_no_fields_are_no_fault():
    assert custom_fields("account", None) == ({}, [])
    assert custom_fields("account", {}) == ({}, [])


@pytest.mark.parametrize(
    ("declared", "path", "says", "hint"),
    [
        ({"given_name": "text"}, ("given_name",), "a field of contact already", "another name"),
        ({"emails": "text"}, ("emails",), "does not go together with emails[]", "another name"),
        ({"addresses": "text"}, ("addresses",), "does not go together", "another name"),
        ({"tags[]": "text"}, ("tags[]",), "does not go together with tags", "another name"),
        ({"consents[].who": "text"}, ("consents[].who",), "no custom parts", "source"),
        ({"Loyalty Tier": "text"}, ("Loyalty Tier",), "cannot be the name", "lower-case"),
        ({7: "text"}, (7,), "cannot be the name", "lower-case"),
        ({"x[a]": "text"}, ("x[a]",), "cannot be the name", "name[]"),
        ({"x": {"typ": "text"}}, ("x", "typ"), "unknown setting", "did you mean type?"),
        ({"x": {}}, ("x",), "type is missing", "text"),
        ({"x": "chioce"}, ("x", "type"), "unknown type", "did you mean choice?"),
        ({"x": ["text"]}, ("x",), "must be a type", "{type: text}"),
        ({"x": {"type": "choice"}}, ("x",), "needs its choices", "bronze"),
        ({"x": {"type": "choice", "choices": []}}, ("x", "choices"), "needs its choices", "bronze"),
        ({"x": {"type": "choice", "choices": [1]}}, ("x", "choices", 0), "must be text", '"1"'),
        ({"x": {"type": "choice", "choices": ["a", "a"]}}, ("x", "choices", 1), "listed twice", None),
        ({"x": {"type": "text", "choices": ["a"]}}, ("x", "choices"), "only a choice", "type: choice"),
        ({"x": {"type": "reference"}}, ("x",), "needs a target", "account"),
        ({"x": {"type": "reference", "target": "acount"}}, ("x", "target"), "unknown entity", "did you mean account?"),
        ({"x": {"type": "text", "target": "account"}}, ("x", "target"), "only a reference", "type: reference"),
        ({"x": {"type": "date", "max_length": 3}}, ("x", "max_length"), "has no max_length", "leave it out"),
        ({"x": {"type": "text", "max_length": 0}}, ("x", "max_length"), "whole number", None),
        ({"x": {"type": "text", "max_length": True}}, ("x", "max_length"), "whole number", None),
        ({"x": {"type": "text", "privacy": "secret"}}, ("x", "privacy"), "unknown privacy", "personal"),
        ({"x": {"type": "text", "label": 3}}, ("x", "label"), "must be text", "quotes"),
        ({"x": {"type": "text", "required": "yes"}}, ("x", "required"), "true or false", None),
        ({"x[]": {"type": "text", "required": True}}, ("x[]", "required"), "cannot be required", "leave"),
        (["x"], (), "must be a mapping", "loyalty_tier"),
    ],
)
def test_a_fault_says_where_what_and_what_to_do(declared, path, says, hint):
    fault = faults_of(declared)[path]
    assert says in fault.message
    assert (hint is None and fault.hint is None) or hint in fault.hint


def test_all_faults_are_told_at_once_and_the_sound_fields_are_kept():
    specs, faults = custom_fields(
        "contact", {"good": "text", "bad": "txet", "worse": {"type": "date", "choices": ["a"]}}
    )
    assert specs.keys() == {"good"}
    assert {fault.path[0] for fault in faults} == {"bad", "worse"}


def test_two_custom_fields_of_one_name_must_have_one_form():
    assert "does not go together" in faults_of({"cars[].plate": "text", "cars": "integer"})[("cars",)].message


_keys = st.sampled_from(["type", "choices", "target", "label", "max_length", "required", "privacy", "a[]", "x[].y"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from([*Kind, "personal", "account"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | _keys, inner, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_nothing_a_person_can_write_breaks_the_reading(declared):
    specs, faults = custom_fields("contact", declared)
    assert all(spec.kind in Kind for spec in specs.values())
    assert isinstance(faults, list)
    validate(schema_of("contact", specs), {})
