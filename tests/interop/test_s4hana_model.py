"""The connector and its fake, held against the business partner service as SAP describes it.

Neither description is part of this repository. ``SYNCLINE_S4HANA_CSN`` names ``business-partner-service-csn.json`` of
the npm package ``@sap/cloud-sdk-vdm-business-partner-service``, which SAP generated from the service and ``make
interop`` fetches; ``SYNCLINE_S4HANA_EDMX`` names a ``$metadata`` document of it. Each is looked at where it is given.
"""

import json
import os
from pathlib import Path

import pytest

from connectors.edmx import parse
from connectors.s4hana import S4HanaSettings, inspection, partners, schema
from connectors.s4hana.settings import StreamSettings
from syncline.sandbox.odata_model import edmx
from syncline.sandbox.s4hana.entities import ENTITIES
from tests.interop.from_npm import published

KINDS = {
    "Edm.String": {"cds.String"},
    "Edm.Boolean": {"cds.Boolean"},
    "Edm.DateTime": {"cds.Date", "cds.DateTime", "cds.Timestamp"},
    "Edm.DateTimeOffset": {"cds.Timestamp", "cds.DateTime"},
    "Edm.Time": {"cds.Time"},
    "Edm.Guid": {"cds.UUID"},
    "Edm.Int16": {"cds.Integer", "cds.Int16"},
}
NEWER = {"ContactPersonDepartmentName", "ContactPersonFunctionName", "ContactPersonRemarkText"}
"""Properties that releases after the package's have."""

SERVED = parse(edmx("API_BUSINESS_PARTNER", ENTITIES))


@pytest.fixture
def csn():
    place = published("s4hana", "business-partner-service-csn.json", "SYNCLINE_S4HANA_CSN")
    found = json.loads(place.read_text())["definitions"]
    return {name.removeprefix("API_BUSINESS_PARTNER."): entry.get("elements", {}) for name, entry in found.items()}


@pytest.fixture
def real():
    place = os.environ.get("SYNCLINE_S4HANA_EDMX")
    if place is None:
        pytest.skip("SYNCLINE_S4HANA_EDMX is not given (a $metadata document of a real system)")
    return parse(Path(place).read_bytes())


def test_every_property_that_is_faked_is_in_the_package_with_its_type_and_length(csn):
    for name, served in SERVED.sets.items():
        for known in (one for one in served.type.properties.values() if one.name not in NEWER):
            element = csn[name].get(known.name)
            assert element is not None, f"{name}.{known.name} is not there"
            assert element["type"] in KINDS[known.edm], f"{name}.{known.name} is {element['type']}"
            assert element.get("length") == known.max_length, f"{name}.{known.name}"
        assert {n for n, one in csn[name].items() if one.get("key")} == set(served.type.keys), name


def test_every_navigation_that_is_used_leads_in_the_package_where_it_leads_here(csn):
    for name, served in SERVED.sets.items():
        for navigation, (target, many) in served.type.navigations.items():
            element = csn[name][navigation]
            assert element["target"] == f"API_BUSINESS_PARTNER.{target.removesuffix('Type')}", f"{name}.{navigation}"
            assert (element.get("cardinality", {}).get("max") == "*") == many, f"{name}.{navigation}"


def test_the_service_s_own_description_is_understood_and_has_what_the_connector_needs(real):
    settings = S4HanaSettings(url="https://x.example", auth={"kind": "basic", "user": "u", "password": "p"})
    assert list(inspection._lacking(real, settings)) == []
    assert partners.expansion(real, "SYNCLN") == partners.expansion(SERVED, "SYNCLN")


def test_what_is_faked_is_as_the_service_describes_it(real):
    for name, served in SERVED.sets.items():
        there = real.sets[name]
        assert (there.creatable, there.updatable, there.deletable) == (
            served.creatable,
            served.updatable,
            served.deletable,
        ), name
        assert there.type.keys == served.type.keys
        for known in served.type.properties.values():
            other = there.type.properties[known.name]
            one, two = (
                (p.edm, p.max_length, p.creatable, p.updatable, p.filterable, p.day, p.upper) for p in (known, other)
            )
            assert one == two, f"{name}.{known.name}"
        for navigation, leads in served.type.navigations.items():
            assert there.type.navigations[navigation] == leads, f"{name}.{navigation}"


@pytest.mark.parametrize("stream", ["organisations", "persons"])
def test_the_fields_of_a_stream_are_those_of_the_service(real, stream):
    found = {field.name: field for field in schema.fields(real, stream, StreamSettings(), "SYNCLN")}
    for field in schema.fields(SERVED, stream, StreamSettings(), "SYNCLN"):
        other = found[field.name]
        assert (other.type, other.max_length) == (field.type, field.max_length), field.name
        assert (other.creatable, other.updatable) == (field.creatable, field.updatable), field.name
