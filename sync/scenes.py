"""Load what the store knows that bears on a page of observations, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mappings.contract import Projection, Strength
from sync.absorb import Binding, Observation, target_of
from sync.decision import BindingId, Side
from sync.ledger import Scene
from sync.ports import Store


def load_scene(
    store: Store, binding: Binding, observations: Sequence[Observation], linked: Collection[str] | None = None
) -> Scene:
    """Links, entities, match candidates, references and what is parked, of all the observations.

    ``linked``: keys of the live records that have a link; None where nobody looked.
    """
    keys = [o.record.key for o in observations]
    survivors = [o.record.superseded_by for o in observations if o.record.superseded_by]
    asked = [*keys, *survivors]
    if linked is not None:
        asked = [o.record.key for o in observations if o.record.deleted or o.record.key in linked] + survivors
    parked = store.parked(binding.id, Side.IN, [*keys, *survivors])
    scene = Scene(links=store.links(binding.id, asked) if asked else {}, parked=parked)
    load_references(store, binding, [o.projection for o in observations], scene)
    unlinked = [o for o in observations if o.record.key not in scene.links and not o.record.deleted]
    found_by = binding.index.keys_of([_referring(binding, o.projection, scene) for o in unlinked])
    scene.match_keys = {o.record.key: own for o, own in zip(unlinked, found_by, strict=True)}
    wanted = {key for own in found_by for key in own}
    if wanted:
        scene.candidates = store.candidates(binding.id.entity, sorted(wanted))
        alike = {entity_id for found in scene.candidates.values() for entity_id in found}
        scene.refused = store.parked(binding.id, Side.OUT, sorted(alike)) if alike else {}
    ids = {link.entity_id for link in scene.links.values()}
    ids.update(entity_id for found in scene.candidates.values() for entity_id in found)
    if ids:
        load_entities(store, scene, sorted(ids))
    if scene.links:
        _load_turns(store, binding, observations, scene)
    for link in scene.links.values():
        prefix = (link.fingerprint or "")[:6]
        if prefix and prefix not in scene.covered_before and not binding.mapping.version.startswith(prefix):
            scene.covered_before[prefix] = store.covered_by(prefix)
    return scene


def _load_turns(store: Store, binding: Binding, observations: Sequence[Observation], scene: Scene) -> None:
    """The latest changes of entities that changed often enough to matter, or whose records are put back."""
    limit, strength = binding.context.oscillation, binding.mapping.strength
    ids: set[str] = set()
    for observation in observations:
        link = scene.links.get(observation.record.key)
        canonical = scene.canonicals.get(link.entity_id) if link is not None else None
        if canonical is not None and (
            canonical.rev > limit.flips
            or any(strength(path) is Strength.ENFORCE for path in observation.projection.values)
        ):
            ids.add(canonical.id)
    if ids:
        scene.turns = store.turns(sorted(ids), limit.runs)


def _referring(binding: Binding, projection: Projection, scene: Scene) -> Mapping[str, Any]:
    """Values with the references that lead to a known entity."""
    if not projection.references:
        return projection.values
    values = dict(projection.values)
    for path, reference in projection.references.items():
        found = scene.references.get((reference.stream, target_of(binding, path), reference.key))
        if found:
            values[path] = found
    return values


def load_entities(store: Store, scene: Scene, ids: Sequence[str]) -> None:
    """Canonical records, their links and open conflicts. A link is one object, however it is reached."""
    scene.canonicals.update(store.canonicals(ids))
    by_key = {(link.binding, link.key): link for link in scene.links.values()}
    for entity_id, links in store.links_of(ids).items():
        scene.links_of[entity_id] = [by_key.get((link.binding, link.key), link) for link in links]
    scene.conflicts.update(store.open_conflicts(ids))


def load_references(store: Store, binding: Binding, projections: Iterable[Projection], scene: Scene) -> None:
    """The entities of all records that the projections refer to."""
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for projection in projections:
        for path, reference in projection.references.items():
            wanted[reference.stream, target_of(binding, path)].add(reference.key)
    for (stream, entity), keys in wanted.items():
        at = BindingId(binding.id.connection, stream, entity)
        for key, entity_id in store.entities_at(at, sorted(keys)).items():
            scene.references[stream, entity, key] = entity_id
