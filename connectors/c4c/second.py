"""Version 2 (REST).

A change is a merge patch (RFC 7396): null takes a member away, a list replaces the whole list, what is not named stays.
It has to say on which version it was decided (``If-Match``, the quoted ``adminData.updatedOn``). There is no batch.
Calls are counted per tenant and day; what is over is answered 429 until the day ends.
Sources: SAP's generated client of contactPersonService (paths, query options, required header, lengths); SAP note
3559130 (calls in 24 hours); ``adminData/updatedOn ge …`` as SAP's integration guide writes it. How many rows a page may
have is not published: what ``$count`` says is believed, not how many came; where it says nothing, every page that could
be followed by another is, and what is asked for by id and does not come is asked for alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from connectors.answers import Answer
from connectors.c4c.services import SERVICES, STAMP
from connectors.c4c.settings import C4cSettings
from connectors.c4c.walking import Row, by_change, by_key, position_of, position_text, second_of, unique
from connectors.edmx import UnfitError
from connectors.http import Http
from connectors.odata import blanked, portions, some
from connectors.sdk import (
    Context,
    Field,
    FieldType,
    Outcome,
    OutcomeKind,
    Page,
    ProtocolError,
    Record,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    Write,
)

RIGHTS = "may the technical user's business roles write this record (access restrictions, territories)?"


class NotAllowedError(UnauthorisedError):
    """The user is known, and may not do this."""


class Second:
    """One stream of version 2: what is asked and said."""

    def __init__(self, http: Http, settings: C4cSettings, stream: str, context: Context) -> None:
        self.stream = stream
        self.page = settings.page
        self.service = SERVICES[stream]
        self._http = http
        self._marker = settings.marker(stream)
        self._makes = settings.makes(stream)
        self._defaults = settings.defaults(stream)
        self._overlap = timedelta(seconds=settings.overlap)
        self._context = context
        self._root = f"/sap/c4c/api/v1/{self.service.path}"

    # Reading ------------------------------------------------------------------------------------------------------

    def pages(self, since: str | None) -> Iterator[Page]:
        for rows, position in by_change(self, position_of(since), self._overlap):
            yield Page([record(row) for row in rows], position_text(position), full=since is None)

    def keys(self) -> Iterator[list[str]]:
        for rows in by_key(self):
            yield [self.key(row) for row in rows]

    def rows(self, since: datetime | None, until: datetime | None, after: str, top: int) -> tuple[list[Row], bool]:
        wanted = [
            f"{_slashed(STAMP)} ge {_moment(since)}" if since is not None else "",
            f"{_slashed(STAMP)} le {_moment(until)}" if until is not None else "",
            f"id ge {_quoted(after)}" if after else "",
        ]
        order = f"{_slashed(STAMP)},id" if since is not None and until is None else "id"
        rows, count = self.asked(" and ".join(one for one in wanted if one), order, top)
        # Each page begins with the last row of the one before: one row alone is the end.
        return rows, len(rows) > 1 if count is None else count > len(rows)

    def asked(self, wanted: str, order: str, top: int) -> tuple[list[Row], int | None]:
        """A page, and how many rows there are of all pages, where the answer says so."""
        query = {"$filter": wanted or None, "$orderby": order, "$top": top, "$count": "true"}
        said = self._said(self._call("GET", self._root, query=query), f"reading {self.stream}")
        rows = said.get("value")
        if not isinstance(rows, list):
            raise ProtocolError(f"reading {self.stream}: an answer without a list of records")
        count = said.get("count")
        return rows, count if isinstance(count, int) else None

    def key(self, row: Row) -> str:
        key = row.get("id")
        if not isinstance(key, str) or not key:
            raise ProtocolError(f"reading {self.stream}: a record without an id")
        return key

    def second(self, row: Row) -> datetime:
        return second_of(version(row), self.stream)

    def records(self, keys: Sequence[str]) -> list[Record]:
        """A record for every key, in order; what is not there comes as deleted."""
        found = {self.key(row): record(row) for row in self._where("id", keys)}
        return [found.get(key) or Record(key, {}, deleted=True) for key in keys]

    def find(self, field: str, values: Sequence[str]) -> list[Record]:
        return [record(row) for row in self._where(field, values)]

    def _where(self, field: str, values: Sequence[str]) -> list[Row]:
        wanted = sorted({value for value in values if value})
        found: list[Row] = []
        for group in portions((_same(field, value) for value in wanted), most=20):
            rows, count = self.asked(some(group), "id", max(self.page, 200))
            found += rows
            if count is not None and count <= len(rows):
                continue
            asked = [value for value in wanted if _same(field, value) in group]
            if field == "id":
                found += self._alone(set(asked).difference(self.key(row) for row in rows))
            elif rows:
                found += [row for value in asked for row in self._behind(field, value)]
        return unique([row for row in found if _at(row, field) in wanted], self)

    def _alone(self, keys: Iterable[str]) -> Iterator[Row]:
        """Records that an answer did not show and may have left out: taken for deleted only where each says so."""
        for key in sorted(keys):
            answer = self._call("GET", f"{self._root}/{{key}}", parts={"key": key})
            if answer.status in {404, 410}:
                continue
            row = self._said(answer, f"reading {self.stream}").get("value")
            if not isinstance(row, dict) or row.get("id") != key:
                raise ProtocolError(f"reading {self.stream}: an answer without the record asked for")
            yield row

    def _behind(self, field: str, value: str) -> Iterator[Row]:
        """All records with a value. Each page begins with the last row of the one before: that row alone is the end."""
        last = ""
        while True:
            after = f" and id ge {_quoted(last)}" if last else ""
            rows, _ = self.asked(f"{_same(field, value)}{after}", "id", max(self.page, 200))
            keys = [self.key(row) for row in rows]
            yield from rows
            if not rows or keys[-1] == last:
                return
            last = keys[-1]

    def check_marker(self) -> None:
        """Raises RefusedError where records cannot be asked for by the hub's id."""
        if self._marker is not None:
            self._where(self._marker, ["-"])

    # Writing ------------------------------------------------------------------------------------------------------

    def write(self, write: Write) -> Outcome:
        if write.key is None and not self._makes:
            message = f"{self.stream} of Version 2 are not made by the hub: let the mapping say `create: in`"
            return Outcome(OutcomeKind.REFUSED, code="not-made", message=message)
        try:
            self._check(write)
            body = self._body(write.fields if write.key else {**self._defaults, **_given(write.fields)})
        except UnfitError as error:
            return Outcome(OutcomeKind.REFUSED, write.key, code="unfit", message=str(error), field=error.field)
        if write.key is None:
            if self._marker is not None and write.marker:
                _put(body, self._marker, write.marker)
            return self._outcome(write, self._call("POST", self._root, json=body))
        expected = write.expects
        if expected is None:
            held = self._where("id", [write.key])
            if not held:
                return Outcome(OutcomeKind.MISSING, write.key)
            expected = version(held[0])
        headers = {"content-type": self.service.patch, "if-match": f'"{expected}"'}
        path, parts = f"{self._root}/{{key}}", {"key": write.key}
        return self._outcome(write, self._call("PATCH", path, parts=parts, json=body, headers=headers))

    def _check(self, write: Write) -> None:
        """Raises UnfitError for what the service would not take, or would silently not do."""
        needed, creating = self.service.needed, write.key is None
        if (creating or needed in write.fields) and write.fields.get(needed) in (None, ""):
            raise UnfitError(needed, "missing")
        for name in write.fields:
            fact = self.service.fact(name)
            if fact is not None and not (fact.creatable if creating else fact.updatable):
                raise UnfitError(name, "may not be given when a record is made" if creating else "may not be changed")

    def _body(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Record paths as the tree of a merge patch. Null takes a member away; of somebody referred to all that is
        shown of them, since an id alone is not the reference."""
        body: dict[str, Any] = {}
        for path, value in fields.items():
            fact = self.service.fact(path)
            kind = fact.type if fact is not None else None
            if value in (None, ""):
                _put(body, path.rpartition(".")[0] or path if kind is FieldType.REFERENCE else path, None)
            else:
                _put(body, path, _number(path, value) if kind is FieldType.DECIMAL else value)
        return body

    def _outcome(self, write: Write, answer: Answer) -> Outcome:
        if answer.ok:
            said = answer.json()
            row = said.get("value") if isinstance(said, dict) else None
            if not isinstance(row, dict) or "id" not in row:
                kind = OutcomeKind.UNKNOWN if write.key is None else OutcomeKind.APPLIED
                return Outcome(kind, write.key, message="the answer does not show the record")
            made = record(row)
            return Outcome(OutcomeKind.APPLIED, made.key, made.version, made)
        code, message, field = fault(answer)
        message = blanked(message, write.fields.values())
        if answer.status == 403:
            message = f"{RIGHTS} {message}".strip()
        kind = _kind(answer.status, creating=write.key is None)
        return Outcome(kind, write.key, code=code, message=message, field=field)

    # The wire -----------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, **options: Any) -> Answer:
        """Raises ThrottledError until the day is over where the tenant goes on answering 429 without saying when."""
        try:
            return self._http.request(method, path, **options)
        except ThrottledError as error:
            if error.until is not None:
                raise
            now = self._context.clock.now().astimezone(UTC)
            tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            raise ThrottledError("the tenant takes no more calls today (HTTP 429)", tomorrow) from None

    def _said(self, answer: Answer, what: str) -> Mapping[str, Any]:
        if answer.status == 403:
            raise NotAllowedError(f"{what}: the user may not do this")
        if not answer.ok:
            code = fault(answer)[0]
            raise RefusedError(f"{what}: refused ({code}, HTTP {answer.status})", code=code)
        said = answer.json()
        if not isinstance(said, dict):
            raise ProtocolError(f"{what}: not an answer of this interface")
        return said

    # Fields -------------------------------------------------------------------------------------------------------

    def fields(self) -> tuple[Field, ...]:
        """The published ones, and extension fields that the latest records show."""
        rows = self.asked("", f"{_slashed(STAMP)} desc", 50)[0]
        own = {name for row in rows for name in (row.get("extensions") or {})}
        found = {field.name: field for field in self.service.known}
        found |= {f"extensions.{name}": Field(name=f"extensions.{name}") for name in sorted(own)}
        if self._marker is not None:
            found[self._marker] = Field(name=self._marker, creatable=False, updatable=False, unique=True)
        return tuple(found.values())


def record(row: Row) -> Record:
    return Record(str(row["id"]), row, version(row))


def version(row: Row) -> str:
    return str(_at(row, STAMP) or "")


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *heads, last = path.split(".")
    for head in heads:
        body = body.setdefault(head, {})
    body[last] = value


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _number(path: str, value: Any) -> float:
    """A number as JSON has it. Raises UnfitError where it is none, or one that JSON would write as null."""
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UnfitError(path, "takes a number")
    return number


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _slashed(path: str) -> str:
    return path.replace(".", "/")


def _same(field: str, value: str) -> str:
    return f"{_slashed(field)} eq {_quoted(value)}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def fault(answer: Answer) -> tuple[str, str, str | None]:
    """Code, words and field of an error."""
    try:
        error = answer.json()["error"]
        details = [one for one in error.get("details") or () if isinstance(one, Mapping)]
        target = next((str(one["target"]) for one in (error, *details) if one.get("target")), None)
        return str(error.get("code") or f"http-{answer.status}"), str(error.get("message") or ""), target
    except (ProtocolError, KeyError, TypeError, AttributeError):
        return f"http-{answer.status}", "", None


def _kind(status: int, *, creating: bool) -> OutcomeKind:
    """What a refusal means. Business roles restrict by record: 403 concerns this one."""
    known = {401: OutcomeKind.UNAUTHORISED, 409: OutcomeKind.DUPLICATE}
    changed = {404: OutcomeKind.MISSING, 410: OutcomeKind.MISSING, 412: OutcomeKind.STALE, 423: OutcomeKind.RETRY}
    return (known if creating else {**known, **changed, 409: OutcomeKind.RETRY}).get(status, OutcomeKind.REFUSED)
