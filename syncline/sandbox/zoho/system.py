"""How the fake organisation is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.system import System
from syncline.sandbox.zoho.fake import ZohoFake


def _make(data: Path | None) -> ZohoFake:
    fake = ZohoFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake


def _answers_at(fake: ZohoFake, url: str) -> None:
    fake.api_domain = url


SYSTEM = System(
    "zoho",
    "an organisation in Zoho CRM (API v8, COQL)",
    8406,
    "connector: zoho\ndata_center: eu\naccounts_url: {url}\n"
    "auth: {{kind: refresh_token, client_id: app, client_secret: secret, refresh_token: refresh}}",
    _make,
    _answers_at,
    lambda fake, path: fake.save(path),
)
