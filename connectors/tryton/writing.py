"""Writing parties, with what hangs below them, in one transaction a call.

Below a party lists are written by commands: ``["create", [values]]``, ``["write", [ids], values]``,
``["delete", [ids]]`` (trytond, fields.One2Many). ``party.write`` takes pairs of ids and values, so that a batch of
different changes is one call. One row that the server refuses has the whole call refused: the parties that it names are
taken out; where it names none, the call is halved until the poison is alone.

The hub's id goes into an identifier without a type, created together with the party. Conditions travel in the context,
as the ``_timestamp`` of everything that was seen (trytond/model/modelsql.py).

The own fields of an archived party cannot be changed, not even by the call that brings it back (seen on series 8.2). So
one that is made archived is archived, and one that is brought back is changed, by a second call. Where that one is
refused for a new party, the party is deleted again: taken as it is, it would bring the archived one back elsewhere.

A kind of mechanism (or VAT number) that is emptied is to show nothing: the one in use is deleted. Where there are
several, another would show instead, which the hub has never seen: that is refused, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.sdk import ConnectorError, Outcome, OutcomeKind, ProtocolError, Write
from connectors.tryton.parties import (
    ADDRESS_FIELDS,
    COUNTRY,
    MECHANISMS,
    PARTY,
    VAT,
    VAT_TYPE,
    first,
    in_use,
    record,
    stamps,
)
from connectors.tryton.reading import Reading
from connectors.tryton.session import RefusalError, Session
from connectors.unfit import UnfitError
from connectors.wording import failed, without_values

BATCH = 100

_NOT_UNDONE = frozenset({OutcomeKind.APPLIED, OutcomeKind.UNKNOWN})
_RECORD = re.compile(r'\brecord "[^"]*"')
"""How a record is named in sentences: by what people call it."""

_LOOK = "look at the groups of the hub's user in Tryton, and at the rules of parties"


@dataclass(slots=True)
class Row:
    at: int
    write: Write
    values: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)


class Writing:
    """One batch. ``plain`` are the party's own fields that may be written, with their types."""

    def __init__(
        self, session: Session, reading: Reading, plain: Mapping[str, str], countries: Mapping[str, int]
    ) -> None:
        self.session = session
        self.reading = reading
        self.plain = plain
        self.countries = countries
        self.outcomes: dict[int, Outcome] = {}

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        there = self.reading.found([write.key for write in batch if write.key])
        gone = self.reading.gone([write.key for write in batch if write.key and write.key not in there])
        rows: list[Row] = []
        for at, write in enumerate(batch):
            seen = there.get(write.key or "")
            if write.key is not None and (seen is None or seen.get("replaced_by")):
                self.outcomes[at] = _gone(write, str(seen["replaced_by"])) if seen else _absent(write, gone)
                continue
            try:
                rows.append(self._row(at, write, seen))
            except UnfitError as error:
                said = without_values(str(error), write)
                self.outcomes[at] = Outcome(
                    OutcomeKind.REFUSED, write.key, code=error.code, message=said, field=error.field
                )
        self._settle([row for row in rows if row.write.key is None], self._create)
        for call in _apart([row for row in rows if row.write.key is not None]):
            self._settle(call, self._write)
        done = {at for at, outcome in self.outcomes.items() if outcome.kind is OutcomeKind.APPLIED}
        self._finish([row for row in rows if row.after and row.at in done])
        return [self.outcomes[at] for at in range(len(batch))]

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        there = self.reading.found([write.key or "" for write in batch])
        gone = self.reading.gone([write.key or "" for write in batch if write.key not in there])
        rows = [Row(at, write, {}) for at, write in enumerate(batch) if (write.key or "") in there]
        self._settle(rows, self._delete)
        return [self.outcomes.get(at) or _absent(write, gone) for at, write in enumerate(batch)]

    # calls

    def _finish(self, rows: list[Row]) -> None:
        """The second calls. What the first one did is done: a create whose second call was not carried out is taken
        back, and told with its key where that did not work, or nobody can say."""
        if not rows:
            return
        try:
            results = self._halved(rows, self._then)
        except ConnectorError as error:
            results = {row.at: failed(error, row.write) for row in rows}
        halves = [row for row in rows if row.write.key is None and results[row.at].kind not in _NOT_UNDONE]
        undone = self._taken_back(halves) if halves else set()
        for row in rows:
            result = results[row.at]
            if result.kind is not OutcomeKind.APPLIED:
                key = None if row.at in undone else self.outcomes[row.at].key
                self.outcomes[row.at] = result._replace(key=key)

    def _taken_back(self, rows: list[Row]) -> set[int]:
        """The places of those whose parties could be deleted again."""
        keys = [int(self.outcomes[row.at].key or 0) for row in rows]
        try:
            self.session.do(f"{PARTY}.delete", "removing parties that were half made", keys)
        except RefusalError:
            return {at for row in rows for at in self._taken_back([row])} if len(rows) > 1 else set()
        except ConnectorError:
            return set()
        return {row.at for row in rows}

    def _then(self, rows: list[Row]) -> list[str]:
        keys = [self.outcomes[row.at].key or "" for row in rows]
        pairs = [part for row, key in zip(rows, keys, strict=True) for part in ([int(key)], row.after)]
        self.session.do(f"{PARTY}.write", "writing parties", *pairs)
        return keys

    def _settle(self, rows: list[Row], deed: Callable[[list[Row]], list[str]]) -> None:
        if not rows:
            return
        try:
            results = self._halved(rows, deed)
        except ConnectorError as error:
            if not any(o.kind is OutcomeKind.APPLIED for o in self.outcomes.values()):
                raise
            results = {row.at: failed(error, row.write) for row in rows}
        self.outcomes |= results

    def _halved(self, rows: list[Row], deed: Callable[[list[Row]], list[str]]) -> dict[int, Outcome]:
        try:
            keys = deed(rows)
        except RefusalError as error:
            if len(rows) == 1 or error.denied:
                return {row.at: _outcome(error, row.write) for row in rows}
            named = {row.at: _outcome(error, row.write) for row in rows if row.write.key in error.parties}
            if named:
                return self._others([row for row in rows if row.at not in named], deed, named)
        else:
            pairs = zip(rows, keys, strict=True)
            return {row.at: Outcome(OutcomeKind.APPLIED, key) for row, key in pairs}
        half = len(rows) // 2
        return self._others(rows[half:], deed, self._halved(rows[:half], deed))

    def _others(
        self, rows: list[Row], deed: Callable[[list[Row]], list[str]], known: dict[int, Outcome]
    ) -> dict[int, Outcome]:
        """What is known, and what comes of other rows: a failure there must not lose what was done before."""
        try:
            return known | (self._halved(rows, deed) if rows else {})
        except ConnectorError as later:
            if not any(o.kind is OutcomeKind.APPLIED for o in known.values()):
                raise
            return known | {row.at: failed(later, row.write) for row in rows}

    def _create(self, rows: list[Row]) -> list[str]:
        keys = self.session.do(f"{PARTY}.create", "creating parties", [row.values for row in rows])
        if not isinstance(keys, list) or len(keys) != len(rows):
            raise ProtocolError("creating parties: another number of parties answered than was sent")
        return [str(key) for key in keys]

    def _write(self, rows: list[Row]) -> list[str]:
        pairs = [part for row in rows for part in ([int(row.write.key or 0)], row.values)]
        seen = {name: stamp for row in rows for name, stamp in row.stamps.items()}
        self.session.do(f"{PARTY}.write", "writing parties", *pairs, stamps=seen)
        return [row.write.key or "" for row in rows]

    def _delete(self, rows: list[Row]) -> list[str]:
        self.session.do(f"{PARTY}.delete", "removing parties", [int(row.write.key or 0) for row in rows])
        return [row.write.key or "" for row in rows]

    # values

    def _row(self, at: int, write: Write, seen: Mapping[str, Any] | None) -> Row:
        now = record(seen, self.reading.prefix).data if seen else None
        address: dict[str, Any] = {}
        values: dict[str, Any] = {}
        below: dict[str, list[Any]] = {}
        for path, value in write.fields.items():
            if path in self.plain:
                values[path] = self._own(path, value)
            elif path == COUNTRY or (path.startswith("address.") and path.partition(".")[2] in ADDRESS_FIELDS):
                address[path.partition(".")[2]] = self._country(value) if path == COUNTRY else _text(path, value)
            elif path in MECHANISMS:
                kept = in_use(now["contact_mechanisms"], type=path) if now else []
                _alone(path, value, kept)
                below.setdefault("contact_mechanisms", []).extend(_command("value", path, _text(path, value), kept))
            elif path == VAT:
                kept = in_use(now["identifiers"], type=VAT_TYPE) if now else []
                _alone(path, value, kept)
                below.setdefault("identifiers", []).extend(_command("code", VAT_TYPE, _text(path, value), kept))
            else:
                raise UnfitError("unknown-field", path, f"parties have no field {path} that may be written")
        if address:
            below["addresses"] = _address(address, first(now["addresses"]) if now else None)
        if write.key is None and write.marker:
            mark = {"type": None, "code": f"{self.reading.prefix}:{write.marker}"}
            below.setdefault("identifiers", []).append(["create", [mark]])
        whole = {**values, **{name: made for name, made in below.items() if made}}
        return Row(at, write, *_split(whole, write, seen), self._expected(write, seen))

    def _expected(self, write: Write, seen: Mapping[str, Any] | None) -> Mapping[str, str]:
        """What has to be as it was. A child that came or went since is a change that no ``_timestamp`` would tell."""
        if write.expects is None or seen is None:
            return {}
        try:
            expected = dict(orjson.loads(write.expects))
        except (ValueError, TypeError):
            expected = {}
        known = dict(stamps(seen))
        return expected if expected.keys() == known.keys() else {f"{PARTY},{seen['id']}": "0.00000"}

    def _own(self, path: str, value: Any) -> Any:
        kind = self.plain[path]
        if kind == "boolean":
            if not isinstance(value, bool):
                raise UnfitError("wrong-type", path, f"{path} takes true or false")
            return value
        if value in (None, ""):
            return None
        if kind in {"char", "text", "selection"}:
            return _text(path, value)
        raise UnfitError("wrong-type", path, f"{path} is of a type ({kind}) that this connector does not write")

    def _country(self, value: Any) -> int | None:
        if value in (None, ""):
            return None
        if value not in self.countries:
            text = "takes the ISO code of a country that Tryton knows: import them there (trytond_import_countries)"
            raise UnfitError("unknown-choice", COUNTRY, f"{COUNTRY} {text}")
        return self.countries[value]


def _gone(write: Write, survivor: str | None = None) -> Outcome:
    return Outcome(OutcomeKind.MISSING, write.key, message="there is no such party any more", of=survivor)


def _absent(write: Write, gone: Collection[str]) -> Outcome:
    """Of a party that was not shown."""
    if write.key in gone:
        return _gone(write)
    return Outcome(OutcomeKind.REFUSED, write.key, code="hidden", message=f"a rule hides this party: {_LOOK}")


def _split(
    values: dict[str, Any], write: Write, seen: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes into the first call, and what into a second one."""
    rest = {name: value for name, value in values.items() if name != "active"}
    if write.key is None and values.get("active") is False:
        return rest, {"active": False}
    if rest and values.get("active") is True and seen is not None and not seen.get("active", True):
        return {"active": True}, rest
    return values, {}


def _text(path: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UnfitError("wrong-type", path, f"{path} takes text")
    return value or None


def _command(name: str, kind: str, value: str | None, kept: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Commands that have the first of ``kept`` show the value; where there is no value, the only one is deleted."""
    keys = [int(one["id"]) for one in kept[:1]]
    if value is None:
        return [["delete", keys]] if keys else []
    return [["write", keys, {name: value}]] if keys else [["create", [{"type": kind, name: value}]]]


def _alone(path: str, value: Any, kept: Sequence[Mapping[str, Any]]) -> None:
    """Raises UnfitError where one of several is to be emptied."""
    if value in (None, "") and len(kept) > 1:
        rule = "is one of several, and another would take its place: archive in Tryton those that are not wanted"
        raise UnfitError("one-of-several", path, f"{path} {rule}")


def _address(values: Mapping[str, Any], kept: Mapping[str, Any] | None) -> list[Any]:
    """A create without any value makes no address; clearing one leaves it there, empty, for what else it is used."""
    if kept:
        return [["write", [int(kept["id"])], dict(values)]]
    return [["create", [dict(values)]]] if any(values.values()) else []


def _apart(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in calls none of which holds the same party twice: the second would find the first's stamp."""
    calls: list[list[Row]] = []
    for row in rows:
        call = next((one for one in calls if all(other.write.key != row.write.key for other in one)), None)
        if call is None:
            calls.append([row])
        else:
            call.append(row)
    return calls


def _outcome(error: RefusalError, write: Write) -> Outcome:
    said = without_values(_RECORD.sub('record "…"', error.said), write)[:500]
    if error.code == "ConcurrencyException":
        return Outcome(OutcomeKind.STALE, write.key, code=error.code, message=said)
    if error.code == "UserWarning":
        text = f"{said} (a warning that only a person may confirm, in Tryton: {error.warning})"
        return Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=without_values(text, write))
    if error.denied:
        return Outcome(OutcomeKind.UNAUTHORISED, write.key, code=error.code, message=said)
    if error.ruled:
        return Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=f"{said} ({_LOOK})"[:500])
    if error.absent:
        return Outcome(OutcomeKind.MISSING, write.key, code=error.code, message=said)
    if "must be unique" in error.said or "already exists" in error.said:
        return Outcome(OutcomeKind.DUPLICATE, write.key, code=error.code, message=said)
    return Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=said)
