"""Who is who: find the entity an unlinked record belongs to. Pure.

Strong rules come first, in their order; the first that finds anything decides. Then the scored rule. Certainty links,
doubt is *disputed* and goes to a person, nothing found means a new entity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Any, NamedTuple

from mappings.contract import Match, ScoredRule
from model import compare, paths
from model.fields import EntitySchema, FieldSpec, Kind
from sync.decision import Canonical, EntityState, blank

_ANOTHER = 0.78
_MOST_KEYS = 8  # of one rule and record: a person with nine e-mails is found by any eight of them


class Found(NamedTuple):
    """``entity_id`` where certain; ``disputed`` names candidates where not. Neither: nothing matches."""

    entity_id: str | None = None
    disputed: tuple[str, ...] = ()
    why: str = ""


_NOTHING = Found()


@dataclass(frozen=True, slots=True)
class Index:
    """All combinations of paths under which entities of one kind can be found, over all mappings."""

    schema: EntitySchema
    combinations: tuple[tuple[str, ...], ...]
    _specs: dict[str, FieldSpec | Kind] = field(default_factory=dict, compare=False, repr=False)  # by path, as asked

    @classmethod
    def of(cls, schema: EntitySchema, matches: Iterable[Match]) -> Index:
        found: dict[tuple[str, ...], None] = {}
        for match in matches:
            found.update(dict.fromkeys(rule.paths for rule in match.strong))
            if match.scored:
                found.update(dict.fromkeys(match.scored.blocks))
        return cls(schema, tuple(found))

    def keys(self, values: Mapping[str, Any]) -> set[str]:
        """Every match key of a canonical record (or of a projection)."""
        found: set[str] = set()
        for combination in self.combinations:
            found.update(self.keys_for(combination, values))
        return found

    def keys_of(self, page: Sequence[Mapping[str, Any]]) -> list[Sequence[str]]:
        """`keys` of each record of a page."""
        columns = [self._column(combination, page) for combination in self.combinations]
        if not columns:
            return [()] * len(page)
        if len(columns) == 1:
            return columns[0]
        return [list(dict.fromkeys(chain.from_iterable(found))) for found in zip(*columns, strict=True)]

    def _column(self, combination: tuple[str, ...], page: Sequence[Mapping[str, Any]]) -> list[Sequence[str]]:
        path, *more = combination
        if more or paths.is_pattern(path):
            return [self.keys_for(combination, values) for values in page]
        spec, fold = self._spec(path), compare.fold
        column = [values.get(path) for values in page]
        return [(f"{path}|{text}",) if (text := fold(spec, value)) else () for value in column]

    def keys_for(self, combination: tuple[str, ...], values: Mapping[str, Any]) -> list[str]:
        """``emails[*]|ana@example.com``: one key per combination of folded values; none where a path is blank."""
        folded: list[Sequence[str]] = []
        for path in combination:
            found = values_at(path, values)
            spec = self._spec(path)
            texts = [text for text in (compare.fold(spec, value) for value in found if not blank(value)) if text]
            if not texts:
                return []
            folded.append(list(dict.fromkeys(texts)))
        head = "+".join(combination)
        return [f"{head}|{'|'.join(texts)}" for texts in list(product(*folded))[:_MOST_KEYS]]

    def _spec(self, path: str) -> FieldSpec | Kind:
        spec = self._specs.get(path)
        if spec is None:
            spec = self._specs[path] = _spec(self.schema, path)
        return spec


def _spec(schema: EntitySchema, path: str) -> FieldSpec | Kind:
    return schema.field(path.replace("[*]", "[]")) or Kind.TEXT


def values_at(path: str, values: Mapping[str, Any]) -> list[Any]:
    """The value of a path, or of all paths a pattern stands for."""
    if not paths.is_pattern(path):
        return [values[path]] if path in values else []
    head, _, tail = path.partition("[*]")
    head += "["
    return [value for name, value in values.items() if name.startswith(head) and name.endswith("]" + tail)]


def correlate(
    match: Match,
    index: Index,
    values: Mapping[str, Any],
    candidates: Mapping[str, Sequence[str]],
    canonicals: Mapping[str, Canonical],
    taken: Callable[[str], bool],
) -> Found:
    """Find the entity of one unlinked record.

    ``candidates`` is match key → entity ids; ``taken`` says that an entity already has a record in this stream.
    """
    for rule in match.strong:
        hits = _live(index.keys_for(rule.paths, values), candidates, canonicals)
        if not hits:
            continue
        if len(hits) > 1:
            return Found(disputed=tuple(hits), why=f"several have the same {rule.name}")
        if match.one_to_one and taken(hits[0]):
            return Found(disputed=tuple(hits), why=f"a record of this stream with the same {rule.name} is it already")
        return Found(entity_id=hits[0], why=f"same {rule.name}")
    if match.scored is not None:
        return _score(match.scored, match.one_to_one, index, values, candidates, canonicals, taken)
    return _NOTHING


def _live(
    keys: Sequence[str], candidates: Mapping[str, Sequence[str]], canonicals: Mapping[str, Canonical]
) -> list[str]:
    hits: dict[str, None] = {}
    for key in keys:
        for entity_id in candidates.get(key, ()):
            canonical = canonicals.get(entity_id)
            if canonical is not None and canonical.state is EntityState.LIVE:
                hits[entity_id] = None
    return list(hits)


def _score(
    rule: ScoredRule,
    one_to_one: bool,  # noqa: FBT001 (part of the rule)
    index: Index,
    values: Mapping[str, Any],
    candidates: Mapping[str, Sequence[str]],
    canonicals: Mapping[str, Canonical],
    taken: Callable[[str], bool],
) -> Found:
    keys = [key for block in rule.blocks for key in index.keys_for(block, values)]
    scores = sorted(
        (
            (score(rule, index.schema, values, canonicals[entity_id].values), entity_id)
            for entity_id in _live(keys, candidates, canonicals)
            if not (one_to_one and taken(entity_id))
        ),
        reverse=True,
    )
    near = [(points, entity_id) for points, entity_id in scores if points >= rule.dispute_at]
    if not near:
        return Found()
    best, entity_id = near[0]
    if best >= rule.link_at and (len(near) == 1 or near[1][0] < rule.link_at):
        known = canonicals[entity_id].values
        doubt = _doubt(rule, index.schema, values, known)
        if not doubt:
            return Found(entity_id=entity_id, why=f"score {best:.2f}: {_told(rule, index.schema, values, known)}")
        return Found(disputed=(entity_id,), why=f"score {best:.2f} {doubt}")
    return Found(disputed=tuple(entity_id for _, entity_id in near[:5]), why=f"score {best:.2f} is not certain")


def score(rule: ScoredRule, schema: EntitySchema, left: Mapping[str, Any], right: Mapping[str, Any]) -> float:
    """Σ(weight × similarity) / Σ(weight) over the weighted paths both sides have, 0…1; 0 where they share none.

    Any two names have some letters in common: what is less alike than two spellings of one word counts as nothing.
    """
    total = points = 0.0
    for path, alike in _alike(rule, schema, left, right):
        total += rule.weights[path]
        points += rule.weights[path] * alike
    return points / total if total else 0.0


def _alike(
    rule: ScoredRule, schema: EntitySchema, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[tuple[str, float]]:
    """How alike the weighted paths are that both sides have, 0…1."""
    from model.similar import similarity  # not at the top: it takes a while to load, and few mappings score

    for path, lefts, rights in _shared(rule, left, right):
        spec = _spec(schema, path)
        alike = max(similarity(spec, a, b) for a in lefts for b in rights)
        yield path, alike if alike >= _ANOTHER else 0.0


def _told(rule: ScoredRule, schema: EntitySchema, left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """What a score is made of: ``family_name 1.00, given_name 0.91``. Never a value."""
    return ", ".join(f"{path} {alike:.2f}" for path, alike in _alike(rule, schema, left, right))


def _doubt(rule: ScoredRule, schema: EntitySchema, left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """Why a score that is high enough is none to link by; empty where it is one.

    Fields that are blank on a side are not in the score, so that a high one can rest on next to nothing. Two people of
    one name are common, and so are two of one family under one address whose given names are alike: Jan and Jana.
    """
    from model.similar import agree, similarity  # as in `score`

    shared = list(_shared(rule, left, right))
    if len(shared) == 1 < len(rule.weights):
        return "rests on one field alone"
    if all(_is_name(_spec(schema, path)) for path in rule.weights):
        return ""
    slip, borne_out = False, set()
    for path, lefts, rights in shared:
        spec = _spec(schema, path)
        pairs = product(lefts, rights)
        if _is_name(spec):
            slip = slip or all(similarity(spec, a, b) < 1 for a, b in pairs)
        elif any(agree(spec, a, b) for a, b in pairs):
            borne_out.add(paths.split(path)[0])
    if not borne_out:
        return "rests on names alone"
    return "rests on an address and on names that are not quite the same" if slip and borne_out == {"addresses"} else ""


def _is_name(spec: FieldSpec | Kind) -> bool:
    return isinstance(spec, FieldSpec) and spec.is_name


def _shared(
    rule: ScoredRule, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """The weighted paths that both sides have, with the values of each."""
    for path in rule.weights:
        lefts = [value for value in values_at(path, left) if not blank(value)]
        rights = [value for value in values_at(path, right) if not blank(value)]
        if lefts and rights:
            yield path, lefts, rights
