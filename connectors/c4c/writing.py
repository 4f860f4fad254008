"""Writing version 1 by ``$batch``, and what came of each row.

A change set is done as a whole or not at all, so each record has one of its own. Changes are sent by PATCH, which names
what changes: PUT would empty all that it does not name. What the service says may not be written is refused before
it is sent, since the service answers it with an error.
Sources: SAP Cloud for Customer OData API Developer's Guide, "Supported HTTP operations", "$batch", "ETag Support",
and its metadata (``sap:creatable``, ``sap:updatable``); SAP note 3577788 (records locked by a user).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors import odata
from connectors.answers import Answer
from connectors.c4c.kinds import OBJECT
from connectors.c4c.reading import Reader, own_version
from connectors.c4c.second import RIGHTS
from connectors.c4c.settings import StreamSettings
from connectors.c4c.walking import Row
from connectors.edmx import EntityType, UnfitError
from connectors.gateway import Gateway
from connectors.multipart import Part, part
from connectors.sdk import AnswerLostError, Outcome, OutcomeKind, ProtocolError, Write

_LOCKED = re.compile(r"\block(ed|s)?\b", re.IGNORECASE)
"""Somebody has the record open. The texts differ by object ("… is locked by user …"), and have no code of their own."""
_TWICE = re.compile(r"\balready exists\b|\bnot unique\b", re.IGNORECASE)


class Writing:
    """One batch of writes to one stream."""

    def __init__(self, gateway: Gateway, reader: Reader, settings: StreamSettings) -> None:
        self._gateway = gateway
        self._reader = reader
        self._settings = settings
        self._outcomes: dict[int, Outcome] = {}

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        kind = self._reader.type
        held = self._reader.held(write.key for write in batch if write.key is not None)
        sent: list[tuple[int, Part]] = []
        for at, write in enumerate(batch):
            try:
                found = self._create(kind, write) if write.key is None else self._update(kind, write, held)
            except UnfitError as error:
                found = Outcome(OutcomeKind.REFUSED, write.key, code="unfit", message=str(error), field=error.field)
            if isinstance(found, Outcome):
                self._outcomes[at] = found
            elif found is not None:
                sent.append((at, found))
            else:
                self._outcomes[at] = Outcome(OutcomeKind.APPLIED, write.key)
        if sent:
            answers = self._gateway.batch([[one] for _, one in sent], f"writing {self._reader.stream}")
            for (at, _), answered in zip(sent, answers, strict=True):
                self._outcomes[at] = self._said(batch[at], answered)
        return [self._outcomes[at] for at in range(len(batch))]

    def _create(self, kind: EntityType, write: Write) -> Part:
        named = {name: value for name, value in write.fields.items() if value not in (None, "")}
        given: dict[str, Any] = {**self._settings.defaults, **named}
        for name in self._reader.kind.needed:
            if name not in given:
                raise UnfitError(name, "a record cannot be made without it")
        for name in given:
            _may(kind, name, creating=True)
        if self._settings.marker is not None and write.marker:
            given[self._settings.marker] = write.marker
        return part("POST", self._reader.kind.collection, json=_body(kind, given))

    def _update(self, kind: EntityType, write: Write, held: Mapping[str, Row]) -> Part | Outcome | None:
        row = held.get(write.key or "")
        if row is None:
            return Outcome(OutcomeKind.MISSING, write.key, message="there is no such record here")
        for name in write.fields:
            _may(kind, name, creating=False)
        body = _body(kind, write.fields)
        expected = None if write.expects is None else write.expects.partition(" ")[0]
        if expected is not None and expected != own_version(row):
            return Outcome(OutcomeKind.STALE, write.key)
        headers = {} if expected is None else {"if-match": expected}
        key = odata.literal(row[OBJECT])
        path = f"{self._reader.kind.collection}({{key}})"
        return part("PATCH", path, parts={"key": key}, json=body, headers=headers) if body else None

    # What came of it ----------------------------------------------------------------------------------------------

    def _said(self, write: Write, answered: Sequence[Answer]) -> Outcome:
        if not answered:
            return Outcome(OutcomeKind.RETRY, write.key, message="the batch ended before this row")
        answer = answered[0]
        if not answer.ok:
            return _trouble(write, answer)
        if write.key is not None:
            return Outcome(OutcomeKind.APPLIED, write.key)
        number = made(answer).get(self._reader.kind.key)
        if not number:
            return Outcome(OutcomeKind.UNKNOWN, message="made, but the answer does not say as what")
        return Outcome(OutcomeKind.APPLIED, str(number))


def made(answer: Answer) -> Mapping[str, Any]:
    """The record in the answer to a create: in ``d``, or in its ``results`` as some releases have it."""
    try:
        said = answer.json()
    except (AnswerLostError, ProtocolError):
        return {}
    row = said.get("d") if isinstance(said, dict) else None
    if isinstance(row, dict) and isinstance(row.get("results"), dict):
        row = row["results"]
    return row if isinstance(row, dict) else {}


def _may(kind: EntityType, name: str, *, creating: bool) -> None:
    known = kind.properties.get(name)
    if known is not None and not (known.creatable if creating else known.updatable):
        raise UnfitError(name, "may not be given when a record is made" if creating else "may not be changed")


def _body(kind: EntityType, given: Mapping[str, Any]) -> dict[str, Any]:
    body = kind.sent(given)
    for name, value in body.items():
        longest = kind.properties[name].max_length
        if longest is not None and isinstance(value, str) and len(value) > longest:
            raise UnfitError(name, f"takes {longest} characters at most")
    return body


def _trouble(write: Write, answer: Answer) -> Outcome:
    fault = odata.fault(answer.status, answer.body)
    said = fault.message if fault else ""
    kind = _kind(answer.status, said, creating=write.key is None)
    message = odata.blanked(said, write.fields.values())
    if answer.status == 423 or _LOCKED.search(said):
        message = "somebody has the record open: it is locked"  # the vendor's words name the colleague
    elif answer.status == 403:
        message = f"{RIGHTS} {message}".strip()
    code = fault.code if fault and fault.code else f"http-{answer.status}"
    return Outcome(kind, write.key, code=code, message=message or None, field=fault.field if fault else None)


def _kind(status: int, message: str, *, creating: bool) -> OutcomeKind:
    """What a refusal of one record means. Business roles restrict by record: 403 in a batch concerns this one."""
    if status == 401:
        return OutcomeKind.UNAUTHORISED
    if status in {404, 410} and not creating:
        return OutcomeKind.MISSING
    if status == 412:
        return OutcomeKind.STALE
    if status == 429:
        return OutcomeKind.THROTTLED
    if status in {408, 423} or _LOCKED.search(message):
        return OutcomeKind.RETRY
    if status >= 500:  # of a create nobody knows whether that was before or after it was stored
        return OutcomeKind.UNKNOWN if creating else OutcomeKind.RETRY
    return OutcomeKind.DUPLICATE if creating and _TWICE.search(message) else OutcomeKind.REFUSED
