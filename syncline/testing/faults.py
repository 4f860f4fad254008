"""Faults on the wire: nothing lost silently, nothing doubled, nothing said that should not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connectors.contract import Outcome, OutcomeKind, Replay, Stream, Write
from model.errors import AnswerLostError, ConnectorError, ThrottledError, UnauthorisedError
from syncline.testing.bench import Bench, creates, dig, last_cursor, updates
from syncline.testing.wire import Fault

MOST_CALLS = 12
_NOT_DONE = frozenset(OutcomeKind) - {OutcomeKind.APPLIED, OutcomeKind.UNKNOWN}


class Faults(Bench):
    """Every fault, at every request."""

    @pytest.mark.parametrize("fault", [Fault.HTML, Fault.CUT, Fault.DOWN, Fault.DROPPED, Fault.DENIED], ids=str)
    def test_a_read_that_fails_says_so_and_never_looks_complete(self, fault: Fault) -> None:
        for stream in self.each(lambda _: True, "is declared", "seed"):
            self.wired()
            keys = set(self.planted(stream, 2 * self.page + 1))
            for at in range(self._calls_of_a_read(stream)):
                self.wired().fail(fault, at)
                pages = []
                try:
                    for page in self.connect().read(stream.name, None):
                        pages.append(page)  # noqa: PERF402 (what came before the error counts)
                except ConnectorError:
                    pass
                else:
                    seen = {record.key for page in pages for record in page.records}
                    assert keys <= seen, f"{stream.name}: request {at} was {fault}, records are missing, no error"
                self.wired().heal()
                if stream.watermark is not None:
                    seen = {record.key for page in pages for record in page.records}
                    seen |= {record.key for record in self.read(stream, last_cursor(pages))}
                    assert keys <= seen, f"{stream.name}: after request {at} was {fault}, going on loses records"

    def test_a_read_that_always_fails_is_an_error_of_the_right_kind(self) -> None:
        kinds = {Fault.DENIED: UnauthorisedError, Fault.THROTTLED_LONG: ThrottledError, Fault.HTML: ConnectorError}
        for stream in self.each(lambda _: True, "is declared"):
            for fault, kind in kinds.items():
                self.wired().fail(fault)
                with pytest.raises(kind):
                    self.pages(self.connect(), stream)

    def test_being_asked_to_slow_down_costs_waiting_not_hammering(self) -> None:
        for stream in self.each(lambda _: True, "is declared"):
            wire = self.wired()
            wire.fail(Fault.THROTTLED_LONG)
            with pytest.raises(ThrottledError) as caught:
                self.pages(self.connect(), stream)
            assert caught.value.until is not None, f"{stream.name}: the moment to come back got lost"
            assert len(wire.calls) <= 2, f"{stream.name}: asked again though told to come back tomorrow"
            wire.fail(Fault.THROTTLED)
            slept, asked = len(self.clock.slept), len(wire.calls)
            with pytest.raises(ThrottledError):
                self.pages(self.connect(), stream)
            pauses = self.clock.slept[slept:]
            assert len(wire.calls) - asked <= 1 + len(pauses), f"{stream.name}: asked again without waiting"
            assert all(pause > 0 for pause in pauses), f"{stream.name}: a wait of nothing is no wait"

    @pytest.mark.parametrize("fault", [Fault.DOWN, Fault.DROPPED, Fault.THROTTLED], ids=str)
    def test_a_short_burst_of_failures_is_waited_out(self, fault: Fault) -> None:
        for stream in self.each(lambda _: True, "is declared", "seed"):
            self.wired()
            keys = set(self.planted(stream, self.page + 1))
            connector = self._warm()
            self.wired().fail(fault, 0, times=3)
            try:
                seen = {record.key for page in self.pages(connector, stream) for record in page.records}
            except ConnectorError as error:
                pytest.fail(f"{stream.name}: gave up after three failures in a row: {error}")
            assert seen == keys, f"{stream.name}: three failures in a row cost records"

    @pytest.mark.parametrize("fault", [f for f in Fault if "throttled" not in f], ids=str)
    def test_a_create_with_a_fault_at_any_request_is_neither_lost_nor_doubled(self, fault: Fault) -> None:
        for stream in self.each(creates, "creates", "row"):
            self.wired()
            writes = self._creates(stream, 2)
            for at in range(min(self._calls_of_a_write(stream, writes), MOST_CALLS)):
                self.fresh()
                connector = self._warm()
                self.wired().fail(fault, at)
                outcomes, doubt = _attempt(connector, stream, writes)
                self.wired().heal()
                self.clock.advance(60)
                place = f"{stream.name}, request {at} {fault}"
                self._assert_true(stream, writes, outcomes, doubt=doubt, place=place)
                self._send_again(stream, writes, outcomes, place)

    def test_a_create_that_can_break_off_halfway_is_declared_to_be_made_in_steps(self) -> None:
        for stream in self.each(lambda s: creates(s) and marker_of(s) is not None, "creates with a marker", "row"):
            self.wired()
            writes = self._creates(stream, 1)
            calls = min(self._calls_of_a_write(stream, writes), MOST_CALLS)
            whole = self._by_marker(stream)
            for at in range(1, calls):
                self.fresh()
                connector = self._warm()
                self.wired().fail(Fault.DOWN, at, times=10_000)
                _attempt(connector, stream, writes)
                self.wired().heal()
                self.clock.advance(60)
                for marker, data in self._by_marker(stream).items():
                    gaps = [name for name in writes[0].fields if is_gap(dig(data, name), dig(whole[marker], name))]
                    assert not gaps or (stream.writes and stream.writes.in_steps), (
                        f"{stream.name}: without request {at} a create lacks {gaps}; unless Writes.in_steps says so, "
                        "that is taken for somebody's edit"
                    )

    @pytest.mark.parametrize("fault", [Fault.LOST, Fault.GARBLED, Fault.DOWN], ids=str)
    def test_an_update_with_a_fault_at_any_request_is_told_as_it_happened(self, fault: Fault) -> None:
        for stream in self.each(lambda s: creates(s) and updates(s), "creates and updates", "row"):
            self.wired()
            field = self.text_field(stream)
            for at in range(MOST_CALLS if field else 0):
                self.fresh()
                [made] = self.created(stream, 1)
                connector = self._warm()
                before = len(self.wired().calls)
                self.wired().fail(fault, at)
                outcomes, doubt = _attempt(connector, stream, [Write(made.key, {field or "": "changed by the hub"})])
                calls = len(self.wired().calls) - before
                self.wired().heal()
                self.clock.advance(60)
                changed = dig(self.live(stream)[made.key or ""].data, field or "") == "changed by the hub"
                applied = [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED]
                assert doubt or changed == applied, (
                    f"{stream.name}, request {at} {fault}: {outcomes}, changed: {changed}"
                )
                if calls <= at:
                    break

    def test_personal_values_appear_in_no_error_and_no_log(self, caplog: pytest.LogCaptureFixture) -> None:
        canary = "Canary-Person-5521"
        said: list[str] = []
        for stream in self.each(creates, "creates", "row"):
            field = self.text_field(stream)
            if field is None:
                continue
            writes = [Write(None, {**self.row(stream.name, 1), field: canary}, marker="hub-1")]
            for fault in Fault:
                self.wired().fail(fault)
                try:
                    self.upsert(self.connect(), stream, writes)
                except ConnectorError as error:
                    said.append(f"{error} {error!r}")
                self.wired().heal()
        assert canary not in "".join(said), "a value in an error"
        assert canary not in caplog.text, "a value in the log"

    def _warm(self) -> Any:
        """A connector that has its token and has asked what it asks once."""
        connector = self.connect()
        connector.check()
        return connector

    def _creates(self, stream: Stream, count: int) -> list[Write]:
        return [Write(None, self.row(stream.name, n), marker=f"hub-{n}") for n in range(1, count + 1)]

    def _by_marker(self, stream: Stream) -> dict[str, Mapping[str, Any]]:
        marker = marker_of(stream) or ""
        return {str(dig(record.data, marker)): record.data for record in self.live(stream).values()}

    def _calls_of_a_read(self, stream: Stream) -> int:
        before = len(self.wired().calls)
        self.pages(self.connect(), stream)
        return min(len(self.wired().calls) - before, MOST_CALLS)

    def _calls_of_a_write(self, stream: Stream, writes: Sequence[Write]) -> int:
        connector = self._warm()
        before = len(self.wired().calls)
        self.upsert(connector, stream, writes)
        return len(self.wired().calls) - before

    def _assert_true(
        self, stream: Stream, writes: Sequence[Write], outcomes: Sequence[Outcome], *, doubt: bool, place: str
    ) -> None:
        """What the outcomes say is how the world is."""
        live = self.live(stream)
        if doubt:
            return
        assert len(live) <= len(writes), f"{place}: more records than were created"
        if not outcomes:
            assert not live, f"{place}: said not to have happened, but records are there"
        for outcome in outcomes:
            if outcome.kind is OutcomeKind.APPLIED:
                assert outcome.key in live, f"{place}: said to be applied, but the record is not there"
            assert outcome.key is None or outcome.key in live, f"{place}: names a key, but the record is not there"
        applied = sum(outcome.kind is OutcomeKind.APPLIED or outcome.key is not None for outcome in outcomes)
        refused = sum(outcome.kind in _NOT_DONE and outcome.key is None for outcome in outcomes)
        if applied + refused == len(writes):
            assert len(live) == applied, f"{place}: a write said not to have happened did happen"

    def _send_again(self, stream: Stream, writes: Sequence[Write], outcomes: Sequence[Outcome], place: str) -> None:
        """What the engine does next: look up or send again whatever is in doubt; one record each must result."""
        done = {w.marker for w, o in zip(writes, outcomes, strict=False) if o.kind is OutcomeKind.APPLIED}
        open_ = [write for write in writes if write.marker not in done]
        if stream.writes is None or stream.writes.replay is Replay.NATURAL:
            return
        connector: Any = self.connect()
        if stream.writes.replay is Replay.LOOKUP and stream.writes.marker:
            found = connector.find(stream.name, stream.writes.marker, [write.marker for write in open_])
            there = {dig(record.data, stream.writes.marker) for record in found}
            open_ = [write for write in open_ if write.marker not in there]
        again = self.upsert(connector, stream, open_)
        assert all(o.kind is OutcomeKind.APPLIED for o in again), f"{place}: sending again ended in {again}"
        self.clock.advance(60)
        assert len(self.live(stream)) == len(writes), f"{place}: records are doubled or missing after sending again"


def _attempt(connector: Any, stream: Stream, writes: Sequence[Write]) -> tuple[list[Outcome], bool]:
    """Outcomes, and whether anything is in doubt. An error other than AnswerLostError claims that nothing happened."""
    outcomes: list[Outcome] = []
    size = stream.writes.batch if stream.writes else 1
    try:
        for at in range(0, len(writes), size):
            outcomes += connector.upsert(stream.name, writes[at : at + size])
    except AnswerLostError:
        return outcomes, True
    except ConnectorError:
        return outcomes, bool(outcomes)
    assert len(outcomes) == len(writes), f"{stream.name}: {len(outcomes)} outcomes for {len(writes)} writes"
    return outcomes, any(outcome.kind is OutcomeKind.UNKNOWN for outcome in outcomes)


def marker_of(stream: Stream) -> str | None:
    return stream.writes.marker if stream.writes is not None else None


def is_gap(shown: Any, whole: Any) -> bool:
    """Whether a field is blank that a whole create fills."""
    return shown in (None, "", [], {}) and whole not in (None, "", [], {})
