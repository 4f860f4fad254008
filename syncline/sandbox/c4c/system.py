"""How the fake tenants are served: both at one address, since their paths differ."""

from __future__ import annotations

from pathlib import Path

import orjson

from syncline.sandbox.c4c.fake import C4cFake
from syncline.sandbox.c4c.second import ROOT, C4cSecondFake
from syncline.sandbox.system import System
from syncline.sandbox.wire import Request, Response


class Tenants:
    """A tenant of version 1 and one of version 2."""

    def __init__(self) -> None:
        self.first = C4cFake()
        self.second = C4cSecondFake()

    def handle(self, request: Request) -> Response:
        tenant = self.second if request.path.startswith(ROOT) else self.first
        return tenant.handle(request)

    def save(self, path: Path) -> None:
        path.write_bytes(orjson.dumps({"first": self.first.kept(), "second": self.second.kept()}))

    def load(self, path: Path) -> None:
        """Raises ValueError or KeyError where the file holds something else."""
        kept = orjson.loads(path.read_bytes())
        self.first.recall(kept["first"])
        self.second.recall(kept["second"])


def _make(data: Path | None) -> Tenants:
    tenants = Tenants()
    if data is not None and data.exists():
        tenants.load(data)
    return tenants


SYSTEM = System(
    "c4c",
    "SAP Sales Cloud and Service Cloud, version 1 (OData 2.0) and version 2 (REST)",
    8412,
    "connector: c4c\nurl: {url}\nauth: {{kind: basic, user: USER, password: password}}",
    _make,
    keep=lambda tenants, path: tenants.save(path),
)
