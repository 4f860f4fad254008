"""Mapping files that extend others, so that five similar shops need no five copies.

``extends: shared/shop`` begins with everything that file says; what stands in the extending file replaces it, key by
key in the sections that are made of keys (rules by their path), as a whole elsewhere. ``null`` takes a key away. Every
place keeps the file it was written in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mappings.reading.nodes import Notes
from mappings.reading.reader import MAX_CHARACTERS, Path, Position, Positions, read_yaml
from model.diagnostics import Diagnostic, Severity

Fetch = Callable[[str], tuple[str, str] | None]
"""From a name as written after ``extends`` to the text of that file and how diagnostics call it; None: not there."""

BASELESS = frozenset({"unknown-base", "extends-itself", "extends-too-deep", "unusable-base"})
"""Codes that say that a file to extend could not be had."""

_DEEPEST = 5
_DEEPEST_PART = 3
"""How many levels down single keys are replaced, at most."""
_MOST_BASES = 20
_OWN = ("extends", "mapping", "description", "lifecycle")
"""What every file says for itself."""
_BY_KEY: Mapping[str, int] = {"rules": 1, "match": 1, "filter": 1, "delete": 1, "defaults": 2}
"""Sections of which a file may replace single keys, and how many levels down."""


class Source(NamedTuple):
    """A mapping file with all it extends: data, places, what is wrong, and the files it is made of besides itself."""

    data: Any
    positions: Positions
    found: list[Diagnostic]
    files: tuple[str, ...] = ()


def read_source(text: str, file: str, fetch: Fetch | None = None) -> Source:
    """Read a mapping file and what it extends. The data is None where the file itself is no YAML."""
    return _read(text, file, None if fetch is None else _Shelf(fetch), (file,))


@dataclass(slots=True)
class _Shelf:
    """The files that can be extended, up to as many characters as one file may have."""

    fetch: Fetch
    left: int = MAX_CHARACTERS

    def take(self, name: str) -> tuple[str, str] | None:
        """Raises OverflowError where it would be too much."""
        found = self.fetch(name)
        if found is not None:
            self.left -= len(found[0])
            if self.left < 0:
                raise OverflowError
        return found


def _read(text: str, file: str, shelf: _Shelf | None, chain: tuple[str, ...]) -> Source:
    data, positions, found = read_yaml(text, file, mend=True)
    if not isinstance(data, dict) or "extends" not in data:
        return Source(data, positions, found)
    notes = Notes(file, positions, found)
    merged: dict[str, Any] = {}
    places = Positions()
    files: list[str] = []
    for name, at in _names(data["extends"], notes):
        base = _base(name, at, shelf, chain, notes)
        if base is not None:
            _overlay(merged, places, base.data, base.positions, notes)
            files += [one for one in base.files if one not in files]
    own = {key: value for key, value in data.items() if key != "extends"}
    _overlay(merged, places, own, positions, notes)
    places.values[()] = Position(*positions.of(()))
    places.ends, places.left_out, places.guessed = positions.ends, positions.left_out, positions.guessed
    merged["extends"] = data["extends"]
    _Moves(come={("extends",)}).apply(places, positions)
    return Source(merged, places, found, tuple(files))


def _names(given: Any, notes: Notes) -> list[tuple[str, Path]]:
    listed = given if isinstance(given, list) else [given]
    if len(listed) > _MOST_BASES:
        notes.add(
            "too-large",
            f"a file extends at most {_MOST_BASES} others",
            ("extends",),
            hint="extend one of them in another",
        )
        listed = listed[:_MOST_BASES]
    names: list[tuple[str, Path]] = []
    for index, name in enumerate(listed):
        at: Path = ("extends", index) if isinstance(given, list) else ("extends",)
        if isinstance(name, str) and name.strip():
            names.append((name.strip(), at))
        else:
            notes.add("not-text", "extends is the name of a mapping file, or a list of them", at, hint="shared/shop")
    return names


def _base(name: str, at: Path, shelf: _Shelf | None, chain: tuple[str, ...], notes: Notes) -> Source | None:
    """What a name leads to, with what it extends itself; None (noted) where that cannot be used."""
    try:
        fetched = shelf.take(name) if shelf is not None else None
    except OverflowError:
        message = f"what the file extends is longer than {MAX_CHARACTERS // 1024} KiB, all in all"
        notes.add("too-large", message, at, hint="extend less")
        return None
    if fetched is None:
        hint = "a file below mappings/, such as shared/shop.yaml"
        notes.add("unknown-base", f"there is no mapping file {name!r} to extend", at, hint=hint)
        return None
    text, file = fetched
    if file in chain:
        notes.add("extends-itself", f"{' extends '.join((*chain[chain.index(file) :], file))}", at)
        return None
    if len(chain) > _DEEPEST:
        notes.add("extends-too-deep", f"files are extended over more than {_DEEPEST} levels", at)
        return None
    base = _read(text, file, shelf, (*chain, file))
    notes.found += base.found
    if not isinstance(base.data, dict):
        notes.add("unusable-base", f"{file} cannot be extended: it does not hold keys and values", at)
        return None
    places = base.positions.files
    places.update({path: elsewhere or file for path, elsewhere in places.items()})
    for key in base.data:
        places.setdefault((key,), file)
    own = {key: value for key, value in base.data.items() if key not in _OWN}
    return base._replace(data=own, files=(file, *base.files))


def _overlay(
    under: dict[str, Any], places: Positions, over: Mapping[str, Any], written: Positions, notes: Notes
) -> None:
    """Lay a file's data over what it extends, in place."""
    moves = _Moves()
    for key, value in over.items():
        levels = _BY_KEY.get(key, 0)
        if isinstance(value, dict) and isinstance(under.get(key), dict) and levels:
            under[key] = _laid(under[key], value, (key,), levels, moves, notes)
        elif value is None and key in under:
            del under[key]
            moves.gone.add((key,))
        else:
            under[key] = value
            moves.come.add((key,))
    moves.apply(places, written)


def _laid(
    under: Mapping[str, Any], over: Mapping[str, Any], at: Path, levels: int, moves: _Moves, notes: Notes
) -> dict[str, Any]:
    laid = dict(under)
    for key, value in over.items():
        place = (*at, key)
        if value is None:
            if laid.pop(key, value) is None and key not in under:
                message = f"there is no {key!r} to take away in what this file extends"
                notes.add("nothing-to-remove", message, place, on_key=True, severity=Severity.WARNING)
            moves.gone.add(place)
        elif levels > 1 and isinstance(value, dict) and isinstance(laid.get(key), dict):
            laid[key] = _laid(laid[key], value, place, levels - 1, moves, notes)
        else:
            laid[key] = value
            moves.come.add(place)
    return laid


@dataclass(slots=True)
class _Moves:
    """The parts of a document whose places change: those taken away, and those that come from the file laid over."""

    gone: set[Path] = field(default_factory=set)
    come: set[Path] = field(default_factory=set)

    def apply(self, places: Positions, written: Positions) -> None:
        """All at once, because each path has to be looked at. What is written elsewhere than around it says so."""
        old = self.gone | self.come
        known: dict[Path, Any]
        for known in (places.values, places.keys, places.scalars, places.files):
            for path in [path for path in known if _within(path, old)]:
                del known[path]
        for mine, theirs in ((places.values, written.values), (places.keys, written.keys)):
            mine.update((path, place) for path, place in theirs.items() if _within(path, self.come))
        places.scalars.update((path, text) for path, text in written.scalars.items() if _within(path, self.come))
        places.files.update((path, file) for path, file in written.files.items() if _within(path, self.come))
        for path in self.come:
            places.files[path] = written.file_of(path) or ""


def _within(path: Path, parts: set[Path]) -> bool:
    return any(path[:depth] in parts for depth in range(1, min(len(path), _DEEPEST_PART) + 1))
