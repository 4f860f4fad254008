"""How the fake system is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.hybris.fake import HybrisFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> HybrisFake:
    fake = HybrisFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake


SYSTEM = System(
    "hybris",
    "SAP Commerce (Integration API)",
    8413,
    "connector: hybris\nurl: {url}\nauth: {{kind: basic, user: hub, password: password}}",
    _make,
    keep=lambda fake, path: fake.save(path),
)
