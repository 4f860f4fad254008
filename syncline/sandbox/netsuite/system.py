"""How the fake account is served."""

from __future__ import annotations

from pathlib import Path

from syncline.sandbox.netsuite.fake import NetSuiteFake
from syncline.sandbox.system import System


def _make(data: Path | None) -> NetSuiteFake:
    fake = NetSuiteFake(skew=float("inf"))  # whoever tries it out need not share its clock
    if data is not None and data.exists():
        fake.load(data)
    return fake


SYSTEM = System(
    "netsuite",
    "a NetSuite account (SuiteTalk REST, SuiteQL)",
    8407,
    "connector: netsuite\naccount: 1234567_SB1\nbase_url: {url}\nzone: America/Los_Angeles\n"
    "auth: {{kind: token, consumer_key: ck, consumer_secret: cs, token: tk, token_secret: ts}}",
    _make,
    keep=lambda fake, path: fake.save(path),
)
