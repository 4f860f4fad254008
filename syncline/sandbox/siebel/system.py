"""How the fake enterprise is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.siebel.fake import SiebelFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> SiebelFake:
    fake = SiebelFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake


SYSTEM = System(
    "siebel",
    "a Siebel enterprise (REST data API)",
    8411,
    "connector: siebel\nurl: {url}/siebel/v1.0\nauth: {{kind: basic, user: SYNCLINE, password: secret}}\n"
    "zone: Europe/Berlin",
    _make,
    keep=lambda fake, path: fake.save(path),
)
