"""What has to be sent for one write: the deep body of a create, or one operation for each part that changes.

Pure. OData 2.0 has no deep update: each part has its own key and its own call, and what is not named is not sent, so
that it stays as it is. Sources: SAP Community, "Maintain BusinessPartner Master Data using OData APIs" (the deep
create, ``to_AddressUsage`` with XXDEFAULT); SAP note 3514624 (an update without If-Match is answered 428).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.edmx import EntityType, Service, UnfitError
from connectors.multipart import Part, part
from connectors.odata import unpadded
from connectors.s4hana.partners import (
    ADDRESSES,
    CATEGORY,
    COMPANY,
    CONTACT,
    CUSTOMER,
    FUNCTION,
    IDENTIFICATION,
    KEY,
    NUMBER,
    REACHES,
    ROOT,
    Held,
    Partner,
    Relation,
)
from connectors.s4hana.settings import StreamSettings

Values = dict[str, Any]


@dataclass(slots=True)
class Tree:
    """The fields of a write, by the part they belong to.

    ``addresses``: by usage, then by what hangs on the address; "" is the address itself.
    """

    root: Values = field(default_factory=dict)
    addresses: dict[str, dict[str, Values]] = field(default_factory=dict)
    customer: Values = field(default_factory=dict)
    contact: Values = field(default_factory=dict)
    function: Values = field(default_factory=dict)

    @property
    def late(self) -> bool:
        """Whether something can only be written once the partner is there."""
        return any(
            not blank(value) for part_ in (self.customer, self.contact, self.function) for value in part_.values()
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. ``path``: the record path of the part it writes. ``then``: fields for the relationship it makes."""

    path: str
    part: Part = field(repr=False)
    then: Values = field(default_factory=dict, repr=False)


def blank(value: Any) -> bool:
    return value is None or value == ""


def tree(stream: str, settings: StreamSettings, fields: Mapping[str, Any]) -> Tree:
    """Raises UnfitError for a path that leads nowhere."""
    found = Tree()
    for path, value in fields.items():
        head, _, rest = path.partition(".")
        if not rest:
            found.root[path] = value
        elif head == ADDRESSES:
            usage, _, name = rest.partition(".")
            inner, _, leaf = name.rpartition(".")
            if usage not in settings.usages or not name or (inner and inner not in REACHES):
                raise UnfitError(path, "there is no such field; are the usages of addresses named in the settings?")
            found.addresses.setdefault(usage, {}).setdefault(inner, {})[leaf] = value
        elif head == CUSTOMER:
            found.customer[rest] = value
        elif head == CONTACT and stream == "persons" and rest.startswith(f"{FUNCTION}."):
            found.function[rest.removeprefix(f"{FUNCTION}.")] = value
        elif head == CONTACT and stream == "persons" and rest == COMPANY:
            found.contact[rest] = value
        else:
            raise UnfitError(path, "there is no such field, or it cannot be written")
    return found


class Planner:
    """Plans writes of one stream with the service's model."""

    def __init__(self, model: Service, stream: str, settings: StreamSettings, marker: str | None) -> None:
        self.model = model
        self.stream = stream
        self.settings = settings
        self.marker = marker

    # Creates ------------------------------------------------------------------------------------------------------

    def create(self, wanted: Tree, marker: str) -> Operation:
        """A deep insert: all of it is made, or nothing. Raises UnfitError."""
        body = self._type(ROOT, "").sent({n: v for n, v in wanted.root.items() if not blank(v)})
        body["BusinessPartnerCategory"] = CATEGORY[self.stream]
        if self.settings.grouping and "BusinessPartnerGrouping" not in body:
            body["BusinessPartnerGrouping"] = self.settings.grouping
        if self.settings.roles:
            body["to_BusinessPartnerRole"] = [{"BusinessPartnerRole": role} for role in self.settings.roles]
        if self.marker is not None and marker:
            body[IDENTIFICATION] = [{"BPIdentificationType": self.marker, NUMBER: marker.upper()}]
        addresses = [self._address_body(usage, parts) for usage, parts in wanted.addresses.items()]
        if any(addresses):
            body[ADDRESSES] = [address for address in addresses if address]
        return Operation("", self._post(ROOT, body))

    def _address_body(self, usage: str, parts: Mapping[str, Values]) -> Values:
        path = f"{ADDRESSES}.{usage}"
        given = {n: v for n, v in parts.get("", {}).items() if not blank(v)}
        body = self._type("A_BusinessPartnerAddress", path).sent(given)
        for name, values in parts.items():
            if name and not all(map(blank, values.values())):
                body[name] = [self._reach_body(f"{path}.{name}", name, values)]
        if not body:
            return {}
        if self.settings.country is not None:
            body.setdefault("Country", self.settings.country)
        return {**body, "to_AddressUsage": [{"AddressUsage": usage}]}

    def _reach_body(self, path: str, name: str, values: Values) -> Values:
        reach = REACHES[name]
        if blank(values.get(reach.value)):
            raise UnfitError(f"{path}.{reach.value}", "is needed where there is none yet")
        return {**self._type(reach.entity, path).sent(values), **reach.fixed}

    # Updates ------------------------------------------------------------------------------------------------------

    def root(self, wanted: Tree, partner: Partner) -> list[Operation]:
        """The partner's own properties; conditional on the version that was read."""
        if not wanted.root:
            return []
        kind = self._type(ROOT, "")
        return [Operation("", self._patch(ROOT, kind, partner.root, kind.sent(wanted.root)))]

    def parts(self, wanted: Tree, partner: Partner) -> list[Operation]:
        """Everything else, in the order in which it has to be done. Raises UnfitError."""
        found: list[Operation] = []
        for usage, parts in wanted.addresses.items():
            found += self._address(f"{ADDRESSES}.{usage}", usage, parts, partner)
        if wanted.customer:
            found += self._customer(wanted.customer, partner)
        if wanted.contact or wanted.function:
            found += self._contact(wanted, partner)
        return found

    def _address(self, path: str, usage: str, parts: Mapping[str, Values], partner: Partner) -> list[Operation]:
        held = partner.parts.get(path)
        kind = self._type("A_BusinessPartnerAddress", path)
        if held is None:
            body = self._address_body(usage, parts)
            if not body:
                return []
            return [Operation(path, self._post("A_BusinessPartnerAddress", {**body, KEY: partner.key}))]
        found = []
        if "" in parts:
            found.append(Operation(path, self._patch("A_BusinessPartnerAddress", kind, held, kind.sent(parts[""]))))
        for name in (name for name in parts if name):
            found += self._reach(f"{path}.{name}", name, parts[name], partner, held)
        return found

    def _reach(self, path: str, name: str, values: Values, partner: Partner, address: Held) -> list[Operation]:
        reach, held = REACHES[name], partner.parts.get(path)
        kind = self._type(reach.entity, path)
        if held is not None and blank(values.get(reach.value, "kept")):
            if path in partner.several:
                rule = "is one of several, and another would take its place: take away in SAP those that are not wanted"
                raise UnfitError(f"{path}.{reach.value}", rule)
            return [Operation(path, self._delete(reach.entity, kind, held))]
        if held is not None:
            return [Operation(path, self._patch(reach.entity, kind, held, kind.sent(values)))]
        if all(map(blank, values.values())):
            return []
        body = self._reach_body(path, name, values)
        on = {"AddressID": address.row["AddressID"], "Person": address.row.get("Person") or ""}
        return [Operation(path, self._post(reach.entity, {**body, **on}))]

    def _customer(self, values: Values, partner: Partner) -> list[Operation]:
        held = partner.parts.get(CUSTOMER)
        if held is None:
            if all(map(blank, values.values())):
                return []
            raise UnfitError(f"{CUSTOMER}.{next(iter(values))}", "this partner is no customer: it has no such role")
        kind = self._type("A_Customer", CUSTOMER)
        return [Operation(CUSTOMER, self._patch("A_Customer", kind, held, kind.sent(values)))]

    def _contact(self, wanted: Tree, partner: Partner) -> list[Operation]:
        """A person's company. Another one is another relationship, and the former stays; none takes the shown one away,
        and so does the one before it, since it cannot be made twice.
        """
        path = f"{CONTACT}.{FUNCTION}"
        function = self._type("A_BPContactToFuncAndDept", path).sent(wanted.function)
        shown = partner.relations[0] if partner.relations else None
        given = wanted.contact.get(COMPANY, shown.company if shown else None)
        company = "" if blank(given) else unpadded(str(given))
        if shown is not None and company == shown.company:
            return self._does(path, shown, function)
        before = [relation.company for relation in partner.relations[1:]]
        if company in before[1:]:
            rule = "is one of several that the person is contact of: end the later ones in the system"
            raise UnfitError(f"{CONTACT}.{COMPANY}", rule)
        if shown is not None and (not company or company in before):
            contact = self._type("A_BusinessPartnerContact", CONTACT)
            gone = Operation(CONTACT, self._delete("A_BusinessPartnerContact", contact, shown.held))
            return [gone, *(self._does(path, partner.relations[1], function) if company else [])]
        if company:
            body = {COMPANY: company, "BusinessPartnerPerson": partner.key}
            return [Operation(CONTACT, self._post("A_BusinessPartnerContact", body), function)]
        if all(map(blank, wanted.function.values())):
            return []
        raise UnfitError(f"{path}.{next(iter(wanted.function))}", "needs a company that the person is contact of")

    def _does(self, path: str, relation: Relation, function: Values) -> list[Operation]:
        if relation.function is None:
            unwritten = [name for name, value in function.items() if not blank(value)]
            if unwritten:  # the service neither shows nor makes it (sap:creatable is false)
                rule = "SAP shows no function and department of this relationship: enter it there once"
                raise UnfitError(f"{path}.{unwritten[0]}", rule)
            return []
        if not function:
            return []
        kind = self._type("A_BPContactToFuncAndDept", path)
        return [Operation(path, self._patch("A_BPContactToFuncAndDept", kind, relation.function, function))]

    def function(self, made: Mapping[str, Any], values: Values) -> Operation:
        """Function and department of a relationship just made: it comes with a row for them."""
        path = f"{CONTACT}.{FUNCTION}"
        kind = self._type("A_BPContactToFuncAndDept", path)
        row = self._type("A_BusinessPartnerContact", CONTACT).shown(made)
        return Operation(path, self._patch("A_BPContactToFuncAndDept", kind, Held(row), values))

    # Calls --------------------------------------------------------------------------------------------------------

    def _type(self, name: str, path: str) -> _Placed:
        return _Placed(self.model.type_of(name), path)

    def _post(self, name: str, body: Values) -> Part:
        return part("POST", name, json=body, headers=_JSON)

    def _patch(self, name: str, kind: _Placed, held: Held, body: Values) -> Part:
        headers = {**_JSON, "if-match": held.version or "*"}
        return part("PATCH", f"{name}({{key}})", parts={"key": kind.address(held.row)}, json=body, headers=headers)

    def _delete(self, name: str, kind: _Placed, held: Held) -> Part:
        headers = {**_JSON, "if-match": held.version or "*"}
        return part("DELETE", f"{name}({{key}})", parts={"key": kind.address(held.row)}, headers=headers)


_JSON = {"accept": "application/json"}


class _Placed:
    """An entity type at a record path, so that what does not fit is named by its whole path."""

    def __init__(self, kind: EntityType, path: str) -> None:
        self._kind = kind
        self._path = path
        self.shown = kind.shown

    def sent(self, values: Mapping[str, Any]) -> Values:
        try:
            return self._kind.sent(values)
        except UnfitError as error:
            raise UnfitError(f"{self._path}.{error.field}" if self._path else error.field, error.rule) from None

    def address(self, row: Mapping[str, Any]) -> str:
        return self._kind.address(row)
