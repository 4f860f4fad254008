"""The fake shop as a web server: WordPress' REST routes, WooCommerce's answers, and what hosts put in between.

After the vendor's documentation of wc/v3 and the source of its REST controllers (WC_REST_Customers_V1_Controller,
WC_REST_Orders_V2_Controller, WC_REST_Controller::batch_items); date filters after WordPress' WP_Date_Query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

from model.clock import Clock, SystemClock
from syncline.sandbox.wire import Request, Response
from syncline.sandbox.woocommerce import accounts, described, trade
from syncline.sandbox.woocommerce.entry import Entry
from syncline.sandbox.woocommerce.shop import Row, Shop, WooError, paged, truth

_ROUTE = re.compile(r"^/wp-json/wc/v3/(?P<name>customers|orders)(?:/(?P<rest>batch|\d+))?/?$")
_TABLES: Mapping[str, Any] = {"customers": accounts, "orders": trade}


class WooCommerceFake:
    """One shop. ``limit`` is how many rows a batch may hold, ``ignores`` names filters that this release lacks.

    ``counts`` False: a cache in front drops the counting headers.
    ``longest``: an extension silently cuts longer pages. ``unseen`` are ids of what one shows nobody: 403 by id, and in
    no list.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        key: str = "ck_key",
        secret: str = "cs_secret",  # noqa: S107 (the sandbox tells it to everybody)
        tls: bool = True,
        path: Path | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.shop = Shop(self.clock, path)
        self.entry = Entry(key, secret, tls=tls)
        self.limit = 100
        self.ignores: set[str] = set()
        self.counts = True
        self.longest = 100
        self.active = True
        self.unseen: set[int] = set()
        self._pages: list[Response] = []

    # people at work

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Somebody adds customers or orders, given as the API takes them."""
        made = [str(_TABLES[name].create(self.shop, row)["id"]) for row in rows]
        self.shop.save()
        return made

    def edit(self, name: str, key: str, **changes: Any) -> None:
        _TABLES[name].update(self.shop, int(key), changes)
        self.shop.save()

    def delete(self, name: str, key: str, *, force: bool = True) -> None:
        _TABLES[name].delete(self.shop, int(key), force=force)
        self.shop.save()

    def hide(self, *keys: str) -> None:
        """An extension keeps records to those whose they are."""
        self.unseen.update(map(int, keys))

    def row(self, name: str, key: str) -> Row:
        table: dict[int, Row] = getattr(self.shop, name)
        return table[int(key)]

    def rows(self, name: str) -> list[Row]:
        return list(getattr(self.shop, name).values())

    def interpose(self, *pages: Response) -> None:
        """The next requests get these answers, of something between shop and caller."""
        self._pages += pages

    # the wire

    def handle(self, request: Request) -> Response:
        if self._pages:
            return self._pages.pop(0)
        try:
            answer = self._answered(request)
        except WooError as error:
            answer = Response.of(error.body(), status=error.status)
        date = {"date": format_datetime(self.clock.now(), usegmt=True)}
        return Response(status=answer.status, body=answer.body, headers={**date, **answer.headers})

    def _answered(self, request: Request) -> Response:
        if not request.path.startswith("/wp-json/"):
            page = b"<!DOCTYPE html><html><title>Page not found</title></html>"
            return Response(status=404, body=page, headers={"content-type": "text/html; charset=UTF-8"})
        found = _ROUTE.match(request.path)
        if found is None or not self.active:
            raise WooError("rest_no_route", "No route was found matching the URL and request method.", 404)
        self.entry.judge(request, self.clock.now().timestamp())
        name, rest = found["name"], found["rest"]
        if request.method == "OPTIONS":
            return Response.of(described.route(name, self.shop.statuses))
        if request.method == "GET":
            return self._one(name, int(rest)) if rest else self._list(name, request.query)
        done = self._write(name, rest, request)
        self.shop.save()
        return done

    def _list(self, name: str, query: Mapping[str, str]) -> Response:
        heard = {key: value for key, value in query.items() if key not in self.ignores}
        if 1 <= int(heard.get("per_page", "10")) <= 100:
            heard["per_page"] = str(min(int(heard.get("per_page", "10")), self.longest))
        rows, headers = paged([r for r in _TABLES[name].chosen(self.shop, heard) if r["id"] not in self.unseen], heard)
        shown = [_TABLES[name].shown(self.shop, row) for row in rows]
        if wanted := heard.get("_fields"):
            shown = [{key: row[key] for key in wanted.split(",") if key in row} for row in shown]
        return Response.of(shown, headers=headers if self.counts else None)

    def _one(self, name: str, number: int) -> Response:
        row = getattr(self.shop, name).get(number)
        if number in self.unseen:
            raise WooError("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.", 403)
        if row is None:
            code = "woocommerce_rest_invalid_id" if name == "customers" else "woocommerce_rest_shop_order_invalid_id"
            raise WooError(code, "Invalid ID.", 404)
        return Response.of(_TABLES[name].shown(self.shop, row))

    def _write(self, name: str, rest: str | None, request: Request) -> Response:
        table = _TABLES[name]
        try:
            given = request.json() if request.body else {}
        except ValueError:
            raise WooError("rest_invalid_json", "Invalid JSON body passed.") from None
        if rest == "batch":
            return Response.of(self._batch(table, given))
        if rest is None and request.method == "POST":
            if name == "customers" and "email" not in given:
                raise WooError("rest_missing_callback_param", "Missing parameter(s): email")
            return Response.of(table.shown(self.shop, table.create(self.shop, given)), status=201)
        if rest is not None and request.method in {"PUT", "POST", "PATCH"}:
            return Response.of(table.shown(self.shop, table.update(self.shop, int(rest), given)))
        if rest is not None and int(rest) in self.unseen:
            raise WooError("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.", 403)
        if rest is not None and request.method == "DELETE":
            force = truth(request.query, "force") or given.get("force") is True
            return Response.of(table.shown(self.shop, table.delete(self.shop, int(rest), force=force)))
        raise WooError("rest_no_route", "No route was found matching the URL and request method.", 404)

    def _batch(self, table: Any, given: Mapping[str, Any]) -> Row:
        """Every row for itself, in order, in one answer with status 200; a delete is for good, whatever was said."""
        if sum(len(given.get(deed) or ()) for deed in ("create", "update", "delete")) > self.limit:
            text = f"Unable to accept more than {self.limit} items for this request."
            raise WooError("woocommerce_rest_request_entity_too_large", text, 413)
        shop, answer = self.shop, {}
        if rows := given.get("create"):
            answer["create"] = [self._each(table, partial(table.create, shop, row), 0) for row in rows]
        if rows := given.get("update"):
            answer["update"] = [
                self._each(table, partial(table.update, shop, int(row["id"]), row), row["id"]) for row in rows
            ]
        if keys := given.get("delete"):
            whole = [int(key) for key in keys if str(key).isdigit() and int(key)]  # others get no answer at all
            answer["delete"] = [self._each(table, partial(table.delete, shop, key, force=True), key) for key in whole]
        return answer

    def _each(self, table: Any, deed: Callable[[], Row], number: int) -> Row:
        try:
            shown: Row = table.shown(self.shop, deed())
        except WooError as error:
            return {"id": number, "error": error.body()}
        return shown
