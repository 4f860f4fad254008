"""Reading a shop: pages in order of change, single records, keys. Page sizes follow the price of what is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record, Stream, UnauthorisedError
from connectors.shopify import documents, records
from connectors.shopify.documents import Shape
from connectors.shopify.graphql import SINGLE_QUERY_LIMIT, Graph, Reply, TooCostlyError

_FIRST_GUESS = 20
_FIRST_ORDERS = 15  # their lines make them dear: more would cost what one query may not


class Source(NamedTuple):
    """How one stream is read: what is asked, and how its nodes become records."""

    stream: Stream
    shape: Shape
    record: Callable[[Mapping[str, Any]], Record]

    @property
    def title(self) -> str:
        return self.stream.name.capitalize()


class Reader:
    """Reads every stream of one shop; remembers for each how many nodes one query may ask for."""

    def __init__(self, graph: Graph, page_size: int) -> None:
        self._graph = graph
        self._largest = page_size
        self._sizes: dict[str, int] = {}

    def pages(self, source: Source, since: str | None) -> Iterator[Page]:
        document = source.shape.page(f"Read{source.title}")
        query = _since(source.stream, since) if since is not None else None
        for nodes in self._connection(source, f"Read{source.title}", document, {"query": query}):
            found = [self._whole(source, node) for node in nodes]
            cursor = _cursor(found[-1]) if found else None
            yield Page(found, cursor, full=since is None)

    def keys(self, source: Source) -> Iterator[Sequence[str]]:
        document = source.shape.keys(f"List{source.title}")
        for nodes in self._connection(source, f"List{source.title}", document, {}, at_most=self._largest):
            yield [node["id"] for node in nodes]

    def fetch(self, source: Source, keys: Sequence[str]) -> list[Record]:
        """The records of these keys, in order; what is not there (any more) comes as deleted."""
        name = f"Fetch{source.title}"
        document = source.shape.fetch(name)
        real = [key for key in dict.fromkeys(keys) if re.fullmatch(rf"gid://shopify/{source.shape.kind}/\d+", key)]
        found: dict[str, Record] = {}
        place = 0
        while place < len(real):
            part = real[place : place + self._size(name)]
            try:
                reply = self._graph.ask(name, document, {"ids": part})
            except TooCostlyError:
                self._smaller(name, len(part))
                continue
            self._learn(name, len(part), reply)
            for key, node in zip(part, reply.data["nodes"], strict=True):
                if node and node.get("id") == key:
                    found[key] = self._whole(source, node)
                elif node and node.get("id"):  # an old id that leads to the survivor of a merge
                    found[key] = records.gone(key, node["id"])
            place += len(part)
        return [found.get(key) or records.gone(key) for key in keys]

    def _whole(self, source: Source, node: Mapping[str, Any]) -> Record:
        if source.shape is not documents.ORDERS:
            return source.record(node)
        lines = list(node["lineItems"]["nodes"])
        info = node["lineItems"]["pageInfo"]
        while info["hasNextPage"]:
            after = {"id": node["id"], "after": info["endCursor"]}
            order = self._graph.ask("ReadLines", documents.MORE_LINES, after).data["order"]
            if order is None:  # deleted meanwhile; the next read says so
                break
            lines += order["lineItems"]["nodes"]
            info = order["lineItems"]["pageInfo"]
        return records.order(node, lines)

    def _connection(
        self, source: Source, name: str, document: str, variables: Mapping[str, Any], at_most: int | None = None
    ) -> Iterator[list[Mapping[str, Any]]]:
        after: str | None = None
        while True:
            size = self._size(name) if at_most is None else min(at_most, self._sizes.get(name, at_most))
            try:
                reply = self._graph.ask(name, document, {**variables, "first": size, "after": after})
            except TooCostlyError:
                self._smaller(name, size)
                continue
            except UnauthorisedError as error:
                if source.shape is not documents.COMPANIES:
                    raise
                raise UnauthorisedError(f"{error}; companies also need a plan with B2B") from None
            self._learn(name, size, reply)
            page = reply.data[source.shape.root]
            yield page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            if page["pageInfo"]["endCursor"] in (None, after):
                raise ProtocolError("paging does not advance: the answer names the same page again")
            after = page["pageInfo"]["endCursor"]

    def _size(self, name: str) -> int:
        guess = _FIRST_ORDERS if name.endswith("Orders") else _FIRST_GUESS
        return min(self._largest, self._sizes.get(name, guess))

    def _learn(self, name: str, size: int, reply: Reply) -> None:
        if reply.cost:
            self._sizes[name] = max(1, min(250, int(0.95 * SINGLE_QUERY_LIMIT * size / reply.cost)))

    def _smaller(self, name: str, size: int) -> None:
        if size == 1:
            raise TooCostlyError("one record costs more than one query may: lower `addresses`", "MAX_COST_EXCEEDED")
        self._sizes[name] = size // 2


def _cursor(last: Record) -> str:
    return orjson.dumps({"at": last.version, "id": last.key}).decode()


def _since(stream: Stream, since: str) -> str:
    """The search that begins the overlap before a cursor."""
    try:
        at = datetime.fromisoformat(orjson.loads(since)["at"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError):
        raise CursorExpiredError(f"the stored position of {stream.name} cannot be understood: read all again") from None
    overlap = stream.watermark.overlap if stream.watermark else None
    start = at - overlap if overlap else at
    return f"updated_at:>='{start:%Y-%m-%dT%H:%M:%SZ}'"
