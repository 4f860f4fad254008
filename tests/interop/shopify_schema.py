"""The vendor's schema of Shopify's Admin API, and what it says of one request and its answer.

The schema is the one of the API version that the connector names, as the vendor publishes it in the npm package
``@shopify/dev-mcp`` (``admin_<version>.json.gz``, an introspection). ``make interop`` fetches it;
``SYNCLINE_SHOPIFY_SCHEMA`` names another folder with such files. They are not part of this repository: where they are
not there, a module that imports this one is skipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    build_client_schema,
    execute_sync,
    get_nullable_type,
    get_variable_values,
    parse,
    type_from_ast,
    validate,
)

from connectors.shopify import ShopifySettings
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.wire import Request, Response
from tests.interop.from_npm import published

VERSION: str = ShopifySettings.model_fields["api_version"].default


class Exchange:
    """One request and its answer; ``data`` is None where there is none, or where it was spoilt on purpose."""

    def __init__(self, request: Request, response: Response) -> None:
        asked = request.json()
        self.version = response.headers["x-shopify-api-version"]
        self.name: str | None = asked.get("operationName")
        self.text: str = asked["query"]
        self.variables: Mapping[str, Any] = asked.get("variables") or {}
        try:
            answer = json.loads(response.body)
        except ValueError:
            answer = {}
        self.data = answer.get("data")
        errors = answer.get("errors") or ()
        self.errors = () if isinstance(errors, str | dict) else errors

    @property
    def refused_for_its_form(self) -> bool:
        codes = {(error.get("extensions") or {}).get("code", "INVALID_VARIABLE") for error in self.errors}
        return not self.data and codes == {"INVALID_VARIABLE"}


class Listening(ShopifyFake):
    """The fake shop, writing down what goes by."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.heard: list[Exchange] = []

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        if request.path.endswith("/graphql.json") and response.status == 200:
            self.heard.append(Exchange(request, response))
        return response


@cache
def real(version: str = VERSION) -> GraphQLSchema:
    """The vendor's schema, its scalars checked as their descriptions there say."""
    place = published("shopify", f"admin_{version}.json.gz", "SYNCLINE_SHOPIFY_SCHEMA")
    made = build_client_schema(json.loads(gzip.decompress(place.read_bytes()))["data"], assume_valid=True)
    for name, check in {"DateTime": _moment, "Decimal": _decimal, "UnsignedInt64": _unsigned}.items():
        kind: Any = made.type_map[name]
        kind.coerce_output_value = kind.coerce_input_value = check
    return made


def _moment(value: Any) -> str:
    if not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None:
        raise GraphQLError(f"a moment is told as text with its zone, not as {value!r}")
    return value


def _decimal(value: Any) -> str:
    if not isinstance(value, str) or not Decimal(value).is_finite():
        raise GraphQLError(f"a decimal number is told as text, not as {value!r}")
    return value


def _unsigned(value: Any) -> str:
    if not isinstance(value, str) or not value.isdecimal():
        raise GraphQLError(f"an unsigned number of 64 bits is told as text, not as {value!r}")
    return value


def complaints(exchange: Exchange) -> list[str]:
    """What the schema has against a question and its answer; the fake must refuse what it forbids, and nothing else."""
    document, schema = parse(exchange.text), real(exchange.version)
    against = [error.message for error in validate(schema, document)] or wrong_variables(document, exchange)
    if exchange.refused_for_its_form:
        return [] if against else ["the fake refuses what the schema allows"]
    return against or misfits(document, exchange)


def wrong_variables(document: DocumentNode, exchange: Exchange) -> list[str]:
    declared = operation(document).variable_definitions or ()
    coerced = get_variable_values(real(exchange.version), declared, dict(exchange.variables))
    unknown = exchange.variables.keys() - {one.variable.name.value for one in declared}
    found = [error.message for error in coerced] if isinstance(coerced, list) else []
    return found + [f"the variable {name} is not declared" for name in sorted(unknown)]


def misfits(document: DocumentNode, exchange: Exchange) -> list[str]:
    """Where an answer differs from what the schema makes of its own data when the question is executed on it."""
    if exchange.data is None:
        return []

    def told(source: Mapping[str, Any], info: Any, **_: Any) -> Any:
        if info.path.key not in source:
            raise GraphQLError("this was asked for and is not answered")
        return source[info.path.key]

    def kind(value: Mapping[str, Any], *_: Any) -> str:
        return str(value.get("__typename") or value["id"].split("/")[-2])

    again = execute_sync(
        real(exchange.version),
        document,
        exchange.data,
        variable_values=dict(exchange.variables),
        operation_name=exchange.name,
        field_resolver=told,
        type_resolver=kind,
    )
    if again.errors:
        return [f"{'.'.join(map(str, error.path or ()))}: {error.message}" for error in again.errors]
    same = json.dumps(again.data, sort_keys=True) == json.dumps(exchange.data, sort_keys=True)
    return [] if same else [f"the answer is {exchange.data}, the schema makes {again.data} of it"]


def outdated(exchange: Exchange) -> Iterator[str]:
    """What a question uses that the vendor calls deprecated in the version that the connector names."""
    if exchange.version != VERSION:
        return
    document = parse(exchange.text)
    yield from (error.message for error in validate(real(), document, [NoDeprecatedCustomRule]))
    for one in operation(document).variable_definitions or ():
        kind = type_from_ast(real(), one.type)
        yield from _outdated_inputs(kind, exchange.variables.get(one.variable.name.value))


def _outdated_inputs(kind: Any, value: Any) -> Iterator[str]:
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList) and isinstance(value, list):
        for one in value:
            yield from _outdated_inputs(kind.of_type, one)
    if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name in value.keys() & kind.fields.keys():
            if reason := kind.fields[name].deprecation_reason:
                yield f"{kind.name}.{name}: {reason}"
            yield from _outdated_inputs(kind.fields[name].type, value[name])


def operation(document: DocumentNode) -> OperationDefinitionNode:
    return next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))


real()
