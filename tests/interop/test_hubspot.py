"""HubSpot's own client library against the fake account, on a loopback port."""

import pytest

from model.clock import ManualClock
from syncline.sandbox.hubspot import HubSpotFake
from syncline.sandbox.wire import Server

hubspot = pytest.importorskip("hubspot")

from hubspot.crm import companies, contacts, deals, properties  # noqa: E402 (only where the library is there)
from hubspot.crm.associations import v4 as associations  # noqa: E402 (likewise)


@pytest.fixture
def fake():
    return HubSpotFake(ManualClock(), lag=0)


@pytest.fixture
def served(fake):
    with Server(fake) as server:
        yield server.url


def at(api, url):
    """An API of the library, sent to the fake instead of to HubSpot."""
    api.api_client.configuration.host = url
    return api


@pytest.fixture
def client():
    return hubspot.HubSpot(access_token="pat-na1-sandbox")


def people(*names):
    return [
        contacts.SimplePublicObjectBatchInputForCreate(
            properties={"lastname": name, "email": f"{name.lower()}@example.com"},
            associations=[],
            object_write_trace_id=name,
        )
        for name in names
    ]


def test_a_contact_is_made_read_changed_and_archived(client, served, fake):
    api = at(client.crm.contacts.basic_api, served)
    given = contacts.SimplePublicObjectInputForCreate(
        properties={"lastname": "Ng", "email": "Ng@Example.com"}, associations=[]
    )
    made = api.create(simple_public_object_input_for_create=given)
    assert made.properties["email"] == "ng@example.com"
    change = contacts.SimplePublicObjectInput(properties={"jobtitle": "Buyer"})
    api.update(contact_id=made.id, simple_public_object_input=change)
    found = api.get_by_id(contact_id=made.id, properties=["jobtitle", "city"])
    assert (found.properties["jobtitle"], found.properties["city"], found.archived) == ("Buyer", None, False)
    assert api.get_by_id(contact_id="ng@example.com", id_property="email").id == made.id
    api.archive(contact_id=made.id)
    assert [one.id for one in api.get_page(archived=True).results] == [made.id]
    assert fake.rows("contacts") == []


def test_all_pages_of_a_list_are_read(client, served, fake):
    keys = fake.seed("contacts", [{"lastname": f"Name {n}"} for n in range(25)])
    api, after, found = at(client.crm.contacts.basic_api, served), None, []
    while True:
        page = api.get_page(limit=10, after=after, properties=["lastname"])
        found += [one.id for one in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert found == keys


def test_a_batch_with_a_wrong_row_answers_for_each(client, served, fake):
    api = at(client.crm.contacts.batch_api, served)
    inputs = people("Ng", "Bo")
    inputs[1].properties["email"] = "no address"
    answer = api.create(
        batch_input_simple_public_object_batch_input_for_create=contacts.BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=inputs
        )
    )
    assert (answer.num_errors, answer.errors[0].context["objectWriteTraceId"]) == (1, ["Bo"])
    assert [one.properties["lastname"] for one in answer.results] == ["Ng"]


def test_records_are_upserted_by_a_unique_property(client, served, fake):
    api = at(client.crm.companies.batch_api, served)

    def upsert(name):
        one = companies.SimplePublicObjectBatchInputUpsert(
            id="hub-1", id_property="syncline_id", properties={"name": name}
        )
        inputs = companies.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one])
        return api.upsert(batch_input_simple_public_object_batch_input_upsert=inputs).results[0]

    first, second = upsert("Acme"), upsert("Acme Ltd")
    assert (first.new, second.new, first.id == second.id) == (True, False, True)
    assert [row["name"] for row in fake.rows("companies")] == ["Acme Ltd"]


def test_several_are_read_updated_and_archived_by_id(client, served, fake):
    one, two, gone = fake.seed("deals", [{"dealname": name, "dealstage": "contractsent"} for name in "abc"])
    fake.delete("deals", gone)
    api = at(client.crm.deals.batch_api, served)
    asked = [deals.SimplePublicObjectId(id=key) for key in (one, two, gone)]
    read = deals.BatchReadInputSimplePublicObjectId(inputs=asked, properties=["dealname"], properties_with_history=[])
    answer = api.read(batch_read_input_simple_public_object_id=read)
    assert sorted(found.properties["dealname"] for found in answer.results) == ["a", "b"]
    assert answer.errors[0].context["ids"] == [gone]
    changes = [deals.SimplePublicObjectBatchInput(id=key, properties={"amount": "12.5"}) for key in (one, two)]
    api.update(
        batch_input_simple_public_object_batch_input=deals.BatchInputSimplePublicObjectBatchInput(inputs=changes)
    )
    assert {row["amount"] for row in fake.rows("deals")} == {"12.5"}
    api.archive(batch_input_simple_public_object_id=deals.BatchInputSimplePublicObjectId(inputs=asked[:1]))
    assert [row["dealname"] for row in fake.rows("deals")] == ["b"]


def test_a_search_filters_sorts_and_pages(client, served, fake):
    fake.seed("contacts", [{"lastname": f"Name {n:02}", "city": "Bonn" if n % 2 else "Köln"} for n in range(30)])
    api = at(client.crm.contacts.search_api, served)
    group = contacts.FilterGroup(filters=[contacts.Filter(property_name="city", operator="EQ", value="bonn")])
    asked = contacts.PublicObjectSearchRequest(
        filter_groups=[group], sorts=["lastname"], properties=["lastname"], limit=10, after="0"
    )
    page = api.do_search(public_object_search_request=asked)
    assert (page.total, page.results[0].properties["lastname"], page.paging.next.after) == (15, "Name 01", "10")
    asked.limit = 201
    with pytest.raises(contacts.ApiException) as refused:
        api.do_search(public_object_search_request=asked)
    assert refused.value.status == 400


def test_a_duplicate_e_mail_address_is_a_conflict(client, served, fake):
    (holder,) = fake.seed("contacts", [{"email": "ng@example.com"}])
    given = contacts.SimplePublicObjectInputForCreate(properties={"email": "ng@example.com"}, associations=[])
    with pytest.raises(contacts.ApiException) as refused:
        at(client.crm.contacts.basic_api, served).create(simple_public_object_input_for_create=given)
    assert refused.value.status == 409
    assert holder in refused.value.body


def test_two_records_are_merged_into_a_new_one(client, served, fake):
    one, two = fake.seed("companies", [{"name": "Acme"}, {"name": "Acme Inc."}])
    pair = companies.PublicMergeInput(primary_object_id=one, object_id_to_merge=two)
    api = at(client.crm.companies.basic_api, served)
    made = api.merge(public_merge_input=pair)
    assert made.id not in (one, two)
    assert api.get_by_id(company_id=two).id == made.id


def test_properties_are_listed_and_made(client, served, fake):
    api = at(client.crm.properties.core_api, served)
    given = properties.PropertyCreate(
        name="loyalty",
        label="Loyalty",
        type="string",
        field_type="text",
        group_name="contactinformation",
        has_unique_value=True,
    )
    assert api.create(object_type="contacts", property_create=given).has_unique_value
    assert "loyalty" in {one.name for one in api.get_all(object_type="contacts").results}


def test_associations_are_made_read_and_ended(client, served, fake):
    (person,) = fake.seed("contacts", [{"lastname": "Ng"}])
    (company,) = fake.seed("companies", [{"name": "Acme"}])
    api = at(client.crm.associations.v4.batch_api, served)
    spec = associations.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=1)
    one = associations.PublicAssociationMultiPost(
        _from=associations.PublicObjectId(id=person), to=associations.PublicObjectId(id=company), types=[spec]
    )
    api.create(
        "contacts",
        "companies",
        batch_input_public_association_multi_post=associations.BatchInputPublicAssociationMultiPost(inputs=[one]),
    )
    asked = associations.BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[associations.PublicFetchAssociationsBatchRequest(id=person)]
    )
    (found,) = api.get_page("contacts", "companies", batch_input_public_fetch_associations_batch_request=asked).results
    assert {kind.label for kind in found.to[0].association_types} == {None, "Primary"}
    end = associations.PublicAssociationMultiArchive(
        _from=associations.PublicObjectId(id=person), to=[associations.PublicObjectId(id=company)]
    )
    api.archive(
        "contacts",
        "companies",
        batch_input_public_association_multi_archive=associations.BatchInputPublicAssociationMultiArchive(inputs=[end]),
    )
    assert fake.associated("contacts", person, "companies") == {}


def test_an_app_renews_its_token(served, fake):
    api = at(hubspot.HubSpot().oauth.tokens_api, served)
    told = api.create(
        grant_type="refresh_token", client_id="app", client_secret="secret", refresh_token="refresh-sandbox"
    )
    api = at(hubspot.HubSpot(access_token=told.access_token).crm.contacts.basic_api, served)
    assert api.get_page().results == []


def test_a_wrong_token_is_refused(served):
    with pytest.raises(contacts.ApiException) as refused:
        at(hubspot.HubSpot(access_token="nobody").crm.contacts.basic_api, served).get_page()
    assert refused.value.status == 401
