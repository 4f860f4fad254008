"""How the fake org is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> SalesforceFake:
    fake = SalesforceFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake


def _answers_at(fake: SalesforceFake, url: str) -> None:
    fake.instance_url = url


SYSTEM = System(
    "salesforce",
    "a Salesforce org (REST, SOQL, Bulk 2.0)",
    8401,
    "connector: salesforce\nlogin_url: {url}\n"
    "auth: {{kind: client_credentials, client_id: app, client_secret: secret}}",
    _make,
    _answers_at,
    lambda fake, path: fake.save(path),
)
