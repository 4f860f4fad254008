"""Reading while people work: records that come, go, change and merge, and positions that become too old."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.contract import Deletes, OutcomeKind, Stream, Write
from model.errors import CursorExpiredError, SourceIncompleteError
from model.records import Page
from syncline.testing.bench import Bench, creates, last_cursor, step, updates


class Moving(Bench):
    """Nothing stands still while it is read."""

    def test_records_that_are_there_all_the_time_are_read_although_others_come_and_go(self) -> None:
        for stream in self.each(lambda _: True, "is declared", "seed", "delete"):
            keys = self._over_time(stream, 4)
            doomed = keys[1 :: self.page]
            going = iter(doomed)
            coming = iter(range(500, 600))

            def meanwhile(stream: Stream = stream, going: Any = going, coming: Any = coming) -> None:
                if (key := next(going, None)) is not None:
                    self.delete(stream.name, key)
                self.seed(stream.name, [self.row(stream.name, next(coming))])

            pages = self._read_while(stream, meanwhile)
            if pages is None:
                continue
            seen = {record.key for page in pages for record in page.records}
            if stream.watermark is not None:
                self.clock.advance(60)
                seen |= {record.key for record in self.read(stream, last_cursor(pages))}
            lost = set(keys) - set(doomed) - seen
            assert not lost, (
                f"{stream.name}: {len(lost)} of {len(keys)} records were passed over while others came and went"
            )

    def test_what_is_edited_while_it_is_read_is_shown_as_it_is_now_by_the_next_read(self) -> None:
        for stream in self.each(lambda s: s.watermark is not None, "has a watermark", "seed", "edit"):
            field = self.text_field(stream)
            if field is None:
                continue
            keys = self._over_time(stream, 3)
            edited: list[str] = []

            def meanwhile(stream: Stream = stream, edited: Any = edited, keys: Any = keys, field: str = field) -> None:
                for key in (keys[len(edited)], keys[-1 - len(edited)]):  # one read by now, and one to come
                    self.edit(stream.name, key, {field: f"edited {key}"[:20]})
                    edited.append(key)
                self.clock.advance(1)

            pages = self._read_while(stream, meanwhile)
            if pages is None:
                continue
            self.clock.advance(60)
            shown = {r.key: r for page in pages for r in page.records}
            shown |= {record.key: record for record in self.read(stream, last_cursor(pages))}
            now = self.live(stream)
            for key in edited:
                assert shown[key].version == now[key].version, (
                    f"{stream.name}: an edit made during the read stays unseen"
                )

    def test_a_merged_record_names_its_survivor(self) -> None:
        for stream in self.each(lambda s: s.deletes is not Deletes.UNSEEN, "shows deletions", "seed", "merge"):
            loser, survivor, other = self.planted(stream, 3)
            since = self.position(stream)
            self.clock.advance(60)
            if self.merge(stream.name, loser, survivor) is False:
                continue
            self.clock.advance(60)
            if stream.deletes is Deletes.TOMBSTONES:
                told = {r.key: r.superseded_by for r in self.read(stream, since) if r.deleted}
                assert told == {loser: survivor}, f"{stream.name}: {told}"
            connector: Any = self.connect()
            found = {r.key: r for r in connector.fetch(stream.name, [loser, survivor, other])}
            assert found[loser].deleted, f"{stream.name}: a merged record is fetched as live"
            assert found[loser].superseded_by == survivor, f"{stream.name}: the survivor is not named"
            assert not found[survivor].deleted, stream.name
            assert not found[other].deleted, stream.name

    def test_writing_to_a_merged_record_names_its_survivor_and_changes_nothing(self) -> None:
        for stream in self.each(lambda s: creates(s) and updates(s), "creates and updates", "row", "merge"):
            field = self.text_field(stream)
            if field is None:
                continue
            loser, survivor = (outcome.key or "" for outcome in self.created(stream, 2))
            if self.merge(stream.name, loser, survivor) is False:
                continue
            self.clock.advance(60)
            before = self.live(stream)[survivor].data
            [outcome] = self.upsert(self.connect(), stream, [Write(loser, {field: "too late"})])
            assert outcome.kind is OutcomeKind.MISSING, f"{stream.name}: {outcome}"
            assert outcome.of == survivor, f"{stream.name}: the survivor is not named"
            assert self.live(stream)[survivor].data == before, f"{stream.name}: the survivor was changed"

    def test_a_position_that_is_too_old_asks_for_a_full_read(self) -> None:
        for stream in self.each(lambda s: s.watermark is not None, "has a watermark", "seed", "expire"):
            keys = set(self.planted(stream, self.page + 1))
            since = self.position(stream)
            self.expire(stream.name)
            try:
                seen = {record.key for record in self.read(stream, since)}
            except CursorExpiredError:
                seen = {record.key for record in self.read(stream)}
            assert keys <= seen, f"{stream.name}: a position that is too old passed records over"

    def _over_time(self, stream: Stream, pages: int) -> list[str]:
        """Pages of records, each made when no overlap reaches back to the former."""
        keys: list[str] = []
        for number in range(pages):
            keys += self.planted(stream, self.page, start=1 + number * self.page)
            self.clock.advance(step(stream))
        return keys

    def _read_while(self, stream: Stream, meanwhile: Callable[[], None]) -> list[Page] | None:
        """The pages of a full read, with something done after each of the first. None: it said it is incomplete."""
        pages: list[Page] = []
        try:
            for page in self.connect().read(stream.name, None):
                pages.append(page)
                if len(pages) <= 4:
                    meanwhile()
        except SourceIncompleteError:
            return None
        return pages
