"""Transforms of other packages, by the entry point group ``syncline.transforms``.

An entry point's value is an `Entry`, which then has the entry point's name, or a function without arguments that
returns entries by name. They are looked for when a mapping names a transform that is not built in; a built-in name
cannot be taken. What is wrong with a package is told where one of its transforms is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mappings.transforms.base import Entry, OptionError, Transform, UnfitError

GROUP = "syncline.transforms"
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\Z")


@dataclass(frozen=True, slots=True)
class Offer:
    """A transform of a package. ``origin`` (``acme-transforms 1.2``) is part of the version of mappings that use it."""

    entry: Entry
    origin: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What installed packages offer by name, all that claim a name, and what is wrong with them, by name."""

    claims: Mapping[str, tuple[Offer, ...]]
    troubles: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return sorted(name for name, offers in self.claims.items() if len(offers) == 1)

    def find(self, name: str) -> Offer | None:
        """None where nobody offers it. Raises OptionError where it cannot be had."""
        offers = self.claims.get(name, ())
        if len(offers) > 1:
            who = " and ".join(sorted(offer.origin for offer in offers))
            raise OptionError(f"the transform {name!r} is claimed by {who}", hint="uninstall one of them")
        if not offers and name in self.troubles:
            raise OptionError(self.troubles[name], hint="reinstall that package, or ask its author")
        return offers[0] if offers else None


def installed(built_in: frozenset[str]) -> Offers:
    """The transforms of all installed packages. They are imported once."""
    return _collected(built_in)


def look_again() -> None:
    """Forget what was found, because packages came or went."""
    _collected.cache_clear()


@lru_cache(maxsize=1)
def _collected(built_in: frozenset[str]) -> Offers:
    claims: dict[str, list[Offer]] = {}
    troubles: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        origin = _origin(point)
        try:
            entries = _entries(point)
        except Exception as error:  # noqa: BLE001 (a package of others may raise anything)
            troubles[point.name] = f"{point.name!r} of {origin} cannot be loaded: {type(error).__name__}: {error}"
            continue
        for name, entry in entries.items():
            wrong = _wrong(name, entry, built_in)
            if wrong is None:
                claims.setdefault(name, []).append(Offer(_guarded(name, entry, origin), origin))
            else:
                troubles[str(name)] = f"{name!r} of {origin} {wrong}"
    return Offers({name: tuple(offers) for name, offers in claims.items()}, troubles)


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown package"


def _entries(point: EntryPoint) -> Mapping[str, Any]:
    found = point.load()
    if isinstance(found, Entry):
        return {point.name: found}
    given = found() if callable(found) else found
    if not isinstance(given, Mapping):
        raise TypeError("it is neither an Entry nor a function that returns entries by name")
    return given


def _wrong(name: Any, entry: Any, built_in: frozenset[str]) -> str | None:
    if not isinstance(name, str) or not _NAME.match(name):
        return "is not a name for a transform: small letters, digits and _, with full stops between"
    if name in built_in:
        return "has the name of a built-in transform, which cannot be replaced"
    return None if isinstance(entry, Entry) else "is not an Entry"


def _guarded(name: str, entry: Entry, origin: str) -> Entry:
    """The entry, whose transforms fail as ours do: by what they say about options and values, and in no other way."""

    def make(**options: Any) -> Transform:
        try:
            made = entry.make(**options)
        except OptionError:
            raise
        except Exception as error:
            raise OptionError(
                f"{name} of {origin} fails with these options: {type(error).__name__}", hint="ask its author"
            ) from error
        if not isinstance(made, Transform):
            raise OptionError(f"{name} of {origin} makes no transform", hint="ask its author")
        back = None if made.back is None else _safe(made.back, name, origin)
        return replace(made, forward=_safe(made.forward, name, origin), back=back)

    make.__wrapped__ = entry.make  # type: ignore[attr-defined]  # its parameters are the options
    return replace(entry, make=make)


def _safe(function: Callable[..., Any], name: str, origin: str) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        try:
            return function(*values)
        except UnfitError:
            raise
        except Exception:  # noqa: BLE001 (code of others may raise anything, with the value in its text)
            raise UnfitError("transform-failed", f"is a value on which {name} of {origin} fails") from None

    return call
