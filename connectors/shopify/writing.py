"""Writing customers and companies: look where needed, send, follow up, and say honestly what came of each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from connectors.sdk import ConnectorError, Outcome, OutcomeKind, Record, Write
from connectors.shopify import translate
from connectors.shopify.reading import Reader, Source
from connectors.shopify.records import company
from connectors.shopify.sending import Done, Sender
from connectors.shopify.settings import Marker
from connectors.shopify.translate import Parts, Step

Find = Callable[[str, Sequence[str]], Sequence[Record]]
_UNIQUE = ("defaultEmailAddress.emailAddress", "defaultPhoneNumber.phoneNumber")


class CustomerWriter:
    """Writes customers. ``find`` looks other customers up by a unique field, to name the holder of a taken value."""

    def __init__(
        self, sender: Sender, reader: Reader, source: Source, marker: Marker, metafields: Sequence[str], find: Find
    ) -> None:
        self._sender = sender
        self._reader = reader
        self._source = source
        self._marker = marker
        self._metafields = metafields
        self._find = find

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        taken = [translate.take_apart(write, self._metafields) for write in batch]
        outcomes: list[Outcome | None] = [parts.fault for parts in taken]
        now = self._look(taken)
        steps: list[list[Step]] = [[] for _ in taken]
        for place, parts in enumerate(taken):
            key = parts.write.key
            seen = now.get(key) if key else None
            if outcomes[place] is None and seen is not None and seen.deleted:
                outcomes[place] = missing(key, seen.superseded_by)
            if outcomes[place] is None:
                creating = parts.write.key is None
                steps[place] = (
                    translate.create_steps(parts, self._marker) if creating else translate.update_steps(parts, seen)
                )
        done = self._send(steps)
        self._follow_up(taken, done)
        for place, parts in enumerate(taken):
            if outcomes[place] is None:
                outcomes[place] = self._outcome(parts, done[place])
        return self._settle(batch, [outcome or Outcome(OutcomeKind.UNKNOWN) for outcome in outcomes])

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        """Delete customers; one with orders is refused by the shop."""
        done = self._send([[translate.delete_step(write.key or "")] for write in batch])
        return [
            results[0].trouble._replace(key=write.key)
            if results[0].trouble
            else Outcome(OutcomeKind.APPLIED, write.key)
            for write, results in zip(batch, done, strict=True)
        ]

    def _look(self, taken: Sequence[Parts]) -> Mapping[str, Record]:
        keys = [p.write.key for p in taken if p.write.key is not None and p.needs_look and p.fault is None]
        return {record.key: record for record in self._reader.fetch(self._source, keys)} if keys else {}

    def _send(self, steps: Sequence[Sequence[Step]]) -> list[list[Done]]:
        """Send the rows that have steps; the others get no results."""
        busy = [place for place, row in enumerate(steps) if row]
        results: list[list[Done]] = [[] for _ in steps]
        for place, done in zip(busy, self._sender.send([steps[place] for place in busy]), strict=True):
            results[place] = done
        return results

    def _follow_up(self, taken: Sequence[Parts], done: list[list[Done]]) -> None:
        """After creates: consent and metafields, which need the new id."""
        more: list[list[Step]] = [[] for _ in taken]
        for place, parts in enumerate(taken):
            if parts.write.key is None and done[place] and done[place][-1].trouble is None:
                record = self._record(done[place])
                more[place] = translate.after_create(parts, record) if record else []
        if any(more):
            for place, results in enumerate(self._send(more)):
                done[place] += results

    def _outcome(self, parts: Parts, done: Sequence[Done]) -> Outcome:
        key = parts.write.key or _key(done)
        record = self._record(done)
        troubles = [result.trouble for result in done if result.trouble is not None]
        troubles += [parts.fault] if parts.fault is not None else []
        if not troubles:
            return Outcome(OutcomeKind.APPLIED, key, record.version if record else None, record)
        first = _worst(troubles)
        written = [result.step.part for result in done if result.trouble is None and _says_something(result.step)]
        if not written:
            return first._replace(key=key)
        if parts.write.key is None and first.kind in _PASSING:
            first = first._replace(kind=OutcomeKind.UNKNOWN)  # it is there, but not whole: send it again, by its marker
        text = f"{first.message} (in part: {', '.join(dict.fromkeys(written))} written)"
        return first._replace(key=key, record=record, version=record.version if record else None, message=text)

    def _record(self, done: Sequence[Done]) -> Record | None:
        for result in reversed(done):
            node = (result.payload or {}).get("customer")
            if node and "updatedAt" in node:
                return self._source.record(node)
        return None

    def _settle(self, batch: Sequence[Write], outcomes: list[Outcome]) -> list[Outcome]:
        """Bring the record of rows that were written in part, and name the holders of taken values."""
        bare = [
            o.key for o in outcomes if o.key and o.record is None and (o.kind is OutcomeKind.APPLIED or _in_part(o))
        ]
        try:
            seen = {record.key: record for record in self._reader.fetch(self._source, bare)} if bare else {}
            holders = self._holders(batch, outcomes)
        except ConnectorError:  # what was written stays written, with or without these two courtesies
            return outcomes
        for place, outcome in enumerate(outcomes):
            record = seen.get(outcome.key or "")
            if record is not None and record.deleted:
                outcomes[place] = missing(outcome.key, record.superseded_by)
            elif record is not None:
                outcomes[place] = outcome._replace(record=record, version=record.version)
            elif place in holders:
                outcomes[place] = outcome._replace(of=holders[place])
        return outcomes

    def _holders(self, batch: Sequence[Write], outcomes: Sequence[Outcome]) -> dict[int, str]:
        holders: dict[int, str] = {}
        for path in _UNIQUE:
            places = {
                place: str(batch[place].fields[path]).strip().lower()
                for place, outcome in enumerate(outcomes)
                if outcome.kind is OutcomeKind.DUPLICATE and outcome.field == path and path in batch[place].fields
            }
            if places:
                head, leaf = path.split(".")
                known = {str(r.data[head][leaf]): r.key for r in self._find(path, list(places.values()))}
                holders |= {place: known[value] for place, value in places.items() if value in known}
        return holders


class CompanyWriter:
    """Writes companies: name, external id and note."""

    def __init__(self, sender: Sender, find: Find) -> None:
        self._sender = sender
        self._find = find

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        steps = [translate.company_step(write) for write in batch]
        sent = iter(self._sender.send([[step] for step in steps if isinstance(step, Step)]))
        return [
            step if isinstance(step, Outcome) else self._outcome(write, next(sent)[0])
            for write, step in zip(batch, steps, strict=True)
        ]

    def _outcome(self, write: Write, done: Done) -> Outcome:
        if done.trouble is not None:
            outcome = done.trouble._replace(key=write.key)
            if outcome.kind is OutcomeKind.DUPLICATE and outcome.field == "externalId":
                return self._held(write, outcome)
            return outcome
        record = company((done.payload or {})["company"])
        return Outcome(OutcomeKind.APPLIED, record.key, record.version, record)

    def _held(self, write: Write, outcome: Outcome) -> Outcome:
        try:
            found = self._find("externalId", [str(write.fields.get("externalId") or write.marker)])
        except ConnectorError:
            return outcome
        return outcome._replace(of=found[0].key) if found else outcome


_PASSING = (OutcomeKind.THROTTLED, OutcomeKind.UNAUTHORISED, OutcomeKind.RETRY)


def missing(key: str | None, survivor: str | None) -> Outcome:
    text = "merged into another customer" if survivor else "there is no such customer any more"
    return Outcome(OutcomeKind.MISSING, key=key, message=text, of=survivor)


_ORDER = (
    OutcomeKind.UNKNOWN,
    OutcomeKind.MISSING,
    OutcomeKind.UNAUTHORISED,
    OutcomeKind.THROTTLED,
    OutcomeKind.RETRY,
    OutcomeKind.DUPLICATE,
)


def _worst(troubles: Sequence[Outcome]) -> Outcome:
    """The trouble that decides what happens to the row: doubt first, then what passes, then refusals."""
    return min(troubles, key=lambda trouble: _ORDER.index(trouble.kind) if trouble.kind in _ORDER else len(_ORDER))


def _key(done: Sequence[Done]) -> str | None:
    for result in done:
        node = (result.payload or {}).get("customer")
        if node:
            return str(node["id"])
    return None


def _says_something(step: Step) -> bool:
    """Whether a step writes anything: an empty ``customerSet`` only brings the record back."""
    return not (step.mutation == "customerSet" and step.arguments[-1].value == {})


def _in_part(outcome: Outcome) -> bool:
    return re.search(r"\(in part: .+ written\)$", outcome.message or "") is not None
