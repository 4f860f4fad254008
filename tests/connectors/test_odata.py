"""OData 2.0: values there and back, addresses that nobody's data can leave, errors without anybody's data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import odata
from syncline.sandbox.odata_filter import condition
from syncline.sandbox.odata_model import Entity, properties

THING = Entity(name="A_Thing", properties=properties("Name*:40 Day:d Time:t Flag:b"))
DAYS = st.dates().map(lambda day: day.isoformat())
TIMES = st.times().map(lambda time: f"{time:%H:%M:%S}")


@pytest.mark.parametrize(
    ("edm", "day", "body", "value"),
    [
        ("Edm.DateTime", True, "/Date(1518393600000)/", "2018-02-12"),
        ("Edm.DateTime", False, "/Date(1518393600000)/", "2018-02-12T00:00:00"),
        ("Edm.DateTime", True, "/Date(253402214400000)/", "9999-12-31"),
        ("Edm.DateTime", True, "/Date(-62135596800000)/", "0001-01-01"),
        ("Edm.DateTimeOffset", False, "/Date(1518430952000+0000)/", "2018-02-12T10:22:32Z"),
        ("Edm.Time", False, "PT10H20M32S", "10:20:32"),
        ("Edm.Boolean", False, True, True),
        ("Edm.String", False, "PT10H20M32S", "PT10H20M32S"),
        ("Edm.Int16", False, 7, 7),
    ],
)
def test_values_are_shown_as_the_hub_has_them_and_sent_back_as_they_came(edm, day, body, value):
    assert odata.shown(body, edm, day=day) == value
    assert odata.sent(value, edm) == body


def test_null_stays_null_and_what_is_odd_is_left_as_it_is():
    assert odata.shown(None, "Edm.DateTime") is None
    assert odata.shown("/Date(99999999999999999)/", "Edm.DateTime") == "/Date(99999999999999999)/"
    assert odata.shown("soon", "Edm.Time") == "soon"


@given(day=DAYS)
def test_any_day_comes_back(day):
    assert odata.shown(odata.sent(day, "Edm.DateTime"), "Edm.DateTime", day=True) == day


@pytest.mark.parametrize(
    ("edm", "value"),
    [
        ("Edm.Boolean", "yes"),
        ("Edm.Int32", 1.5),
        ("Edm.Decimal", "much"),
        ("Edm.Decimal", True),
        ("Edm.DateTime", "12.02.2018"),
        ("Edm.DateTimeOffset", "2018-02-12T10:22:32"),
        ("Edm.Time", "25:00:00"),
        ("Edm.String", ["a"]),
    ],
)
def test_what_is_no_value_of_its_type_is_refused_without_being_quoted(edm, value):
    with pytest.raises(ValueError, match="takes") as caught:
        odata.sent(value, edm)
    assert str(value) not in str(caught.value)


@given(text=st.text(max_size=40), other=st.text(max_size=40))
def test_no_text_leaves_its_quotes(text, other):
    """A filter made of any text is understood as that very text, and nothing else."""
    wanted = condition(odata.equal("Name", text), THING)
    assert wanted({"Name": text})
    assert wanted({"Name": other}) == (text == other)


def test_a_name_that_is_none_cannot_be_smuggled_into_a_filter():
    with pytest.raises(ValueError, match="name of a property"):
        odata.equal("Name eq 'x' or Name", "y")


@given(
    rows=st.lists(st.tuples(DAYS, TIMES, st.text("ab'", max_size=3)), max_size=6),
    at=st.tuples(DAYS, TIMES, st.text("ab'", max_size=3)),
    inclusive=st.booleans(),
)
def test_a_position_by_several_columns_cuts_where_the_order_does(rows, at, inclusive):
    kinds = ("Edm.DateTime", "Edm.Time", "Edm.String")
    columns = [
        (name, odata.literal(value, kind)) for name, value, kind in zip(("Day", "Time", "Name"), at, kinds, strict=True)
    ]
    wanted = condition(odata.beyond(columns, inclusive=inclusive), THING)
    for day, time, name in [*rows, at]:
        row = {"Day": f"{day}T00:00:00", "Time": time, "Name": name}
        assert wanted(row) == ((day, time, name) > at or (inclusive and (day, time, name) == at))


def test_conditions_go_into_addresses_that_are_short_enough():
    groups = list(odata.portions(odata.equal("Name", "x" * 40) for _ in range(200)))
    assert sum(map(len, groups)) == 200
    assert all(len(group) <= 40 and len(odata.some(group)) < 4000 for group in groups)
    assert list(odata.portions([])) == []


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("0000012345", "12345"),
        ("12345", "12345"),
        ("0000000000", "0"),
        ("abc1", "ABC1"),
        ("00A1", "00A1"),
        (" 7 ", "7"),
    ],
)
def test_padded_ids_are_one_with_those_without_zeros(shown, meant):
    assert odata.unpadded(shown) == meant


def test_an_error_is_read_with_the_fields_it_names():
    body = (
        b'{"error": {"code": "R1/002", "message": {"lang": "en", "value": "Enter a name"}, "innererror": '
        b'{"errordetails": [{"code": "x", "severity": "info", "propertyref": "Y"}, '
        b'{"severity": "error", "propertyref": "API.T/Name"}]}}}'
    )
    fault = odata.fault(400, body)
    assert (fault.code, fault.message, fault.field) == ("R1/002", "Enter a name", "Name")


@pytest.mark.parametrize("body", [b"", b"<html/>", b"[]", b'{"error": "x"}', b'{"d": {}}'])
def test_what_is_no_error_of_the_protocol_is_none(body):
    assert odata.fault(500, body) is None


def test_a_vendor_s_words_lose_the_row_s_own_values():
    said = odata.blanked("Value 'MOOS' of Hanna is too long", ["Hanna", "Moos", 3, True, None])
    assert said == "Value '…' of … is too long"
