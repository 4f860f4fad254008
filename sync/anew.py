"""What a mapping that was edited makes due: fields it writes now and did not write before.

A path that is read as well shows itself with the next read (`sync.absorb`). One that is only written shows itself
nowhere: that nothing is agreed on it yet has to be entered in every link.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from mappings.contract import CompiledMapping
from model.paths import is_pattern, pattern_regex
from sync.decision import UNKNOWN, Base, BindingId, Canonical, Link, LinkState, blank
from sync.ports import Store


def only_written_now(mapping: CompiledMapping, before: Collection[str] | None) -> Callable[[str], bool] | None:
    """Whether a canonical path is written, not read, and was not known to the former mapping (None: nobody knows what
    that knew, so nothing). None where there is no such path.
    """
    known = frozenset(before or ())
    if mapping.writes <= mapping.reads | known:
        return None
    plain = {path for path in known if not is_pattern(path)}
    patterns = [pattern_regex(path) for path in known if is_pattern(path)]

    def new(path: str) -> bool:
        return (
            mapping.pushes(path)
            and not mapping.covers(path)
            and path not in plain
            and not any(pattern.match(path) for pattern in patterns)
        )

    return new


def untold(store: Store, binding: BindingId, new: Callable[[str], bool], size: int) -> Iterator[list[Link]]:
    """The links of all entities that are due, with what is not agreed on entered, page by page."""
    after = ""
    while rows := store.dirty(binding.entity, after, size):
        after = rows[-1][0]
        ids = [entity_id for entity_id, _ in rows]
        canonicals, links = store.canonicals(ids), store.links_of(ids)
        changed = [
            link
            for entity_id, canonical in canonicals.items()
            for link in links.get(entity_id, ())
            if link.binding == binding and link.state is LinkState.LIVE and _enter(link, canonical, new)
        ]
        if changed:
            yield changed


def _enter(link: Link, canonical: Canonical, new: Callable[[str], bool]) -> bool:
    paths = [
        path for path, value in canonical.values.items() if not blank(value) and path not in link.base and new(path)
    ]
    link.base.update(dict.fromkeys(paths, Base(0, UNKNOWN)))
    return bool(paths)
