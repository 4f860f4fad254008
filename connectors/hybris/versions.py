"""Versions of items, which have none of their own: a fingerprint of what their record shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def version(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
