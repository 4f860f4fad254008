"""Every default mapping is sound, fits the model, and survives going out and coming back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mappings.compile
from mappings.codec import put_into
from mappings.compile import Compiled, load
from mappings.contract import RenderRequest
from mappings.language import field_path
from mappings.transforms.places import _codes
from model.diagnostics import Severity
from model.entities import schemas
from model.fields import FieldSpec, Kind
from model.records import Record

FOLDER = Path(mappings.compile.__file__).parent / "library"
FILES = sorted(FOLDER.rglob("*.yaml"))
SCHEMAS = schemas()
WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüßéñŁ ABC'-&.0123456789", min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and ", " not in text
)
DIGITS = st.integers(0, 10**9).map(lambda n: f"{n / 100:.2f}")


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@cache
def compiled(path: Path) -> Compiled:
    mapping, found = load(path.read_text(encoding="utf-8"), str(path), SCHEMAS)
    assert mapping is not None, [str(one) for one in found]
    return mapping


def values_of(spec: FieldSpec) -> st.SearchStrategy[Any]:
    """Canonical values of a kind, as another system might have supplied them."""
    plain: Mapping[Kind, st.SearchStrategy[Any]] = {
        Kind.INTEGER: st.integers(0, 10**6),
        Kind.DECIMAL: st.integers(0, 100).map(str),
        Kind.BOOLEAN: st.booleans(),
        Kind.DATE: st.dates().map(lambda day: day.isoformat()),
        Kind.DATETIME: st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z"),
        Kind.MONEY: DIGITS.map(lambda amount: {"amount": amount, "currency": "USD"}),
        Kind.EMAIL: st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.(com|example)", fullmatch=True),
        Kind.PHONE: st.sampled_from(["+12065550100", "+493012345678", "+442079460000", "+12065550100;ext=7"]),
        Kind.URL: st.sampled_from(["https://example.com", "http://shop.example.com/a"]),
        Kind.COUNTRY: st.sampled_from(sorted(_codes())),
        Kind.LANGUAGE: st.sampled_from(["en", "de-AT", "pt-BR"]),
        Kind.REFERENCE: WORD,
        Kind.SET: st.sets(WORD.filter(lambda text: ";" not in text), max_size=4).map(sorted),
    }
    if spec.choices:
        return st.sampled_from(spec.choices)
    if spec.template.endswith("street"):
        return st.lists(WORD.filter(lambda text: "," not in text), min_size=1, max_size=2).map("\n".join)
    if spec.template == "currency":
        return st.just("USD")
    return plain.get(spec.kind, WORD)


@st.composite
def canonical(draw: st.DrawFn, mapping: Compiled) -> dict[str, Any]:
    paths = sorted(path for path in mapping.reads | mapping.writes if "[*]" not in path)
    chosen = draw(st.lists(st.sampled_from(paths), unique=True))
    schema = SCHEMAS[mapping.entity]
    values = {path: draw(values_of(schema.field(path))) for path in chosen}
    parts = [values[name] for name in ("given_name", "family_name") if name in values]
    if parts and "full_name" in values:
        values["full_name"] = " ".join(parts)
    return values


def keys_of(mapping: Compiled) -> Callable[[str, str], str]:
    """Keys as the stream would give them: some begin in a way that tells the stream."""
    references = [rule.reference for rule in mapping.source.rules if rule.reference is not None]
    starts = {reference.stream: reference.starts for reference in references}
    return lambda stream, entity_id: starts[stream] + entity_id


def as_record(fields: Mapping[str, Any]) -> Record:
    data: dict[str, Any] = {}
    for name, value in fields.items():
        put_into(data, field_path(name), value)
    return Record("1", data)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_default_mapping_loads_without_a_warning(path: Path) -> None:
    _, found = load(path.read_text(encoding="utf-8"), str(path), SCHEMAS)
    assert [str(one) for one in found if one.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("path", FILES, ids=named)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_written_reads_back_as_no_edit(path: Path, data: st.DataObject) -> None:
    mapping = compiled(path)
    values = data.draw(canonical(mapping))
    rendition = mapping.render([RenderRequest(values, None, keys_of(mapping))])[0]
    projection = mapping.project([as_record(rendition.fields)])[0]
    assert not projection.problems
    refused = {problem.path for problem in rendition.problems}
    for canonical_path, read in projection.values.items():
        if canonical_path in values and mapping.pushes(canonical_path) and canonical_path not in refused:
            assert mapping.same(canonical_path, values[canonical_path], read), canonical_path


@pytest.mark.parametrize("path", FILES, ids=named)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_came_back_is_written_as_the_same_again(path: Path, data: st.DataObject) -> None:
    mapping = compiled(path)
    values = data.draw(canonical(mapping))

    keys = keys_of(mapping)
    first = mapping.render([RenderRequest(values, None, keys)])[0].fields
    projection = mapping.project([as_record(first)])[0]
    again = {**projection.values, **{path: values[path] for path in projection.references if path in values}}
    second = mapping.render([RenderRequest(again, None, keys)])[0].fields
    assert {name: value for name, value in second.items() if name in first} == {
        name: value for name, value in first.items() if name in second
    }


def test_no_tick_against_e_mail_is_never_taken_for_an_opt_in() -> None:
    mapping = compiled(FOLDER / "salesforce" / "contact.yaml")
    for ticked, status in ((True, "opted_out"), (False, "unknown")):
        (projection,) = mapping.project([Record("1", {"HasOptedOutOfEmail": ticked})])
        assert projection.values == {"consents[email:marketing].status": status}


def test_never_subscribed_is_read_from_a_shop_and_never_written_to_it() -> None:
    mapping = compiled(FOLDER / "shopify" / "customers.yaml")
    status = "consents[email:marketing].status"
    (projection,) = mapping.project([Record("1", {"defaultEmailAddress": {"marketingState": "NOT_SUBSCRIBED"}})])
    assert projection.values[status] == "unknown"
    (rendition,) = mapping.render([RenderRequest({status: "unknown"}, frozenset({status}), lambda s, e: None)])
    assert rendition == ({}, [], [])


def test_an_order_s_lines_are_read_by_their_own_keys() -> None:
    mapping = compiled(FOLDER / "shopify" / "orders.yaml")
    money = {"shopMoney": {"amount": "4.5", "currencyCode": "EUR"}}
    line = {"id": "L1", "sku": "A", "quantity": 2, "originalUnitPriceSet": money, "discountedTotalSet": money}
    (projection,) = mapping.project([Record("1", {"name": "#1", "lineItems": [line]})])
    assert projection.values["lines[L1].quantity"] == "2"
    assert projection.values["lines[L1].unit_price"] == {"amount": "4.50", "currency": "EUR"}
    assert "lines[*].sku" in projection.complete
    assert "lines[*].title" not in projection.complete  # the line does not say
