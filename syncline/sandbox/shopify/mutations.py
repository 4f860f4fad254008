"""Resolvers of ``Mutation``: each answers with what it changed and with ``userErrors``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syncline.sandbox.shopify import customers, views
from syncline.sandbox.shopify.answering import Values
from syncline.sandbox.shopify.customers import Refused, refuse
from syncline.sandbox.shopify.shop import Row
from syncline.sandbox.shopify.trade import Trade
from syncline.sandbox.shopify.views import View


class Mutations(Trade):
    """The root value of mutations: one method per field, as graphql-core's default resolver calls them."""

    # customers

    def customerCreate(self, _info: Any, input: Values) -> View:
        return self._customer(lambda: self._create(input))

    def _create(self, given: Values) -> Row:
        if given.get("id"):
            raise refuse(["id"], "ID_NOT_ALLOWED", "Cannot specify Customer ID on creation")
        for name, channel in _CONSENTS.items():
            if given.get(name) and not given.get(channel):
                raise refuse([name], "INVALID", f"{channel.capitalize()} is required with {name}")
        row = customers.save(self.store, None, _plain(given), metafields=given.get("metafields") or ())
        for name, channel in _CONSENTS.items():
            if given.get(name):
                customers.consent(self.store, row, channel, given[name])
        return row

    def customerUpdate(self, _info: Any, input: Values) -> View:
        def deed() -> Row:
            for name in _CONSENTS:
                if input.get(name):
                    raise refuse([name], "INVALID", f"To update {name}, use its own mutation instead")
            row = self._row(input.get("id") or "", ["id"])
            return customers.save(self.store, row, _plain(input), metafields=input.get("metafields") or ())

        return self._customer(deed)

    def customerSet(self, _info: Any, input: Values, identifier: Values | None = None) -> View:
        return self._customer(lambda: self._set(input, identifier))

    def _set(self, given: Values, identifier: Values | None) -> Row:
        if given.get("id") and not (identifier or {}).get("id"):
            raise refuse(["input", "id"], "ID_NOT_ALLOWED", "The id field is not allowed if identifier is provided")
        if identifier is None:
            return customers.save(self.store, None, given)
        if identifier.get("id"):
            return customers.save(self.store, self._row(identifier["id"], ["input"]), given)
        extra: list[Row] = []
        merged = dict(given)
        if custom := identifier.get("customId"):
            key = f"{custom.get('namespace') or 'custom'}.{custom['key']}"
            if not self.store.is_unique("customers", key):
                raise refuse(["identifier"], "METAFIELD_MISMATCH", f"No unique metafield definition for {key}")
            extra.append({**custom, "type": "id"})
        for name in ("email", "phone"):
            if identifier.get(name) and merged.setdefault(name, identifier[name]) != identifier[name]:
                raise refuse(["input", name], "INPUT_MISMATCH", f"Input {name} does not match the identifier")
        gid = self.queries.identified(identifier)
        row = self.store.tables["customers"].get(gid) if gid else None
        return customers.save(self.store, row, merged, metafields=() if row else extra)

    def customerDelete(self, info: Any, input: Values) -> View:
        def deed() -> View:
            customers.delete(self.store, input["id"])
            return {"deletedCustomerId": input["id"]}

        return {"shop": self.queries.shop(info), **self._answer("deletedCustomerId", deed)}

    def customerMerge(self, _info: Any, customerOneId: str, customerTwoId: str) -> View:
        def deed() -> View:
            survivor = customers.merge(self.store, customerOneId, customerTwoId)
            return {"job": {"id": self.store.gid("Job")[0], "done": True}, "resultingCustomerId": survivor}

        return self._answer("job", deed)

    def customerEmailMarketingConsentUpdate(self, _info: Any, input: Values) -> View:
        return self._customer(lambda: self._consent(input, "emailMarketingConsent"))

    def customerSmsMarketingConsentUpdate(self, _info: Any, input: Values) -> View:
        return self._customer(lambda: self._consent(input, "smsMarketingConsent"))

    def _consent(self, given: Values, name: str) -> Row:
        row = self._row(given["customerId"], ["input", "customerId"])
        customers.consent(self.store, row, _CONSENTS[name], given[name])
        return row

    # addresses

    def customerAddressCreate(
        self,
        _info: Any,
        address: Values,
        customerId: str,
        setAsDefault: bool | None = None,  # noqa: FBT001 (the vendor's names)
    ) -> View:
        def deed() -> View:
            row = self._row(customerId, ["customerId"])
            made = customers.address_of(self.store, address)
            row["addresses"].append(made)
            if setAsDefault or row["defaultAddress"] is None:
                row["defaultAddress"] = made["id"]
            self.store.touch("customers", row)
            return {"address": views.address(made)}

        return self._answer("address", deed)

    def customerAddressUpdate(
        self,
        _info: Any,
        address: Values,
        addressId: str,
        customerId: str,
        setAsDefault: bool | None = None,  # noqa: FBT001 (the vendor's names)
    ) -> View:
        def deed() -> View:
            row, place = self._address(customerId, addressId)
            row["addresses"][place] = customers.address_of(self.store, address, row["addresses"][place])
            if setAsDefault:
                row["defaultAddress"] = addressId
            self.store.touch("customers", row)
            return {"address": views.address(row["addresses"][place])}

        return self._answer("address", deed)

    def customerAddressDelete(self, _info: Any, addressId: str, customerId: str) -> View:
        def deed() -> View:
            row, place = self._address(customerId, addressId)
            del row["addresses"][place]
            if row["defaultAddress"] == addressId:
                row["defaultAddress"] = row["addresses"][0]["id"] if row["addresses"] else None
            self.store.touch("customers", row)
            return {"deletedAddressId": addressId}

        return self._answer("deletedAddressId", deed)

    def _address(self, customer: str, address: str) -> tuple[Row, int]:
        row = self._row(customer, ["customerId"])
        for place, known in enumerate(row["addresses"]):
            if known["id"] == address:
                return row, place
        raise refuse(["addressId"], "NOT_FOUND", "Address does not exist")

    # metafields and tags

    def metafieldDefinitionCreate(self, _info: Any, definition: Values) -> View:
        def deed() -> View:
            namespace = definition.get("namespace") or "custom"
            known = {(d["ownerType"], d["namespace"], d["key"]) for d in self.store.definitions}
            if (definition["ownerType"], namespace, definition["key"]) in known:
                raise refuse(["definition", "key"], "TAKEN", "Key is in use for the metafields of this owner type")
            unique = ((definition.get("capabilities") or {}).get("uniqueValues") or {}).get("enabled", False)
            row = {
                "id": self.store.gid("MetafieldDefinition")[0],
                **{name: definition.get(name) for name in ("key", "name", "ownerType", "type", "description")},
                "namespace": namespace,
                "uniqueValues": unique or definition["type"] == "id",
            }
            self.store.definitions.append(row)
            return {"createdDefinition": views.definition(row)}

        return self._answer("createdDefinition", deed)

    def metafieldsSet(self, _info: Any, metafields: Sequence[Values]) -> View:
        def deed() -> View:
            if len(metafields) > 25:
                raise refuse(["metafields"], "LESS_THAN_OR_EQUAL_TO", "Exceeded the maximum of 25 metafields")
            rows = []
            for place, item in enumerate(metafields):
                row = self.store.row(item["ownerId"])
                if row is None:
                    raise refuse(["metafields", str(place), "ownerId"], "INVALID", "Owner does not exist")
                table = _table(item["ownerId"])
                faults = customers.metafield_faults(self.store, table, [item], item["ownerId"])
                if faults:
                    raise Refused(*faults)
                rows.append((table, row, item))
            for table, row, item in rows:
                customers.set_metafield(self.store, table, row, item)
            made = [(t, row, f"{item.get('namespace') or 'custom'}.{item['key']}") for t, row, item in rows]
            return {"metafields": [views.metafield(table, row, key) for table, row, key in made]}

        return self._answer("metafields", deed)

    def metafieldsDelete(self, _info: Any, metafields: Sequence[Values]) -> View:
        def deed() -> View:
            gone: list[View | None] = []  # null stands for one that was not there (the mutation's description)
            for item in metafields:
                row = self.store.row(item["ownerId"])
                stored = row and row["metafields"].pop(f"{item['namespace']}.{item['key']}", None)
                if row and stored:
                    self.store.claim(f"{item['namespace']}.{item['key']}", stored["value"], None, row["id"])
                    self.store.touch(_table(item["ownerId"]), row)
                gone.append(dict(item) if stored else None)
            return {"deletedMetafields": gone}

        return self._answer("deletedMetafields", deed)

    def tagsAdd(self, _info: Any, id: str, tags: Sequence[str]) -> View:
        return self._tags(id, lambda present: [*present, *tags])

    def tagsRemove(self, _info: Any, id: str, tags: Sequence[str]) -> View:
        gone = {tag.strip().casefold() for tag in tags}
        return self._tags(id, lambda present: [tag for tag in present if tag.casefold() not in gone])

    def _tags(self, gid: str, change: Callable[[list[str]], list[str]]) -> View:
        def deed() -> View:
            row = self.store.row(gid)
            if row is None or "tags" not in row:
                raise refuse(["id"], "NOT_FOUND", "Node not found")
            row["tags"] = customers.tidy_tags(change(row["tags"]))
            self.store.touch(_table(gid), row)
            return {"node": views.of(self.store, gid)}

        return self._answer("node", deed)


_CONSENTS = {"emailMarketingConsent": "email", "smsMarketingConsent": "phone"}


def _plain(given: Values) -> Row:
    return {name: value for name, value in given.items() if name not in _CONSENTS}


def _table(gid: str) -> str:
    return {"Customer": "customers", "Company": "companies", "Order": "orders"}[gid.rsplit("/", 2)[-2]]
