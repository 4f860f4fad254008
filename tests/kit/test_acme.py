"""The connector that authors begin with passes the suite that every connector inherits, in several guises."""

from dataclasses import replace

from pydantic import SecretStr

from connectors.contract import Deletes, Replay
from syncline.scaffold.acme.connector import AcmeConnector, AcmeSettings
from syncline.scaffold.acme.fake import TOKEN
from syncline.scaffold.acme.test_acme import TestAcme

__all__ = ["TestAcme"]


class SweptAcme(AcmeConnector):
    """The same system, seen as one without watermark, tombstones or upsert."""

    streams = tuple(
        replace(
            stream,
            watermark=None,
            deletes=Deletes.SWEEP,
            writes=replace(stream.writes, replay=Replay.LOOKUP, returns_record=False, batch=10),
        )
        for stream in AcmeConnector.streams
    )

    def read(self, stream, since):
        for page in super().read(stream, None):
            live = [record for record in page.records if not record.deleted]
            yield page._replace(records=live, cursor=None, full=True)

    def keys(self, stream):
        for page in self.read(stream, None):
            yield [record.key for record in page.records]

    def find(self, stream, field, values):
        return [r for page in self.read(stream, None) for r in page.records if r.data.get(field) in values]


class TestSwept(TestAcme):
    def make(self):
        settings = AcmeSettings(url="https://acme.example", token=SecretStr(TOKEN), page=self.page)
        return SweptAcme(settings, self.context())
