"""Sending steps: as many mutations in one request as its price allows, and what came of each.

A request that is refused as a whole (one value of the wrong type is enough) is halved until the culprit stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.sdk import (
    ConnectorError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)
from connectors.shopify.documents import Shape
from connectors.shopify.graphql import SINGLE_QUERY_LIMIT, Graph, UnfitValueError, code_of
from connectors.shopify.translate import Step
from model.errors import AnswerLostError

_KINDS = {
    "TAKEN": OutcomeKind.DUPLICATE,
    "NOT_FOUND": OutcomeKind.MISSING,
    "RESOURCE_NOT_FOUND": OutcomeKind.MISSING,
    "INTERNAL_ERROR": OutcomeKind.RETRY,
}
_BARE_PRICE = 13  # of a mutation that brings back little more than its errors
_TAKEN = re.compile(r"already (been )?taken|already assigned|already in use", re.IGNORECASE)
_GONE = re.compile(r"(does not|doesn't) exist|(can't|cannot) be found|not found", re.IGNORECASE)


class Done(NamedTuple):
    """What came of one step: the payload, or the outcome that says why there is none."""

    step: Step
    payload: Mapping[str, Any] | None
    trouble: Outcome | None


class Sender:
    """Sends the steps of many rows; remembers what a step costs."""

    def __init__(self, graph: Graph, shape: Shape) -> None:
        self._graph = graph
        self._shape = shape
        self._price = 30.0  # of a step that brings the record back
        self._answered = False

    def send(self, rows: Sequence[Sequence[Step]]) -> list[list[Done]]:
        """One list of results per row, in order. Raises only where nothing at all was sent yet and nothing can be."""
        results: list[list[Done]] = []
        for chunk in self._chunks(rows):
            results += self._request(chunk)
        return results

    def _chunks(self, rows: Sequence[Sequence[Step]]) -> Iterator[list[Sequence[Step]]]:
        chunk: list[Sequence[Step]] = []
        price = 0.0
        for row in rows:
            more = sum(self._price if step.carries else _BARE_PRICE for step in row)
            if chunk and price + more > SINGLE_QUERY_LIMIT:
                yield chunk
                chunk, price = [], 0.0
            chunk.append(row)
            price += more
        if chunk:
            yield chunk

    def _request(self, rows: Sequence[Sequence[Step]]) -> list[list[Done]]:
        aliased = [[(f"r{i}s{j}", step) for j, step in enumerate(row)] for i, row in enumerate(rows)]
        parts = [step.text(alias) for row in aliased for alias, step in row]
        variables = {k: v for row in aliased for alias, step in row for k, v in step.variables(alias).items()}
        try:
            reply = self._graph.change("Write", self._shape.several("mutation", "Write", parts), variables)
        except (AnswerLostError, ProtocolError) as error:
            return _all(rows, Outcome(OutcomeKind.UNKNOWN, message=str(error)))
        except RefusedError as error:
            if error.code.startswith("http-"):
                if not self._answered:
                    raise
                return _all(rows, outcome_of(error))
            if len(rows) > 1:
                half = len(rows) // 2
                return self._request(rows[:half]) + self._request(rows[half:])
            return _all(rows, _refused(aliased[0], error))
        except (ThrottledError, UnauthorisedError, UnreachableError) as error:
            if not self._answered:
                raise
            return _all(rows, outcome_of(error))
        self._answered = True
        carrying = sum(step.carries for row in rows for step in row)
        if reply.cost and carrying:
            self._price = max(1.0, (reply.cost - _BARE_PRICE * (len(parts) - carrying)) / carrying)
        errors = {str(error["path"][0]): error for error in reply.errors}
        return [[_done(step, reply.data.get(alias), errors.get(alias)) for alias, step in row] for row in aliased]


def _all(rows: Sequence[Sequence[Step]], outcome: Outcome) -> list[list[Done]]:
    return [[Done(step, None, outcome) for step in row] for row in rows]


def _refused(row: Sequence[tuple[str, Step]], error: RefusedError) -> Outcome:
    """A row that stood alone and was refused; where one value of it does not fit, with the field it came from."""
    place = error.place if isinstance(error, UnfitValueError) else ()
    fields = [_field(step, {"field": place[1:]}) for alias, step in row if place and place[0].startswith(alias)]
    return Outcome(OutcomeKind.REFUSED, code=error.code, message=str(error), field=next(iter(fields), None))


def outcome_of(error: ConnectorError) -> Outcome:
    """An error that met one request, as the outcome of each of its rows."""
    if isinstance(error, ThrottledError):
        return Outcome(OutcomeKind.THROTTLED, message=str(error), until=error.until)
    if isinstance(error, UnauthorisedError):
        return Outcome(OutcomeKind.UNAUTHORISED, message=str(error))
    return Outcome(OutcomeKind.RETRY, message=str(error))


def _done(step: Step, payload: Mapping[str, Any] | None, error: Mapping[str, Any] | None) -> Done:
    if error is not None:
        code = code_of(error)
        kind = OutcomeKind.UNAUTHORISED if code == "ACCESS_DENIED" else OutcomeKind.UNKNOWN
        text = "access is denied" if code == "ACCESS_DENIED" else "the shop failed while it carried this out"
        return Done(step, None, Outcome(kind, code=code or None, message=text))
    if payload is None:
        return Done(step, None, Outcome(OutcomeKind.UNKNOWN, message="the answer says nothing about this write"))
    complaints = payload["userErrors"]
    return Done(step, payload, _complaint(step, complaints) if complaints else None)


def _complaint(step: Step, complaints: Sequence[Mapping[str, Any]]) -> Outcome:
    ranked = sorted(complaints, key=lambda one: _RANK.get(_kind(one), len(_RANK)))
    first = ranked[0]
    kind = _kind(first)
    if kind is OutcomeKind.MISSING and step.part == "address":
        kind = OutcomeKind.RETRY  # the address went away between looking and writing: look again
    message = "; ".join(dict.fromkeys(str(one["message"]) for one in ranked))
    return Outcome(kind, code=first.get("code"), message=message, field=_field(step, first))


_RANK = {kind: place for place, kind in enumerate(dict.fromkeys(_KINDS.values()))}


def _kind(complaint: Mapping[str, Any]) -> OutcomeKind:
    code = complaint.get("code")
    if code in _KINDS:
        return _KINDS[code]
    if code is None and _TAKEN.search(complaint["message"]):
        return OutcomeKind.DUPLICATE
    if code is None and _GONE.search(complaint["message"]):
        return OutcomeKind.MISSING
    return OutcomeKind.REFUSED


def _field(step: Step, complaint: Mapping[str, Any]) -> str | None:
    for name in reversed(complaint.get("field") or ()):
        if name in step.fields:
            return step.fields[name]
    return None
