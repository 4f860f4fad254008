"""The fake shop as an independent client sees it: GraphQL over HTTP, in-process and on a port."""

import json
import urllib.error
import urllib.request

import orjson
import pytest
from graphql import build_client_schema, get_introspection_query, parse, validate

from model.clock import ManualClock, SystemClock
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.wire import Server, request_of

PATH = "/admin/api/2026-10/graphql.json"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def shop(clock):
    return ShopifyFake(clock)


def ask(shop, query, token="shpat_static", **variables):
    body = orjson.dumps({"query": query, "variables": variables})
    return shop.handle(request_of("POST", f"https://x{PATH}", {"X-Shopify-Access-Token": token}, body))


def data(shop, query, **variables):
    answer = orjson.loads(ask(shop, query, **variables).body)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def post(url, body, token):
    headers = {"content-type": "application/json", "x-shopify-access-token": token}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def searched(shop, query, kind="customers"):
    found = data(shop, f"query($q: String) {{ {kind}(first: 50, query: $q) {{ nodes {{ id }} }} }}", q=query)
    return [node["id"] for node in found[kind]["nodes"]]


def test_a_stranger_with_the_schema_can_use_it_over_a_port():
    shop = ShopifyFake(SystemClock())
    with Server(shop) as server:
        token = post(
            f"{server.url}/admin/oauth/access_token",
            {"client_id": "client", "client_secret": "secret", "grant_type": "client_credentials"},
            "",
        )["access_token"]
        schema = build_client_schema(post(server.url + PATH, {"query": get_introspection_query()}, token)["data"])
        text = """mutation M($i: CustomerInput!) {
          customerCreate(input: $i) { customer { id displayName } userErrors { message } } }"""
        assert validate(schema, parse(text)) == []
        made = post(server.url + PATH, {"query": text, "variables": {"i": {"firstName": "Zoë"}}}, token)
        assert made["data"]["customerCreate"]["customer"]["displayName"] == "Zoë"
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(server.url + PATH, {"query": text}, "wrong")
        refused.value.close()
        assert refused.value.code == 401


def test_a_token_lives_a_day(shop, clock):
    body = b"client_id=client&client_secret=secret&grant_type=client_credentials"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    token = orjson.loads(shop.handle(request_of("POST", "https://x/admin/oauth/access_token", headers, body)).body)
    assert ask(shop, "{ shop { name } }", token["access_token"]).status == 200
    clock.advance(24 * 3600 + 1)
    assert ask(shop, "{ shop { name } }", token["access_token"]).status == 401


def test_wrong_credentials_and_unknown_versions_are_refused(shop):
    body = orjson.dumps({"client_id": "client", "client_secret": "no", "grant_type": "client_credentials"})
    headers = {"content-type": "application/json"}
    assert shop.handle(request_of("POST", "https://x/admin/oauth/access_token", headers, body)).status == 401
    assert shop.handle(request_of("POST", "https://x/admin/api/2031-01/graphql.json", {}, b"{}")).status == 404


def test_customers_are_filtered_by_day_and_orders_by_second(shop, clock):
    (customer,) = shop.seed("customers", [{"lastName": "A"}])
    (order,) = shop.seed("orders", [{"lineItems": [{"quantity": 1}]}])
    assert searched(shop, "updated_at:>='2026-01-01T18:00:00Z'") == [customer]
    assert searched(shop, "updated_at:>='2026-01-02T00:00:00Z'") == []
    assert searched(shop, "updated_at:>='2026-01-01T00:00:01Z'", "orders") == []
    assert searched(shop, "updated_at:>='2026-01-01T00:00:00Z'", "orders") == [order]


def test_an_unquoted_address_finds_neighbours_and_a_quoted_one_does_not(shop):
    one, two = shop.seed("customers", [{"email": "bob@example.com"}, {"email": "example@bob.com"}])
    assert searched(shop, "email:bob@example.com") == [one, two]
    assert searched(shop, 'email:"bob@example.com"') == [one]


def test_an_unknown_search_field_is_ignored_with_a_warning(shop):
    made = shop.seed("customers", [{"lastName": "A"}])
    answer = orjson.loads(ask(shop, '{ customers(first: 5, query: "colour:red") { nodes { id } } }').body)
    assert [node["id"] for node in answer["data"]["customers"]["nodes"]] == made
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "colour"


def test_the_index_lags_behind_but_looking_up_by_id_does_not(shop, clock):
    shop.shop.lag = 30
    (gid,) = shop.seed("customers", [{"lastName": "A"}])
    assert searched(shop, "last_name:A") == []
    assert data(shop, "query($i: ID!) { customer(id: $i) { lastName } }", i=gid)["customer"] == {"lastName": "A"}
    clock.advance(31)
    assert searched(shop, "last_name:A") == [gid]


def test_the_index_can_lag_for_a_number_of_searches(shop):
    shop.shop.lag_calls = 2
    (gid,) = shop.seed("customers", [{"lastName": "A"}])
    assert [searched(shop, "last_name:A") for _ in range(3)] == [[], [], [gid]]


def test_paging_visits_everything_once_both_ways(shop):
    made = shop.seed("customers", [{"lastName": str(i)} for i in range(7)])
    text = """query($after: String, $reverse: Boolean) {
      customers(first: 3, after: $after, reverse: $reverse, sortKey: UPDATED_AT) {
        nodes { id } pageInfo { hasNextPage endCursor } } }"""
    for reverse in (False, True):
        seen, after = [], None
        while True:
            page = data(shop, text, after=after, reverse=reverse)["customers"]
            seen += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert seen == (made[::-1] if reverse else made)


def test_setting_addresses_replaces_them_all(shop):
    both = [{"city": "Bonn", "countryCode": "DE"}, {"city": "Paris", "countryCode": "FR"}]
    (gid,) = shop.seed("customers", [{"lastName": "A", "addresses": both}])
    text = """mutation($i: CustomerSetInput!, $k: CustomerSetIdentifiers) {
      customerSet(input: $i, identifier: $k) { userErrors { code } } }"""
    data(shop, text, i={"firstName": "B"}, k={"id": gid})
    assert len(shop.rows("customers")[0]["addresses"]) == 2
    data(shop, text, i={"addresses": [{"city": "Rome"}]}, k={"id": gid})
    assert [address["city"] for address in shop.rows("customers")[0]["addresses"]] == ["Rome"]


def test_the_survivor_of_a_merge_is_the_one_with_an_address_whichever_was_named_first(shop):
    text = """mutation($a: ID!, $b: ID!) { customerMerge(customerOneId: $a, customerTwoId: $b) {
      resultingCustomerId job { done } userErrors { message } } }"""
    for turn in (1, -1):
        pair = shop.seed("customers", [{"lastName": "N"}, {"email": f"m{turn}@example.com"}])
        shop.seed("orders", [{"customer": {"toAssociate": {"id": pair[0]}}, "lineItems": [{"quantity": 1}]}])
        one, two = pair[::turn]
        assert data(shop, text, a=one, b=two)["customerMerge"]["resultingCustomerId"] == pair[1]
        assert shop.shop.row(pair[0]) is None
        assert shop.rows("orders")[-1]["customer"] == pair[1]


def test_consent_needs_an_address_and_some_states_cannot_be_set(shop):
    bare, mailed = shop.seed("customers", [{"lastName": "A"}, {"email": "a@example.com"}])
    text = """mutation($i: CustomerEmailMarketingConsentUpdateInput!) {
      customerEmailMarketingConsentUpdate(input: $i) { userErrors { code } } }"""
    for gid, state, code in ((bare, "SUBSCRIBED", "INVALID"), (mailed, "NOT_SUBSCRIBED", "INCLUSION")):
        given = {"customerId": gid, "emailMarketingConsent": {"marketingState": state}}
        assert data(shop, text, i=given)["customerEmailMarketingConsentUpdate"]["userErrors"] == [{"code": code}]


def test_a_new_address_has_no_consent_of_the_old_one(shop):
    (gid,) = shop.seed(
        "customers", [{"email": "a@example.com", "emailMarketingConsent": {"marketingState": "SUBSCRIBED"}}]
    )
    shop.edit(gid, email="b@example.com")
    assert shop.rows("customers")[0]["emailConsent"]["state"] == "NOT_SUBSCRIBED"


def test_metafields_are_unique_only_where_their_definition_says_so(shop):
    shop.define_marker()
    one, two = shop.seed("customers", [{"lastName": "A"}, {"lastName": "B"}])
    text = "mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { userErrors { code field } } }"

    def put(owner, namespace):
        given = {"ownerId": owner, "namespace": namespace, "key": "id", "value": "same", "type": "id"}
        return [error["code"] for error in data(shop, text, m=[given])["metafieldsSet"]["userErrors"]]

    assert [put(one, "syncline"), put(two, "syncline"), put(one, "other"), put(two, "other")] == [[], ["TAKEN"], [], []]


def test_tags_are_added_and_removed_without_touching_others(shop):
    (gid,) = shop.seed("customers", [{"lastName": "A", "tags": ["vip"]}])
    data(shop, 'mutation($i: ID!) { tagsAdd(id: $i, tags: ["New", "VIP"]) { userErrors { message } } }', i=gid)
    assert shop.rows("customers")[0]["tags"] == ["New", "vip"]
    data(shop, 'mutation($i: ID!) { tagsRemove(id: $i, tags: ["vip"]) { userErrors { message } } }', i=gid)
    assert shop.rows("customers")[0]["tags"] == ["New"]


def test_a_company_has_contacts_who_are_customers(shop):
    (gid,) = shop.seed("customers", [{"email": "a@example.com"}])
    (company,) = shop.seed("companies", [{"name": "Acme", "externalId": "a1"}])
    text = """mutation($c: ID!, $p: ID!) { companyAssignCustomerAsContact(companyId: $c, customerId: $p) {
      companyContact { id customer { id } } userErrors { code } } }"""
    made = data(shop, text, c=company, p=gid)["companyAssignCustomerAsContact"]["companyContact"]
    assert made["customer"]["id"] == gid
    text = """mutation($c: ID!, $p: ID!) {
      companyAssignMainContact(companyId: $c, companyContactId: $p) { userErrors { code } } }"""
    data(shop, text, c=company, p=made["id"])
    found = data(shop, "{ companies(first: 1) { nodes { mainContact { isMainContact customer { id } } } } }")
    assert found["companies"]["nodes"] == [{"mainContact": {"isMainContact": True, "customer": {"id": gid}}}]


def test_the_bucket_empties_throttles_and_refills(shop, clock):
    text = "{ customers(first: 250) { nodes { id defaultAddress { id } } } }"
    answers = [orjson.loads(ask(shop, text).body) for _ in range(2)]
    assert answers[0]["extensions"]["cost"]["requestedQueryCost"] == 502
    shop.bucket.available = 100
    refused = orjson.loads(ask(shop, text).body)
    assert refused["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in refused
    status = refused["extensions"]["cost"]
    clock.advance((status["requestedQueryCost"] - status["throttleStatus"]["currentlyAvailable"]) / 100)
    assert "data" in orjson.loads(ask(shop, text).body)


def test_a_query_that_is_too_dear_is_refused_before_it_runs(shop):
    text = "{ customers(first: 250) { nodes { id addressesV2(first: 10) { nodes { id city } } } } }"
    assert orjson.loads(ask(shop, text).body)["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


@pytest.mark.parametrize(
    ("kind", "status", "made"), [("lost", 200, 1), ("broken", 502, 1), ("down", 500, 0), ("busy", 429, 0)]
)
def test_misbehaviour_happens_before_or_after_the_effect_as_named(shop, kind, status, made):
    shop.misbehave(kind)
    text = 'mutation { customerCreate(input: {lastName: "A"}) { userErrors { message } } }'
    answer = ask(shop, text)
    assert (answer.status, answer.lost) == (status, kind == "lost")
    assert len(shop.rows("customers")) == made
    assert shop.calls["customerCreate"] == 1


def test_without_b2b_there_are_no_companies(clock):
    answer = orjson.loads(ask(ShopifyFake(clock, b2b=False), "{ companies(first: 1) { nodes { id } } }").body)
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_a_shop_in_a_file_is_the_same_after_a_restart(clock, tmp_path):
    file = tmp_path / "shop.json"
    first = ShopifyFake(clock, path=file)
    first.define_marker()
    made = first.seed("customers", [{"email": "a@example.com", "metafields": {"syncline.id": "e1"}}])
    again = ShopifyFake(clock, path=file)
    text = (
        """{ customerByIdentifier(identifier: {customId: {namespace: "syncline", key: "id", value: "e1"}}) { id } }"""
    )
    assert data(again, text)["customerByIdentifier"]["id"] == made[0]
    assert searched(again, 'email:"a@example.com"') == made
    assert again.seed("customers", [{"lastName": "B"}]) != made


def test_an_address_is_stored_in_small_letters_and_taken_only_once(shop):
    shop.seed("customers", [{"email": "A@Example.com"}])
    text = 'mutation { customerCreate(input: {email: "a@EXAMPLE.com"}) { userErrors { field message } } }'
    (error,) = data(shop, text)["customerCreate"]["userErrors"]
    assert error["message"] == "Email has already been taken"
    assert shop.rows("customers")[0]["email"] == "a@example.com"
