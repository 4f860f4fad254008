"""The fake shop as a web server: OAuth, GraphQL over HTTP, cost and throttling, and misbehaviour on demand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_sync,
    parse,
    validate,
)

from model.clock import Clock, SystemClock
from syncline.sandbox.shopify import companies, cost, customers, views
from syncline.sandbox.shopify.mutations import Mutations
from syncline.sandbox.shopify.queries import Queries
from syncline.sandbox.shopify.schema import VERSIONS, schema, unfit
from syncline.sandbox.shopify.shop import Row, Shop
from syncline.sandbox.wire import Request, Response

SCOPES = frozenset(
    f"{deed}_{what}" for deed in ("read", "write") for what in ("customers", "companies", "orders", "customer_merge")
)
_GRAPHQL = re.compile(r"^/admin/api/(?P<version>\d{4}-\d\d)/graphql\.json$")


@dataclass(slots=True)
class _Trouble:
    kind: str
    times: int
    operation: str | None


@lru_cache(maxsize=256)
def _document(source: str, version: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(source)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(version), document))


class ShopifyFake:
    """A shop with customers, companies and orders behind the GraphQL Admin API.

    ``lag`` (seconds) and ``lag_calls`` (searches) make the search index trail the tables. ``path`` keeps everything
    in a file, for demos. ``calls`` counts requests by operation name (the first field's where it has none).
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        name: str = "Corner Shop",
        domain: str = "corner-shop.myshopify.com",
        client_id: str = "client",
        client_secret: str = "secret",  # noqa: S107 (a fake's own)
        token: str = "shpat_static",  # noqa: S107 (the vendor's names)
        currency: str = "EUR",
        b2b: bool = True,
        lag: float = 0.0,
        lag_calls: int = 0,
        path: Path | None = None,
        maximum: float = 2000.0,
        rate: float = 100.0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.name, self.domain, self.currency, self.b2b = name, domain, currency, b2b
        self.client_id, self.client_secret = client_id, client_secret
        self.tokens: dict[str, datetime | None] = {token: None}
        self.scopes = set(SCOPES)
        self.protected_data = True
        self.merged_ids_lead_on = False
        self.calls: Counter[str] = Counter()
        self.search_notes: list[dict[str, Any]] = []
        self.bucket = cost.Bucket(self.clock, maximum, rate)
        self.shop = Shop(self.clock, path)
        self.shop.lag, self.shop.lag_calls = lag, lag_calls
        self.queries = Queries(self)
        self.mutations = Mutations(self, self.queries)
        self._troubles: list[_Trouble] = []

    # for tests and demos

    def misbehave(self, kind: str, times: int = 1, operation: str | None = None) -> None:
        """Spoil the next ``times`` calls (of one operation): ``lost`` (after the effect), ``down`` (500, before it),
        ``broken`` (502, after it), ``busy`` (429), ``html`` (200, before it), ``internal`` or ``throttled`` (errors in
        a 200, before it), ``cut`` (half the answer, after the effect)."""
        self._troubles.append(_Trouble(kind, times, operation))

    def seed(self, table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put rows in, as people working in the shop would; returns their gids. Customers take the mutation's input
        names plus ``metafields={"ns.key": value}``, ``emailMarketingConsent`` and ``smsMarketingConsent``. Orders that
        say when they were processed were last changed then: old orders do not look like today's work."""
        made = [self._seeded(table, row)["id"] for row in rows]
        self.shop.save()
        return made

    def _seeded(self, table: str, row: Mapping[str, Any]) -> Row:
        if table == "companies":
            return companies.save(self.shop, row, None, ["company"])
        if table == "orders":
            made = self.mutations.order_of(row)
            return self.shop.age(table, made, row["processedAt"]) if row.get("processedAt") else made
        plain = {k: v for k, v in row.items() if k not in {"metafields", *_CONSENTS}}
        metafields = [_metafield_input(key, value) for key, value in (row.get("metafields") or {}).items()]
        made = customers.save(self.shop, None, plain, metafields=metafields)
        for name, channel in _CONSENTS.items():
            if name in row:
                customers.consent(self.shop, made, channel, row[name])
        return made

    def edit(self, gid: str, **changes: Any) -> None:
        """Change a row as a person would; moves ``updatedAt``. Addresses are given whole, as in the admin's form."""
        row = self.shop.row(gid)
        if row is None:
            raise KeyError(gid)
        if gid in self.shop.tables["customers"]:
            for name, channel in _CONSENTS.items():
                if name in changes:
                    customers.consent(self.shop, row, channel, changes.pop(name))
            metafields = [
                _metafield_input(key, value) for key, value in (changes.pop("metafields", None) or {}).items()
            ]
            customers.save(self.shop, row, changes, metafields=metafields)
        elif gid in self.shop.tables["companies"]:
            companies.save(self.shop, changes, row, ["company"])
        else:
            row.update(changes)
            self.shop.touch("orders", row)
        self.shop.save()

    def delete(self, gid: str) -> None:
        table = next(name for name, rows in self.shop.tables.items() if gid in rows)
        self.shop.drop(table, gid)
        self.shop.save()

    def merge(self, one: str, two: str) -> str:
        survivor = customers.merge(self.shop, one, two)
        self.shop.save()
        return survivor

    def define_marker(self, namespace: str = "syncline", key: str = "id", owner: str = "CUSTOMER") -> None:
        """Create the unique metafield definition that custom ids need."""
        definition = {"namespace": namespace, "key": key, "name": "Hub id", "ownerType": owner, "type": "id"}
        self.mutations.metafieldDefinitionCreate(None, definition)

    def rows(self, table: str) -> list[Row]:
        """Everything stored, in the order of creation."""
        return list(self.shop.tables[table].values())

    def view(self, gid: str) -> Mapping[str, Any] | None:
        return views.of(self.shop, gid)

    def expire_tokens(self) -> None:
        """Forget every token that was issued; the static one stays."""
        self.tokens = {token: until for token, until in self.tokens.items() if until is None}

    # the wire

    def handle(self, request: Request) -> Response:
        if request.path == "/admin/oauth/access_token" and request.method == "POST":
            return self._token(request)
        found = _GRAPHQL.match(request.path)
        if found is None or found["version"] > VERSIONS[-1]:
            return Response.of({"errors": "Not Found"}, status=404)
        if request.method != "POST":
            return Response.of({"errors": "Method Not Allowed"}, status=405)
        if not self._let_in(request):
            text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return Response.of({"errors": text}, status=401)
        try:
            asked = request.json()
            source, variables = asked["query"], asked.get("variables") or {}
        except (ValueError, KeyError, TypeError):
            return Response.of({"errors": {"query": "Required parameter missing or invalid"}}, status=400)
        version = max(found["version"], VERSIONS[0])  # for one that is no longer served the oldest answers
        response = self._behaved(source, variables, asked.get("operationName"), version)
        return replace(response, headers={**response.headers, "x-shopify-api-version": version})

    def _token(self, request: Request) -> Response:
        self.calls["token"] += 1
        kind = request.headers.get("content-type", "")
        given = request.json() if "json" in kind else dict(parse_qsl(request.body.decode()))
        if given.get("grant_type") != "client_credentials":
            return Response.of({"error": "unsupported_grant_type"}, status=400)
        if (given.get("client_id"), given.get("client_secret")) != (self.client_id, self.client_secret):
            return Response.of({"error": "invalid_client"}, status=401)
        token = f"shpca_{len(self.tokens):032d}"
        self.tokens[token] = self.clock.now() + timedelta(hours=24)
        scope = ",".join(sorted(self.scopes))
        return Response.of({"access_token": token, "scope": scope, "expires_in": 86399, "token_type": "Bearer"})

    def _let_in(self, request: Request) -> bool:
        token = request.headers.get("x-shopify-access-token", "")
        if token not in self.tokens:
            return False
        until = self.tokens[token]
        return until is None or self.clock.now() < until

    def _behaved(self, source: str, variables: Mapping[str, Any], operation: str | None, version: str) -> Response:
        document, errors = _document(source, version)
        chosen = _chosen(document, operation)
        name = _title(chosen)
        self.calls[name] += 1
        trouble = self._trouble(name)
        if trouble in _BEFORE:
            return _BEFORE[trouble](self)
        response = self._graphql(schema(version), document, errors, chosen, variables)
        if chosen is not None and chosen.operation.value == "mutation":
            self.shop.save()
        if trouble == "lost":
            return Response(lost=True)
        if trouble == "broken":
            return Response(status=502, body=b"<html>Bad Gateway</html>", headers={"content-type": "text/html"})
        if trouble == "cut":
            return Response(body=response.body[: len(response.body) // 2], headers=response.headers)
        return response

    def _trouble(self, name: str) -> str | None:
        for trouble in self._troubles:
            if trouble.times > 0 and trouble.operation in (None, name):
                trouble.times -= 1
                return trouble.kind
        return None

    def _graphql(
        self,
        known: GraphQLSchema,
        document: DocumentNode | None,
        errors: Sequence[GraphQLError],
        operation: OperationDefinitionNode | None,
        variables: Mapping[str, Any],
    ) -> Response:
        if document is None or operation is None or errors:
            found = errors or [GraphQLError("No operation to execute")]
            return Response.of({"errors": [error.formatted for error in found]})
        if wrong := unfit(known, operation, variables):
            return Response.of({"errors": wrong})
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        price = cost.Pricing(known, fragments, variables).operation(operation)
        if price > cost.SINGLE_QUERY_LIMIT:
            text = f"Query cost is {price}, which exceeds the single query max cost limit ({cost.SINGLE_QUERY_LIMIT})."
            return Response.of({"errors": [_error(text, "MAX_COST_EXCEEDED", cost=price)]})
        self.bucket.refill()
        if price > self.bucket.available:
            return self._throttled(price)
        self.search_notes = []
        mutating = operation.operation.value == "mutation"
        done = execute_sync(
            known,
            document,
            self.mutations if mutating else self.queries,
            variable_values=dict(variables),
            operation_name=operation.name.value if operation.name else None,
        )
        spent = min(price, cost.spent(done.data) + (10 * len(operation.selection_set.selections) if mutating else 0))
        self.bucket.available -= spent
        extensions = self._extensions(price, spent)
        if self.search_notes:
            extensions["search"] = self.search_notes
        return Response.of({**done.formatted, "extensions": extensions})

    def _throttled(self, price: int = 10) -> Response:
        extensions = self._extensions(price, None)
        return Response.of({"errors": [_error("Throttled", "THROTTLED")], "extensions": extensions})

    def _extensions(self, requested: int, actual: int | None) -> dict[str, Any]:
        status = self.bucket.status()
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}


_CONSENTS = {"emailMarketingConsent": "email", "smsMarketingConsent": "phone"}

_BEFORE: dict[str | None, Callable[[ShopifyFake], Response]] = {
    "down": lambda _: Response(status=500, body=b"<html>Error</html>", headers={"content-type": "text/html"}),
    "busy": lambda _: Response.of({"errors": "Too Many Requests"}, status=429, headers={"retry-after": "2.0"}),
    "html": lambda _: Response(body=b"<!doctype html><html>Sign in</html>", headers={"content-type": "text/html"}),
    "internal": lambda _: Response.of({"errors": [_error("Internal error. Request ID: 1", "INTERNAL_SERVER_ERROR")]}),
    "throttled": lambda fake: fake._throttled(),
}


def _error(message: str, code: str, **more: Any) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code, **more}}


def _chosen(document: DocumentNode | None, operation: str | None) -> OperationDefinitionNode | None:
    for definition in document.definitions if document else ():
        if isinstance(definition, OperationDefinitionNode) and (
            operation is None or (definition.name and definition.name.value == operation)
        ):
            return definition
    return None


def _title(operation: OperationDefinitionNode | None) -> str:
    if operation is None:
        return "invalid"
    if operation.name:
        return operation.name.value
    first = operation.selection_set.selections[0]
    return str(first.name.value) if hasattr(first, "name") else "anonymous"


def _metafield_input(full_key: str, value: str) -> dict[str, str]:
    namespace, key = full_key.split(".", 1)
    return {"namespace": namespace, "key": key, "value": value}
