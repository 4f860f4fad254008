"""How the fake system is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.s4hana.fake import S4HanaFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> S4HanaFake:
    fake = S4HanaFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake


SYSTEM = System(
    "s4hana",
    "SAP S/4HANA business partners (OData 2.0)",
    8404,
    "connector: s4hana\nurl: {url}\nauth: {{kind: basic, user: USER, password: password}}",
    _make,
    keep=lambda fake, path: fake.save(path),
)
