"""Child records as lists in their parents: absent where nobody may say, empty only where there are none."""

import pytest

from connectors.sdk import ProtocolError, UnreachableError
from syncline.sandbox.siebel import SiebelFake
from syncline.sandbox.wire import Response


def accounts(*numbers):
    return [{"Name": f"Company {n}", "Location": "HQ"} for n in numbers]


def read(connector):
    return [record for page in connector.read("Account", None) for record in page.records]


def test_child_records_come_with_their_parent_where_that_is_wanted(fake, make):
    [key, bare] = fake.seed("Account", accounts(1, 2))
    fake.add_address("Account", key, city="Ulm", country="Germany")
    fake.add_address("Account", key, city="Linz", country="Austria")
    connector = make(streams={"Account": {"children": ["Business Address"]}})
    found = {record.key: record.data for record in read(connector)}
    assert sorted(child["City"] for child in found[key]["Business Address"]) == ["Linz", "Ulm"]
    assert (found[key]["City"], found[bare]["Business Address"]) == ("Ulm", [])
    assert "Business Address" in {field.name for field in connector.discover("Account")}


def test_no_children_are_an_empty_list_whether_the_release_says_204_or_404(clock, make):
    for status in (204, 404):
        fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, empty=status)
        fake.seed("Account", accounts(1))
        connector = make(of=fake, streams={"Account": {"children": ["Business Address"]}})
        assert [record.data["Business Address"] for record in read(connector)] == [[]]
        assert connector.check() == []


def test_a_child_component_that_is_not_there_is_absent_not_empty_and_said(fake, make):
    fake.seed("Account", accounts(1, 2))
    connector = make(streams={"Account": {"children": ["Bussiness Address"]}})
    assert [set(record.data) & {"Bussiness Address"} for record in read(connector)] == [set(), set()]
    assert len([request for request in fake.seen if request.path.endswith("ddress/describe")]) == 1
    [finding] = connector.check()
    assert (finding.code, finding.path) == ("unknown-field", "streams.Account.children")


def test_children_of_a_record_that_has_just_gone_say_nothing_of_those_of_others(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, empty=404)
    first, second = sorted(fake.seed("Account", accounts(1, 2)))

    class Raced:
        def handle(self, request):
            if request.path.endswith("Business%20Address/describe") and first in fake.store.rows["Account"]:
                fake.delete("Account", first)
            if request.path.endswith("/describe") and first in request.path:
                return Response.of({"ERROR": "There is no data for the requested resource"}, 404)
            return fake.handle(request)

    connector = make(of=Raced(), streams={"Account": {"children": ["Business Address"]}})
    found = {record.key: record.data for record in read(connector)}
    assert "Business Address" not in found[first]
    assert found[second]["Business Address"] == []


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (403, "Access to Resource 'Business Address' is denied(SBL-DAT-00825)"),
        (500, "The user does not have access to this record(SBL-DAT-00542)"),
    ],
)
def test_children_that_may_not_be_seen_are_absent_and_the_read_goes_on(fake, make, status, text):
    keys = fake.seed("Account", accounts(1, 2, 3))
    for key in keys:
        fake.add_address("Account", key, city="Ulm")
    fake.refusals.append((f"GET /siebel/v1.0/data/Account/Account/{keys[1]}/", status, text))
    connector = make(streams={"Account": {"children": ["Business Address"]}})
    found = {record.key: record.data for record in read(connector)}
    assert [len(found[key].get("Business Address", "")) for key in keys] == [1, 0, 1]
    assert "Business Address" not in found[keys[1]]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (404, "There is no data for the requested resource"),
        (500, "Access to Resource 'Business Address' is denied(SBL-DAT-00825)"),
        (403, "Access to Resource 'Business Address' is denied(SBL-DAT-00825)"),
        (500, "The user does not have access to this record(SBL-DAT-00542)"),
    ],
)
def test_children_whose_description_is_not_shown_are_read_and_end_no_read(clock, make, status, text):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, empty=404)
    key, bare = fake.seed("Account", accounts(1, 2))
    fake.add_address("Account", key, city="Ulm")

    class Undescribed:
        def handle(self, request):
            hidden = request.path.endswith("Address/describe")
            return Response.of({"ERROR": text}, status) if hidden else fake.handle(request)

    connector = make(of=Undescribed(), streams={"Account": {"children": ["Business Address"]}})
    found = {record.key: record.data for record in read(connector)}
    assert [child["City"] for child in found[key]["Business Address"]] == ["Ulm"]
    assert "Business Address" not in found[bare], "whether there are none, or none are shown, is not told"


def test_a_description_refused_for_one_record_says_nothing_of_the_children_of_others(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, empty=404)
    first, second = sorted(fake.seed("Account", accounts(1, 2)))
    text = "The user does not have access to this record(SBL-DAT-00542)"
    fake.refusals.append((f"GET /siebel/v1.0/data/Account/Account/{first}/Business Address/describe", 403, text))
    connector = make(of=fake, streams={"Account": {"children": ["Business Address"]}})
    found = {record.key: record.data for record in read(connector)}
    assert "Business Address" not in found[first]
    assert found[second]["Business Address"] == []


def test_a_server_that_fails_at_describing_children_ends_the_read_rather_than_guess(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, empty=404)
    [key] = fake.seed("Account", accounts(1))
    path = f"GET /siebel/v1.0/data/Account/Account/{key}/Business Address/describe"
    fake.refusals.append((path, 500, "The object manager cannot be reached(SBL-JCA-00313)"))
    with pytest.raises(UnreachableError):
        read(make(of=fake, streams={"Account": {"children": ["Business Address"]}}))


def test_a_server_that_does_not_turn_pages_of_children_is_found_out(fake, make):
    fake.turns = False
    [key] = fake.seed("Account", accounts(1))
    fake.add_address("Account", key, city="Ulm")
    with pytest.raises(ProtocolError, match="StartRowNum"):
        read(make(streams={"Account": {"children": ["Business Address"]}}))


def test_children_that_move_on_a_page_while_being_read_are_each_read_once(fake, make):
    [key] = fake.seed("Account", accounts(1))
    for n in range(3):
        fake.add_address("Account", key, city=f"City {n}")

    class Raced:
        def handle(self, request):
            answer = fake.handle(request)
            if "Address" in request.path and len(fake.store.children[key]) == 3:
                fake.store.children[key].insert(0, {"Id": "88-0", "City": "first of all"})
            return answer

    connector = make(of=Raced(), page=3, streams={"Account": {"children": ["Business Address"]}})
    [record] = read(connector)
    assert [child["City"] for child in record.data["Business Address"]] == ["City 0", "City 1", "City 2"]
