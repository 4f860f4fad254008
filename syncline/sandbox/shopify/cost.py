"""Calculated query cost and the leaky bucket that spends it.

A scalar costs nothing, an object 1, a mutation 10, a connection 2 and its nodes times ``first``. The vendor's real
prices are lower for long pages, so a client that keeps within these keeps within those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    value_from_ast_untyped,
)

from model.clock import Clock

SINGLE_QUERY_LIMIT = 1000


@dataclass(slots=True)
class Pricing:
    """Prices one operation of a document."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def operation(self, operation: OperationDefinitionNode) -> int:
        if operation.operation.value == "mutation":
            root = self.schema.mutation_type
            base = 10
        else:
            root, base = self.schema.query_type, 0
        return self._set(operation.selection_set, root, base) if root is not None else 0

    def _set(self, selections: SelectionSetNode | None, parent: Any, base: int = 0) -> int:
        total = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                total += base + self._field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                on = self.schema.type_map[node.type_condition.name.value] if node.type_condition else parent
                total += self._set(node.selection_set, on)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                total += self._set(fragment.selection_set, self.schema.type_map[fragment.type_condition.name.value])
        return total

    def _field(self, node: FieldNode, parent: Any) -> int:
        definition = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if definition is None:
            return 0
        kind = get_named_type(definition.type)
        if is_leaf_type(kind):
            return 0
        inner = self._set(node.selection_set, kind)
        if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
            return 2 + max(1, self._argument(node, "first") or 1) * inner
        if node.name.value == "nodes" and parent is self.schema.query_type:
            return max(1, len(self._argument(node, "ids") or ())) * (1 + inner)
        if node.name.value in {"edges", "pageInfo"}:
            return inner
        return 1 + inner

    def _argument(self, node: FieldNode, name: str) -> Any:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return value_from_ast_untyped(argument.value, dict(self.variables))
        return None


def spent(data: Any) -> int:
    """What an answer cost after all: one for each object that came back."""
    if isinstance(data, dict):
        return 1 + sum(spent(value) for value in data.values())
    if isinstance(data, list):
        return sum(spent(value) for value in data)
    return 0


@dataclass(slots=True)
class Bucket:
    """Points that drain with each call and come back with time."""

    clock: Clock
    maximum: float = 2000.0
    rate: float = 100.0
    available: float = field(init=False)
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.available = self.maximum
        self.at = self.clock.now()

    def refill(self) -> None:
        now = self.clock.now()
        self.available = round(min(self.maximum, self.available + self.rate * (now - self.at).total_seconds()), 6)
        self.at = now

    def status(self) -> dict[str, Any]:
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.rate,
        }
