"""One Siebel enterprise over the shared client: searches, descriptions, and what their answers look like."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson

from connectors.credentials import Auth, Basic, Bearer
from connectors.http import Answer
from connectors.oauth import ClientCredentials
from connectors.sdk import Context, ProtocolError, RefusedError
from connectors.siebel.errors import ForbiddenError, request_error
from connectors.siebel.schema import Component
from connectors.siebel.searching import among, compared
from connectors.siebel.settings import BasicAuth, BearerAuth, SiebelSettings
from connectors.siebel.wall import Wall

Row = Mapping[str, Any]
_FRESH = timedelta(minutes=15)
ASKED_ABOUT = 50
"""Keys or values asked about in one search."""


def credentials(settings: SiebelSettings, context: Context) -> Auth:
    """What is put on requests; the kind is the enterprise's choice, one for all its users (Security guide)."""
    auth = settings.auth
    if isinstance(auth, BasicAuth):
        return Basic(auth.user, auth.password.get_secret_value())
    if isinstance(auth, BearerAuth):
        return Bearer(auth.token.get_secret_value())
    return ClientCredentials(
        context, auth.token_url, client_id=auth.client_id, client_secret=auth.client_secret, scope=auth.scope
    )


class Session:
    """Called from several threads."""

    def __init__(self, settings: SiebelSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self.wall = Wall(settings.zone)
        self._auth = credentials(settings, context)
        self.http = context.http(settings.url, auth=self._auth, headers={"accept": "application/json"}, timeout=120.0)
        self._lock = threading.Lock()
        self._components: dict[str, tuple[datetime, Component]] = {}
        self._children: dict[tuple[str, str], tuple[datetime, bool]] = {}

    @property
    def now(self) -> datetime:
        """What the zone's clock shows now."""
        return self.wall.at(self.context.clock.now()).replace(microsecond=0)

    def path(self, stream: str) -> str:
        return "data/" + "/".join(quote(part, safe="") for part in self.settings.place(stream))

    def rows(
        self,
        stream: str,
        searchspec: str | None,
        *,
        order: Sequence[str] = (),
        fields: Sequence[str] | None = None,
        size: int | None = None,
    ) -> list[Row]:
        """One page of a search. Without an order Siebel's is any; beyond ``size`` rows nothing is said to be more.

        Raises RefusedError (with Siebel's code), UnauthorisedError, UnreachableError, ThrottledError, ProtocolError.
        """
        query = {
            "searchspec": f"({searchspec})" if searchspec else None,
            "sortspec": ",".join(f"{field}:asc" for field in order) or None,
            "fields": ",".join(fields) if fields else None,
            "PageSize": size or self.settings.page,
            "StartRowNum": 0,
            "ViewMode": self.settings.streams[stream].view_mode or self.settings.view_mode,
            "childlinks": "None",
            "uniformresponse": "y",
        }
        what = f"reading {stream}"
        answer = self.http.get(self.path(stream), query=query, accept={500})
        if answer.status == 404:
            self.described(stream, anew=True)  # some releases say so of an empty result, all say so of a wrong name
            return []
        return self._rows(answer, what)

    def children(self, stream: str, key: str, child: str) -> list[Row] | None:
        """The rows of one child component of a record. None: the user may not see them, or there is no such component.

        Raises as `rows`.
        """
        path = f"{self.path(stream)}/{{key}}/{quote(child, safe='')}"
        query = {"PageSize": self.settings.page, "childlinks": "None", "uniformresponse": "y"}
        rows: dict[str, Row] = {}
        begin, idle = 0, 0
        while True:
            asked = {**query, "StartRowNum": begin, "sortspec": "Id:asc"}
            answer = self.http.get(path, parts={"key": key}, query=asked, accept={500})
            if answer.status == 404 and not rows and not self._has_child(stream, key, child):
                return None  # behind rows it is their end
            try:
                page = [] if answer.status == 404 else self._rows(answer, f"reading {child} of {stream}")
            except ForbiddenError:
                return None
            if not page:
                return list(rows.values())
            known = len(rows)
            rows |= {str(row.get("Id") or orjson.dumps(row, option=orjson.OPT_SORT_KEYS)): row for row in page}
            idle = idle + 1 if len(rows) == known else 0
            if idle > 1:  # once, it may be that a row came between and moved the others on
                raise ProtocolError(
                    f"reading {child} of {stream}: the same page comes again and again: is StartRowNum ignored?"
                )
            begin += len(page)

    def _has_child(self, stream: str, key: str, child: str) -> bool:
        """Whether a 404 says that a record has no such children, and not that there is no such component: that is told
        by its description, which hangs on a record (REST API guide, "Using the Describe Parameter to Return Child
        Business Component Metadata"; its list of answers has 204 and 404, and what tells them apart is not said).

        Kept for a quarter of an hour, unless it is the record that is not there.
        """
        now = self.context.clock.now()
        with self._lock:
            kept = self._children.get((stream, child))
        if kept is None or now - kept[0] > _FRESH:
            path = f"{self.path(stream)}/{{key}}/{quote(child, safe='')}/describe"
            answer = self.http.get(path, parts={"key": key}, accept={500})
            if answer.status == 403 or answer.status >= 500:
                error = request_error(answer, f"describing {child}")
                if isinstance(error, ForbiddenError) and error.of_a_row:
                    return False
                if not isinstance(error, RefusedError | ForbiddenError):
                    raise error
            there = answer.status == 200
            if not there and not self.rows(stream, compared("Id", "=", key), fields=["Id"], size=1):
                return False
            kept = (now, there)
            with self._lock:
                self._children[stream, child] = kept
        return kept[1]

    def _rows(self, answer: Answer, what: str) -> list[Row]:
        if answer.status == 204:
            return []
        if not answer.ok:
            raise request_error(answer, what)
        rows = items_of(answer.json())
        if rows is None:
            raise ProtocolError(f"{what}: an answer without items: is this the address of a Siebel REST API?")
        return rows

    def with_values(
        self, stream: str, field: str, values: Sequence[str], fields: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """Records whose field has one of the values, as far as they are seen."""
        for spec, asked in among(field, values, min(ASKED_ABOUT, self.settings.page)):
            last: str | None = None
            while True:  # several records may have one value
                found = spec if last is None else f"({spec}) AND ({compared('Id', '>', last)})"
                rows = self.rows(stream, found, order=["Id"], fields=fields)
                yield from rows
                if field == "Id" and len(rows) == len(asked):
                    break
                if not rows:
                    break
                if last == str(rows[-1].get("Id")):
                    raise ProtocolError(
                        f"reading {stream}: the same page comes again and again: is searchspec ignored?"
                    )
                last = str(rows[-1].get("Id"))

    def described(self, stream: str, *, anew: bool = False) -> Component:
        """The component as described a quarter of an hour ago at most."""
        now = self.context.clock.now()
        with self._lock:
            kept = self._components.get(stream)
        if kept is None or anew or now - kept[0] > _FRESH:
            what = f"describing {stream}"
            answer = self.http.get(f"{self.path(stream)}/describe", accept={500})
            if answer.status == 204:
                raise RefusedError(f"{what}: Siebel describes nothing there", code="http-204")
            if not answer.ok:
                raise request_error(answer, what)
            found = Component.of(answer.json(), self.settings.place(stream), self.wall, self.settings.days)
            kept = (now, found)
            with self._lock:
                self._components[stream] = kept
        return kept[1]

    def close(self) -> None:
        self.http.close()
        if isinstance(self._auth, ClientCredentials):
            self._auth.close()


def items_of(body: Any) -> list[Row] | None:
    """The rows of an answer, which come as a list, as an object of one row, or under ``items`` as either. None: no
    such thing."""
    if isinstance(body, Mapping) and "items" in body:
        body = body["items"]
    if isinstance(body, Mapping) and "Id" in body:
        body = [body]
    if isinstance(body, list) and all(isinstance(row, Mapping) for row in body):
        return body
    return None
