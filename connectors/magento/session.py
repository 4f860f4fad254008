"""One shop, asked over the shared client: addresses, credentials, search criteria."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from connectors.answers import Answer
from connectors.credentials import Auth, Bearer
from connectors.http import Http
from connectors.magento.errors import denied, request_error, said
from connectors.magento.settings import BearerAuth, ImsAuth, MagentoSettings
from connectors.oauth import ClientCredentials
from connectors.oauth1 import OAuth1
from connectors.sdk import Context, ProtocolError, UnauthorisedError


class Condition(NamedTuple):
    """One comparison of a search: ``how`` is the vendor's word (eq, gt, gteq ...)."""

    field: str
    how: str
    value: str


class Found(NamedTuple):
    """One page of a search; ``total`` counts all that match, on every page."""

    items: Sequence[Mapping[str, Any]]
    total: int


class Session:
    """Opens on first use. In the shop's own hosting addresses are ``/rest/<store view>/V1/...``; in Adobe's cloud
    service ``/<tenant>/V1/...`` with the store view in a header."""

    def __init__(self, settings: MagentoSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._saas = isinstance(settings.auth, ImsAuth)
        self._refused = threading.local()

    @cached_property
    def _auth(self) -> Auth:
        given = self.settings.auth
        if isinstance(given, BearerAuth):
            return Bearer(given.token.get_secret_value())
        if isinstance(given, ImsAuth):
            return ClientCredentials(
                self.context,
                given.token_url,
                client_id=given.client_id,
                client_secret=given.client_secret,
                scope=given.scope,
            )
        return OAuth1(
            context=self.context,
            consumer_key=given.consumer_key.get_secret_value(),
            consumer_secret=given.consumer_secret.get_secret_value(),
            token=given.token.get_secret_value(),
            token_secret=given.token_secret.get_secret_value(),
        )

    @cached_property
    def _http(self) -> Http:
        headers = {"accept": "application/json"}
        given = self.settings.auth
        if isinstance(given, ImsAuth):
            headers |= {"store": self.settings.store_view, "x-api-key": given.client_id}
            headers |= {"x-gw-ims-org-id": given.organisation} if given.organisation else {}
        return self.context.http(
            self.settings.url, auth=self._auth, headers=headers, timeout=120.0, on_answer=self._saw
        )

    def _saw(self, answer: Answer) -> None:
        if answer.status == 401:
            self._refused.rights = denied(said(answer))

    def ask(self, method: str, path: str, what: str, **options: Any) -> Any:
        """The parsed answer to one call; ``path`` begins behind ``V1/``, ``what`` names the deed in errors.

        Raises RefusedError, UnauthorisedError (naming missing rights), ThrottledError, UnreachableError,
        AnswerLostError, ProtocolError.
        """
        answer = self.send(method, path, **options)
        if not answer.ok:
            raise request_error(answer, what)
        return answer.json()

    def send(self, method: str, path: str, *, bulk: bool = False, everywhere: bool = False, **options: Any) -> Answer:
        """One call, its answer of whatever status; ``bulk`` is its form for many at once, ``everywhere`` goes past the
        store view."""
        self._refused.rights = None
        try:
            return self._http.request(method, self._place(path, bulk=bulk, everywhere=everywhere), **options)
        except UnauthorisedError as error:
            if rights := self._refused.rights:
                raise UnauthorisedError(f"{error}: the integration lacks rights to {rights}") from None
            raise

    def _place(self, path: str, *, bulk: bool, everywhere: bool) -> str:
        if self._saas:
            return f"/V1/async/bulk/{path}" if bulk else f"/V1/{path}"
        prefix = f"/rest/{'all' if everywhere else self.settings.store_view}"
        return f"{prefix}/async/bulk/V1/{path}" if bulk else f"{prefix}/V1/{path}"

    def search(
        self,
        path: str,
        what: str,
        groups: Iterable[Sequence[Condition]] = (),
        *,
        sort: Sequence[str] = ("entity_id",),
        size: int | None = None,
        only: str | None = None,
    ) -> Found:
        """The first page of a search; conditions of one group are alternatives, groups must all hold. ``only`` is a
        field to show instead of whole records.

        Later pages are never asked for by number: a number past the end shows the last page again, and numbers shift
        when records come and go.
        """
        query: dict[str, Any] = {"searchCriteria[pageSize]": size or self.settings.page_size}
        query["searchCriteria[currentPage]"] = 1
        for at, group in enumerate(groups):
            for number, one in enumerate(group):
                head = f"searchCriteria[filter_groups][{at}][filters][{number}]"
                query |= {f"{head}[field]": one.field, f"{head}[value]": one.value, f"{head}[condition_type]": one.how}
        for at, name in enumerate(sort):
            head = f"searchCriteria[sortOrders][{at}]"
            query |= {f"{head}[field]": name, f"{head}[direction]": "ASC"}
        if only:
            query["fields"] = f"items[{only}],total_count"
        body = self.ask("GET", path, what, query=query)
        items, total = (body.get("items"), body.get("total_count")) if isinstance(body, dict) else (None, None)
        if not isinstance(total, int) or not isinstance(items, list | None):
            raise ProtocolError(f"{what}: an answer without a list and its total: is this a shop's address?")
        rows = [row for row in items or () if isinstance(row, dict)]
        if total and not rows:
            raise ProtocolError(f"{what}: records are announced, but none came")
        return Found(rows, total)

    def close(self) -> None:
        """Release connections; credentials that are renewed have one of their own."""
        if "_http" in self.__dict__:
            self._http.close()
        if isinstance(auth := self.__dict__.get("_auth"), ClientCredentials):
            auth.close()
