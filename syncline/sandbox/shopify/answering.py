"""What all mutations share: the shop they change, and the form of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from syncline.sandbox.shopify import views
from syncline.sandbox.shopify.customers import Refused, refuse
from syncline.sandbox.shopify.queries import Queries
from syncline.sandbox.shopify.shop import Row
from syncline.sandbox.shopify.views import View

if TYPE_CHECKING:
    from syncline.sandbox.shopify.fake import ShopifyFake

Values = Mapping[str, Any]


class Answering:
    def __init__(self, fake: ShopifyFake, queries: Queries) -> None:
        self.fake = fake
        self.store = fake.shop
        self.queries = queries

    def _row(self, gid: str, field: Sequence[str]) -> Row:
        row = self.store.tables["customers"].get(gid)
        if row is None:
            raise refuse(field, "NOT_FOUND", "Customer does not exist")
        return row

    def _customer(self, deed: Callable[[], Row]) -> View:
        return self._answer("customer", lambda: {"customer": views.customer(self.store, deed())})

    def _answer(self, name: str, deed: Callable[[], View], scope: str = "write_customers") -> View:
        self.queries.allowed(scope, name)
        try:
            return {**deed(), "userErrors": []}
        except Refused as no:
            return {name: None, "userErrors": [fault._asdict() for fault in no.faults]}
