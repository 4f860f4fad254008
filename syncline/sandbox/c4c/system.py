"""How the fake tenant is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.c4c.fake import C4cFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> C4cFake:
    fake = C4cFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake


SYSTEM = System(
    "c4c",
    "SAP Cloud for Customer, version 1 (OData 2.0)",
    8412,
    "connector: c4c\nurl: {url}\nauth: {{kind: basic, user: USER, password: password}}",
    _make,
    keep=lambda fake, path: fake.save(path),
)
