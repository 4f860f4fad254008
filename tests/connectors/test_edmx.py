"""A service's own description: what is read of it, and what is never expanded."""

import pytest

from connectors.contract import FieldType
from connectors.edmx import UnfitError, parse
from model.errors import ProtocolError
from syncline.sandbox.odata_model import Entity, Navigation, edmx, properties

PARTS = Entity(name="A_Part", properties=properties("Thing*:10a Number*:3"), deletable=False)
THINGS = Entity(
    name="A_Thing",
    properties=properties("Thing*:10a Name:40 Code:4u Day:d At:o Time:t Flag:b Made:dr Size:i"),
    navigations={"to_Parts": Navigation(target="A_Part", many=True, on={"Thing": "Thing"})},
    creatable=False,
)
DOCUMENT = edmx("SERVICE", {"A_Thing": THINGS, "A_Part": PARTS})


@pytest.fixture
def service():
    return parse(DOCUMENT)


def test_sets_say_what_may_be_done_with_their_rows(service):
    things, parts = service.sets["A_Thing"], service.sets["A_Part"]
    assert (things.creatable, things.updatable, things.deletable) == (False, True, True)
    assert (parts.creatable, parts.updatable, parts.deletable) == (True, True, False)


def test_properties_become_fields_with_length_type_and_rights(service):
    kind = service.type_of("A_Thing")
    facts = {name: known.fact(name) for name, known in kind.properties.items()}
    assert (facts["Name"].max_length, facts["Name"].type, facts["Name"].label) == (40, FieldType.TEXT, "Name")
    assert [facts[n].type for n in ("Day", "At", "Flag", "Size")] == [
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.BOOLEAN,
        FieldType.INTEGER,
    ]
    assert (facts["Made"].creatable, facts["Made"].updatable) == (False, False)
    assert not facts["Thing"].nullable
    assert kind.properties["Code"].upper


def test_navigations_lead_to_one_or_to_many(service):
    assert service.type_of("A_Thing").navigations == {"to_Parts": ("A_PartType", True)}


def test_rows_are_addressed_by_all_their_keys(service):
    assert service.type_of("A_Thing").address({"Thing": "O'Brien"}) == "'O''Brien'"
    assert service.type_of("A_Part").address({"Thing": "7", "Number": "1"}) == "Thing='7',Number='1'"


def test_a_row_is_shown_without_its_metadata_and_navigations(service):
    row = {"__metadata": {}, "Thing": "7", "Day": "/Date(0)/", "Time": "PT01H00M00S", "to_Parts": {"__deferred": {}}}
    assert service.type_of("A_Thing").shown(row) == {"Thing": "7", "Day": "1970-01-01", "Time": "01:00:00"}


def test_an_unknown_or_unfit_property_is_refused_by_its_name(service):
    kind = service.type_of("A_Thing")
    assert kind.sent({"Name": None, "Day": None}) == {"Name": "", "Day": None}
    for given in ({"Nmae": "x"}, {"Flag": "x"}):
        with pytest.raises(UnfitError) as caught:
            kind.sent(given)
        assert caught.value.field in given


@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_a_document_that_declares_entities_is_not_read(coding):
    bomb = (
        f'<?xml version="1.0" encoding="{coding}"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        "<x>&b;</x>"
    )
    with pytest.raises(ProtocolError, match="declares a document type"):
        parse(bomb.encode(coding))


@pytest.mark.parametrize("document", [b"", b"<html><body>Sign in</body></html>", DOCUMENT[: len(DOCUMENT) // 2], b"{}"])
def test_what_is_no_description_or_only_a_part_of_one_is_said(document):
    with pytest.raises(ProtocolError, match=r"\$metadata"):
        parse(document)
