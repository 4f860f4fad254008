"""Whether a mapping is lawful: what was read, written and read again is the same, and so the other way round.

Nothing is asked of any system: records are projected, rendered onto themselves and projected again, a page at a time.
What comes back otherwise is a `Breach`, unless the file declares that it would: then it is counted as a loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from mappings.codec import ABSENT, is_blank, taker
from mappings.compile import Compiled
from mappings.contract import Blank, RenderRequest, Rendition
from mappings.language import field_path
from mappings.proving.clauses import Clause, Clauses, declared, onto, without
from mappings.proving.generate import keys_of
from model.records import Problem, Record

PAGE = 500


class Law(StrEnum):
    """What must hold."""

    IN = "in"  # what was read, written and read again is the same
    OUT = "out"  # what was written, read and written again is the same
    LOSS = "loss"  # what a system may make of a value, as declared, is no edit
    BLANK = "blank"  # absent, null and empty stay apart; what was cleared is blank
    ALONE = "alone"  # writing one value changes no other


class Breach(NamedTuple):
    """One value that would not come back. ``before`` and ``after`` are canonical values (under `OUT`, code
    ``unstable``: record values); `ABSENT` where there is none."""

    law: Law
    code: str
    record: str
    path: str
    field: str | None
    before: Any
    after: Any
    message: str


@dataclass(slots=True)
class Examination:
    """What was found. ``losses`` counts what came back otherwise as the file declares, by path and ground; ``refused``
    what other systems may hold and this one does not take, by path and code: it would be parked."""

    mapping: str
    records: int = 0
    entities: int = 0
    left_out: int = 0
    breaches: list[Breach] = field(default_factory=list)
    losses: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def lawful(self) -> bool:
        return not self.breaches


class _Seen(NamedTuple):
    """A record as read: references by key; problems by path."""

    values: dict[str, Any]
    problems: dict[str | None, Problem]
    skipped: str | None


class _Case(NamedTuple):
    """One thing to try: a record, what was read from it, what is written onto it."""

    record: Record
    seen: _Seen
    written: Mapping[str, Any]
    paths: frozenset[str] | None


def examine(
    mapping: Compiled, records: Sequence[Record] = (), entities: Sequence[Mapping[str, Any]] = ()
) -> Examination:
    """Try a mapping on records of its stream and on canonical records of its entity."""
    examiner = _Examiner(mapping)
    for at in range(0, len(records), PAGE):
        examiner.on_records(records[at : at + PAGE])
    for at in range(0, len(entities), PAGE):
        examiner.on_entities(entities[at : at + PAGE], at + 1)
    return examiner.found


class _Examiner:
    def __init__(self, mapping: Compiled) -> None:
        self.mapping = mapping
        self.found = Examination(mapping.name)
        self.clauses = Clauses(mapping)
        self._keys = keys_of(mapping.source)
        self._told: set[tuple[str, ...]] = set()
        self._writing = [clause for clause in self.clauses.all if clause.writes and clause.reads]
        self._streams = {p: r.stream for c in self.clauses.all for p in c.rule.paths if (r := c.rule.reference)}

    # -- reading and writing

    def _read(self, records: Sequence[Record]) -> list[_Seen]:
        return [
            _Seen(
                {**projection.values, **{path: ref.key for path, ref in projection.references.items()}},
                {problem.path: problem for problem in projection.problems},
                projection.skipped,
            )
            for projection in self.mapping.project(records)
        ]

    def _write(self, cases: Sequence[_Case]) -> list[Rendition]:
        return self.mapping.render(
            [RenderRequest(c.written, c.paths, self._keys, c.record.data or None) for c in cases]
        )

    def _round(self, cases: Sequence[_Case]) -> Iterator[tuple[_Case, Rendition, Record, _Seen]]:
        """Write each case onto its record, and read it again."""
        made = self._write(cases)
        after = [onto(case.record, rendition.fields) for case, rendition in zip(cases, made, strict=True)]
        yield from zip(cases, made, after, self._read(after), strict=True)

    # -- laws over records

    def on_records(self, records: Sequence[Record]) -> None:
        self.found.records += len(records)
        pairs = [(record, seen) for record, seen in zip(records, self._read(records), strict=True)]
        good = [(r, seen) for r, seen in pairs if not (r.deleted or seen.skipped or None in seen.problems)]
        self.found.left_out += len(pairs) - len(good)
        if self._writing:
            self._written_again(good)
            self._written_anew(good)
            self._one_by_one(good)
        self._blanks(good)

    def _written_again(self, good: Sequence[tuple[Record, _Seen]]) -> None:
        cases = [_Case(record, seen, seen.values, self._pushed(seen.values)) for record, seen in good]
        for case, rendition, _, after in self._round(cases):
            self._refusals(Law.IN, case, rendition)
            self._compare(Law.IN, case, after, case.seen.values, anew=False)

    def _written_anew(self, good: Sequence[tuple[Record, _Seen]]) -> None:
        """The same as a new record, where nothing is there to stay as it is."""
        cases = [_Case(record._replace(data={}), seen, seen.values, None) for record, seen in good]
        for case, rendition, _, after in self._round(cases):
            refused = {problem.path for problem in rendition.problems}
            wanted = {
                path: value
                for path, value in case.seen.values.items()
                if path not in refused and not is_blank(value) and self.mapping.pushes(path)
            }
            self._compare(Law.IN, case, after, wanted, anew=True)

    def _one_by_one(self, good: Sequence[tuple[Record, _Seen]]) -> None:
        """Give each record another one's value, or none, by one rule: the other values stay, and cleared is blank."""
        donors = {at: [s for _, s in good if clause.filled(s.values)] for at, clause in enumerate(self._writing)}
        given: list[_Case] = []
        rules: list[tuple[Clause, bool]] = []
        for at, (record, seen) in enumerate(good):
            turn, clears = at % len(self._writing), at // len(self._writing) % 4 == 3
            clause, others = self._writing[turn], donors[turn]
            had = clause.of(seen.values)
            new = dict.fromkeys(had) if clears or not others else clause.of(others[at % len(others)].values)
            kept = {path: value for path, value in seen.values.items() if path not in had}
            asked = frozenset(p for p in (*had, *new) if self.mapping.pushes(p) and had.get(p) != new.get(p))
            given.append(_Case(record, seen, {**kept, **new}, asked))
            rules.append((clause, clears or not others))
        for (case, rendition, _, after), (clause, clears) in zip(self._round(given), rules, strict=True):
            self._alone(case, rendition, after, clause)
            if clears and clause.clears and not clause.conditional:
                self._cleared(case, after, clause)

    def _alone(self, case: _Case, rendition: Rendition, after: _Seen, clause: Clause) -> None:
        if after.skipped is not None:  # by the filter: nothing is read any more
            return
        written = {field_path(name) for name in rendition.fields}
        for path, value in case.seen.values.items():
            other = self.clauses.of(path)
            now = after.values.get(path, ABSENT)
            if now == value or other is None or other is clause or (is_blank(value) and is_blank(now)):
                continue
            if not self.mapping.pushes(path) and other.looks_at(written):
                continue  # read from what was written, and meant to follow it
            if other.conditional and (now is ABSENT or value is None):
                continue  # whether the rule holds may follow from what was written
            problem = after.problems.get(path)
            why = f"becomes another value when {clause.rule.path} is written"
            message = problem.message if problem else why
            self._breach(Law.ALONE, "unreadable" if problem else "changed", case, path, value, now, message)

    def _cleared(self, case: _Case, after: _Seen, clause: Clause) -> None:
        for path in case.paths or ():
            now, problem = after.values.get(path, ABSENT), after.problems.get(path)
            if problem is not None:
                message = f"was cleared, and then cannot be read: {problem.message}"
                self._breach(Law.BLANK, "unreadable", case, path, None, now, message)
            elif clause.rule.default is None and not self._blank_there(path, now):
                self._breach(Law.BLANK, "appeared", case, path, None, now, "was cleared, and is read back as a value")

    def _blanks(self, good: Sequence[tuple[Record, _Seen]]) -> None:
        """A field that is not there says nothing, a null one says null."""
        turns = [clause for clause in self.clauses.all if clause.reads and clause.single and not clause.conditional]
        if not turns:
            return
        changed: list[tuple[Record, Clause, Any]] = []
        for at, (record, _) in enumerate(good):
            clause, gone = turns[at % len(turns)], at // len(turns) % 2 == 0
            other = without(record, clause.rule.field) if gone else onto(record, {clause.field or "": None})
            changed.append((other, clause, ABSENT if gone else None))
        for (record, clause, meant), seen in zip(changed, self._read([r for r, _, _ in changed]), strict=True):
            for path in () if seen.skipped else clause.rule.paths:
                now = seen.values.get(path, ABSENT)
                if meant is None and now is not ABSENT and self.mapping.same(path, None, now):
                    continue
                if now is not meant and (clause.rule.path == path or not is_blank(now)):
                    case = _Case(record, seen, {}, None)
                    what = "is not there" if meant is ABSENT else "is null"
                    self._breach(Law.BLANK, "appeared", case, path, meant, now, f"{what}, and is not read so")

    # -- laws over entities

    def on_entities(self, entities: Sequence[Mapping[str, Any]], first: int) -> None:
        if not any(clause.writes for clause in self.clauses.all):
            return
        self.found.entities += len(entities)
        nothing = _Seen({}, {}, None)
        cases: list[_Case] = []
        for at, given in enumerate(entities, start=first):
            if self.mapping.accepts(given) is not None:
                self.found.left_out += 1
                continue
            refs = {p: self._keys(self._streams[p], v) for p, v in given.items() if p in self._streams and v}
            cases.append(_Case(Record(f"entity {at}", {}), nothing, {**given, **refs}, None))
        rounds: list[tuple[_Case, Record, _Seen]] = []
        for case, rendition, record, seen in self._round(cases):
            refused = {problem.path for problem in rendition.problems}
            self.found.refused.update((problem.path or "", problem.code) for problem in rendition.problems)
            fit = {path: value for path, value in case.written.items() if path not in refused}
            wanted = {path: value for path, value in fit.items() if self._comes_back(path, value)}
            self._compare(Law.OUT, case._replace(seen=_Seen(fit, {}, None)), seen, wanted, anew=True)
            rounds.append((case, record, seen))
        self._stable(rounds)
        self._lost(rounds)

    def _comes_back(self, path: str, value: Any) -> bool:
        """Whether a value is looked for when the record is read; what only comes in may not contradict it."""
        return not is_blank(value) and self.mapping.covers(path)

    def _stable(self, rounds: Sequence[tuple[_Case, Record, _Seen]]) -> None:
        """What the system now shows, written once more, changes nothing in it, but for forms that transforms give."""
        kept = [one for one in rounds if not (one[2].skipped or None in one[2].problems)]
        cases = [_Case(record, seen, seen.values, self._pushed(seen.values)) for _, record, seen in kept]
        for (first, _, _), (case, rendition, _, after) in zip(kept, self._round(cases), strict=True):
            self._refusals(Law.OUT, case, rendition)
            self._compare(Law.OUT, case, after, case.seen.values, anew=False)
            for name, value in rendition.fields.items():
                there = taker(field_path(name))(case.record.data)
                path = self.clauses.writer(name)
                if there == value or (is_blank(value) and (there is ABSENT or is_blank(there))):
                    continue
                if case.seen.values.get(path) == first.written.get(path):
                    what = "is written differently the second time"
                    self._breach(Law.OUT, "unstable", case, path, there, value, what, name)

    def _lost(self, rounds: Sequence[tuple[_Case, Record, _Seen]]) -> None:
        """Every declared loss, done to the record: no value may become unreadable, or look like an edit."""
        for clause, lose in self.clauses.lossy():
            kept = [one for one in rounds if clause.filled(one[2].values)]
            records = [record._replace(data=lose(record.data)) for _, record, _ in kept]
            for (case, _, before), after in zip(kept, self._read(records), strict=True):
                self._no_edit(case, before, after, clause)

    def _no_edit(self, case: _Case, before: _Seen, after: _Seen, clause: Clause) -> None:
        for path, shown in clause.of(before.values).items():
            sent = case.written.get(path, shown)
            now, problem = after.values.get(path, ABSENT), after.problems.get(path)
            if problem is not None:
                message = f"cannot be read after the loss that is declared: {problem.message}"
                self._breach(Law.LOSS, "unreadable", case, path, sent, now, message)
            elif now is ABSENT or not self.mapping.same(path, sent, now):
                what = "is taken for an edit after the loss that is declared"
                self._breach(Law.LOSS, "changed", case, path, sent, now, what)

    # -- comparing

    def _pushed(self, values: Mapping[str, Any]) -> frozenset[str]:
        """Paths that are written: nobody clears what is blank there already, unless empty text is a value there."""
        return frozenset(
            path
            for path, value in values.items()
            if self.mapping.pushes(path) and (not is_blank(value) or (value == "" and self._empty_is_kept(path)))
        )

    def _empty_is_kept(self, path: str) -> bool:
        found = self.clauses.of(path)
        return found is not None and found.governing(path).empty_kept

    def _refusals(self, law: Law, case: _Case, rendition: Rendition) -> None:
        for problem in rendition.problems:
            value = case.written.get(problem.path or "", ABSENT)
            message = f"was read, and cannot be written again: {problem.message}"
            self._breach(law, "refused", case, problem.path or "", value, ABSENT, message)

    def _compare(self, law: Law, case: _Case, after: _Seen, wanted: Mapping[str, Any], *, anew: bool) -> None:
        if after.skipped is not None:
            if case.paths is not None:
                message = f"is left out once it was written: {after.skipped}"
                self._breach(law, "left-out", case, "", None, ABSENT, message)
            return
        for at, problem in after.problems.items():
            if at not in case.seen.problems and not (anew and at is None):
                value = case.seen.values.get(at or "", ABSENT)
                message = f"cannot be read any more: {problem.message}"
                self._breach(law, "unreadable", case, at or "", value, ABSENT, message)
        for path, before in wanted.items():
            now = after.values.get(path, ABSENT)
            if now == before or path in after.problems or self._both_blank(path, before, now):
                continue
            if not self.mapping.pushes(path) and (now is ABSENT or self._is_ignored(path, now)):
                continue
            ground = declared(self.mapping, self.clauses, path, before, now, by_form=law is Law.OUT and anew)
            if ground is not None:
                self._lose(case, path, ground)
            elif now is ABSENT or is_blank(now):
                self._breach(law, "gone", case, path, before, now, "is not there any more when it is read back")
            else:
                self._breach(law, "changed", case, path, before, now, "is read back as another value")
        self._appeared(law, case, after)

    def _blank_there(self, path: str, now: Any) -> bool:
        """Whether that is how a field without a value is read: as nothing, or as what a blank stands for."""
        return now is ABSENT or is_blank(now) or self.mapping.same(path, None, now)

    def _is_ignored(self, path: str, now: Any) -> bool:
        return is_blank(now) and self.mapping.blank_in(path) is Blank.IGNORE

    def _both_blank(self, path: str, before: Any, now: Any) -> bool:
        if not is_blank(before) or not (now is ABSENT or is_blank(now)):
            return False
        return not (before == "" and now is not ABSENT and now != "" and self._empty_is_kept(path))

    def _appeared(self, law: Law, case: _Case, after: _Seen) -> None:
        for path, now in after.values.items():
            had = case.seen.values.get(path)
            if not is_blank(had) or is_blank(now) or path in case.seen.problems or not self.mapping.pushes(path):
                continue
            found = self.clauses.of(path)
            if found is None or (len(found.rule.paths) > 1 and found.filled(case.written)):
                continue  # a full name made of its parts
            rule = found.governing(path)
            given = case.paths is None and (found.field or "").split(".")[0] in self.clauses.given
            if rule.default is not None or given:
                self._lose(case, path, "default")
            else:
                self._breach(law, "appeared", case, path, had, now, "has a value when read back, and had none")

    def _breach(
        self, law: Law, code: str, case: _Case, path: str, before: Any, now: Any, message: str, name: str | None = None
    ) -> None:
        found = self.clauses.of(path)
        name = name or (found.field if found is not None else None)
        if self._first(case.record.key, path, law.value, message):
            self.found.breaches.append(Breach(law, code, case.record.key, path, name, before, now, message))

    def _lose(self, case: _Case, path: str, ground: str) -> None:
        if self._first(case.record.key, path, ground):
            self.found.losses[path, ground] += 1

    def _first(self, *what: str) -> bool:
        """Whether this is said for the first time: records are written twice, onto themselves and anew."""
        if what in self._told:
            return False
        self._told.add(what)
        return True
