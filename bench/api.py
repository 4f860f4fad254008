"""A plain HTTP API with people in it: paged reads by change number, batched upserts by marker. A process of its own.

``python -m bench.api 1000`` starts with a thousand people; ``… 1000 50`` answers every call 50 milliseconds late. It
prints its address and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from bench.people import COLUMNS, rows

Row = dict[str, Any]


class People:
    """What the API holds."""

    def __init__(self, count: int) -> None:
        self.seq = 0
        self.by_key: dict[str, Row] = {}
        self.by_marker: dict[str, str] = {}
        self.order: list[str | None] = [None]  # change number → key; None where the record changed again
        for row in rows(count):
            self._store(dict(zip(COLUMNS, row, strict=True)))

    def _store(self, row: Row) -> Row:
        self.seq += 1
        former = row.get("seq")
        if former is not None:
            self.order[former] = None
        row["seq"] = self.seq
        self.order.append(row["id"])
        self.by_key[row["id"]] = row
        return row

    def page(self, after: int, limit: int) -> list[Row]:
        found: list[Row] = []
        for key in self.order[after + 1 :] if after else self.order[1 : 1 + limit]:
            if key is not None:
                found.append(self.by_key[key])
                if len(found) == limit:
                    break
        return found

    def upsert(self, writes: list[Row]) -> list[Row]:
        return [self._upsert(write) for write in writes]

    def _upsert(self, write: Row) -> Row:
        key = write["id"] or self.by_marker.get(write["hub"]) or f"p{len(self.by_key)}"
        row = self.by_key.get(key)
        if row is None:
            row = {**dict.fromkeys(COLUMNS), "id": key, "hub": write["hub"], "seq": None}
            self.by_marker[write["hub"]] = key
        elif write["if"] is not None and write["if"] != str(row["seq"]):
            return {"stale": key}
        row.update(write["fields"])
        return self._store(row)

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        address = urlsplit(target)
        if address.path.endswith("/count"):
            return orjson.dumps([len(self.by_key), self.seq])
        if method == "GET":
            query = parse_qs(address.query)
            return orjson.dumps(self.page(int(query["after"][0]), int(query["limit"][0])))
        sent = orjson.loads(body)
        if address.path.endswith("/lookup"):
            return orjson.dumps([self.by_key[key] for key in sent if key in self.by_key])
        return orjson.dumps(self.upsert(sent))


async def _serve(people: People, latency: float) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *headers = head.decode("latin-1").split("\r\n")
                method, target, _ = line.split(" ")
                lengths = [h.partition(":")[2] for h in headers if h.lower().startswith("content-length:")]
                body = await reader.readexactly(int(lengths[0])) if lengths else b""
                answer = people.answer(method, target, body)
                if latency:
                    await asyncio.sleep(latency)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                    % (len(answer), answer)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 22)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(People(int(sys.argv[1])), float(sys.argv[2]) / 1000))
