"""The fake shop as a web server: signatures and tokens, routes, rights, limits, and misbehaviour on demand."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from model.clock import Clock, SystemClock
from syncline.sandbox.magento import described
from syncline.sandbox.magento.queue import Queue
from syncline.sandbox.magento.refusals import Refusal, no_such, required
from syncline.sandbox.magento.search import pruned, searched
from syncline.sandbox.magento.shop import Row, Shop
from syncline.sandbox.oauth1 import Signatures
from syncline.sandbox.wire import Request, Response

_REST = re.compile(r"^/rest/(?:(?P<view>[A-Za-z]\w*)/)??(?P<bulk>async/bulk/)?V1/(?P<path>.*)$")
_CLOUD = re.compile(r"^/(?P<tenant>[\w-]+)/V1/(?P<bulk>async/bulk/)?(?P<path>.*)$")
_LONGEST_QUERY = 8000
_RIGHTS = {
    "customers": "Magento_Customer::customer",
    "manage": "Magento_Customer::manage",
    "company": "Magento_Company::index",
    "orders": "Magento_Sales::actions_view",
    "bulk": "Magento_AsynchronousOperations::system_magento_logging_bulk_operations",
}
_TABLES = {"customers": "customers", "company": "companies", "orders": "orders"}


class MagentoFake:
    """A shop with customers, companies and orders. ``calls`` counts requests by method and path.

    ``bearer``: whether an integration's token alone lets in (off by default since 2.4.4). ``denied`` are rights
    that the integration lacks (customers, manage, company, orders, bulk). ``limits``: pages of 300 records and
    bulks of 5000 at most.
    ``tenant``: the shop is in Adobe's cloud service, with its tokens and addresses. ``skew``: how many seconds a clock
    may be off.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        consumer_secret: str = "consumer-secret",  # noqa: S107 (a fake's own)
        token: str = "access-token",  # noqa: S107 (a fake's own)
        bearer: bool = False,
        tenant: str | None = None,
        path: Path | None = None,
        skew: float = 600.0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.signatures = Signatures("consumer-key", consumer_secret, token, "token-secret", skew)
        self.bearer = bearer
        self.tenant = tenant
        self.client = ("client", consumer_secret)
        self.tokens: dict[str, datetime] = {}
        self.shop = Shop(self.clock, path)
        self.queue = Queue(self.clock)
        self.denied: set[str] = set()
        self.limits = True
        self.b2b = True
        self.bulk_api = True
        self.maintenance = False
        self.calls: Counter[str] = Counter()

    # for tests and demos

    def seed(self, table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put rows in, in the vendor's form, as people working in the shop would; returns their keys."""
        makers: Mapping[str, Callable[[Mapping[str, Any]], Row]] = {
            "customers": lambda row: self.shop.create_customer(row, 1, 1),
            "companies": lambda row: self.shop.save_company(row, None),
            "orders": self.shop.place_order,
        }
        made = [makers[table](row) for row in rows]
        return [str(row["entity_id" if table == "orders" else "id"]) for row in made]

    def edit(self, table: str, key: str, **changes: Any) -> None:
        """Change a row as a person in the Admin would."""
        row = self.shop.tables[table][int(key)]
        if table == "customers":
            self.shop.update_customer(key, {**row, "addresses": None, **changes})
        elif table == "companies":
            self.shop.save_company(changes, key)
        else:
            row |= changes | {"updated_at": self.shop.now()}

    def delete(self, table: str, key: str) -> None:
        del self.shop.tables[table][int(key)]

    def row(self, table: str, key: str) -> Row:
        return self.shop.tables[table][int(key)]

    # the wire

    def handle(self, request: Request) -> Response:
        self.queue.work()
        if request.path == "/ims/token/v3" and request.method == "POST":
            return self._token(request)
        if self.maintenance:
            return Response(status=503, body=b"<html>Service Unavailable</html>", headers={"content-type": "text/html"})
        found = (_CLOUD if self.tenant else _REST).match(request.path)
        if found is None or (self.tenant and found["tenant"] != self.tenant):
            return Response(status=404, body=b"<html>404</html>", headers={"content-type": "text/html"})
        self.calls[
            f"{request.method} {found['bulk'] or ''}{re.sub(r'/[0-9a-f-]{36}|/[0-9]+', '/#', found['path'])}"
        ] += 1
        try:
            return self._answered(request, found)
        except Refusal as refusal:
            return refusal.response()

    def _answered(self, request: Request, found: re.Match[str]) -> Response:
        if len(urlencode(request.query)) > _LONGEST_QUERY:
            return Response(status=414, body=b"<html>Request-URI Too Large</html>")
        self._let_in(request)
        view = request.headers.get("store", "default") if self.tenant else found["view"] or "default"
        known = {one["code"]: one for one in described.VIEWS} | {"all": described.VIEWS[1]}
        if view not in known:
            raise no_such("store", view)
        store = known[view]
        path = found["path"].rstrip("/")
        if found["bulk"]:
            return self._queued(request, path, store)
        body = _body(request)
        answer = self._routed(request.method, path, request.query, body, store)
        if request.query.get("fields") and isinstance(answer, dict) and "items" in answer:
            answer = pruned(answer, request.query["fields"])
        return Response.of(answer)

    def _let_in(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        now = self.clock.now()
        if self.tenant:
            until = self.tokens.get(given.removeprefix("Bearer "))
            if until is None or until <= now:
                raise Refusal(401, "Oauth token is not valid")
        elif given.startswith("Bearer "):
            if not self.bearer or given != f"Bearer {self.signatures.token}":
                raise Refusal(401, "The consumer isn't authorized to access this resource.")
        elif fault := self.signatures.fault(request, now.timestamp()):
            words = "The signature is invalid. Verify and try again."
            raise Refusal(401, words if "signature" in fault else "A consumer having the specified key does not exist")

    def _allowed(self, area: str) -> None:
        if area in self.denied:
            text = "The consumer isn't authorized to access %resources."
            raise Refusal(401, text, {"resources": _RIGHTS[area]})

    def _token(self, request: Request) -> Response:
        given = dict(parse_qsl(request.body.decode()))
        if (given.get("client_id"), given.get("client_secret")) != self.client:
            return Response.of({"error": "invalid_client"}, status=400)
        if "commerce.accs" not in given.get("scope", ""):
            return Response.of({"error": "invalid_scope"}, status=400)
        token = f"ims-{len(self.tokens)}"
        self.tokens[token] = self.clock.now() + timedelta(hours=24)
        return Response.of({"access_token": token, "token_type": "bearer", "expires_in": 86399})

    def _queued(self, request: Request, path: str, store: Mapping[str, Any]) -> Response:
        area, _, route = path.partition("/")
        routes = {"customers": ("byCustomerId", "customerId"), "company": ("byCompanyId", "companyId")}
        known = area in routes and route in ("", routes[area][0]) and (area != "company" or self.b2b)
        if not self.bulk_api or not known or (request.method == "POST") == bool(route):
            raise Refusal(404, "Request does not match any route.")
        self._allowed(area)
        bodies = _body(request)
        if self.limits and len(bodies) > 5000:
            raise Refusal(400, 'Maximum items of type "%type" is %max', {"type": area, "max": 5000})
        named = routes[area][1]

        def deed(body: Mapping[str, Any]) -> Any:
            target = f"{area}/{body[named]}" if route else area
            return self._routed(request.method, target, {}, body, store)

        topic = f"async.magento.{area}.{request.method.lower()}"
        return Response.of(self.queue.take(bodies, topic, deed), status=202)

    def _routed(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any], store: Mapping[str, Any]
    ) -> Any:
        area, _, rest = path.partition("/")
        if area in _TABLES and (area != "company" or self.b2b):
            self._allowed(area)
            if area == "customers" and (method != "GET" or rest.startswith("addresses/")):
                self._allowed("manage")
            if method == "GET" and (rest == "search" if area == "customers" else rest == ""):
                return self._searched(_TABLES[area], query)
            return self._one(method, area, rest, body, store)
        plain = self._plain(path) if method == "GET" else None
        if plain is None:
            raise Refusal(404, "Request does not match any route.")
        return plain

    def _searched(self, table: str, query: Mapping[str, str]) -> Any:
        if not any(name.lower().startswith(("searchcriteria", "search_criteria")) for name in query):
            raise required("searchCriteria")
        rows = [copy.deepcopy(row) for row in self.shop.tables[table].values()]
        largest = 300 if self.limits else 10**6
        return {**searched(rows, query, self._value(table), largest), "search_criteria": {}}

    def _value(self, table: str) -> Callable[[Mapping[str, Any], str], Any]:
        def value(row: Mapping[str, Any], name: str) -> Any:
            if name == "entity_id":
                return row.get("entity_id", row.get("id"))
            if name in row:
                return row[name]
            if table == "customers" and name not in self.shop.attributes and name not in {"default_billing", "id"}:
                raise Refusal(400, "Invalid attribute name: %1", [name])
            custom = {a["attribute_code"]: a["value"] for a in row.get("custom_attributes") or ()}
            return custom.get(name)

        return value

    def _one(self, method: str, area: str, key: str, body: Mapping[str, Any], store: Mapping[str, Any]) -> Any:
        table = _TABLES[area]
        named = {"customers": "customerId", "company": "id", "orders": "entityId"}[area]
        if method == "GET" and key:
            return copy.deepcopy(self.shop.row(table, key, named))
        if area == "orders":
            raise Refusal(404, "Request does not match any route.")
        if method == "DELETE" and key:
            self.shop.delete(table, key, named)
            return True
        wrap = "customer" if area == "customers" else "company"
        if method not in {"POST", "PUT"} or (method == "PUT") != bool(key):
            raise Refusal(404, "Request does not match any route.")
        if not isinstance(body.get(wrap), dict):
            raise required(wrap)
        if area == "company":
            return copy.deepcopy(self.shop.save_company(body[wrap], key or None))
        if key:
            return copy.deepcopy(self.shop.update_customer(key, body[wrap]))
        return copy.deepcopy(self.shop.create_customer(body[wrap], store["website_id"], store["id"]))

    def _plain(self, path: str) -> Any:
        lists: Mapping[str, Any] = {
            "store/storeViews": described.VIEWS,
            "store/websites": described.WEBSITES,
            "customerGroups/search": {"items": described.GROUPS, "total_count": len(described.GROUPS)},
            "attributeMetadata/customer": list(self.shop.attributes.values()),
            "attributeMetadata/customer/custom": [a for a in self.shop.attributes.values() if a["user_defined"]],
            "attributeMetadata/customerAddress": described.ADDRESS,
        }
        if path in lists:
            return lists[path]
        head, _, last = path.rpartition("/")
        if head == "attributeMetadata/customer/attribute":
            if last not in self.shop.attributes:
                text = "No such entity with %fieldName = %fieldValue, %field2Name = %field2Value"
                names = {"fieldName": "entityType", "fieldValue": "customer"}
                raise Refusal(404, text, names | {"field2Name": "attributeCode", "field2Value": last})
            return self.shop.attributes[last]
        if head == "directory/countries":
            found = described.country(last)
            if found is None:
                raise Refusal(404, "The country isn't available.")
            return found
        parts = path.split("/")
        if parts[0] == "bulk" and len(parts) >= 3:
            self._allowed("bulk")
            if parts[2] == "operation-status":
                return self.queue.count(parts[1], int(parts[3]))
            return self.queue.status(parts[1], detailed=parts[2] == "detailed-status")
        return None


def _body(request: Request) -> Any:
    if not request.body:
        return {}
    try:
        return request.json()
    except ValueError:
        raise Refusal(400, "Decoding error: %1", ["Syntax error"]) from None
