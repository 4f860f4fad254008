"""Writing: one true outcome per row, in order, and the world as the outcomes say."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from connectors.contract import FieldType, OutcomeKind, Replay, Stream, Write
from syncline.testing.bench import Bench, creates, dig, updates

LARGEST_BATCH = 60
_APPLIED = OutcomeKind.APPLIED
ODD_TEXTS = ("Zoë Łukasz-Åström", "山田 太郎", "O'Brien; DROP TABLE", 'say "hi", \\ & <b>', "🙂 emoji", "line\nbreak")


class Writing(Bench):
    """Creates, updates, conditions, refusals, removals."""

    def test_creates_are_stored_as_written_one_outcome_each_in_order(self) -> None:
        for stream in self.each(creates, "creates", "row"):
            rows = self.rows(stream, 3)
            outcomes = self.created(stream, 3)
            live = self.live(stream)
            assert len({o.key for o in outcomes}) == len(live) == 3, stream.name
            for row, outcome in zip(rows, outcomes, strict=True):
                assert outcome.key in live, f"{stream.name}: the outcome's key is not the record's"
                self._assert_holds(stream, live[outcome.key].data, row)

    def test_an_outcome_shows_version_and_record_as_stored(self) -> None:
        for stream in self.each(creates, "creates", "row"):
            [outcome] = self.created(stream, 1)
            stored = self.live(stream)[outcome.key or ""]
            if outcome.version is not None:
                assert outcome.version == stored.version, f"{stream.name}: the outcome's version is not the stored one"
            if stream.writes and stream.writes.returns_record:
                assert outcome.record is not None, f"{stream.name}: declares returns_record, returns none"
                assert outcome.record.key == stored.key, stream.name
                assert outcome.record.version == stored.version, stream.name
                self._assert_holds(stream, outcome.record.data, self.row(stream.name, 1))

    def test_an_update_changes_what_it_names_and_nothing_else(self) -> None:
        for stream, field in self._with_text():
            key = self._one(stream)
            before = self.live(stream)[key].data
            row = {name: value for name, value in self.row(stream.name, 1).items() if name != field}
            [outcome] = self.upsert(self.connect(), stream, [Write(key, {field: "changed by the hub"})])
            assert outcome.kind is _APPLIED, f"{stream.name}: {outcome}"
            self.clock.advance(60)
            after = self.live(stream)
            assert len(after) == 1, f"{stream.name}: an update made another record"
            assert dig(after[key].data, field) == "changed by the hub", stream.name
            for name in row:
                assert dig(after[key].data, name) == dig(before, name), f"{stream.name}.{name}: changed unasked"

    def test_an_empty_batch_is_nothing(self) -> None:
        for stream in self.each(lambda s: s.writes is not None, "is written"):
            assert list(self.connect().upsert(stream.name, [])) == [], stream.name  # type: ignore[attr-defined]

    def test_a_full_batch_is_one_outcome_each_and_fewer_calls_than_rows(self) -> None:
        for stream in self.each(creates, "creates", "row"):
            size = min(stream.writes.batch if stream.writes else 1, LARGEST_BATCH)
            self.connect().check()
            connector = self.connect()
            before = len(self.wire.calls) if self.wire else 0
            rows = self.rows(stream, size)
            writes = [Write(None, row, marker=f"hub-{n}") for n, row in enumerate(rows)]
            outcomes = self.upsert(connector, stream, writes)
            calls = len(self.wire.calls) - before if self.wire else 0
            assert [o.kind for o in outcomes] == [_APPLIED] * size, stream.name
            assert size < 10 or calls <= size // 2, f"{stream.name}: {calls} calls for one batch of {size}"
            self.clock.advance(60)
            live = self.live(stream)
            for row, outcome in zip(rows, outcomes, strict=True):
                self._assert_holds(stream, live[outcome.key or ""].data, row)

    def test_batches_under_way_together_are_all_written(self) -> None:
        for stream in self.each(
            lambda s: creates(s) and s.writes is not None and s.writes.at_once > 1, "at once", "row"
        ):
            assert stream.writes is not None
            connector: Any = self.connect()
            rows = self.rows(stream, 3 * stream.writes.at_once)
            writes = [Write(None, row, marker=f"hub-{n}") for n, row in enumerate(rows)]
            size = min(3, stream.writes.batch)
            batches = [writes[at : at + size] for at in range(0, len(writes), size)]
            with ThreadPoolExecutor(stream.writes.at_once) as pool:
                answers = list(pool.map(partial(connector.upsert, stream.name), batches))
            outcomes = [outcome for answer in answers for outcome in answer]
            assert [o.kind for o in outcomes] == [_APPLIED] * len(rows), f"{stream.name}: {outcomes}"
            self.clock.advance(60)
            live = self.live(stream)
            for row, outcome in zip(rows, outcomes, strict=True):
                self._assert_holds(stream, live[outcome.key or ""].data, row)

    def test_a_bad_row_is_refused_and_its_neighbours_are_written(self) -> None:
        for stream in self.each(creates, "creates", "row"):
            bad = self.bad_row(stream)
            if bad is None:
                continue
            good = self.rows(stream, 2)
            writes = [Write(None, row, marker=f"hub-{n}") for n, row in enumerate((good[0], bad, good[1]))]
            outcomes = self.upsert(self.connect(), stream, writes)
            assert [o.kind for o in outcomes] == [_APPLIED, OutcomeKind.REFUSED, _APPLIED], f"{stream.name}: {outcomes}"
            assert outcomes[1].code or outcomes[1].message, f"{stream.name}: refused without a reason"
            self.clock.advance(60)
            live = self.live(stream)
            assert set(live) == {outcomes[0].key, outcomes[2].key}, f"{stream.name}: not as the outcomes say"

    def test_a_text_that_is_too_long_is_refused_or_kept_whole_never_cut(self) -> None:
        for stream, field in self._with(lambda f: bool(f.max_length) and f.type is FieldType.TEXT and not f.unique):
            self._assert_refused_or_kept(stream, field.name, "x" * ((field.max_length or 0) + 1))

    def test_a_choice_the_system_does_not_know_is_refused(self) -> None:
        for stream, field in self._with(lambda f: f.restricted and f.type is FieldType.CHOICE):
            self._assert_refused_or_kept(stream, field.name, "no such choice", kept=False)

    def test_the_same_create_twice_makes_one_record_or_can_be_found(self) -> None:
        for stream in self.each(creates, "creates", "row"):
            [first] = self.created(stream, 1)
            writes = stream.writes
            if writes is None or writes.replay is Replay.NATURAL:
                continue
            if writes.replay is Replay.UPSERT:
                [second] = self.created(stream, 1)
                assert second.key == first.key, f"{stream.name}: the same marker made another record"
            else:
                connector: Any = self.connect()
                found = connector.find(stream.name, writes.marker, ["hub-1", "hub-none"])
                assert [record.key for record in found] == [first.key], f"{stream.name}: not found by its marker"
                assert list(connector.find(stream.name, writes.marker, [])) == [], stream.name
            assert set(self.live(stream)) == {first.key}, stream.name

    def test_an_update_based_on_an_old_version_is_stale_and_overwrites_nothing(self) -> None:
        for stream, field in self._with_text(conditional=True):
            key = self._one(stream)
            seen = self.live(stream)[key].version
            self.clock.advance(60)
            self.edit(stream.name, key, {field: "a person was faster"})
            self.clock.advance(60)
            [outcome] = self.upsert(self.connect(), stream, [Write(key, {field: "the hub"}, expects=seen)])
            assert outcome.kind is OutcomeKind.STALE, f"{stream.name}: {outcome.kind}"
            now = self.live(stream)[key]
            assert dig(now.data, field) == "a person was faster", f"{stream.name}: said stale, but overwrote"
            [outcome] = self.upsert(self.connect(), stream, [Write(key, {field: "the hub"}, expects=now.version)])
            assert outcome.kind is _APPLIED, f"{stream.name}: {outcome.kind} though the version is current"

    def test_writing_a_record_that_is_gone_is_missing_and_makes_no_other(self) -> None:
        for stream, field in self._with_text("delete"):
            key = self._one(stream)
            self.delete(stream.name, key)
            self.clock.advance(60)
            [outcome] = self.upsert(self.connect(), stream, [Write(key, {field: "too late"}, marker="hub-1")])
            assert outcome.kind is OutcomeKind.MISSING, f"{stream.name}: {outcome}"
            assert self.live(stream) == {}, f"{stream.name}: a deleted record came back"

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
    def test_text_of_every_kind_comes_back_as_it_was_written(self, text: str) -> None:
        for stream, field in self._with_text():
            key = self._one(stream)
            [outcome] = self.upsert(self.connect(), stream, [Write(key, {field: text})])
            self.clock.advance(60)
            stored = dig(self.live(stream)[key].data, field)
            if outcome.kind is _APPLIED:
                assert self.same(field, text, stored), f"{stream.name}.{field}: {text!r} came back as {stored!r}"
            else:
                assert outcome.kind is OutcomeKind.REFUSED, f"{stream.name}: {outcome}"

    def test_null_and_empty_stay_blank(self) -> None:
        nullable = self._with(lambda f: f.nullable and not f.required and f.type is FieldType.TEXT and not f.unique)
        for stream, field in nullable:
            for blank in (None, ""):
                self.fresh()
                key = self._one(stream)
                first = Write(key, {field.name: "something"})
                writes = (first, Write(key, {field.name: blank}))
                outcomes = [self.upsert(self.connect(), stream, [write])[0] for write in writes]
                self.clock.advance(60)
                stored = dig(self.live(stream)[key].data, field.name)
                if all(outcome.kind is _APPLIED for outcome in outcomes):
                    assert self.same(field.name, blank, stored), f"{stream.name}.{field.name}: blank became {stored!r}"

    def test_removing_a_record_removes_it_and_only_it(self) -> None:
        for stream in self.each(lambda s: s.removes and creates(s), "removes", "row"):
            gone, kept = (outcome.key or "" for outcome in self.created(stream, 2))
            connector: Any = self.connect()
            [outcome] = connector.remove(stream.name, [Write(gone, {})])
            assert outcome.kind is _APPLIED, f"{stream.name}: {outcome}"
            self.clock.advance(60)
            assert set(self.live(stream)) == {kept}, stream.name
            [again] = connector.remove(stream.name, [Write(gone, {})])
            assert again.kind in {OutcomeKind.MISSING, _APPLIED}, f"{stream.name}: {again}"

    # what a subclass may sharpen, and tools

    def bad_row(self, stream: Stream) -> Mapping[str, Any] | None:
        """A record the system refuses; by default one without a required field, or with a text that is too long."""
        good = dict(self.row(stream.name, 90))
        for field in self.fields(stream):
            if field.required and field.name in good:
                return {name: value for name, value in good.items() if name != field.name}
        for field in self.fields(stream):
            if field.max_length and field.creatable and field.type is FieldType.TEXT:
                return {**good, field.name: "x" * (field.max_length + 1)}
        return None

    def _one(self, stream: Stream) -> str:
        """The key of one record that the hub created."""
        return self.created(stream, 1)[0].key or ""

    def _with_text(self, *hooks: str, conditional: bool = False) -> Any:
        """(stream, text field) of streams that create and update."""
        for stream in self.each(
            lambda s: creates(s) and updates(s) and (not conditional or bool(s.writes and s.writes.conditional)),
            "creates and updates" + (" conditionally" if conditional else ""),
            "row",
            *hooks,
            *(("edit",) if conditional else ()),
        ):
            field = self.text_field(stream)
            if field is not None:
                yield stream, field

    def _with(self, wanted: Any) -> Any:
        """(stream, field) for each field that the system lets be changed, each in a fresh system."""
        for stream in self.each(lambda s: creates(s) and updates(s), "creates and updates", "row"):
            marker = stream.writes.marker if stream.writes else None
            for field in self.fields(stream):
                if wanted(field) and field.updatable and field.readable and field.name != marker:
                    self.fresh()
                    yield stream, field

    def _assert_refused_or_kept(self, stream: Stream, field: str, value: Any, *, kept: bool = True) -> None:
        key = self._one(stream)
        before = dig(self.live(stream)[key].data, field)
        [outcome] = self.upsert(self.connect(), stream, [Write(key, {field: value})])
        self.clock.advance(60)
        after = dig(self.live(stream)[key].data, field)
        if outcome.kind is OutcomeKind.REFUSED:
            assert after == before, f"{stream.name}.{field}: refused, but changed"
        else:
            assert kept, f"{stream.name}.{field}: {outcome.kind} instead of refused"
            assert outcome.kind is _APPLIED, f"{stream.name}.{field}: {outcome}"
            assert after == value, f"{stream.name}.{field}: cut silently"

    def _assert_holds(self, stream: Stream, data: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        for name, value in row.items():
            found = dig(data, name)
            assert self.same(name, value, found), f"{stream.name}.{name}: written {value!r}, read {found!r}"
