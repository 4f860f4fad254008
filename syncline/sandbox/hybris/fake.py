"""The fake system as a whole: an integration object over OData 2.0, and what people do in shop and back office.

What hurts a client is as the vendor's document says: POST updates what has the same key; PATCH replaces collections and
cannot empty references; ten items where nobody says how many, a thousand at most; no filter by key, no functions; a
change set is stored as a whole; uids of customers are put into small letters; a customer of one type is an item of the
type above, too; parts of keys are percent-encoded.
Source: SAP Help, "Integrations and Data Management" (Integration API module).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlencode

import orjson

from model.clock import Clock
from syncline.sandbox.hybris.entities import ITEMS, KEY, Item, edmx
from syncline.sandbox.hybris.items import CommerceError, Items
from syncline.sandbox.hybris.occ import answer as occ
from syncline.sandbox.multipart import Answered, Asked
from syncline.sandbox.odata_filter import condition, literal, ordered
from syncline.sandbox.odata_model import Entity, Property, Row, ServiceError
from syncline.sandbox.odata_service import ODataService
from syncline.sandbox.wire import Request, Response

STREAMS = {"units": "B2BUnits", "customers": "B2BCustomers", "orders": "Orders"}
_DEFAULT, _MOST, _SETS = 10, 1000, 200
_RIGHTS = {"GET": "read", "POST": "create", "PATCH": "change", "DELETE": "remove"}
_FUNCTION = re.compile(r"\b(startswith|endswith|substringof|not)\b\s*\(?")


class HybrisFake(ODataService):
    """``rights`` are what the user may do, ``hidden`` the items that it may not read. ``site`` is the base site whose
    users the web services know."""

    root = "/odata2webservices/Syncline"
    namespace = "HybrisCommerceOData"
    token_path = "/authorizationserver/oauth/token"  # noqa: S105 (a path)

    def __init__(self, clock: Clock | None = None, *, without: Sequence[str] = (), **how: Any) -> None:
        """``without``: items or attributes (``B2BCustomer.modifiedtime``) that the integration object lacks."""
        known = {"page": _MOST, "users": {"hub": "password"}, **how}
        super().__init__(_modelled(without), clock, **known)
        self.store = Items({name: one for name, one in self.entities.items() if isinstance(one, Item)}, self.clock)
        self.rows = self.store.rows
        self.rights = set(_RIGHTS.values())
        self.hidden: set[str] = set()
        self.site = "electronics"
        self.given = 0
        for isocode in ("DE", "US", "FR"):
            self.put("Countries", isocode=isocode)
        self.put("Regions", isocode="US-CA", country={"isocode": "US"})
        for title in ("mr", "ms"):
            self.put("Titles", code=title)
        if "BaseSites" in self.rows:
            self.put("BaseSites", uid=self.site)

    # What people do ---------------------------------------------------------------------------------------------------

    def put(self, name: str, /, **values: Any) -> Row:
        """Somebody stores an item, and what it nests; what it refers to is made where it is not there."""
        item = self.store.items[name]
        every = {one.name: _generous(one) for one in self.store.items.values()}
        before, self.store.items = self.store.items, every
        try:
            return self.store.upsert(every[item.name], values)
        finally:
            self.store.items = before

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Somebody creates items; fields as the connector's records have them. Returns their codes."""
        made = [self.put(STREAMS[stream], **_addressed(nested(row), row.get("uid") or row["code"])) for row in rows]
        return [str(row["code" if stream == "orders" else "uid"]) for row in made]

    def edit(self, stream: str, code: str, fields: Mapping[str, Any]) -> None:
        """Somebody changes an item, or what hangs on it."""
        item = self.store.items[STREAMS[stream]]
        self.store.change(item, self.item(stream, code), _addressed(nested(fields), code), replace=True)

    def delete(self, stream: str, code: str) -> None:
        self.store.drop(self.store.items[STREAMS[stream]], self.item(stream, code))

    def template(self, name: str, version: int) -> None:
        """Somebody publishes a version of a consent template."""
        self.put("ConsentTemplates", id=name, version=version, baseSite={"uid": self.site})

    def consent(self, customer: str, template: str, version: int, *, withdrawn: bool = False) -> str:
        """A customer consents in the shop, and perhaps withdraws that. Returns the consent's code."""
        self.given += 1
        code = f"{self.given:08}"
        owner = next(row for row in self.store.all(self.store.items["Customers"]) if row["uid"] == customer)
        version_key = f"{self.site}|{template}|{version}"
        row = self.put("Consents", code=code)
        row |= {"consentGivenDate": self.store.now(), "@customer": owner[KEY], "@consentTemplate": version_key}
        row["consentWithdrawnDate"] = self.store.now() if withdrawn else None
        return code

    def item(self, stream: str, code: str) -> Row:
        return self.rows[STREAMS[stream]][(quote_plus(code),)]

    def referred(self, stream: str, code: str, name: str) -> list[Row]:
        """What an item refers to."""
        return self.related(self.entities[STREAMS[stream]], self.item(stream, code), name)

    # The wire ---------------------------------------------------------------------------------------------------------

    def _within(self, request: Request) -> Response:
        if request.path.startswith("/occ/v2/"):
            return occ(self, request)
        if not f"{request.path}/".startswith(f"{self.root}/"):
            raise CommerceError(404, "not_found", "There is no such integration object.")
        try:
            if self._named(request.path) == "$batch":
                return self._batched(request)
            return self._answered(request)
        except CommerceError:
            raise
        except ServiceError as error:
            raise _worded(error) from None

    def _answered(self, request: Request) -> Response:
        if request.method in _RIGHTS and _RIGHTS[request.method] not in self.rights:
            lacks = f"The user lacks [{_RIGHTS[request.method]}] privileges for accessing the type."
            raise CommerceError(403, "forbidden", lacks)
        if self._named(request.path) == "$metadata":
            self.operations["GET $metadata"] += 1
            return Response(body=edmx(self.store.items), headers={"content-type": "application/xml"})
        return super()._answered(request)

    def _at(self, entity: Entity, text: str) -> Row:
        value = literal(text.partition("=")[2] if text.startswith(f"{KEY}=") else text)[0]
        parts = str(value).split("|")
        assert isinstance(entity, Item)
        found = self.store.held(entity, "|".join(quote_plus(unquote_plus(part)) for part in parts))
        if len(parts) != len(entity.unique):
            raise CommerceError(400, "invalid_key", f"The integration key [{value}] is invalid.")
        if found is None:
            message = f"[{entity.item}] with integration key [{value}] was not found."
            raise CommerceError(404, "not_found", message)
        return found[1]

    def related(self, entity: Entity, row: Row, name: str) -> list[Row]:
        leads = entity.navigations.get(name)
        if leads is None:
            raise CommerceError(404, "not_found", f"Could not find property with name: '{name}'.")
        value = row.get(f"@{name}")
        keys = value if isinstance(value, list) else [value] if value is not None else []
        found = (self.store.held(self.store.items[leads.target], key) for key in keys)
        return [one[1] for one in found if one is not None]

    def _collection(self, request: Request, entity: Entity) -> Response:
        assert isinstance(entity, Item)
        if request.method in {"GET", "HEAD"}:
            return self._listed(request, entity, self.store.all(entity))
        if request.method != "POST":
            raise CommerceError(
                405, "method_not_allowed", "The request dispatcher does not allow the HTTP method used."
            )
        with self.store.whole():
            row = self.store.upsert(entity, self._json(request))
        headers = {"location": f"{self._asked}{self.root}/{entity.name}('{row[KEY]}')"}
        return Response.of({"d": self.shape(entity, row, (), ())}, 201, headers)

    def _single(self, request: Request, entity: Entity, row: Row) -> Response:
        assert isinstance(entity, Item)
        found = self.store.held(entity, row[KEY])
        if request.method in {"GET", "HEAD"} or found is None:
            return Response.of({"d": self.shape(entity, row, *self._wanted(request))})
        if request.method == "DELETE":
            self.store.drop(*found)
            return Response()
        if request.method != "PATCH":
            raise CommerceError(
                405, "method_not_allowed", "The request dispatcher does not allow the HTTP method used."
            )
        body = self._json(request)
        for text in entity.unique:
            owner, _, name = text.partition("_")
            if owner == entity.item and name in body and body[name] != row[name]:
                raise CommerceError(400, "invalid_key", "Key in the payload does not match the key in the path.")
        self.store.change(*found, body, replace=True)
        return Response.of({"d": self.shape(entity, row, (), ())})

    def _json(self, request: Request) -> dict[str, Any]:
        try:
            return super()._json(request)
        except ServiceError:
            raise CommerceError(400, "odata_error", "An error occurred while processing the request.") from None

    def _listed(self, request: Request, entity: Entity, rows: Sequence[Row]) -> Response:
        query = request.query
        if "$filter" in query:
            rows = self._filtered(query["$filter"], entity, rows)
        if "$orderby" in query:
            rows = ordered(rows, query["$orderby"], entity)
        try:
            skip, token = int(query.get("$skip", 0)), int(query.get("$skiptoken", 0))
            asked = int(query["$top"]) if "$top" in query else None
        except ValueError:
            raise CommerceError(400, "odata_error", "Invalid system query option value") from None
        size = min(asked or _DEFAULT, self.page)
        rest = rows[skip + token :]
        following = {}
        if len(rest) > size and (asked is None or asked > size):
            again = urlencode({**query, "$skiptoken": str(token + size)})
            following = {"__next": f"{self._asked}{request.path}?{again}"}
        counted = {"__count": str(len(rows))} if query.get("$inlinecount") == "allpages" else {}
        _, expand = self._wanted(request)
        self._allow(entity, expand)
        shapes = [self.shape(entity, row, (), expand) for row in rest[:size]]
        return Response.of({"d": {"results": shapes, **counted, **following}})

    def _allow(self, entity: Entity, expand: Sequence[str]) -> None:
        """Whoever expands a type needs the right to read it, too."""
        self._show(entity)
        for path in expand:
            at = entity
            for name in filter(None, path.split("/")):
                at = self.entities[at.navigations[name].target] if name in at.navigations else at
                self._show(at)

    def _show(self, entity: Entity) -> None:
        if entity.type in self.hidden:
            message = f"The user lacks [read] privileges for accessing the [{entity.type}] type."
            raise CommerceError(403, "forbidden", message)

    def _filtered(self, text: str, entity: Entity, rows: Sequence[Row]) -> list[Row]:
        """Attributes one level down (``customer/uid``) may be filtered by, keys may not."""
        plain = re.sub(r"'(?:[^']|'')*'", "''", text)
        if _FUNCTION.search(plain):
            raise CommerceError(400, "operator_not_supported", "Operator is not supported.")
        if re.search(rf"(?<!/)\b{KEY}\b", plain):
            raise CommerceError(400, "integration_key_not_supported", "Filtering by integration key is not supported.")
        if re.search(r"\w/\w+/\w", plain):
            raise CommerceError(400, "filter_not_supported", "Nested filter of more than one level is not supported.")
        one_down = {
            f"{name}/{leaf}": known
            for name, leads in entity.navigations.items()
            for leaf, known in self.entities[leads.target].properties.items()
        }
        wider = Entity(name=entity.name, properties={**entity.properties, **one_down})
        wanted = condition(text.replace("DateTime'", "datetime'"), wider)
        used = [path for path in one_down if path in plain]
        return [row for row in rows if wanted({**row, **{path: self._down(entity, row, path) for path in used}})]

    def _down(self, entity: Entity, row: Row, path: str) -> Any:
        name, _, leaf = path.partition("/")
        found = self.related(entity, row, name)
        return found[0][leaf] if found else None

    # Batches ----------------------------------------------------------------------------------------------------------

    def _batched(self, request: Request) -> Response:
        if request.body.count(b"multipart/mixed") > _SETS:
            raise CommerceError(400, "batch_limit_exceeded", f"The number of batches exceeds the limit {_SETS}.")
        return super()._batched(request)

    def _set(self, asked: Sequence[Asked]) -> list[Answered] | Answered:
        said: list[Answered] = []
        try:
            with self.store.whole():
                for one in asked:
                    said.append(Answered(self._answered(one.request), one.content_id))  # noqa: PERF401 (stops at an error)
        except ServiceError as error:
            worded = error if isinstance(error, CommerceError) else _worded(error)
            return Answered(Response.of(worded.body(self.clock.now()), worded.status))
        return said

    # Keeping ----------------------------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        path.write_bytes(orjson.dumps({name: list(rows.values()) for name, rows in self.rows.items()}))

    def load(self, path: Path) -> None:
        """Raises ValueError or KeyError where the file holds something else."""
        for name, rows in orjson.loads(path.read_bytes()).items():
            self.rows[name].clear()
            self.rows[name] |= {(row[KEY],): row for row in rows}
        self.given = len(self.rows.get("Consents", ()))


def _modelled(without: Sequence[str]) -> dict[str, Item]:
    """The integration object, less what it lacks."""
    left = {}
    for item in ITEMS.values():
        if item.item in without:
            continue
        kinds: dict[str, Property] = {n: p for n, p in item.properties.items() if f"{item.item}.{n}" not in without}
        leads = {n: one for n, one in item.navigations.items() if ITEMS[one.target].item not in without}
        left[item.name] = _again(item, kinds, leads, item.makes)
    return left


def _generous(item: Item) -> Item:
    return _again(item, item.properties, item.navigations, frozenset(item.navigations), required=())


def _again(
    item: Item,
    kinds: Mapping[str, Property],
    leads: Mapping[str, Any],
    makes: frozenset[str],
    required: tuple[str, ...] | None = None,
) -> Item:
    return Item(
        name=item.name,
        item=item.item,
        properties=kinds,
        navigations=leads,
        unique=item.unique,
        required=item.required if required is None else required,
        makes=makes,
        below=item.below,
    )


def _worded(error: ServiceError) -> CommerceError:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status, "odata_error")
    return CommerceError(error.status, code, error.message)


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Record paths as a body."""
    body: dict[str, Any] = {}
    for path, value in fields.items():
        *heads, leaf = path.split(".")
        at = body
        for head in heads:
            at = at.setdefault(head, {})
        at[leaf] = value
    return body


def _addressed(body: dict[str, Any], code: Any) -> dict[str, Any]:
    """Addresses with the name that the system would have given them."""
    for name, value in body.items():
        if name.endswith("Address") and isinstance(value, dict):
            value.setdefault("publicKey", f"{code}.{name}")
    return body
