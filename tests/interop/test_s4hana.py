"""The fake S/4HANA, driven by pyodata, SAP's own OData 2.0 client for Python."""

import pytest

from syncline.sandbox.s4hana import S4HanaFake
from syncline.sandbox.wire import Server

pyodata = pytest.importorskip("pyodata")
requests = pytest.importorskip("requests")

ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"


@pytest.fixture
def fake():
    return S4HanaFake(users={"USER": "canary"}, page=3)


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
    answer = session.get(f"{client.root}/", headers={"x-csrf-token": "Fetch", "accept": "application/json"})
    session.headers["x-csrf-token"] = answer.headers["x-csrf-token"]
    return client.entity_sets.A_BusinessPartner


def company(n):
    return {"OrganizationBPName1": f"Company {n}", f"{ADDRESS}.Country": "DE", f"{ADDRESS}.CityName": "Ulm"}


def test_it_reads_the_model(client):
    partner = client.schema.entity_type("A_BusinessPartnerType")
    assert [key.name for key in partner.key_proprties] == ["BusinessPartner"]
    assert partner.proprty("OrganizationBPName1").max_length == 40
    assert not partner.proprty("LastChangeDate").updatable
    assert partner.proprty("FirstName").updatable


def test_it_reads_by_key_by_filter_and_what_is_expanded(fake, client):
    keys = fake.seed("organisations", [company(1), company(2)])
    partners = client.entity_sets.A_BusinessPartner
    assert partners.get_entity(f"000{keys[0]}").execute().OrganizationBPName1 == "Company 1"
    wanted = partners.get_entities().filter("OrganizationBPName1 eq 'Company 2'").expand("to_BusinessPartnerAddress")
    (found,) = wanted.execute()
    assert (found.BusinessPartner, found.to_BusinessPartnerAddress[0].CityName) == (keys[1], "Ulm")


def test_it_follows_the_pages(fake, client):
    keys = fake.seed("organisations", [company(n) for n in range(7)])
    query, met = client.entity_sets.A_BusinessPartner.get_entities(), []
    answer = query.execute()
    while True:
        met += [partner.BusinessPartner for partner in answer]
        if answer.next_url is None:
            break
        answer = client.entity_sets.A_BusinessPartner.get_entities().next_url(answer.next_url).execute()
    assert sorted(met) == sorted(keys)


def test_a_write_needs_a_token(fake, client):
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        client.entity_sets.A_BusinessPartner.create_entity().set(BusinessPartnerCategory="2").execute()
    assert caught.value.response.status_code == 403
    assert not fake.rows["A_BusinessPartner"]


def test_it_makes_a_partner_with_its_address(fake, client, session):
    made = (
        signed(client, session)
        .create_entity()
        .set(
            BusinessPartnerCategory="2",
            OrganizationBPName1="Königlich Essen",
            to_BusinessPartnerAddress=[{"Country": "DE", "CityName": "Brandenburg"}],
        )
        .execute()
    )
    assert fake.partner(made.BusinessPartner)["OrganizationBPName1"] == "Königlich Essen"
    assert fake.address(made.BusinessPartner)["CityName"] == "Brandenburg"


def test_a_change_needs_the_version_that_was_read(fake, client, session):
    (key,) = fake.seed("organisations", [company(1)])
    partners = signed(client, session)
    read = partners.get_entity(key).execute()
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        partners.update_entity(key).set(SearchTerm1="x").execute()
    assert caught.value.response.status_code == 428
    request = partners.update_entity(key).set(SearchTerm1="ulm")
    request.add_headers({"if-match": read.etag})
    request.execute()
    assert fake.partner(key)["SearchTerm1"] == "ULM"
    again = partners.update_entity(key).set(SearchTerm1="late")
    again.add_headers({"if-match": read.etag})
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        again.execute()
    assert caught.value.response.status_code == 412


def test_a_batch_is_answered_part_by_part(fake, client, session):
    keys = fake.seed("organisations", [company(1), company(2)])
    signed(client, session)
    batch = client.create_batch()
    for key in keys:
        batch.add_request(client.entity_sets.A_BusinessPartner.get_entity(key))
    sets = client.create_changeset()
    sets.add_request(
        client.entity_sets.A_BusinessPartner.create_entity().set(BusinessPartnerCategory="1", LastName="Łukasz")
    )
    batch.add_request(sets)
    first, second, (made,) = batch.execute()
    assert [first.OrganizationBPName1, second.OrganizationBPName1] == ["Company 1", "Company 2"]
    assert fake.partner(made.BusinessPartner)["LastName"] == "Łukasz"
