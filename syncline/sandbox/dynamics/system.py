"""How the fake environment is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.dynamics.fake import TENANT, DynamicsFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> DynamicsFake:
    fake = DynamicsFake(marker=None)
    if data is not None and data.exists():
        fake.load(data)
    return fake


def _answers_at(fake: DynamicsFake, url: str) -> None:
    fake.url = url


SYSTEM = System(
    "dynamics",
    "a Dynamics 365 environment (Dataverse Web API)",
    8403,
    "connector: dynamics\nurl: {url}\n"
    f"auth: {{{{authority: {{url}}, tenant: {TENANT}, client_id: app, client_secret: secret}}}}",
    _make,
    _answers_at,
    lambda fake, path: fake.save(path),
)
