"""How property tests run here: no deadline, because machines are shared and a slow moment is not a defect."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("syncline", deadline=None, print_blob=True)
settings.load_profile("syncline")
