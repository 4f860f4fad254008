"""Found the entities of records that nobody knows anything of, a page at once. Pure.

It decides what `sync.absorb` would decide one by one: in a first load nearly every record is of this kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from sync.absorb import Binding, Observation
from sync.ledger import Ledger, Newcomer


def found_together(binding: Binding, observations: Sequence[Observation], ledger: Ledger) -> list[Observation]:
    """Found what needs no second look. Returns the observations that do, in their order.

    A record is left to them where anything is known of it (a link, a parked predecessor, an entity or another record of
    this page with a match key of its own, or one that gets it on this page), or where it has anything but values:
    problems, references, a tombstone. So is everything where the mapping has defaults, which are found by as well.
    """
    scene, mapping = ledger.scene, binding.mapping
    if not mapping.create_in or mapping.defaults_in or any(observation.record.deleted for observation in observations):
        return list(observations)
    match_keys = scene.match_keys
    times = Counter(chain.from_iterable(match_keys.values()))
    taken = {key for key, n in times.items() if n > 1} if len(times) < times.total() else set()
    taken |= scene.candidates.keys()
    links, parked = scene.links, scene.parked
    for observation in observations if links else ():
        link = links.get(observation.record.key)
        if link is not None:
            known = scene.canonicals[link.entity_id].values if link.entity_id in scene.canonicals else {}
            taken |= binding.index.keys({**known, **observation.projection.values})
    new: list[Newcomer] = []
    rest: list[Observation] = []
    for observation in observations:
        record, (values, references, problems, skipped, _), fingerprint = observation
        key = record.key
        own = match_keys.get(key, ())
        if references or problems or skipped is not None or key in links or key in parked or not taken.isdisjoint(own):
            rest.append(observation)
            continue
        if None in values.values():
            values = {path: value for path, value in values.items() if value is not None}
        new.append(Newcomer(key, record.version, fingerprint, values, own))
    ledger.found_all(binding.id, new)
    return rest
