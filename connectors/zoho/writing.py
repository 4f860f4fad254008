"""Writing a hundred rows a call, and what came of each.

A condition (``If-Unmodified-Since``) is one moment for the whole call, to the second, while each row was decided on a
version of its own. So rows are looked at first, those that moved are left out, and the condition of the call is the
latest version of the others: whoever writes after the look makes the call fail. Calls refused as a whole are halved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.sdk import ConnectorError, Outcome, OutcomeKind, RefusedError, Write
from connectors.unfit import UnfitError
from connectors.wording import failed, without_values
from connectors.zoho import coql
from connectors.zoho.errors import MOVED, item_outcome
from connectors.zoho.schema import KEY, STAMP, ModuleSchema
from connectors.zoho.session import IDS, Row, Session, version

_ABOUT_THE_CALL = frozenset({"INVALID_MODULE", "INVALID_URL_PATTERN", "INVALID_REQUEST_METHOD", "NOT_SUPPORTED"})
"""Codes that no smaller call would be spared."""


@dataclass(slots=True)
class Line:
    """One write on its way: its place in the batch, and the fields as they are sent. ``key``: None for a create."""

    at: int
    write: Write
    fields: dict[str, Any]
    key: str | None

    @property
    def identity(self) -> str:
        """What must not occur twice in one call: of the two, one would be lost or refused."""
        return self.key or self.write.marker


def prepared(batch: Sequence[Write], schema: ModuleSchema, marker: str | None) -> tuple[list[Line], dict[int, Outcome]]:
    """Rows fit to be sent, and the outcomes of the others."""
    lines, outcomes = [], {}
    for at, write in enumerate(batch):
        creating = write.key is None
        given = dict(write.fields)
        if creating and marker is not None and write.marker:
            given[marker] = write.marker
        try:
            fields = schema.payload(given, creating=creating)
        except UnfitError as error:
            message = without_values(str(error), write)
            outcomes[at] = Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=message, field=error.field)
            continue
        if write.key is not None and not coql.is_key(write.key):
            outcomes[at] = no_key(write)
        else:
            lines.append(Line(at, write, fields, write.key))
    return lines, outcomes


def no_key(write: Write) -> Outcome:
    return Outcome(OutcomeKind.MISSING, write.key, code="INVALID_DATA", message="not an id of Zoho CRM: only digits")


def in_calls(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Rows in portions that go into one call, none of which holds the same record twice."""
    portion: list[Line] = []
    met: set[str] = set()
    for line in lines:
        if len(portion) >= IDS or (line.identity and line.identity in met):
            yield portion
            portion, met = [], set()
        portion.append(line)
        met.add(line.identity)
    if portion:
        yield portion


class Writing:
    """One batch of writes to one module. ``outcomes`` (some may be known before) fills up as calls are answered."""

    def __init__(self, session: Session, name: str, marker: str | None, outcomes: dict[int, Outcome]) -> None:
        self.session = session
        self.name = name
        self.marker = marker
        self.outcomes = outcomes
        self._answered = False

    def create(self, lines: Sequence[Line], schema: ModuleSchema) -> None:
        """By upsert where the marker is the only unique field; else by insert, which overwrites nobody's record.

        A marker that is taken is then our own create of before: that record is brought up to date.
        """
        marked = [line for line in lines if self.marker is not None and line.fields.get(self.marker)]
        upserting = self.marker is not None and schema.alone_unique(self.marker)
        headers = self._external(schema)
        self._each(marked, lambda some: self._insert(some, headers, upserting=upserting))
        self._each([line for line in lines if line not in marked], lambda some: self._insert(some, {}, upserting=False))
        ours = [line for line in marked if self._made_before(self.outcomes[line.at])]
        for line in ours:
            line.key = self.outcomes.pop(line.at).of
            line.fields = {name: value for name, value in line.fields.items() if name != self.marker}
        self._each(ours, lambda some: self._put(some, None))
        for line in ours:  # it is there, whatever was said of bringing it up to date
            self.outcomes[line.at] = self.outcomes[line.at]._replace(key=line.key)

    def _external(self, schema: ModuleSchema) -> dict[str, str]:
        external = self.marker is not None and schema.external(self.marker)
        return {"x-external": f"{self.name}.{self.marker}"} if external else {}

    def _made_before(self, outcome: Outcome) -> bool:
        return outcome.kind is OutcomeKind.DUPLICATE and outcome.field == self.marker and outcome.of is not None

    def update(self, lines: Sequence[Line]) -> None:
        guarded = [line for line in lines if line.write.expects is not None]
        self._each([line for line in lines if line.write.expects is None], lambda some: self._put(some, None))
        try:
            still = self._as_expected(guarded)
        except ConnectorError as error:
            if not self._answered:
                raise
            self.outcomes |= {line.at: failed(error, line.write) for line in guarded}
        else:
            self._each(still, self._put_guarded)

    def remove(self, lines: Sequence[Line]) -> None:
        self._each(lines, self._delete)

    def _as_expected(self, lines: Sequence[Line]) -> list[Line]:
        """Rows whose version is still the one they were decided on. No look is needed where one condition says it."""
        if len({line.write.expects for line in lines}) < 2:
            return list(lines)
        still: list[Line] = []
        for portion in coql.portions(lines, IDS):
            found = self.session.named(self.name, [KEY, STAMP], [line.key or "" for line in portion])
            versions = {key: version(row) for key, row in found.items()}
            for line in portion:
                now = versions.get(line.key or "")
                if now == line.write.expects:
                    still.append(line)
                else:
                    kind = OutcomeKind.MISSING if now is None else OutcomeKind.STALE
                    self.outcomes[line.at] = Outcome(kind, line.key)
        return still

    def _each(self, lines: Iterable[Line], deed: Callable[[list[Line]], list[Row]]) -> None:
        """Do call after call. Once one was answered, a failure of a later one is told by outcomes, not by an error:
        what is known must not get lost."""
        for portion in in_calls(lines):
            try:
                self._done(portion, deed)
            except ConnectorError as error:
                if not self._answered:
                    raise
                self.outcomes |= {
                    line.at: failed(error, line.write) for line in portion if line.at not in self.outcomes
                }

    def _done(self, portion: list[Line], deed: Callable[[list[Line]], list[Row]]) -> None:
        """Outcomes of one call; if it was refused as a whole (so that nothing happened), of each half of it."""
        try:
            items = deed(portion)
        except RefusedError as error:
            if error.code in _ABOUT_THE_CALL:
                raise
            if len(portion) > 1:
                half = len(portion) // 2
                self._each_half(portion[:half], portion[half:], deed)
                return
            [line] = portion
            kind = OutcomeKind.STALE if error.code in MOVED else OutcomeKind.REFUSED
            self.outcomes[line.at] = Outcome(kind, line.write.key, code=error.code, message=str(error))
        else:
            self.outcomes |= {line.at: self._outcome(item, line) for line, item in zip(portion, items, strict=True)}
        self._answered = True

    def _each_half(self, one: list[Line], two: list[Line], deed: Callable[[list[Line]], list[Row]]) -> None:
        self._done(one, deed)
        try:
            self._done(two, deed)
        except ConnectorError as error:
            self.outcomes |= {line.at: failed(error, line.write) for line in two}

    def _outcome(self, item: Row, line: Line) -> Outcome:
        if item.get("status") != "success":
            return item_outcome(item, line.write)
        details = item.get("details") or {}
        key = str(details.get(KEY) or line.key or "")
        by = item.get("duplicate_field")
        if line.key is None and item.get("action") == "update" and by not in {None, self.marker}:
            message = f"the create was taken for another record with the same {by}, and has changed it"
            return Outcome(OutcomeKind.DUPLICATE, code="matched-another", message=message, field=by, of=key)
        return Outcome(OutcomeKind.APPLIED, key or None, version(details))

    def _insert(self, lines: list[Line], headers: dict[str, str], *, upserting: bool) -> list[Row]:
        body = self._body(lines)
        if upserting:
            body["duplicate_check_fields"] = [self.marker]
        path = f"{self.name}/upsert" if upserting else self.name
        return self.session.write("POST", path, f"creating {self.name}", len(lines), body=body, headers=headers)

    def _put(self, lines: list[Line], unmodified_since: datetime | None) -> list[Row]:
        condition = {} if unmodified_since is None else {"if-unmodified-since": coql.moment(unmodified_since)}
        what = f"updating {self.name}"
        return self.session.write("PUT", self.name, what, len(lines), body=self._body(lines), headers=condition)

    def _put_guarded(self, lines: list[Line]) -> list[Row]:
        return self._put(lines, max(datetime.fromisoformat(str(line.write.expects)) for line in lines))

    def _delete(self, lines: list[Line]) -> list[Row]:
        trigger = self.session.settings.trigger
        query = {"ids": ",".join(line.key or "" for line in lines), "wf_trigger": trigger is None or bool(trigger)}
        return self.session.write("DELETE", self.name, f"removing {self.name}", len(lines), query=query)

    def _body(self, lines: Sequence[Line]) -> dict[str, Any]:
        data = [line.fields if line.key is None else {**line.fields, KEY: line.key} for line in lines]
        trigger = self.session.settings.trigger
        return {"data": data} if trigger is None else {"data": data, "trigger": list(trigger)}
