"""How values become text in the store and values again."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

from model.errors import StateError
from sync.decision import UNKNOWN, Base, FieldMeta

_LONGEST_MATCH_KEY = 400
"""In characters; PostgreSQL refuses index rows above about 2,700 bytes."""


def dump(value: Any) -> str:
    """JSON text. Always a copy: results of orjson hold about 4 kB each for as long as they are kept."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise StateError(f"a value cannot be stored because it is no JSON: {error}") from None


load = orjson.loads


def dump_one(value: Any) -> str | None:
    """A single value: unknown becomes SQL NULL, null stays JSON."""
    return None if value is UNKNOWN else dump(value)


def load_one(text: str | None) -> Any:
    return UNKNOWN if text is None else orjson.loads(text)


def dump_any(value: Any) -> str:
    """JSON text of what a system showed, whatever it is: kept for people and for another attempt, so never refused."""
    try:
        return orjson.dumps(value, default=_plain_leaf, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return orjson.dumps(_plain(value), default=_plain_leaf).decode()


def _plain_leaf(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(value)).decode()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)  # in every process alike: what is parked is compared
    return str(value) if isinstance(value, Decimal) else repr(value)


def _plain(value: Any) -> Any:
    """What orjson refuses outright: integers beyond 64 bits, lone surrogates, odd keys."""
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def dump_base(base: Mapping[str, Base]) -> str | None:
    if not base:
        return None
    return dump({path: [rev] if value is UNKNOWN else [rev, value] for path, (rev, value) in base.items()})


def load_base(text: str | None) -> dict[str, Base]:
    if text is None:
        return {}
    return {path: Base(slot[0], slot[1] if len(slot) > 1 else UNKNOWN) for path, slot in orjson.loads(text).items()}


def dump_meta(meta: Mapping[str, FieldMeta]) -> str | None:
    return dump({path: [rev, source] for path, (rev, source) in meta.items()}) if meta else None


def load_meta(text: str | None) -> dict[str, FieldMeta]:
    return {path: FieldMeta(rev, source) for path, (rev, source) in orjson.loads(text).items()} if text else {}


def moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"  # strftime takes six times as long


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def when_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def match_key(key: str) -> str:
    """The key itself, or its hash where an index could not hold it."""
    if len(key) <= _LONGEST_MATCH_KEY:
        return key
    return "#" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
