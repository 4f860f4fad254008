"""The fake shop, held against the vendor's own schema: see `shopify_schema` for where it comes from.

Its schema must be a part of the vendor's, and whatever its own tests ask of it must be answered as that one says.
"""

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from syncline.sandbox.shopify.schema import VERSIONS, schema
from tests.interop.shopify_schema import Listening, complaints, real
from tests.sandbox.test_shopify_fake import *  # noqa: F403 (the fake's tests run again, listened to)
from tests.sandbox.test_shopify_fake import data


@pytest.fixture
def shop(clock):
    fake = Listening(clock)
    yield fake
    plain = [exchange for exchange in fake.heard if "__schema" not in exchange.text]
    assert [(exchange.text, text) for exchange in plain for text in complaints(exchange)] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_faked_is_a_part_of_what_the_vendor_describes(version):
    assert [text for name in schema(version).type_map for text in differences(version, name)] == []


def differences(version, name):
    """Where a faked type is not the vendor's: fields, arguments, what must be given, interfaces, values."""
    mine, theirs = schema(version).type_map[name], real(version).type_map.get(name)
    if type(mine) is not type(theirs):
        yield f"{name} is {theirs!r}"
    elif isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
        yield from (f"{name} is no {one}" for one in mine.interfaces if one.name not in map(str, theirs.interfaces))
        for field, faked in mine.fields.items():
            yield from differing(f"{name}.{field}", {field: faked}, theirs.fields, needed=())
            given = theirs.fields.get(field, faked).args
            needed = [one for one, argument in given.items() if is_required_argument(argument)]
            yield from differing(f"{name}.{field}", faked.args, given, needed)
    elif isinstance(mine, GraphQLInputObjectType):
        if mine.is_one_of != theirs.is_one_of:
            yield f"{name}: one of its fields is all that may be given, or not"
        needed = [one for one, field in theirs.fields.items() if is_required_input_field(field)]
        yield from differing(name, mine.fields, theirs.fields, needed)
    elif isinstance(mine, GraphQLEnumType):
        yield from (f"{name} has no {value}" for value in mine.values if value not in theirs.values)


def differing(place, mine, theirs, needed):
    yield from (f"{place} lacks {one}" for one in needed if one not in mine)
    for one, faked in mine.items():
        told = [described(theirs[one]) if one in theirs else None, described(faked)]
        if told[0] != told[1]:
            yield f"{place}: {one} is {told[0]}, faked as {told[1]}"


def described(field):
    return str(field.type), getattr(field, "default_value", None), bool(field.deprecation_reason)


def test_every_field_that_is_faked_is_answered_as_the_vendor_describes_it(shop, clock):
    shop.define_marker()
    person = {"firstName": "Ana", "email": "ana@example.com", "phone": "+4930123456"}
    address = {"address1": "Ring 1", "city": "Köln", "zip": "50667", "countryCode": "DE", "firstName": "Ana"}
    (customer,) = shop.seed("customers", [{**person, "addresses": [address], "metafields": {"syncline.id": "e1"}}])
    (company,) = shop.seed("companies", [{"name": "Acme"}])
    bought = {"customer": {"toAssociate": {"id": customer}}, "lineItems": [LINE], "shippingAddress": address}
    shop.seed("orders", [bought])
    data(shop, MAKE, c={"company": {"name": "Bolt"}, "companyLocation": {"name": "Yard", "shippingAddress": PLACE}})
    made = data(shop, JOIN, company=company, customer=customer)["companyAssignCustomerAsContact"]["companyContact"]
    data(shop, HEAD, company=company, contact=made["id"])
    for root, depth in {"shop": 3, "currentAppInstallation": 2, "customers": 4, "companies": 4, "orders": 5}.items():
        field = schema().query_type.fields[root]
        assert data(shop, f"{{ {whole(root, field, depth)} }}")[root], root
        clock.advance(60)
    assert data(shop, f"{{ {whole('metafieldDefinitions', schema().query_type.fields['metafieldDefinitions'], 4)} }}")


LINE = {"sku": "A", "quantity": 2, "priceSet": {"shopMoney": {"amount": "9.90", "currencyCode": "EUR"}}}
PLACE = {"address1": "Ring 1", "city": "Köln", "zip": "50667", "countryCode": "DE", "recipient": "Ana"}
MAKE = "mutation M($c: CompanyCreateInput!) { companyCreate(input: $c) { company { id } userErrors { code } } }"
JOIN = """mutation J($company: ID!, $customer: ID!) {
  companyAssignCustomerAsContact(companyId: $company, customerId: $customer) {
    companyContact { id title isMainContact } userErrors { message } } }"""
HEAD = """mutation H($company: ID!, $contact: ID!) {
  companyAssignMainContact(companyId: $company, companyContactId: $contact) {
    company { mainContact { id } } userErrors { message } } }"""


def whole(name, field, depth):
    """A selection of everything below a field, as deep as given; connections by their first node."""
    kind = get_named_type(field.type)
    given = {"first": "1", "key": '"id"', "namespace": '"syncline"', "ownerType": "CUSTOMER"}
    asked = ", ".join(f"{one}: {given[one]}" for one in field.args if one in given)
    head = f"{name}({asked})" if asked else name
    if is_leaf_type(kind):
        return head
    inside = [whole(one, below, depth - 1) for one, below in kind.fields.items()] if depth else ["__typename"]
    return f"{head} {{ {' '.join(inside)} }}"
