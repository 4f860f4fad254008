"""Resolvers of ``QueryRoot``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from syncline.sandbox.shopify import views
from syncline.sandbox.shopify.views import View

if TYPE_CHECKING:
    from syncline.sandbox.shopify.fake import ShopifyFake


def denied(what: str) -> GraphQLError:
    return GraphQLError(
        f"Access denied for {what} field.",
        extensions={"code": "ACCESS_DENIED", "documentation": "https://shopify.dev/api/usage/access-scopes"},
    )


class Queries:
    """The root value of queries: one method per field, as graphql-core's default resolver calls them."""

    def __init__(self, fake: ShopifyFake) -> None:
        self.fake = fake
        self.shop_ = fake.shop

    # the shop and the app

    def shop(self, _info: Any) -> View:
        plan = {"partnerDevelopment": True, "publicDisplayName": "Development", "shopifyPlus": self.fake.b2b}
        return {
            "__typename": "Shop",
            "id": "gid://shopify/Shop/1",
            "name": self.fake.name,
            "email": f"owner@{self.fake.domain}",
            "myshopifyDomain": self.fake.domain,
            "currencyCode": self.fake.currency,
            "ianaTimezone": "Etc/UTC",
            "plan": plan,
        }

    def currentAppInstallation(self, _info: Any) -> View:
        scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(self.fake.scopes)]
        return {"id": "gid://shopify/AppInstallation/1", "accessScopes": scopes}

    def metafieldDefinitions(
        self,
        info: Any,
        ownerType: str,
        first: int | None = None,
        after: str | None = None,
        key: str | None = None,
        namespace: str | None = None,
    ) -> View:
        found = [
            d
            for d in self.shop_.definitions
            if d["ownerType"] == ownerType and key in (None, d["key"]) and namespace in (None, d["namespace"])
        ]
        return views.listed(found, views.definition)(info, first=first, after=after)

    # collections

    def customers(self, info: Any, **options: Any) -> View:
        self.allowed("read_customers", "customers")
        return self._page("customers", info, options)

    def orders(self, info: Any, **options: Any) -> View:
        self.allowed("read_orders", "orders")
        return self._page("orders", info, options)

    def companies(self, info: Any, **options: Any) -> View:
        self.allowed("read_companies", "companies")
        return self._page("companies", info, options)

    def _page(self, table: str, info: Any, options: Mapping[str, Any]) -> View:
        after = options.get("after")
        rows, more, warnings = self.shop_.page(
            table,
            first=views.page_size(options.get("first")),
            after=after,
            sort=options["sortKey"].lower(),
            reverse=bool(options.get("reverse")),
            query=options.get("query") or "",
        )
        if warnings:
            path = [step for step in info.path.as_list() if isinstance(step, str)]
            self.fake.search_notes.append({"path": path, "query": options.get("query"), "warnings": warnings})
        nodes = [views.of(self.shop_, row["id"]) for _, row in rows]
        return views.connection(nodes, [cursor for cursor, _ in rows], more=more, after=after)

    # single objects

    def customer(self, _info: Any, id: str) -> View | None:
        self.allowed("read_customers", "customer")
        return self._one(id, "Customer")

    def order(self, _info: Any, id: str) -> View | None:
        self.allowed("read_orders", "order")
        return self._one(id, "Order")

    def company(self, _info: Any, id: str) -> View | None:
        self.allowed("read_companies", "company")
        return self._one(id, "Company")

    def node(self, _info: Any, id: str) -> View | None:
        return self._one(id, None)

    def nodes(self, _info: Any, ids: list[str]) -> list[View | None]:
        if len(ids) > 250:
            raise GraphQLError(
                "The input array size is greater than 250.", extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"}
            )
        return [self._one(gid, None) for gid in ids]

    def customerByIdentifier(self, _info: Any, identifier: Mapping[str, Any]) -> View | None:
        self.allowed("read_customers", "customerByIdentifier")
        gid = self.identified(identifier)
        return self._one(gid, "Customer") if gid else None

    def identified(self, identifier: Mapping[str, Any]) -> str | None:
        """The gid an identifier input means; consistent at once, unlike a search."""
        if identifier.get("id"):
            return str(identifier["id"])
        if custom := identifier.get("customId"):
            key = f"{custom.get('namespace') or 'custom'}.{custom['key']}"
            if not self.shop_.is_unique("customers", key):
                raise GraphQLError(
                    f"Metafield definition of type 'id' is required when using custom ids: {key}",
                    extensions={"code": "BAD_REQUEST"},
                )
            return self.shop_.owner(key, custom["value"])
        email = identifier.get("emailAddress") or identifier.get("email")
        if email:
            return self.shop_.owner("email", email.strip().lower())
        phone = identifier.get("phoneNumber") or identifier.get("phone")
        return self.shop_.owner("phone", phone) if phone else None

    def _one(self, gid: str, kind: str | None) -> View | None:
        if not gid.startswith("gid://shopify/"):
            raise GraphQLError(f"Invalid global id '{gid}'", extensions={"code": "argumentLiteralsIncompatible"})
        if self.fake.merged_ids_lead_on:
            gid = self.shop_.merged.get(gid, gid)
        view = views.of(self.shop_, gid)
        return view if view is None or kind in (None, view["__typename"]) else None

    def allowed(self, scope: str, what: str) -> None:
        """Companies need a shop with B2B; the scope for customers serves for them as well as their own (the vendor's
        schema of 2026-10, ``requiredAccess``)."""
        company = scope.endswith("_companies")
        serving = {scope, scope.replace("_companies", "_customers")}
        if not serving & self.fake.scopes or (company and not self.fake.b2b):
            raise denied(what)
        if scope.endswith("_customers") and not self.fake.protected_data:
            raise GraphQLError(
                "This app is not approved to access the Customer object.",
                extensions={
                    "code": "ACCESS_DENIED",
                    "documentation": "https://shopify.dev/docs/apps/launch/protected-customer-data",
                },
            )
