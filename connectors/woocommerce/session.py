"""One shop's REST API: asking, lists in a fixed order, and what its refusals mean.

Lists can only be paged by counting rows, and the count shifts when a row goes. So each page but the first begins with
the last row already seen; where that row is not there, rows before it went, and the place is looked for further up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from connectors.credentials import Auth, Basic
from connectors.http import Answer, Http
from connectors.oauth1 import OAuth1
from connectors.sdk import ConnectorError, Context, ProtocolError, RefusedError, UnauthorisedError
from connectors.woocommerce.settings import WooCommerceSettings

Row = dict[str, Any]

_IN_VAIN = 2
"""How often one place is asked for without news: rows may go and come while it is looked for."""


class Session:
    """``behind`` is how far the shop's clock trails ours, as its last answer told; nothing where it is ahead."""

    def __init__(self, settings: WooCommerceSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self.behind = timedelta(0)

    @cached_property
    def http(self) -> Http:
        return self.context.http(f"{self.settings.url}/wp-json/wc/v3", auth=self._auth(), on_answer=self._saw)

    def _saw(self, answer: Answer) -> None:
        try:
            told = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return
        self.behind = max(self.context.clock.now() - told, timedelta(0))

    def _auth(self) -> Auth:
        key = self.settings.consumer_key.get_secret_value()
        secret = self.settings.consumer_secret.get_secret_value()
        if self.settings.signs:
            return OAuth1(context=self.context, consumer_key=key, consumer_secret=secret, token="", token_secret="")
        return Basic(key, secret)

    def close(self) -> None:
        if "http" in self.__dict__:
            self.http.close()

    def ask(self, method: str, path: str, *, accept: tuple[int, ...] = (), **options: Any) -> Answer:
        """One request; statuses in ``accept`` are the caller's to judge, other refusals are raised (`refusal`)."""
        passing = tuple(status for status in accept if status in {401})
        answer = self.http.request(method, path, accept=passing, **options)
        if answer.ok or answer.status in accept:
            return answer
        raise refusal(answer)

    def page(self, path: str, query: Mapping[str, Any]) -> tuple[list[Row], int | None]:
        """The rows of one page, and how many there are in all (None: something in between drops the header)."""
        answer = self.ask("GET", path, query=query)
        rows = answer.json()
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ProtocolError(f"listing {path}: an answer that is no list of records")
        total = answer.headers.get("x-wp-total", "").strip()
        return rows, int(total) if total.isdigit() else None

    def walk(self, path: str, query: Mapping[str, Any], *, newest_first: bool = False) -> Iterator[list[Row]]:
        """Every row that is there all the time, once, in the order of ids, in pages."""
        size, sign = self.settings.page, -1 if newest_first else 1
        asked = {**query, "per_page": size, "orderby": "id", "order": "desc" if newest_first else "asc"}
        offset, last = 0, None
        idle: Counter[tuple[int, int | None]] = Counter()  # pages asked for since one brought something new
        while True:
            rows, total = self.page(path, {**asked, "offset": offset or None})
            ids = _in_order([sign * _number(row, path) for row in rows], path)
            idle[offset, total] += 1
            if idle[offset, total] > _IN_VAIN:
                what = (
                    f"listing {path}: {total} records are counted, but fewer shown: is the key's user a shop manager?"
                )
                raise ProtocolError(what)
            if last is not None and offset and (not ids or ids[0] > last):
                offset = max(0, offset - size)  # rows before the last one went: it moved up
                continue
            fresh = [row for row, place in zip(rows, ids, strict=True) if last is None or place > last]
            if fresh:
                last = ids[-1]
                idle.clear()
                yield fresh
            if offset + len(rows) >= total if total is not None else len(rows) < 2:
                return
            offset += max(len(rows) - 1, 1)


def _number(row: Row, path: str) -> int:
    number = row.get("id")
    if not isinstance(number, int):
        raise ProtocolError(f"listing {path}: a record without an id")
    return number


def _in_order(ids: list[int], path: str) -> list[int]:
    if any(one >= other for one, other in pairwise(ids)):
        raise ProtocolError(f"listing {path}: not sorted by id as asked; does an extension of the shop change lists?")
    return ids


def said(answer: Answer) -> tuple[str, str]:
    """Code and sentence of a WordPress error; raises ProtocolError where the answer is none."""
    body = answer.json()
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        raise ProtocolError(f"HTTP {answer.status} without an error code: is this a WordPress site?")
    return body["code"], str(body.get("message", ""))


def refusal(answer: Answer) -> ConnectorError:
    """The error for a request refused as a whole. Its text has no sentence of the shop's, which may quote values."""
    try:
        code, _ = said(answer)
    except ProtocolError as error:
        return ProtocolError(f"{error}: a firewall of the host, or not the address of a shop")
    if answer.status in {401, 403}:
        return UnauthorisedError(f"the key, or its user, may not do this ({code})")
    return RefusedError(f"the shop refused (HTTP {answer.status}, {code})", code=code)
