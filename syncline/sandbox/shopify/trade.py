"""Resolvers of mutations around companies and orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncline.sandbox.shopify import companies, customers, views
from syncline.sandbox.shopify.answering import Answering, Values
from syncline.sandbox.shopify.customers import refuse
from syncline.sandbox.shopify.shop import Row
from syncline.sandbox.shopify.views import View

_ORDER = ("email", "note", "phone", "poNumber", "sourceIdentifier", "sourceName")


class Trade(Answering):
    def companyCreate(self, _info: Any, input: Values) -> View:
        def deed() -> View:
            row = companies.save(self.store, input["company"], None, ["input", "company"])
            if place := input.get("companyLocation"):
                companies.add_location(self.store, row, place)
            return {"company": views.company(self.store, row)}

        return self._answer("company", deed, scope="write_companies")

    def companyUpdate(self, _info: Any, companyId: str, input: Values) -> View:
        def deed() -> View:
            row = self.store.tables["companies"].get(companyId)
            if row is None:
                raise refuse(["companyId"], "RESOURCE_NOT_FOUND", "The company doesn't exist.")
            return {"company": views.company(self.store, companies.save(self.store, input, row, ["input"]))}

        return self._answer("company", deed, scope="write_companies")

    def companyAssignCustomerAsContact(self, _info: Any, companyId: str, customerId: str) -> View:
        def deed() -> View:
            if companyId not in self.store.tables["companies"]:
                raise refuse(["companyId"], "RESOURCE_NOT_FOUND", "The company doesn't exist.")
            if customerId not in self.store.tables["customers"]:
                raise refuse(["customerId"], "RESOURCE_NOT_FOUND", "The customer doesn't exist.")
            pair = {"company": companyId, "customer": customerId}
            if any(pair.items() <= row.items() for row in self.store.tables["contacts"].values()):
                raise refuse(["customerId"], "INVALID_INPUT", "Customer is already associated with the company.")
            row = self.store.insert("contacts", {**pair, "title": None, "locale": "en"})
            return {"companyContact": views.contact(self.store, row)}

        return self._answer("companyContact", deed, scope="write_companies")

    def companyAssignMainContact(self, _info: Any, companyContactId: str, companyId: str) -> View:
        def deed() -> View:
            row = self.store.tables["companies"].get(companyId)
            contact = self.store.tables["contacts"].get(companyContactId)
            if row is None or contact is None or contact["company"] != companyId:
                raise refuse(["companyContactId"], "RESOURCE_NOT_FOUND", "The company contact doesn't exist.")
            row["mainContact"] = companyContactId
            self.store.touch("companies", row)
            return {"company": views.company(self.store, row)}

        return self._answer("company", deed, scope="write_companies")

    def orderCreate(self, _info: Any, order: Values) -> View:
        return self._answer(
            "order", lambda: {"order": views.order(self.store, self.order_of(order))}, scope="write_orders"
        )

    def order_of(self, given: Values) -> Row:
        if not given.get("lineItems"):
            raise refuse(["order", "lineItems"], "INVALID", "Line items must have at least one line item")
        link = (given.get("customer") or {}).get("toAssociate") or {}
        customer = link.get("id") or (self.store.owner("email", link["email"]) if link.get("email") else None)
        currency = given.get("currency") or self.fake.currency
        lines = [self._line(line, currency) for line in given["lineItems"]]
        total = sum((Decimal(line["discountedTotalSet"]["shopMoney"]["amount"]) for line in lines), Decimal(0))
        number = len(self.store.tables["orders"]) + 1001
        place = given.get("shippingAddress")
        return self.store.insert(
            "orders",
            {
                **{name: given.get(name) for name in _ORDER},
                "name": given.get("name") or f"#{number}",
                "customer": customer,
                "currencyCode": currency,
                "tags": customers.tidy_tags(given.get("tags") or ()),
                "processedAt": given.get("processedAt") or self.store.stamp(),
                "totalPriceSet": _money(total, currency),
                "displayFinancialStatus": given.get("financialStatus") or "PENDING",
                "displayFulfillmentStatus": given.get("fulfillmentStatus") or "UNFULFILLED",
                "lineItems": lines,
                "shippingAddress": customers.address_of(self.store, place) if place else None,
                "billingAddress": None,
                "cancelledAt": None,
                "closedAt": None,
            },
        )

    def _line(self, given: Values, currency: str) -> Row:
        price = (given.get("priceSet") or {}).get("shopMoney") or {"amount": "0"}
        unit = Decimal(str(price["amount"]))
        title = given.get("title") or given.get("sku") or "Item"
        return {
            "id": self.store.gid("LineItem")[0],
            "sku": given.get("sku"),
            "title": title,
            "name": title,
            "quantity": given["quantity"],
            "currentQuantity": given["quantity"],
            "originalUnitPriceSet": _money(unit, currency),
            "discountedTotalSet": _money(unit * given["quantity"], currency),
        }


def _money(amount: Decimal, currency: str) -> View:
    money = {"amount": f"{amount:.2f}", "currencyCode": currency}
    return {"shopMoney": money, "presentmentMoney": money}
