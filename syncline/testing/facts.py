"""Whether the facts hold together, and whether the connector is what the hub takes it for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from connectors.contract import CONTRACT, Field, FieldType, Replay, verify_deeds
from model.diagnostics import Diagnostic, Severity
from model.errors import ConnectorError
from syncline.quality import check_quality
from syncline.testing.bench import Bench
from syncline.testing.wire import Fault


class Facts(Bench):
    """Streams, check, discover, quality."""

    def test_the_streams_name_each_other_correctly(self) -> None:
        connector = self.connect()
        streams = connector.declared_streams()
        names = [stream.name for stream in streams]
        assert streams, "a connector without streams does nothing"
        assert len(set(names)) == len(names), f"a stream name appears twice: {names}"
        assert connector.contract <= CONTRACT, "built for a newer contract than this one"
        assert connector.name.isidentifier(), "the connector's name is written in YAML: letters, digits, _"
        for stream in streams:
            assert connector.stream(stream.name) is not None
            assert set(stream.parents) <= set(names), f"{stream.name}: parents that are no streams"
            assert stream.name not in stream.parents, f"{stream.name} cannot be its own parent"
        verify_deeds(type(connector), streams)

    def test_the_facts_about_writing_and_watermarks_make_sense(self) -> None:
        for stream in self.connect().declared_streams():
            if stream.watermark is not None:
                assert stream.watermark.resolution.total_seconds() >= 0, stream.name
                assert stream.watermark.overlap.total_seconds() >= 0, stream.name
            if stream.writes is not None:
                assert stream.writes.batch >= 1, f"{stream.name}: a batch holds at least one row"
                assert stream.writes.at_once >= 1, f"{stream.name}: at least one call is under way"
                assert stream.writes.creates or stream.writes.updates, f"{stream.name}: writes nothing at all"
                assert not stream.writes.conditional or stream.version, f"{stream.name}: conditional needs a version"
                if stream.writes.creates and stream.writes.replay is Replay.LOOKUP:
                    assert stream.writes.marker, f"{stream.name}: a look-up needs a marker to look for"

    def test_making_a_connector_does_not_talk(self) -> None:
        wire = self.wired()
        self.connect().declared_streams()
        assert not wire.calls, "the constructor or declared_streams() sent a request"

    def test_check_finds_nothing_wrong_with_a_good_system(self) -> None:
        errors = [d for d in self.connect().check() if d.severity is Severity.ERROR]
        assert not errors, [str(error) for error in errors]

    @pytest.mark.parametrize("fault", [Fault.DENIED, Fault.DROPPED, Fault.DOWN, Fault.HTML], ids=str)
    def test_check_says_what_is_wrong(self, fault: Fault) -> None:
        self.wired().fail(fault)
        found = said_by_check(self.connect())
        assert found, f"check() said all is well though every request was {fault}"
        assert all(text.strip() for text in found), "a finding without words helps nobody"

    def test_discover_describes_every_stream(self) -> None:
        for stream in self.connect().declared_streams():
            fields = self.connect().discover(stream.name)
            names = [field.name for field in fields]
            assert names, f"{stream.name}: no fields discovered"
            assert len(set(names)) == len(names), f"{stream.name}: a field appears twice"
            for field in fields:
                _assert_plausible(stream.name, field)
            needed = [stream.writes.marker] if stream.writes and stream.writes.marker else []
            if stream.writes and stream.writes.creates:
                assert any(field.creatable for field in fields), f"{stream.name}: creates, but no field is creatable"
            assert set(needed) <= set(names), f"{stream.name}: the marker is not among the discovered fields"

    def test_an_unknown_stream_is_a_key_error_before_anything_is_sent(self) -> None:
        connector = self.connect()
        with pytest.raises(KeyError):
            connector.stream("no-such-stream")

    def test_secrets_appear_in_no_error_log_or_repr(self, caplog: pytest.LogCaptureFixture) -> None:
        shown: list[str] = []
        secrets: set[str] = set()
        for fault in (None, *Fault):
            self.fresh()
            connector = self.connect()
            secrets |= set(_secrets(connector.settings))
            if self.wire is not None and fault is not None:
                self.wire.fail(fault)
            shown += said_by_check(connector)
            for stream in connector.declared_streams():
                try:
                    list(connector.read(stream.name, None))
                except ConnectorError as error:
                    shown += [str(error), repr(error)]
            shown += [repr(connector), str(connector), repr(connector.settings), str(connector.settings)]
        if not secrets:
            pytest.skip("the settings hold no secret")
        everything = "\n".join([*shown, caplog.text])
        assert not [1 for secret in secrets if secret in everything], "a secret appeared in an error, log or repr"

    def test_the_quality_file_is_complete_and_agrees_with_the_facts(self) -> None:
        connector = self.connect()
        path = self.quality or Path(inspect.getfile(type(connector))).with_name("quality.yaml")
        if self.quality is None and not path.exists():
            pytest.skip("no quality.yaml beside the connector")
        found = check_quality(path, connector.declared_streams())
        assert not found, "\n".join(map(str, found))


def said_by_check(connector: Any) -> list[str]:
    """The errors a check finds; one that raises says so by its error."""
    try:
        found: list[Diagnostic] = connector.check()
    except ConnectorError as error:
        return [str(error)]
    return [str(diagnostic) for diagnostic in found if diagnostic.severity is Severity.ERROR]


def _assert_plausible(stream: str, field: Field) -> None:
    place = f"{stream}.{field.name}"
    assert field.name, f"{stream}: a field without a name"
    assert isinstance(field.type, FieldType), f"{place}: a type outside FieldType"
    assert field.max_length is None or field.max_length > 0, f"{place}: a length nothing fits into"
    assert field.readable or field.creatable or field.updatable, f"{place}: neither readable nor writable"
    assert not field.restricted or field.choices, f"{place}: restricted to choices it does not name"
    assert not field.required or field.creatable, f"{place}: required on create, but not creatable"


def _secrets(settings: Any) -> Iterator[str]:
    """Values of all ``SecretStr`` in the settings, however deep."""
    if isinstance(settings, SecretStr):
        if settings.get_secret_value():
            yield settings.get_secret_value()
    elif isinstance(settings, BaseModel):
        for name in type(settings).model_fields:
            yield from _secrets(getattr(settings, name))
    elif isinstance(settings, dict):
        for value in settings.values():
            yield from _secrets(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _secrets(value)
