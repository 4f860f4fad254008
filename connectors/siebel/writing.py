"""Writing by arrays, and what came of each row.

An array is taken or refused as a whole (REST API guide, "Inserting Multiple ... When a Record Already Exists"): a
refused one is halved until the bad row is alone. PUT makes a record where there is none with that id, if the row has
a user key: records are looked at right before they are written, so that nothing deleted comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.http import Answer
from connectors.sdk import (
    AnswerLostError,
    ConnectorError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    Write,
)
from connectors.siebel import errors
from connectors.siebel.searching import compared, is_key
from connectors.siebel.session import Row, Session, items_of
from connectors.unfit import UnfitError
from connectors.wording import failed, without_values

_NOT_FOUND = "http-404"
_FEW_CREATES = 3
_FEW_UPDATES = 5  # a handful may be of another organisation, which a new one is not


@dataclass(slots=True)
class Sent:
    """One write on its way: its place in the batch, and the row as it is sent."""

    at: int
    write: Write
    row: dict[str, str]


class _Refusal(Exception):  # noqa: N818 (never leaves this module)
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Writing:
    """One batch of writes to one component. ``outcomes`` fills up by place in the batch."""

    def __init__(self, session: Session, stream: str, version: str) -> None:
        self.session = session
        self.stream = stream
        self.version = version
        self.marker = session.settings.marker
        self.outcomes: dict[int, Outcome] = {}
        self._answered = False

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        sent = self._prepared(batch)
        creates = [one for one in sent if one.write.key is None]
        updates = [one for one in sent if one.write.key is not None]
        self._each(creates, self._created)
        for portion in _apart(self._still_as_decided(updates)):
            self._each(portion, self._updated)
        self._assert_for_some(creates, _FEW_CREATES)
        self._assert_for_some(updates, _FEW_UPDATES)
        return [self.outcomes[at] for at in range(len(batch))]

    def _assert_for_some(self, sent: Sequence[Sent], few: int) -> None:
        """What is said of every one of a ``few`` records or more is of the component: none becomes a dead letter.
        What is said of fewer may be of just these, which would stop the connection in every run.

        Raises ForbiddenError, or tells it by outcomes where those of other rows are known.
        """
        found = [self.outcomes[one.at] for one in sent]
        codes = {outcome.code for outcome in found}
        refused = all(outcome.kind is OutcomeKind.REFUSED for outcome in found)
        if len(found) < few or not refused or len(codes) > 1 or not codes <= errors.NOT_THIS_ONE:
            return
        code = found[0].code
        error = errors.ForbiddenError(
            f"writing {self.stream}: the user may write none of {len(found)} records ({code})"
        )
        if len(found) == len(self.outcomes):
            raise error
        self.outcomes |= {one.at: failed(error, one.write)._replace(code=code) for one in sent}

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        """One by one: a body on DELETE does not survive every proxy, and an array with one gone row is refused."""
        path = f"{self.session.path(self.stream)}/{{key}}"
        for at, write in enumerate(batch):
            try:
                self.outcomes[at] = self._removed(path, write)
                self._answered = True
            except ConnectorError as error:
                if not self._answered:
                    raise
                self.outcomes[at] = failed(error, write)
        return [self.outcomes[at] for at in range(len(batch))]

    def _removed(self, path: str, write: Write) -> Outcome:
        if write.key is None or not is_key(write.key):
            return _no_key(write)
        answer = self.session.http.request("DELETE", path, parts={"key": write.key}, accept={500})
        if answer.ok:
            return Outcome(OutcomeKind.APPLIED, write.key)
        if answer.status == 404:
            return self._told(_Refusal(_NOT_FOUND, "there is no such object, component or record"), write)
        return self._told(_refusal(answer, f"removing {self.stream}"), write)

    def _prepared(self, batch: Sequence[Write]) -> list[Sent]:
        component = self.session.described(self.stream)
        sent = []
        for at, write in enumerate(batch):
            given = dict(write.fields)
            if write.key is None and self.marker is not None and write.marker:
                given[self.marker] = write.marker
            if write.key is not None and not is_key(write.key):
                self.outcomes[at] = _no_key(write)
                continue
            try:
                row = component.payload(given)
            except UnfitError as error:
                message = without_values(str(error), write)
                kind = OutcomeKind.REFUSED
                self.outcomes[at] = Outcome(kind, write.key, code=error.code, message=message, field=error.field)
            else:
                sent.append(Sent(at, write, row if write.key is None else {"Id": write.key, **row}))
        return sent

    def _still_as_decided(self, sent: Sequence[Sent]) -> list[Sent]:
        """Those whose record is there and, where the write expects a version, still has it."""
        if not sent:
            return []
        keys = list(dict.fromkeys(one.write.key or "" for one in sent))
        try:
            shown = self.session.with_values(self.stream, "Id", keys, fields=["Id", self.version])
            found = {str(row.get("Id")): row for row in shown}
        except errors.ForbiddenError as error:
            if len(sent) == 1 and error.of_a_row:
                message = f"{error}. {errors.RIGHTS}"
                self.outcomes[sent[0].at] = Outcome(OutcomeKind.REFUSED, keys[0], code=error.code, message=message)
                return []
            if not error.of_a_row:
                return self._not_looked_at(sent, error)
            half = len(sent) // 2
            return [*self._still_as_decided(sent[:half]), *self._still_as_decided(sent[half:])]
        except ConnectorError as error:
            return self._not_looked_at(sent, error)
        ready = []
        for one in sent:
            row = found.get(one.write.key or "")
            if row is None:
                message = "there is no such record, or the user does not see it"
                self.outcomes[one.at] = Outcome(OutcomeKind.MISSING, one.write.key, code="gone", message=message)
            elif one.write.expects is not None and str(row.get(self.version)) != one.write.expects:
                version = str(row.get(self.version))
                self.outcomes[one.at] = Outcome(OutcomeKind.STALE, one.write.key, version, code="changed")
            else:
                ready.append(one)
        return ready

    def _not_looked_at(self, sent: Sequence[Sent], error: ConnectorError) -> list[Sent]:
        if not self._answered:
            raise error
        self.outcomes |= {one.at: failed(error, one.write) for one in sent}
        return []

    def _each(self, sent: Sequence[Sent], deed: Callable[[Sequence[Sent]], dict[int, Outcome]]) -> None:
        """Call after call. Once one was answered, a failure of a later one is told by outcomes: what is known must not
        get lost."""
        size = self.session.settings.batch
        for begin in range(0, len(sent), size):
            portion = sent[begin : begin + size]
            try:
                self.outcomes |= self._halved(portion, deed)
            except ConnectorError as error:
                if not self._answered:
                    raise
                self.outcomes |= {one.at: failed(error, one.write) for one in portion if one.at not in self.outcomes}
            self._answered = True

    def _halved(
        self, portion: Sequence[Sent], deed: Callable[[Sequence[Sent]], dict[int, Outcome]]
    ) -> dict[int, Outcome]:
        try:
            return deed(portion)
        except _Refusal as error:
            refusal = error
        self._answered = True
        there = self._made_after_all(portion)
        if len(portion) == 1:
            return there or {portion[0].at: self._told(refusal, portion[0].write)}
        left = [one for one in portion if one.at not in there]
        self.outcomes |= there
        half = (len(left) + 1) // 2
        for some in (left[:half], left[half:]):
            if some:
                self.outcomes |= self._halved(some, deed)
        return {one.at: self.outcomes[one.at] for one in portion}

    def _made_after_all(self, portion: Sequence[Sent]) -> dict[int, Outcome]:
        """Creates of a refused call whose marker is there: no enterprise is trusted to have undone them all, and an
        earlier attempt may have made them."""
        marked = {one.write.marker: one for one in portion if one.write.key is None and one.write.marker}
        if self.marker is None or not marked:
            return {}
        try:
            rows = list(self.session.with_values(self.stream, self.marker, list(marked), fields=["Id", self.marker]))
        except ConnectorError as error:
            what = f"creating {self.stream}: a refused call could not be looked into"
            raise AnswerLostError(f"{what} ({type(error).__name__})") from None
        keys = {str(row.get(self.marker)): str(row.get("Id")) for row in rows}
        return {one.at: Outcome(OutcomeKind.APPLIED, keys[marker]) for marker, one in marked.items() if marker in keys}

    def _created(self, portion: Sequence[Sent]) -> dict[int, Outcome]:
        rows = self._sent("POST", portion, f"creating {self.stream}")
        marker = self.marker or ""
        by_marker = {str(row.get(marker)): row for row in rows}
        wanted = [one.row.get(marker, "") for one in portion]
        if len(by_marker) == len(portion) and by_marker.keys() == set(wanted):  # whatever the order of the answer
            rows = [by_marker[value] for value in wanted]
        elif len(portion) > 1 and self.marker is not None and all(one.write.marker for one in portion):
            there = self._made_after_all(portion)
            return {one.at: there.get(one.at, _which(one.write)) for one in portion}
        return {one.at: Outcome(OutcomeKind.APPLIED, str(row["Id"])) for one, row in zip(portion, rows, strict=True)}

    def _updated(self, portion: Sequence[Sent]) -> dict[int, Outcome]:
        rows = self._sent("PUT", portion, f"updating {self.stream}")
        written = {str(row["Id"]) for row in rows}
        outcomes = {}
        for one in portion:
            kind, message = OutcomeKind.APPLIED, None
            if one.write.key not in written:
                kind = OutcomeKind.UNKNOWN
                message = "Siebel answers with another record than the one that was to be changed"
            outcomes[one.at] = Outcome(kind, one.write.key, message=message)
        return outcomes

    def _sent(self, method: str, portion: Sequence[Sent], what: str) -> list[Row]:
        """The rows of the answer, as many as were sent. Raises _Refusal where the call was refused as a whole."""
        path = self.session.path(self.stream)
        body: Any = [one.row for one in portion]
        parts = None
        if self.session.settings.batch == 1:
            body = portion[0].row
            if method == "PUT":
                path, parts = f"{path}/{{key}}", {"key": portion[0].write.key or ""}
        answer = self.session.http.request(method, path, parts=parts, json=body, accept={500})
        if answer.status == 304 and method == "PUT":  # nothing is other than it was
            return [{"Id": one.write.key} for one in portion]
        if not answer.ok:
            raise _refusal(answer, what)
        try:
            rows = items_of(answer.json())
        except ProtocolError as error:
            raise AnswerLostError(f"{what}: {error}") from None
        if rows is None or len(rows) != len(portion) or not all(row.get("Id") for row in rows):
            raise AnswerLostError(f"{what}: {len(portion)} rows sent, other ones answered")
        return rows

    def _told(self, refusal: _Refusal, write: Write) -> Outcome:
        kind = OutcomeKind.MISSING if refusal.code == _NOT_FOUND else errors.kind_of(refusal.code)
        message = without_values(refusal.message, write)
        if refusal.code in errors.NOT_THIS_ONE:
            message = f"{message} {errors.RIGHTS}"
        if kind is OutcomeKind.MISSING and (write.key is None or self._there(write.key)):
            kind = OutcomeKind.REFUSED
            message = f"{message} It is not the record itself: one that it refers to is gone, or not seen by the user"
        return Outcome(
            kind,
            write.key,
            code=refusal.code,
            message=message,
            field=errors.field_of(refusal.message),
            of=self._holder(refusal) if kind is OutcomeKind.DUPLICATE else None,
        )

    def _there(self, key: str) -> bool:
        """The same code is said of a record that another field points to."""
        return any(True for _ in self.session.with_values(self.stream, "Id", [key], fields=["Id"]))

    def _holder(self, refusal: _Refusal) -> str | None:
        """The record with the user key that the message tells, where it is one."""
        key = errors.user_key_of(refusal.message)
        try:
            spec = " AND ".join(f"({compared(field, '=', value)})" for field, value in key.items())
            rows = self.session.rows(self.stream, spec, fields=["Id"], size=2) if spec else []
        except ConnectorError:
            return None  # the outcome stands without it
        return str(rows[0].get("Id")) if len(rows) == 1 else None


def _apart(sent: Sequence[Sent]) -> Iterator[list[Sent]]:
    """In portions none of which holds a record twice: of two changes in one array, which is last is not said."""
    portion: list[Sent] = []
    met: set[str | None] = set()
    for one in sent:
        if one.write.key in met:
            yield portion
            portion, met = [], set()
        portion.append(one)
        met.add(one.write.key)
    if portion:
        yield portion


def _refusal(answer: Answer, what: str) -> _Refusal:
    """What is refused for a reason of the rows. Raises ConnectorError where it is for another."""
    message = errors.message_of(answer)
    code = errors.code_of(message)
    error = errors.request_error(answer, what)
    of_rows = isinstance(error, RefusedError) or code in errors.OF_A_ROW
    if code is None or not of_rows or (answer.status == 403 and code not in errors.NOT_THIS_ONE):
        raise error
    return _Refusal(code, message)


def _which(write: Write) -> Outcome:
    message = "Siebel does not say which of the new records is which, and this one is not found by its marker"
    return Outcome(OutcomeKind.UNKNOWN, write.key, message=message)


def _no_key(write: Write) -> Outcome:
    return Outcome(OutcomeKind.MISSING, write.key, code="no-key", message="not a row id of Siebel")
