"""Reading: every record once or more, never less; from any position; deletions as declared."""

from __future__ import annotations

import json

import pytest

from connectors.contract import Deletes, Stream
from model.errors import ConnectorError
from model.records import Record
from syncline.testing.bench import Bench, dig, last_cursor, step, swept


def _any(_: Stream) -> bool:
    return True


def _incremental(stream: Stream) -> bool:
    return stream.watermark is not None


class Reading(Bench):
    """Pages, positions, deletions, re-reading."""

    @pytest.mark.parametrize("count", ["none", "one", "page - 1", "page", "page + 1", "3 pages + 1"])
    def test_every_record_is_read_at_every_edge_of_a_page(self, count: str) -> None:
        page = self.page
        edges = {"none": 0, "one": 1, "page - 1": page - 1, "page": page, "page + 1": page + 1}
        for stream in self.each(_any, "is declared", "seed"):
            keys = self.planted(stream, edges.get(count, 3 * page + 1))
            records = self.read(stream)
            assert sorted({record.key for record in records}) == sorted(keys), stream.name
            assert len(records) == len(keys), f"{stream.name}: a record appears twice in one full read"

    def test_records_have_text_keys_and_versions_and_show_their_key(self) -> None:
        for stream in self.each(_any, "is declared", "seed"):
            self.planted(stream, 3)
            for record in self.read(stream):
                assert isinstance(record, Record), stream.name
                assert isinstance(record.key, str), f"{stream.name}: keys are text"
                assert record.key, f"{stream.name}: an empty key"
                assert record.version is None or isinstance(record.version, str), f"{stream.name}: versions are text"
                assert not stream.version or record.version, f"{stream.name}: declares a version, shows none"
                assert str(dig(record.data, stream.key)) == record.key, f"{stream.name}: {stream.key} is not the key"

    def test_records_hold_plain_json(self) -> None:
        for stream in self.each(_any, "is declared", "seed"):
            self.planted(stream, 2)
            for record in self.read(stream):
                json.dumps(record.data, allow_nan=False)

    def test_records_without_what_nobody_looks_at_are_the_same_records(self) -> None:
        for stream in self.each(_any, "is declared", "seed"):
            self.planted(stream, self.page + 1)
            whole = sorted((record.key, record.version, record.deleted) for record in self.read(stream))
            shown = self.live(stream)
            field = self.text_field(stream)
            for looked_at in ([field, field.partition(".")[0]] if field else [], [], ["no field of this stream"]):
                connector = self.connect()
                connector.narrow(stream.name, looked_at)
                read = [record for page in self.pages(connector, stream) for record in page.records]
                same = sorted((record.key, record.version, record.deleted) for record in read) == whole
                assert same, f"{stream.name}: narrowing changed keys or versions"
                for record in read if field and field in looked_at else ():
                    value = dig(record.data, field or "")
                    assert value == dig(shown[record.key].data, field or ""), (
                        f"{stream.name}: {field} was narrowed away"
                    )

    def test_what_a_read_promises_to_be_full_lists_everything(self) -> None:
        for stream in self.each(_any, "is declared", "seed"):
            keys = self.planted(stream, 2 * self.page + 1)
            self.clock.advance(step(stream))
            self.planted(stream, 1, start=2 * self.page + 2)
            for since in (None, self.position(stream)):
                pages = self.pages(self.connect(), stream, since)
                if any(page.full for page in pages):
                    seen = {record.key for page in pages for record in page.records}
                    assert set(keys) <= seen, f"{stream.name}: called full, but records are missing"

    def test_an_empty_system_gives_an_empty_read_not_an_error(self) -> None:
        for stream in self.each(_any, "is declared"):
            assert [r for r in self.read(stream) if not r.deleted] == [], stream.name

    def test_positions_are_text_that_another_process_can_go_on_from(self) -> None:
        for stream in self.each(_incremental, "has a watermark", "seed"):
            self.planted(stream, self.page + 1)
            for page in self.pages(self.connect(), stream):
                assert page.cursor is None or isinstance(page.cursor, str), f"{stream.name}: a cursor is text"
            since = self.position(stream)
            assert since is not None, f"{stream.name}: has a watermark, but a full read gives no position"
            stored = json.loads(json.dumps(since))
            self.clock.advance(step(stream))
            [late] = self.planted(stream, 1, start=1000)
            assert late in {record.key for record in self.read(stream, stored)}, f"{stream.name}: a new record is lost"

    def test_an_edit_is_seen_from_the_position_before_it_and_most_of_the_rest_is_not(self) -> None:
        for stream in self.each(_incremental, "has a watermark", "seed", "edit"):
            keys = self.planted(stream, 3 * self.page + 1)
            field = self.text_field(stream)
            if field is None:
                continue
            self.clock.advance(step(stream))
            before = self.position(stream)
            self.edit(stream.name, keys[0], {field: "edited once"})
            self.clock.advance(60)
            found = {r.key: r for r in self.read(stream, before)}
            assert keys[0] in found, f"{stream.name}: an edit was not seen"
            assert dig(found[keys[0]].data, field) == "edited once", stream.name
            now = last_cursor(self.pages(self.connect(), stream, before), before)
            self.clock.advance(step(stream))
            again = {record.key for record in self.read(stream, now)}
            assert len(again) < len(keys), f"{stream.name}: reading from a position reads everything"

    def test_records_of_one_moment_survive_a_crash_after_any_page(self) -> None:
        for stream in self.each(_incremental, "has a watermark", "seed"):
            keys = set(self.planted(stream, 2 * self.page + 1))
            pages = self.pages(self.connect(), stream)
            for stored in range(len(pages)):
                seen = {record.key for page in pages[: stored + 1] for record in page.records}
                since = last_cursor(pages[: stored + 1])
                seen |= {record.key for record in self.read(stream, since)}
                lost = keys - seen
                assert not lost, f"{stream.name}: {len(lost)} records lost after a crash behind page {stored + 1}"

    def test_a_record_of_the_very_moment_of_the_position_is_not_lost(self) -> None:
        for stream in self.each(_incremental, "has a watermark", "seed"):
            moment = self.clock.now()
            self.planted(stream, 2)
            since = self.position(stream)
            self.clock.time = moment
            [twin] = self.planted(stream, 1, start=50)
            assert twin in {r.key for r in self.read(stream, since)}, f"{stream.name}: equal stamps lose a record"

    def test_a_record_that_became_visible_late_is_found_within_the_overlap(self) -> None:
        late = (lambda s: s.watermark is not None and s.watermark.overlap.total_seconds() > 1, "has an overlap")
        for stream in self.each(*late, "seed"):
            overlap = stream.watermark.overlap if stream.watermark else None
            assert overlap is not None
            self.clock.advance(step(stream))
            self.planted(stream, 2)
            since = self.position(stream)
            now = self.clock.now()
            self.clock.time = now - overlap / 2
            [hidden] = self.seed(stream.name, [self.row(stream.name, 70)])
            self.clock.time = now
            seen = {record.key for record in self.read(stream, since)}
            assert hidden in seen, f"{stream.name}: a record stamped within the overlap is lost"

    def test_a_position_that_cannot_be_used_is_said_never_taken_for_nothing_new(self) -> None:
        for stream in self.each(_incremental, "has a watermark", "seed"):
            keys = set(self.planted(stream, 2))
            try:
                seen = {record.key for record in self.read(stream, "no position \N{SNOWMAN}")}
            except ConnectorError:
                continue
            assert keys <= seen, f"{stream.name}: a useless position silently skipped records"

    def test_deletions_are_told_by_tombstones(self) -> None:
        told = (lambda s: s.deletes is Deletes.TOMBSTONES, "has tombstones")
        for stream in self.each(*told, "seed", "delete"):
            gone, kept = self.planted(stream, 2)
            since = self.position(stream)
            self.clock.advance(step(stream))
            self.delete(stream.name, gone)
            self.clock.advance(60)
            marked = {record.key for record in self.read(stream, since) if record.deleted}
            assert gone in marked, f"{stream.name}: a deletion left no tombstone"
            assert kept not in marked, f"{stream.name}: a live record was reported deleted"

    def test_a_sweep_lists_exactly_the_live_records(self) -> None:
        for stream in self.each(swept, "is swept", "seed", "delete"):
            keys = self.planted(stream, 2 * self.page + 2)
            self.delete(stream.name, keys[1])
            self.clock.advance(60)
            connector = self.connect()
            listed = [key for page in connector.keys(stream.name) for key in page]  # type: ignore[attr-defined]
            assert sorted(listed) == sorted({*keys} - {keys[1]}), stream.name
            gone = connector.fetch(stream.name, [keys[1]])  # type: ignore[attr-defined]
            assert all(record.deleted for record in gone), f"{stream.name}: a deleted record is fetched as live"

    def test_fetching_gives_what_reading_gives_and_marks_what_is_gone(self) -> None:
        fetched = (lambda s: swept(s) or s.writes is not None, "is fetched")
        for stream in self.each(*fetched, "seed", "delete"):
            keys = self.planted(stream, self.page + 2)
            self.delete(stream.name, keys[0])
            self.clock.advance(60)
            connector = self.connect()
            assert list(connector.fetch(stream.name, [])) == [], stream.name  # type: ignore[attr-defined]
            found = {r.key: r for r in connector.fetch(stream.name, keys)}  # type: ignore[attr-defined]
            live = self.live(stream)
            assert {key for key, record in found.items() if not record.deleted} == set(keys[1:]), stream.name
            for key in keys[1:]:
                assert found[key].version == live[key].version, f"{stream.name}: fetch and read differ in version"
                assert found[key].data == live[key].data, f"{stream.name}: fetch and read show different data"
