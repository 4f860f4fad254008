"""Write down what would be done, for people to look at: decided and rendered as a run does it, and not sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from connectors.contract import Writes
from mappings.contract import Rendition
from sync.absorb import Binding
from sync.brakes import Count
from sync.decision import ActionKind, BindingId, LinkState
from sync.execute import Executor
from sync.hub import Hub
from sync.reconcile import Standing, everything_due
from sync.rendered import Decided, first, rendered, rendered_before, waits
from sync.report import Cause, FieldChange, PlannedAction, PlanReport, called


@dataclass(slots=True)
class Drafter:
    """Drafts the actions of one run. What a rehearsal founds (``rehearsal`` is its number) is named by its records."""

    hub: Hub
    executor: Executor
    rehearsal: int | None = None
    _subjects: dict[str, str] = field(default_factory=dict)
    _ended: set[tuple[str, str, str]] = field(default_factory=set)  # where such an entity's record is gone for good

    def decided(self, entity: str, bindings: Sequence[Binding], *, linked: bool = False) -> Iterator[list[Decided]]:
        """Pages of (action, standing) that would be taken now.

        ``linked``: only of entities with a record in one of the bindings; others can only be created there.
        """
        after = ""
        while rows := self.hub.store.dirty(entity, after, self.hub.policy.page):
            after = rows[-1][0]
            if linked:
                ids = [entity_id for entity_id, _ in rows]
                there = {entity_id for binding in bindings for entity_id in self.hub.store.keys_at(binding.id, ids)}
                rows = [row for row in rows if row[0] in there]
            yield [
                (action, standing)
                for standing in self.executor.standings.of(rows, bindings)
                for action in everything_due(standing, bindings, self.executor.closed)
            ]

    def pages(self, selected: Collection[BindingId], report: PlanReport) -> Iterator[list[PlannedAction]]:
        """Everything that is due in these bindings, parents first; counted in the report as it goes by."""
        count = Count()
        for schema in self.hub.entities:
            bindings = [binding for binding in self.hub.writers(schema.name) if binding.id in selected]
            for page in self.decided(schema.name, bindings) if bindings else ():
                drafted = self.page(page)
                count.add(drafted)
                report.totals.update((action.binding, action.kind) for action in drafted)
                yield drafted
        report.calls.update(self._calls(report.totals))
        report.planned = count

    def _calls(self, totals: Mapping[tuple[BindingId, ActionKind], int]) -> dict[str, int]:
        calls: dict[str, int] = defaultdict(int)
        for (binding_id, kind), planned in totals.items():
            writes, left = self.hub.stream(binding_id).writes or Writes(), planned
            while left > 0:
                left -= writes.size(left, creating=kind is ActionKind.CREATE)
                calls[binding_id.connection] += 1
        return calls

    def page(self, decided: Iterable[Decided]) -> list[PlannedAction]:
        """By binding and kind. What waits for a record that is not to come is left out."""
        drafted: list[PlannedAction] = []
        ordered = sorted(decided, key=lambda pair: (pair[0].binding, pair[0].kind))
        for binding_id, group in groupby(ordered, key=lambda pair: pair[0].binding):
            drafted += self._drafted(self.hub.bindings[binding_id], list(group))
        return drafted

    def _drafted(self, binding: Binding, decided: Sequence[Decided]) -> list[PlannedAction]:
        values = [standing.canonical.values for _, standing in decided]
        known = self.executor.keys_for(binding, [*values, *(action.before for action, _ in decided)])

        def keys(stream: str, entity_id: str) -> str | None:
            return known(stream, entity_id) or self._to_come(binding.id.connection, stream, entity_id)

        now = rendered(binding, decided, keys)
        then = rendered_before(binding, decided, keys)
        return [
            self._planned(binding, *one)
            for one in zip(decided, now, then, strict=True)
            if not waits(binding, one[0][0].kind, one[1])
        ]

    def _planned(self, binding: Binding, decided: Decided, now: Rendition, then: Rendition) -> PlannedAction:
        action, standing = decided
        canonical, deleting = standing.canonical, action.kind is ActionKind.DELETE
        before = then.fields
        paths = action.paths if action.paths is not None else frozenset(canonical.values)
        return PlannedAction(
            kind=action.kind,
            binding=action.binding,
            entity_id=action.entity_id,
            key=action.key,
            changes=[]
            if deleting
            else [FieldChange(field=name, before=before.get(name), after=value) for name, value in now.fields.items()],
            reason=action.reason,
            problem=now.problems[0].message if now.problems and not deleting else None,
            links=self._links(standing),
            causes=()
            if deleting
            else tuple(Cause(p, canonical.field_source(p)) for p in sorted(paths) if binding.mapping.pushes(p)),
            mapping=f"{binding.mapping.name}@{binding.mapping.version}",
            blanks=action.blanks,
        )

    def _links(self, standing: Standing) -> tuple[tuple[str, str, str, str], ...]:
        if standing.canonical.run != self.rehearsal:
            return ()
        live = (link for link in standing.links if link.state is LinkState.LIVE)
        return tuple(sorted((*link.binding, link.key) for link in live))

    def _to_come(self, connection: str, stream: str, entity_id: str) -> str | None:
        """What stands for the key of a referenced entity that has no record there yet; None where it never gets one."""
        if entity_id not in self._subjects:
            store = self.hub.store
            found = store.canonicals([entity_id]).get(entity_id)
            links = store.links_of([entity_id]).get(entity_id, [])
            self._subjects[entity_id] = called(entity_id, self._links(Standing(found, links)) if found else ())
            self._ended.update((*link.binding[:2], entity_id) for link in links if link.state is not LinkState.LIVE)
        return None if (connection, stream, entity_id) in self._ended else first(self._subjects[entity_id])
