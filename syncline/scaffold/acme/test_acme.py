"""Acme's connector, proven by the suite that every connector inherits."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from syncline.scaffold.acme.connector import AcmeConnector, AcmeSettings
from syncline.scaffold.acme.fake import TOKEN, AcmeFake
from syncline.testing import ConnectorSuite


class TestAcme(ConnectorSuite):
    page = 5
    fake: AcmeFake

    def start(self) -> AcmeFake:
        return AcmeFake(self.clock)

    def make(self) -> AcmeConnector:
        settings = AcmeSettings(url="https://acme.example", token=SecretStr(TOKEN), page=self.page)
        return AcmeConnector(settings, self.context())

    def row(self, stream: str, n: int) -> dict[str, Any]:
        return {"name": f"Name {n}"} if stream == "companies" else {"name": f"Name {n}", "email": f"p{n}@acme.example"}

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        return self.fake.seed(stream, rows)

    def edit(self, stream: str, key: str, fields: Mapping[str, Any]) -> None:
        self.fake.edit(stream, key, fields)

    def delete(self, stream: str, key: str) -> None:
        self.fake.delete(stream, key)
