"""How the fake account is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.hubspot.fake import HubSpotFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> HubSpotFake:
    fake = HubSpotFake()
    fake.limits.burst, fake.limits.searches, fake.limits.daily = 190, 5, 650_000
    if data is not None and data.exists():
        fake.load(data)
    return fake


SYSTEM = System(
    "hubspot",
    "a HubSpot account (CRM v3, associations v4)",
    8405,
    "connector: hubspot\nbase_url: {url}\nauth: {{token: pat-na1-sandbox}}",
    _make,
    keep=lambda fake, path: fake.save(path),
)
