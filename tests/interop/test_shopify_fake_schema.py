"""The fake shop, held against the vendor's own schema: see `shopify_schema` for where it comes from.

Its schema must be a part of the vendor's, and whatever its own tests ask of it must be answered as that one says.
"""

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_required_argument,
    is_required_input_field,
)

from syncline.sandbox.shopify.fake import schema
from tests.interop.shopify_schema import Listening, complaints, real
from tests.sandbox.test_shopify_fake import *  # noqa: F403 (the fake's tests run again, listened to)


@pytest.fixture
def shop(clock):
    fake = Listening(clock)
    yield fake
    plain = [exchange for exchange in fake.heard if "__schema" not in exchange.text]
    assert [(exchange.text, text) for exchange in plain for text in complaints(exchange)] == []


@pytest.mark.parametrize("name", [name for name in schema().type_map if not name.startswith("__")])
def test_what_is_faked_is_as_the_vendor_describes_it(name):
    mine, theirs = schema().type_map[name], real().type_map[name]
    assert type(mine) is type(theirs)
    if isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
        assert {one.name for one in mine.interfaces} <= {one.name for one in theirs.interfaces}
        for field, faked in mine.fields.items():
            assert told(faked) == told(theirs.fields[field]), field
            given = theirs.fields[field].args
            assert {one: told(faked.args[one]) for one in faked.args} == {one: told(given[one]) for one in faked.args}
            assert {one for one in given if is_required_argument(given[one])} <= faked.args.keys(), field
    if isinstance(mine, GraphQLInputObjectType):
        assert mine.is_one_of == theirs.is_one_of
        assert {one: told(mine.fields[one]) for one in mine.fields} == {
            one: told(theirs.fields[one]) for one in mine.fields
        }
        assert {one for one in theirs.fields if is_required_input_field(theirs.fields[one])} <= mine.fields.keys()
    if isinstance(mine, GraphQLEnumType):
        assert mine.values.keys() <= theirs.values.keys()


def told(described):
    """Type, default and whether it is outdated, of a field or an argument."""
    return str(described.type), getattr(described, "default_value", None), bool(described.deprecation_reason)
