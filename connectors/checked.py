"""What the settings of several connectors are held to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


def secure_address(text: str, example: str) -> str:
    """``text`` without a slash at its end. Raises ValueError where it is no https address (http on this machine)."""
    parts = urlsplit(text)
    local = parts.hostname in {"127.0.0.1", "localhost"}
    if not parts.hostname or (parts.scheme != "https" and not (local and parts.scheme == "http")):
        raise ValueError(f"write the address with https://, such as {example}")
    return text.rstrip("/")


def by_name(streams: Any) -> Any:
    """Streams given as a list of names, or as names without settings, as a mapping of settings."""
    if isinstance(streams, list | tuple):
        streams = {name: {} for name in streams}
    return {name: given or {} for name, given in streams.items()} if isinstance(streams, dict) else streams
