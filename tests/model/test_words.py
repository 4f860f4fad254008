"""The small words of the model: paths, dependency order, diagnostics, errors, clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import errors, paths
from model.clock import ManualClock, SystemClock
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema, FieldSpec, Kind, in_dependency_order


@pytest.mark.parametrize(
    ("path", "parts", "template", "item"),
    [
        ("email", ("email", None, None), "email", "email"),
        ("phones[mobile]", ("phones", "mobile", None), "phones[]", "phones[mobile]"),
        ("addresses[billing].city", ("addresses", "billing", "city"), "addresses[].city", "addresses[billing]"),
        ("lines[10248-11].sku", ("lines", "10248-11", "sku"), "lines[].sku", "lines[10248-11]"),
        ("consents[sms:any].at", ("consents", "sms:any", "at"), "consents[].at", "consents[sms:any]"),
    ],
)
def test_a_path_has_parts_a_template_and_an_item(path, parts, template, item):
    assert paths.split(path) == parts
    assert paths.template(path) == template
    assert paths.item(path) == item


@pytest.mark.parametrize("text", ["", "Email", "a b", "a[b", "a].b", "a.b", "a[b].c.d", "a[b][c]", "1a", "a[[b]]"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="not a canonical path"):
        paths.split(text)


@given(st.text(max_size=20))
def test_splitting_either_gives_the_parts_back_or_refuses(text):
    try:
        name, key, leaf = paths.split(text)
    except ValueError:
        return
    rebuilt = name + (f"[{key}]" if key is not None else "") + (f".{leaf}" if leaf else "")
    assert rebuilt == text


def test_a_pattern_stands_for_items_and_only_for_them():
    assert paths.is_pattern("emails[*]")
    assert not paths.is_pattern("emails[work]")
    assert paths.pattern_regex("emails[*]").match("emails[work]")
    assert not paths.pattern_regex("emails[*]").match("emails[work].x")
    assert not paths.pattern_regex("lines[*].sku").match("lines[1].skus")


def reference(template, target):
    return FieldSpec(template=template, kind=Kind.REFERENCE, target=target)


def test_members_of_a_reference_cycle_are_ordered_too():
    schemas = [
        EntitySchema("child", {"p": reference("p", "parent")}),
        EntitySchema("parent", {"self": reference("self", "parent"), "c": reference("c", "child")}),
        EntitySchema("ground"),
    ]
    assert {schema.name for schema in in_dependency_order(schemas)} == {"child", "parent", "ground"}
    assert in_dependency_order(schemas)[0].name == "ground"


def test_a_diagnostic_reads_place_path_message_and_hint():
    diagnostic = Diagnostic(
        code="unknown-field", message="no such field", file="m.yaml", line=3, column=5, path="a", hint="did you mean b?"
    )
    assert str(diagnostic) == "m.yaml:3:5 a: no such field (did you mean b?)"
    assert str(Diagnostic(code="x", message="odd", severity=Severity.NOTE)) == "note: odd"


def test_every_error_has_one_root_and_ends_in_error():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(classes) > 10
    for error in classes:
        assert issubclass(error, errors.SynclineError)
        assert error.__name__.endswith("Error")
        assert error.__doc__


def test_a_configuration_error_tells_all_its_diagnostics():
    error = errors.ConfigurationError([Diagnostic(code="a", message="one"), Diagnostic(code="b", message="two")])
    assert str(error) == "one\ntwo"


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock()
    start = clock.now()
    clock.sleep(5)
    clock.advance(1)
    assert clock.now() - start == timedelta(seconds=6)
    assert clock.slept == [5]
    assert SystemClock().now().tzinfo is UTC
    assert isinstance(SystemClock().now(), datetime)
