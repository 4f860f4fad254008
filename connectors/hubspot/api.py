"""The way to one account: credentials, addresses by version, limits, and the envelope around every answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from connectors.answers import retry_after
from connectors.credentials import Auth, Bearer
from connectors.http import Answer, Http
from connectors.hubspot.errors import request_error
from connectors.hubspot.settings import HubSpotSettings, TokenAuth
from connectors.oauth import RefreshToken
from connectors.sdk import Context, ProtocolError
from model.errors import AnswerLostError

BATCH = 100
"""Inputs of one batch call on objects."""

PAIRS = 1000
"""Inputs of one batch call on associations: 1,000 to read, 2,000 to write."""

_WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}
"""Seconds by the policy a 429 names. The daily count ends at midnight in the account's zone, which no answer tells:
it is asked again each hour. (developers.hubspot.com, "API usage guidelines", November 2026)"""

_LOCKED, _MIGRATING = 423, 477
_FRESH = timedelta(minutes=15)


def quota(answer: Answer) -> Mapping[str, int] | None:
    """What is left of the day, else of ten seconds, from ``X-HubSpot-RateLimit-*``; answers to searches have none."""
    for limit, remaining in (("daily", "daily-remaining"), ("max", "remaining")):
        found = [answer.headers.get(f"x-hubspot-ratelimit-{name}", "") for name in (limit, remaining)]
        if all(text.isdigit() for text in found):
            return {"limit": int(found[0]), "remaining": int(found[1])}
    return None


class Api:
    """Opens on first use; used by several threads."""

    def __init__(self, settings: HubSpotSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._auth = _credentials(settings, context)
        self._skew = timedelta(0)
        self._lock = threading.Lock()
        self._http: Http | None = None
        self._kept: dict[tuple[str, str], tuple[datetime, Sequence[Mapping[str, Any]]]] = {}

    @property
    def now(self) -> datetime:
        """The present moment by HubSpot's clock, so that skew between machines does not matter."""
        return self.context.clock.now() + self._skew

    @property
    def http(self) -> Http:
        with self._lock:
            if self._http is None:
                self._http = self.context.http(
                    self.settings.base_url, auth=self._auth, judge=self._judge, quota=quota, on_answer=self._saw
                )
            return self._http

    def objects(self, kind: str, rest: str = "") -> str:
        """Where objects of a type are: ``/crm/v3/objects/contacts/batch/read``."""
        version = self.settings.api_version
        head = "/crm/v3/objects" if version == "v3" else f"/crm/objects/{version}"
        return f"{head}/{kind}{rest}"

    def associations(self, start: str, end: str, rest: str) -> str:
        """Where associations between two types are; the fourth version goes with the third one of objects."""
        version = self.settings.api_version
        return f"/crm/{'v4/associations' if version == 'v3' else f'associations/{version}'}/{start}/{end}/{rest}"

    def get(self, path: str, what: str, query: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return self._ask("GET", path, what, query=query)

    def look(self, path: str, what: str, json: Any, query: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """A POST that only reads."""
        return self._ask("POST", path, what, json=json, query=query, idempotent=True)

    def change(self, path: str, what: str, json: Any) -> Mapping[str, Any]:
        """A POST that writes; an empty answer (204) is an empty mapping."""
        return self._ask("POST", path, what, json=json)

    def _ask(self, method: str, path: str, what: str, **options: Any) -> Mapping[str, Any]:
        """Raises RefusalError, UnauthorisedError, ThrottledError, UnreachableError, AnswerLostError, ProtocolError."""
        answer = self.http.request(method, path, accept={429}, **options)
        if answer.status == 204:
            return {}
        body = answer.json()
        if not answer.ok:
            raise request_error(answer.status, body, what)
        if not isinstance(body, dict):
            raise (AnswerLostError if answer.after_write else ProtocolError)(f"{what}: an answer that is no object")
        return body

    def properties(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """The property definitions of a type, a quarter of an hour old at most; `forget` has them asked for anew."""
        version = self.settings.api_version
        head = "/crm/v3/properties" if version == "v3" else f"/crm/properties/{version}"
        return self._remembered("properties", kind, f"{head}/{kind}", "name")

    def create_property(self, kind: str, definition: Mapping[str, Any]) -> None:
        version = self.settings.api_version
        head = "/crm/v3/properties" if version == "v3" else f"/crm/properties/{version}"
        self.change(f"{head}/{kind}", f"creating a property of {kind}", definition)
        self.forget(kind)

    def labels(self, start: str, end: str) -> Sequence[Mapping[str, Any]]:
        """The kinds of association between two types: ``category``, ``typeId``, ``label``."""
        return self._remembered("labels", f"{start}/{end}", self.associations(start, end, "labels"), "typeId")

    def _remembered(self, what: str, of: str, path: str, key: str) -> Sequence[Mapping[str, Any]]:
        now = self.context.clock.now()
        kept = self._kept.get((what, of))
        if kept is None or now - kept[0] > _FRESH:
            asking = f"asking for {what} of {of}"
            found = rows_of(self.get(path, asking), asking, key)
            kept = self._kept[what, of] = (now, found)
        return kept[1]

    def forget(self, kind: str) -> None:
        for key in [key for key in list(self._kept) if key[1].startswith(kind)]:
            self._kept.pop(key, None)

    def _saw(self, answer: Answer) -> None:
        try:
            self._skew = parsedate_to_datetime(answer.headers["date"]) - self.context.clock.now()
        except (KeyError, ValueError, TypeError):  # no date, none that can be read, or one without a zone
            self._skew = timedelta(0)

    def _judge(self, answer: Answer) -> float | None:
        """Seconds to wait where HubSpot asks for it; None where the answer is none of that kind."""
        if answer.status not in {429, _LOCKED, _MIGRATING}:
            return None
        told = retry_after(answer.headers, self.context.clock.now())
        if told is not None:
            return told
        if answer.status == _LOCKED:
            return 2.0
        try:
            policy = str(orjson.loads(answer.body).get("policyName", "")).upper()
        except (orjson.JSONDecodeError, AttributeError):
            policy = ""
        return _WAITS.get(policy, 10.0)

    def close(self) -> None:
        if isinstance(self._auth, RefreshToken):
            self._auth.close()
        if self._http is not None:
            self._http.close()


def _credentials(settings: HubSpotSettings, context: Context) -> Auth:
    given = settings.auth
    if isinstance(given, TokenAuth):
        return Bearer(given.token.get_secret_value())
    return RefreshToken(
        context,
        f"{settings.base_url.rstrip('/')}/oauth/{settings.api_version}/token",
        client_id=given.client_id,
        client_secret=given.client_secret,
        refresh_token=given.refresh_token,
    )


def rows_of(body: Mapping[str, Any], what: str, key: str = "id") -> list[dict[str, Any]]:
    """``results`` of an answer. Raises ProtocolError where there are none (an empty list is not the same as no list) or
    one of them lacks its ``key``."""
    results = body.get("results")
    if not isinstance(results, list) or not all(isinstance(row, dict) and row.get(key) for row in results):
        raise ProtocolError(f"{what}: an answer without results")
    return results


def following(body: Mapping[str, Any]) -> str | None:
    """The mark of the next page, if there is one."""
    after = ((body.get("paging") or {}).get("next") or {}).get("after")
    return str(after) if after not in (None, "") else None


def portions(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), most):
        yield values[at : at + most]
