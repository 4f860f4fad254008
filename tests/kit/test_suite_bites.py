"""The contract suite catches what it is there for: each broken connector fails the test that names its fault."""

import inspect
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from pydantic import SecretStr

from model.errors import ConnectorError
from model.records import Page
from syncline.scaffold.acme.connector import AcmeConnector, AcmeSettings
from syncline.scaffold.acme.fake import TOKEN
from syncline.scaffold.acme.test_acme import TestAcme
from syncline.sdk import Outcome, OutcomeKind, ProtocolError, RefusedError, Write
from syncline.testing import Fault


class Whole(TestAcme):
    __test__ = False


del TestAcme  # proven in its own file; here it is only material


class SkipsEqualStamps(AcmeConnector):
    def _earlier(self, since):
        return since + " ~"


class NoOverlap(AcmeConnector):
    def _earlier(self, since):
        return since


class DropsLastPage(AcmeConnector):
    def read(self, stream, since):
        for page in super().read(stream, since):
            if len(page.records) == self.settings.page or page.cursor == since:
                yield page


class SwallowsErrors(AcmeConnector):
    def read(self, stream, since):
        try:
            yield from super().read(stream, since)
        except ConnectorError:
            yield Page([], since, full=True)


class AdvancesTooEarly(AcmeConnector):
    def read(self, stream, since):
        pages = list(super().read(stream, since))
        for page in pages:
            yield page._replace(cursor="2031-01-01T00:00:00Z")


class ReadsEverythingAlways(AcmeConnector):
    def read(self, stream, since):
        yield from super().read(stream, None)


class NarrowsTooMuch(AcmeConnector):
    def narrow(self, stream, fields):
        self._narrowed = True

    def read(self, stream, since):
        for page in super().read(stream, since):
            bare = [record._replace(data={}) for record in page.records]
            yield page._replace(records=bare) if hasattr(self, "_narrowed") else page


class NarrowsTheVersionAway(NarrowsTooMuch):
    def read(self, stream, since):
        for page in AcmeConnector.read(self, stream, since):
            bare = [record._replace(version=None) for record in page.records]
            yield page._replace(records=bare) if hasattr(self, "_narrowed") else page


class ForgetsTombstones(AcmeConnector):
    def read(self, stream, since):
        for page in super().read(stream, since):
            yield page._replace(records=[record for record in page.records if not record.deleted])


class NumbersAsKeys(AcmeConnector):
    def read(self, stream, since):
        for page in super().read(stream, since):
            yield page._replace(records=[r._replace(key=int(r.key[1:])) for r in page.records])


class NoMarker(AcmeConnector):
    def upsert(self, stream, batch):
        return super().upsert(stream, [write._replace(marker="") for write in batch])


class ShufflesOutcomes(AcmeConnector):
    def upsert(self, stream, batch):
        return list(reversed(super().upsert(stream, batch)))


class IgnoresVersions(AcmeConnector):
    def upsert(self, stream, batch):
        return super().upsert(stream, [write._replace(expects=None) for write in batch])


class SaysAppliedWhateverHappened(AcmeConnector):
    def upsert(self, stream, batch):
        return [outcome._replace(kind=OutcomeKind.APPLIED) for outcome in super().upsert(stream, batch)]


class TakesLostAnswersForRefusals(AcmeConnector):
    def upsert(self, stream, batch):
        try:
            return super().upsert(stream, batch)
        except ConnectorError:
            return [Outcome(OutcomeKind.RETRY) for _ in batch]


class SaysDoneWhenTheAnswerWasLost(AcmeConnector):
    def upsert(self, stream, batch):
        try:
            return super().upsert(stream, batch)
        except ConnectorError:
            return [Outcome(OutcomeKind.APPLIED, key=write.key or "c1") for write in batch]


class OneCallPerRow(AcmeConnector):
    def upsert(self, stream, batch):
        return [outcome for write in batch for outcome in super(OneCallPerRow, self).upsert(stream, [write])]


class CutsTexts(AcmeConnector):
    def upsert(self, stream, batch):
        short = [{n: v[:80] if isinstance(v, str) else v for n, v in w.fields.items()} for w in batch]
        return super().upsert(stream, [w._replace(fields=f) for w, f in zip(batch, short, strict=True)])


class KeepsTheBatchToItself(AcmeConnector):
    """What it keeps is another call's by the time it is used."""

    meet = threading.Barrier(2)

    def upsert(self, stream, batch):
        self._batch = batch
        with suppress(threading.BrokenBarrierError):
            self.meet.wait(5)
        return super().upsert(stream, self._batch)


class WritesNullAsText(AcmeConnector):
    def upsert(self, stream, batch):
        return super().upsert(stream, [w._replace(fields={n: str(v) for n, v in w.fields.items()}) for w in batch])


class LosesForeignLetters(AcmeConnector):
    def upsert(self, stream, batch):
        plain = json.loads(json.dumps([dict(write.fields) for write in batch], ensure_ascii=True).replace("\\u", "?"))
        return super().upsert(stream, [w._replace(fields=f) for w, f in zip(batch, plain, strict=True)])


class RevivesTheDead(AcmeConnector):
    def upsert(self, stream, batch):
        outcomes = super().upsert(stream, batch)
        gone = [outcome.kind is OutcomeKind.MISSING for outcome in outcomes]
        anew = [Write(None, {"name": "again", **w.fields}, marker=w.marker + "x") for w in batch]
        return [super(RevivesTheDead, self).upsert(stream, [a])[0] if g else o for a, g, o in zip(anew, gone, outcomes)]  # noqa: B905


class TalksTooEarly(AcmeConnector):
    def __init__(self, settings, context=None):
        super().__init__(settings, context)
        self._http.get("me")


class TellsItsSecret(AcmeConnector):
    def _answer(self, method, path, **options):
        try:
            return super()._answer(method, path, **options)
        except ConnectorError as error:
            raise RefusedError(f"{error} with token {self.settings.token.get_secret_value()}") from None


class TellsNames(AcmeConnector):
    def upsert(self, stream, batch):
        try:
            return super().upsert(stream, batch)
        except ConnectorError as error:
            raise ProtocolError(f"{error} while writing {batch[0].fields}") from None


class CheckAlwaysFine(AcmeConnector):
    def check(self):
        return []


class FetchesTheDeletedAsLive(AcmeConnector):
    def fetch(self, stream, keys):
        return [record._replace(deleted=False) for record in super().fetch(stream, keys)]


class HidesItsMarker(AcmeConnector):
    def discover(self, stream):
        return tuple(field for field in super().discover(stream) if field.name != "ref")


class HammersWhenThrottled(AcmeConnector):
    def __init__(self, settings, context=None):
        super().__init__(settings, context)
        self._http._patience = 10**9


class CountsPages(AcmeConnector):
    """Asks for the next page by its number, although what was on it moves up when a record before it goes."""

    def read(self, stream, since):
        at, size = 0, self.settings.page
        while records := [r for page in super().read(stream, since) for r in page.records][at : at + size]:
            yield Page(records, records[-1].data["updated_at"], full=since is None)
            at += size


class TakesTheEndForThePosition(NoOverlap):
    """Its position is when the reading ended, not how far it came."""

    def read(self, stream, since):
        pages = list(super().read(stream, since))
        yield from pages
        yield Page([], self.context.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))


class GivesUpAtOnce(AcmeConnector):
    def __init__(self, settings, context=None):
        super().__init__(settings, context)
        self._http._attempts = 1


BROKEN = {
    CountsPages: "test_records_that_are_there_all_the_time_are_read_although_others_come_and_go",
    TakesTheEndForThePosition: "test_what_is_edited_while_it_is_read_is_shown_as_it_is_now_by_the_next_read",
    GivesUpAtOnce: "test_a_short_burst_of_failures_is_waited_out",
    SkipsEqualStamps: "test_a_record_of_the_very_moment_of_the_position_is_not_lost",
    NoOverlap: "test_a_record_that_became_visible_late_is_found_within_the_overlap",
    DropsLastPage: "test_every_record_is_read_at_every_edge_of_a_page",
    SwallowsErrors: "test_a_read_that_fails_says_so_and_never_looks_complete",
    AdvancesTooEarly: "test_records_of_one_moment_survive_a_crash_after_any_page",
    ReadsEverythingAlways: "test_an_edit_is_seen_from_the_position_before_it_and_most_of_the_rest_is_not",
    NarrowsTooMuch: "test_records_without_what_nobody_looks_at_are_the_same_records",
    NarrowsTheVersionAway: "test_records_without_what_nobody_looks_at_are_the_same_records",
    ForgetsTombstones: "test_deletions_are_told_by_tombstones",
    NumbersAsKeys: "test_records_have_text_keys_and_versions_and_show_their_key",
    NoMarker: "test_the_same_create_twice_makes_one_record_or_can_be_found",
    ShufflesOutcomes: "test_creates_are_stored_as_written_one_outcome_each_in_order",
    IgnoresVersions: "test_an_update_based_on_an_old_version_is_stale_and_overwrites_nothing",
    SaysAppliedWhateverHappened: "test_a_bad_row_is_refused_and_its_neighbours_are_written",
    TakesLostAnswersForRefusals: "test_a_create_with_a_fault_at_any_request_is_neither_lost_nor_doubled",
    SaysDoneWhenTheAnswerWasLost: "test_an_update_with_a_fault_at_any_request_is_told_as_it_happened",
    OneCallPerRow: "test_a_full_batch_is_one_outcome_each_and_fewer_calls_than_rows",
    CutsTexts: "test_a_text_that_is_too_long_is_refused_or_kept_whole_never_cut",
    WritesNullAsText: "test_null_and_empty_stay_blank",
    LosesForeignLetters: "test_text_of_every_kind_comes_back_as_it_was_written",
    RevivesTheDead: "test_writing_a_record_that_is_gone_is_missing_and_makes_no_other",
    TalksTooEarly: "test_making_a_connector_does_not_talk",
    TellsItsSecret: "test_secrets_appear_in_no_error_log_or_repr",
    TellsNames: "test_personal_values_appear_in_no_error_and_no_log",
    CheckAlwaysFine: "test_check_says_what_is_wrong",
    FetchesTheDeletedAsLive: "test_fetching_gives_what_reading_gives_and_marks_what_is_gone",
    HidesItsMarker: "test_discover_describes_every_stream",
    KeepsTheBatchToItself: "test_batches_under_way_together_are_all_written",
    HammersWhenThrottled: "test_being_asked_to_slow_down_costs_waiting_not_hammering",
}


def suite_for(connector: type[AcmeConnector]) -> type[Whole]:
    class Suite(Whole):
        __test__ = False

        def make(self):
            settings = AcmeSettings(url="https://acme.example", token=SecretStr(TOKEN), page=self.page)
            return connector(settings, self.context())

    return Suite


def runs_of(test: Callable[..., None]) -> list[dict[str, object]]:
    """The argument sets that a test is parametrised with."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return [{marks[0].args[0]: value} for value in marks[0].args[1]] if marks else [{}]


@pytest.mark.parametrize(("connector", "test"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_connector_is_caught(connector, test, tmp_path, caplog):
    caught = []
    for number, arguments in enumerate(runs_of(getattr(Whole, test))):
        suite = suite_for(connector)()
        folder = tmp_path / str(number)
        folder.mkdir()
        suite.begin(folder)
        if "caplog" in inspect.signature(getattr(suite, test)).parameters:
            arguments = {**arguments, "caplog": caplog}
        try:
            getattr(suite, test)(**arguments)
        except (AssertionError, pytest.fail.Exception) as failure:
            caught.append(failure)
        finally:
            suite.finish()
    assert caught, f"{test} let {connector.__name__} pass"


def test_the_suite_says_why_a_test_does_not_apply(tmp_path):
    class ReadOnly(AcmeConnector):
        streams = tuple(type(s)(name=s.name, key=s.key, fields=s.fields) for s in AcmeConnector.streams)

    suite = suite_for(ReadOnly)()
    suite.begin(tmp_path)
    for test, reason in (
        (suite.test_an_empty_batch_is_nothing, "no stream is written"),
        (suite.test_deletions_are_told_by_tombstones, "no stream has tombstones"),
        (suite.test_positions_are_text_that_another_process_can_go_on_from, "no stream has a watermark"),
    ):
        with pytest.raises(pytest.skip.Exception, match=reason):
            test()
    suite.finish()


def test_every_fault_of_the_wire_is_tried():
    tried = {
        f
        for name in dir(Whole)
        if name.startswith("test_")
        for run in runs_of(getattr(Whole, name))
        for f in run.values()
    }
    assert set(Fault) - tried <= {Fault.THROTTLED, Fault.THROTTLED_LONG}  # these two have a test of their own


def test_overlap_of_the_example_is_what_its_stream_declares():
    assert {s.watermark.overlap for s in AcmeConnector.streams} == {timedelta(minutes=5)}
