"""One GraphQL endpoint: sending documents, understanding errors, and staying within the price of a query.

The vendor prices a query before running it (at most 1000 points) and answers ``THROTTLED`` inside a 200 when the
bucket holds less. Nothing was executed then, so that waiting and repeating is safe even for a mutation; the waiting is
done by the HTTP client, which asks `seconds_to_wait`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from connectors.http import Answer, Http
from connectors.sdk import AnswerLostError, ProtocolError, RefusedError, UnauthorisedError, UnreachableError

SINGLE_QUERY_LIMIT = 1000
_UNFIT = "INVALID_VARIABLE"
_FAILED = ("INTERNAL_SERVER_ERROR", "TIMEOUT")
_GATES = {
    402: "the shop is frozen because of unpaid bills",
    403: "the app may not use this shop",
    404: "there is no such shop or no such API version: check `shop` and `api_version`",
    423: "the shop is locked",
}


class ShutShopError(UnauthorisedError):
    """Nobody is let in: the shop is frozen, locked or not there. It concerns the whole shop, never one row."""


class TooCostlyError(RefusedError):
    """The query costs more than one query may; ask for less at a time. Nothing was executed."""


class UnfitValueError(RefusedError):
    """A variable does not fit its type; nothing was executed. ``place`` leads from its name to the value."""

    def __init__(self, place: Sequence[str]) -> None:
        where = ".".join(place[1:]) or place[0]
        super().__init__(f"the value of {where} does not fit its type in the shop's schema", _UNFIT)
        self.place = place


class Reply(NamedTuple):
    """The data of an answer, errors bound to a part of it by path, its price, and what the search ignored."""

    data: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]]
    cost: int
    warnings: Sequence[Mapping[str, Any]]


class Pace:
    """What is known of the bucket: how long to wait before a query, by what its like cost before.

    A guess from this process alone: where others draw on the same bucket, the shop says ``THROTTLED`` all the same.
    """

    def __init__(self) -> None:
        self._prices: dict[str, float] = {}
        self._available: float | None = None
        self._rate = 50.0
        self._at: datetime | None = None

    def seconds(self, name: str, now: datetime) -> float:
        if self._available is None or self._at is None:
            return 0.0
        there = self._available + self._rate * (now - self._at).total_seconds()
        return max(0.0, (self._prices.get(name, 0.0) - there) / self._rate)

    def learn(self, name: str, extensions: Mapping[str, Any], now: datetime) -> None:
        cost = extensions.get("cost") or {}
        status = cost.get("throttleStatus") or {}
        if status:
            self._prices[name] = float(cost.get("requestedQueryCost") or 0)
            self._available = float(status.get("currentlyAvailable") or 0)
            self._rate = float(status.get("restoreRate") or 50)
            self._at = now


class Graph:
    """The endpoint of one shop and API version.

    ``served`` is the version that answered last: a shop answers for one that it no longer serves with the oldest that
    it does (shopify.dev, "About Shopify API versioning"). None before the first answer, or where it is not said.
    """

    def __init__(self, http: Http, version: str) -> None:
        self._http = http
        self.served: str | None = None
        self._pace = Pace()
        self._path = f"/admin/api/{version}/graphql.json"

    def ask(self, name: str, document: str, variables: Mapping[str, Any] | None = None) -> Reply:
        """Run a query; any error in the answer is raised, because a null beside an error is no fact.

        Raises UnauthorisedError, TooCostlyError, RefusedError, ThrottledError, UnreachableError, ProtocolError.
        """
        reply = self._send(name, document, variables, idempotent=True)
        if reply.errors:
            raise _error(reply.errors)
        return reply

    def change(self, name: str, document: str, variables: Mapping[str, Any]) -> Reply:
        """Run mutations; errors that belong to one of them are in ``Reply.errors``, others are raised.

        Raises also AnswerLostError (the shop failed on the way, too), and ProtocolError where the answer cannot be
        understood or an error beside data belongs to nothing: in both cases the mutations may have been carried out.
        """
        return self._send(name, document, variables, idempotent=False)

    def _send(self, name: str, document: str, variables: Mapping[str, Any] | None, *, idempotent: bool) -> Reply:
        asked = {"query": document, "operationName": name, "variables": variables or {}}
        clock = self._http.context.clock
        after = self._pace.seconds(name, clock.now())
        answer = self._http.post(self._path, json=asked, idempotent=idempotent, after=after)
        if answer.status in _GATES:
            text = f"{_GATES[answer.status]} (HTTP {answer.status})"
            raise UnauthorisedError(text) if answer.status == 403 else ShutShopError(text)
        self.served = answer.headers.get("x-shopify-api-version")
        body = answer.json()
        if not isinstance(body, dict) or not ("data" in body or "errors" in body):
            raise ProtocolError(f"expected a GraphQL answer, got something else (HTTP {answer.status})")
        extensions = body.get("extensions") or {}
        self._pace.learn(name, extensions, clock.now())
        errors = body.get("errors") or ()
        if isinstance(errors, str) or not answer.ok:
            raise RefusedError(f"the request was refused (HTTP {answer.status})", f"http-{answer.status}")
        data = body.get("data")
        if not isinstance(data, dict) or any(not error.get("path") for error in errors):
            if not errors:
                raise ProtocolError("a GraphQL answer without data and without errors")
            raise _error(errors) if idempotent else _doubt(errors, ran=isinstance(data, dict))
        cost = (extensions.get("cost") or {}).get("requestedQueryCost") or 0
        notes = [note for search in extensions.get("search") or () for note in search.get("warnings") or ()]
        return Reply(data, errors, int(cost), notes)


def code_of(error: Mapping[str, Any]) -> str:
    """The vendor's code of one GraphQL error."""
    return str((error.get("extensions") or {}).get("code") or "")


def _error(errors: Sequence[Mapping[str, Any]]) -> Exception:
    codes = {code_of(error): error for error in reversed(errors)}
    if "MAX_COST_EXCEEDED" in codes:
        return TooCostlyError("the query costs more than one query may", "MAX_COST_EXCEEDED")
    if "ACCESS_DENIED" in codes:
        place = ".".join(str(step) for step in codes["ACCESS_DENIED"].get("path") or () if isinstance(step, str))
        return UnauthorisedError(
            f"access to {place or 'the data'} is denied: check the app's scopes and its access to protected data"
        )
    if any(code in codes for code in _FAILED):
        return UnreachableError("the shop could not answer a query (internal error)")
    if _UNFIT in codes:
        return UnfitValueError(_place(codes[_UNFIT]))
    code = next(iter(codes), "") or "graphql"
    return RefusedError(f"the shop refused a query ({code})", code)


def _doubt(errors: Sequence[Mapping[str, Any]], *, ran: bool) -> Exception:
    """Errors that belong to no mutation of a request. A refusal only where nothing of it can have been carried out."""
    if any(code_of(error) in _FAILED for error in errors):
        return AnswerLostError("the shop failed while it carried out a write (internal error)")
    if ran:
        return ProtocolError("the shop told of an error without saying which write it belongs to")
    return _error(errors)


def _place(error: Mapping[str, Any]) -> list[str]:
    """The variable's name stands in the message only; the explanations repeat its value, and stay where they are."""
    named = re.search(r"\$(\w+)", str(error.get("message")))
    problems = (error.get("extensions") or {}).get("problems") or [{}]
    return [named[1] if named else "", *map(str, problems[0].get("path") or ())]


def seconds_to_wait(answer: Answer) -> float | None:
    """How long until the bucket holds enough for a query that was throttled; None where it was not."""
    if b"THROTTLED" not in answer.body and b"Throttled" not in answer.body:
        return None
    extensions, throttled = _read(answer)
    if not throttled:
        return None
    cost = extensions.get("cost") or {}
    status = cost.get("throttleStatus") or {}
    missing = (cost.get("requestedQueryCost") or 0) - (status.get("currentlyAvailable") or 0)
    return float(max(0.5, missing / (status.get("restoreRate") or 50)))


def quota(answer: Answer) -> Mapping[str, Any] | None:
    """What an answer says about the bucket, for the quota ledger."""
    if b"throttleStatus" not in answer.body:
        return None
    extensions, _ = _read(answer)
    status = (extensions.get("cost") or {}).get("throttleStatus") or {}
    facts = {"limit": status.get("maximumAvailable"), "remaining": status.get("currentlyAvailable")}
    return {**facts, "restore_per_second": status.get("restoreRate")} if status else None


def _read(answer: Answer) -> tuple[Mapping[str, Any], bool]:
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}, False
    if not isinstance(body, dict):
        return {}, False
    errors = body.get("errors")
    throttled = isinstance(errors, list) and any(
        isinstance(e, dict) and (code_of(e) == "THROTTLED" or e.get("message") == "Throttled") for e in errors
    )
    extensions = body.get("extensions")
    return extensions if isinstance(extensions, dict) else {}, throttled
