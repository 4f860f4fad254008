"""Writing, record by record: the synchronous interface has no batches.

Traps met here: a success is an empty 204 whose Location names the record; lines of a sublist that come without their
key are added each time they come, and ``?replace=`` would drop everybody else's, so that existing lines are always
named by their keys, and a create that carries lines is looked up before it is sent again; a field that is not known is
dropped with no more than a warning unless strict validation is asked for; scripts of the account run before and after
saving, and fail for single records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.http import Answer
from connectors.netsuite import suiteql
from connectors.netsuite.errors import ForbiddenError, in_words, row_outcome, said
from connectors.netsuite.kinds import ADDRESSES, KINDS, Parts
from connectors.netsuite.lines import addresses, items
from connectors.netsuite.reading import is_key
from connectors.netsuite.schema import Schema, marked, sendable
from connectors.netsuite.session import FEW, SERVER_ERROR, WHOLE, Session
from connectors.sdk import ConnectorError, FieldType, Outcome, OutcomeKind, RefusedError, UnauthorisedError, Write
from connectors.unfit import UnfitError
from connectors.wording import failed
from model.errors import AnswerLostError

_NOT_MADE = (OutcomeKind.REFUSED, OutcomeKind.DUPLICATE)
STRICT = {"x-netsuite-propertynamevalidation": "Error", "x-netsuite-propertyvaluevalidation": "Error"}


class Writing:
    """Writes to one kind of record."""

    def __init__(self, session: Session, name: str) -> None:
        self.session = session
        self.kind = KINDS[name]
        self.marker = session.settings.marker_of(name)

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        return self._each(batch, lambda write: self._create(write) if write.key is None else self._update(write))

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        return self._each(batch, self._remove)

    def _each(self, batch: Sequence[Write], deed: Any) -> list[Outcome]:
        """One outcome a row. Once one is known, a failure of a later one is an outcome, too."""
        outcomes: list[Outcome] = []
        for write in batch:
            try:
                outcomes.append(deed(write))
            except UnfitError as error:
                message = str(error)
                refused = Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=message, field=error.field)
                outcomes.append(refused)
            except ConnectorError as error:
                if not outcomes:
                    raise
                outcomes.append(failed(error, write))
        return outcomes

    def _create(self, write: Write) -> Outcome:
        schema = self.session.schema(self.kind.name)
        body, parts = self._body(schema, write.fields, creating=True)
        sublists = self._sublists(parts, {})
        marker = marked(write.marker) if self.marker and write.marker else None
        if marker is None or self.marker != "externalId":
            if marker is not None:
                assert self.marker is not None
                body[self.marker] = marker
            return self._sent("POST", self.kind.name, {}, {**body, **sublists}, write)
        if sublists:
            made = self._made(marker)
            if made is not None:  # by us, and whole: its lines are there
                kept = {name: value for name, value in write.fields.items() if name != "item"}
                return self._again(write._replace(key=made, fields=kept))
        path, place = f"{self.kind.name}/eid:{{key}}", {"key": marker}
        return self._sent("PUT", path, place, {**body, **sublists}, write, again=not sublists)

    def _again(self, write: Write) -> Outcome:
        """What became of a create whose record an earlier attempt had made: it is no dead letter, and is not left for
        later as if it were not there."""
        try:
            outcome = self._update(write)
        except UnfitError:
            return Outcome(OutcomeKind.APPLIED, write.key)
        if outcome.kind in _NOT_MADE:
            return Outcome(OutcomeKind.APPLIED, write.key)
        return outcome._replace(kind=OutcomeKind.UNKNOWN) if outcome.kind is OutcomeKind.RETRY else outcome

    def _update(self, write: Write) -> Outcome:
        assert write.key is not None
        if not is_key(write.key):
            message = "not an internal id of NetSuite: a whole number"
            return Outcome(OutcomeKind.MISSING, write.key, code="NONEXISTENT_ID", message=message)
        body, parts = self._body(self.session.schema(self.kind.name), write.fields, creating=False)
        if parts:
            path, place = f"{self.kind.name}/{{key}}", {"key": write.key}
            answer = self.session.told("GET", path, parts=place, query=WHOLE)
            if answer.status == 500:
                return self._failed(answer, write, OutcomeKind.RETRY)
            if not answer.ok:
                return self._refused(answer, write)
            body |= self._sublists(parts, self.session.body(answer, f"updating {self.kind.name}"))
        if not body:
            return Outcome(OutcomeKind.APPLIED, write.key)
        return self._sent("PATCH", f"{self.kind.name}/{{key}}", {"key": write.key}, body, write)

    def _remove(self, write: Write) -> Outcome:
        if write.key is None or not is_key(write.key):
            message = "not an internal id of NetSuite: a whole number"
            return Outcome(OutcomeKind.MISSING, write.key, code="NONEXISTENT_ID", message=message)
        return self._sent("DELETE", f"{self.kind.name}/{{key}}", {"key": write.key}, None, write)

    def _sent(
        self,
        method: str,
        path: str,
        place: Mapping[str, str],
        body: Mapping[str, Any] | None,
        write: Write,
        *,
        again: bool | None = None,
    ) -> Outcome:
        """``again``: whether sending it twice does no harm, where that is not as the method says."""
        answer = self.session.told(method, path, parts=place, json=body, headers=STRICT, again=again)
        if answer.status == 500:
            return self._in_doubt(answer, write)
        if 400 <= answer.status < 500:
            return self._refused(answer, write, removing=method == "DELETE")
        if answer.status != 204:
            raise AnswerLostError(f"writing {self.kind.name}: answered by HTTP {answer.status}, not as documented")
        return Outcome(OutcomeKind.APPLIED, write.key or self._key(answer))

    def _refused(self, answer: Answer, write: Write, *, removing: bool = False) -> Outcome:
        outcome = row_outcome(answer, write, self.kind.permission, removing=removing)
        if outcome.kind is OutcomeKind.MISSING and self._there(write):
            references = [name for name in write.fields if self._is_reference(name)]
            field = references[0] if len(references) == 1 else None
            message = f"{outcome.message} The record itself is there: one that it refers to is not"
            return outcome._replace(kind=OutcomeKind.REFUSED, field=field, message=message)
        return self._made_after_all(write, outcome) if write.key is None else outcome

    def _there(self, write: Write) -> bool:
        condition = suiteql.among("id", [str(int(write.key or "0"))])
        text = suiteql.select(["id"], self.kind.table, [self.kind.where, condition], "id")
        return bool(self.session.rows(text, f"looking up {self.kind.name}", limit=1))

    def _is_reference(self, name: str) -> bool:
        field = self.session.schema(self.kind.name).fields.get(name)
        return field is not None and field.type is FieldType.REFERENCE

    def _made_after_all(self, write: Write, outcome: Outcome) -> Outcome:
        """A create that was not taken and whose marker is there was made, by this attempt or an earlier one: scripts
        that run after saving can fail (SOAP says so by ``afterSubmitFailed``, REST does not), and with every code,
        those of locks and rights among them.

        Where a later attempt would be an update (by external id), what was said of this one is told with the key.
        """
        later = outcome.kind is OutcomeKind.RETRY
        if not self.marker or not write.marker:
            return outcome._replace(kind=OutcomeKind.UNKNOWN) if later else outcome
        try:
            made = self._made(write.marker)
        except ConnectorError as error:
            unsearchable = isinstance(error, RefusedError | ForbiddenError)  # as `check` says
            shut_out = outcome.kind is OutcomeKind.UNAUTHORISED and isinstance(error, UnauthorisedError)
            told = shut_out or (unsearchable and not later)
            return outcome if told else outcome._replace(kind=OutcomeKind.UNKNOWN)
        if made is None:
            return outcome
        again = self.marker == "externalId" and outcome.kind not in _NOT_MADE
        return outcome._replace(key=made) if again else Outcome(OutcomeKind.APPLIED, made)

    def _in_doubt(self, answer: Answer, write: Write) -> Outcome:
        """A 500 about one record: what failed may be a script that runs after saving.

        Creates by external id are looked for at once: sent again they double nothing, and one that is in doubt run
        after run would keep the others waiting. Creates that nothing marks wait for a person, each: a few of them in a
        row are taken for the account's trouble. Raises AnswerLostError.
        """
        if write.key is None and not (self.marker and write.marker) and self.session.doubts >= FEW:
            raise AnswerLostError(f"creating {self.kind.name}: server error, {SERVER_ERROR}, {FEW} times in a row")
        if write.key is None and self.marker == "externalId" and write.marker:
            return self._made_after_all(write, self._failed(answer, write, OutcomeKind.RETRY))
        return self._failed(answer, write, OutcomeKind.UNKNOWN)

    def _failed(self, answer: Answer, write: Write, kind: OutcomeKind) -> Outcome:
        found = said(answer)
        assert found is not None
        return Outcome(kind, write.key, code=found.code, message=in_words(found, write))

    def _key(self, answer: Answer) -> str:
        key = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not is_key(key):
            raise AnswerLostError(f"creating {self.kind.name}: the answer does not name the record")
        return key

    def _made(self, marker: str) -> str | None:
        """The record that an earlier attempt made."""
        assert self.marker is not None
        condition = f"{self.kind.columns.get(self.marker, self.marker.lower())} = {suiteql.quoted(marker)}"
        text = suiteql.select(["id"], self.kind.table, [self.kind.where, condition], "id")
        rows = self.session.rows(text, f"looking up {self.kind.name}", limit=1)
        return str(rows[0]["id"]) if rows else None

    def _body(
        self, schema: Schema, given: Mapping[str, Any], *, creating: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fields as REST wants them, and what goes into sublists. Raises UnfitError."""
        body: dict[str, Any] = {}
        parts: dict[str, Any] = {}
        for path, value in given.items():
            name, _, part = path.partition(".")
            if self.kind.parts is Parts.ADDRESSES and name in ADDRESSES:
                changes = {part: value} if part else value or {}
                parts.setdefault(name, {}).update(changes)
                continue
            if self.kind.parts is Parts.LINES and path == "item":
                parts["item"] = value or []
                continue
            field = schema.fields.get(path)
            if field is None:
                raise UnfitError(
                    "INVALID_FIELD", path, f"{self.kind.name} has no field {path}, or the role may not see it"
                )
            if not (field.creatable if creating else field.updatable):
                raise UnfitError("READ_ONLY_FIELD", path, f"{path} cannot be written")
            body[path] = sendable(field, value)
        return body, parts

    def _sublists(self, parts: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
        if not parts:
            return {}
        name = "item" if self.kind.parts is Parts.LINES else "addressBook"
        there = _lines(name, shown)
        lines = items(parts["item"], there, new=not shown) if name == "item" else addresses(parts, there)
        return {name: {"items": lines}} if lines else {}


def _lines(name: str, shown: Mapping[str, Any]) -> list[Any]:
    """The lines of a sublist. Raises UnfitError where not all of them are shown: what is not known would be added."""
    sublist = shown.get(name) or {}
    there = sublist.get("items") or []
    if int(sublist.get("totalResults") or 0) > len(there) or sublist.get("hasMore"):
        raise UnfitError("lines-not-shown", name, f"{name} is not shown whole: no line of it can be changed safely")
    return list(there)
