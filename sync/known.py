"""What a run need not ask the store twice: as long as it holds the lease, nobody else changes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sync.decision import BindingId, Changes, Parked, Side, StreamState, Why
from sync.ports import Store


@dataclass(slots=True)
class Known:
    store: Store
    _states: dict[BindingId, StreamState] = field(default_factory=dict)
    _parked: Mapping[BindingId, Collection[Why]] | None = None

    def learn(self, states: Mapping[BindingId, StreamState]) -> None:
        """What is stored of these streams."""
        self._states = dict(states)

    def committed(self, changes: Changes) -> None:
        if changes.stream is not None:
            binding, state = changes.stream
            self._states[binding] = state
        if changes.parked or changes.unparked:
            self._parked = None

    def state(self, binding: BindingId) -> StreamState:
        known = self._states.get(binding)
        return self.store.stream_state(binding) if known is None else known

    def pages(self, binding: BindingId, why: Why | None, size: int) -> Iterable[list[Parked]]:
        """Records of the binding that are parked for this reason, or any; of most bindings none is."""
        if self._parked is None:
            self._parked = self.store.parked_why(Side.IN)
        known = self._parked.get(binding, ())
        return self.store.all_parked(binding, Side.IN, why, size) if known and (why is None or why in known) else ()
