"""The fake Cloud for Customer, driven by pyodata, SAP's own OData 2.0 client for Python."""

import pytest

from syncline.sandbox.c4c import C4cFake
from syncline.sandbox.wire import Server

pyodata = pytest.importorskip("pyodata")
requests = pytest.importorskip("requests")


@pytest.fixture
def fake():
    return C4cFake(users={"USER": "canary"}, page=3)


@pytest.fixture
def session():
    made = requests.Session()
    made.auth = ("USER", "canary")
    return made


@pytest.fixture
def client(fake, session):
    with Server(fake) as server:
        client = pyodata.Client(server.url + fake.root, session)
        client.root = server.url + fake.root
        yield client


def signed(client, session):
    """The session with a CSRF token, fetched as pyodata's manual says."""
    answer = session.get(f"{client.root}/", headers={"x-csrf-token": "fetch", "accept": "application/json"})
    session.headers["x-csrf-token"] = answer.headers["x-csrf-token"]
    return client.entity_sets


def test_it_reads_the_model_with_what_may_be_done(client):
    contact = client.schema.entity_type("Contact")
    assert [key.name for key in contact.key_proprties] == ["ObjectID"]
    assert contact.proprty("LastName").max_length == 40
    assert contact.proprty("ContactID").creatable
    assert not contact.proprty("ContactID").updatable
    assert not contact.proprty("ExternalID").creatable
    assert not contact.proprty("ETag").filterable


def test_it_reads_by_key_by_filter_and_what_is_expanded(fake, client):
    key, _ = fake.seed("contacts", [{"LastName": "Anders"}, {"LastName": "Moos"}])
    fake.relate(key, ["1000077"])
    contacts = client.entity_sets.ContactCollection
    row = fake.row("contacts", key)
    assert contacts.get_entity(row["ObjectID"]).execute().LastName == "Anders"
    (found,) = contacts.get_entities().filter("LastName eq 'Anders'").expand("ContactIsContactPersonFor").execute()
    assert (found.ContactID, found.ContactIsContactPersonFor[0].AccountID) == (key, "1000077")


def test_or_joins_conditions_on_one_property_only(fake, client):
    fake.seed("contacts", [{"LastName": "Anders", "FirstName": "Maria"}, {"LastName": "Moos"}])
    contacts = client.entity_sets.ContactCollection
    found = contacts.get_entities().filter("LastName eq 'Anders' or LastName eq 'Moos'").execute()
    assert len(found) == 2
    with pytest.raises(pyodata.exceptions.HttpError):
        contacts.get_entities().filter("LastName eq 'Moos' or FirstName eq 'Maria'").execute()


def test_it_follows_the_pages(fake, client):
    keys = fake.seed("accounts", [{"Name": f"Company {n}"} for n in range(7)])
    accounts, met = client.entity_sets.CorporateAccountCollection, []
    answer = accounts.get_entities().execute()
    while True:
        met += [account.AccountID for account in answer]
        if answer.next_url is None:
            break
        answer = accounts.get_entities().next_url(answer.next_url).execute()
    assert sorted(met) == sorted(keys)


def test_a_write_needs_a_token(fake, client):
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        client.entity_sets.ContactCollection.create_entity().set(LastName="Moos").execute()
    assert caught.value.response.status_code == 403
    assert not fake.rows["ContactCollection"]


def test_it_makes_a_contact_and_changes_it_on_the_version_it_read(fake, client, session):
    contacts = signed(client, session).ContactCollection
    made = contacts.create_entity().set(LastName="Łukasz", JobTitle="Owner").execute()
    request = contacts.update_entity(made.ObjectID).set(FirstName="Jan")
    request.add_headers({"if-match": made.etag})
    request.execute()
    row = fake.row("contacts", made.ContactID)
    assert (row["FirstName"], row["LastName"], row["JobTitle"]) == ("Jan", "Łukasz", "Owner")
    late = contacts.update_entity(made.ObjectID).set(FirstName="Late")
    late.add_headers({"if-match": made.etag})
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        late.execute()
    assert caught.value.response.status_code == 412
    assert row["FirstName"] == "Jan"


def test_put_empties_what_it_does_not_name(fake, client, session):
    (key,) = fake.seed("contacts", [{"LastName": "Anders", "JobTitle": "Owner"}])
    contacts = signed(client, session).ContactCollection
    contacts.update_entity(fake.row("contacts", key)["ObjectID"], method="PUT").set(LastName="Moos").execute()
    assert (fake.row("contacts", key)["LastName"], fake.row("contacts", key)["JobTitle"]) == ("Moos", "")


def test_a_change_set_is_done_as_a_whole_or_not_at_all(fake, client, session):
    contacts = signed(client, session).ContactCollection

    def together(*sets):
        batch = client.create_batch()
        for names in sets:
            changes = client.create_changeset()
            for name in names:
                changes.add_request(contacts.create_entity().set(LastName=name))
            batch.add_request(changes)
        return batch.execute()

    ((one, two),) = together(["Anders", "Moos"])
    assert [one.LastName, two.LastName] == ["Anders", "Moos"]
    with pytest.raises(pyodata.exceptions.HttpError):
        together(["Berg", ""])
    assert sorted(row["LastName"] for row in fake.rows["ContactCollection"].values()) == ["Anders", "Moos"]
