"""Canonical paths: ``email``, ``phones[mobile]``, ``addresses[billing].city``, ``lines[10248-11].quantity``.

A canonical record is a flat mapping from such paths to values. A missing path is *absent* (nothing is known), ``None``
is *null* (known to have no value), ``""`` and ``[]`` are *empty*.

The *template* of a path leaves the item keys out (``addresses[].city``): schemas are written in templates. The *item*
of a path is the unit merged as a whole when two systems change it at once: an address, a consent, an order line.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PATH = re.compile(r"^(?P<name>[a-z][a-z0-9_]*)(?:\[(?P<key>[^\[\]]*)\])?(?:\.(?P<leaf>[a-z][a-z0-9_]*))?$")


@lru_cache(maxsize=65536)
def split(path: str) -> tuple[str, str | None, str | None]:
    """``(name, item key, leaf)`` of a path; raises ValueError where it is not one."""
    found = _PATH.match(path)
    if found is None or (found["leaf"] and found["key"] is None):
        raise ValueError(f"not a canonical path: {path!r}")
    return found["name"], found["key"], found["leaf"]


@lru_cache(maxsize=65536)
def template(path: str) -> str:
    """``addresses[billing].city`` → ``addresses[].city``; a plain path is its own template."""
    name, key, leaf = split(path)
    return name + ("[]" if key is not None else "") + (f".{leaf}" if leaf else "")


@lru_cache(maxsize=65536)
def item(path: str) -> str:
    """``addresses[billing].city`` → ``addresses[billing]``; a plain path is its own item."""
    name, key, _ = split(path)
    return name if key is None else f"{name}[{key}]"


def is_pattern(path: str) -> bool:
    """Whether the path stands for several: ``emails[*]``, ``lines[*].sku``."""
    return "[*]" in path


def pattern_regex(path: str) -> re.Pattern[str]:
    """A compiled expression that the paths meant by a pattern match in full."""
    return re.compile(re.escape(path).replace(r"\[\*\]", r"\[[^\[\]]+\]") + r"\Z")
