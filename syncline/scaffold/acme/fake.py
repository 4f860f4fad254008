"""A stand-in for Acme: speaks its API, keeps state, and says no where Acme does. For demos and tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from syncline.sandbox.wire import Request, Response
from syncline.sdk import Clock

TOKEN = "acme-token"  # noqa: S105 (the fake's own)
LONGEST = 80
STATUSES = {"active", "left", None}


class AcmeFake:
    """Two collections. ``seed``, ``edit`` and ``delete`` are what people do in Acme meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"companies": {}, "people": {}}

    def seed(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Add rows; returns their ids."""
        return [self._store(collection, f"{collection[0]}{len(self.rows[collection]) + 1}", row) for row in rows]

    def edit(self, collection: str, key: str, fields: Mapping[str, Any]) -> None:
        self._store(collection, key, fields)

    def delete(self, collection: str, key: str) -> None:
        self._store(collection, key, {"deleted": True})

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Response.of({"error": "who are you?"}, status=401)
        collection, _, deed = request.path.strip("/").partition("/")
        if collection == "me":
            return Response.of({"user": "hub"})
        if collection not in self.rows:
            return Response.of({"error": "no such collection"}, status=404)
        if not deed:
            return Response.of({"items": self._page(collection, request.query)})
        if deed == "lookup":
            found = (self.rows[collection].get(key) for key in request.json()["ids"])
            return Response.of({"items": [row for row in found if row]})
        do = self._write if deed == "write" else self._remove
        return Response.of({"results": [do(collection, row) for row in request.json()["rows"]]})

    def _page(self, collection: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = sorted(self.rows[collection].values(), key=_position)
        return [row for row in rows if _position(row) > query.get("after", "")][: int(query["limit"])]

    def _write(self, collection: str, row: Mapping[str, Any]) -> dict[str, Any]:
        table, fields, key = self.rows[collection], row["fields"], row["id"]
        if key is None and row["ref"]:
            key = next((k for k, known in table.items() if known.get("ref") == row["ref"]), None)
        refusal = self._refusal(collection, key, row) or self._complaint(fields, new=key is None)
        if refusal:
            return refusal
        taken = next((k for k, r in table.items() if fields.get("email") and r.get("email") == fields["email"]), key)
        if taken != key:
            return {"outcome": "duplicate", "id": key, "of": taken, "code": "TAKEN", "field": "email"}
        fresh = {} if key else {"ref": row["ref"]}
        key = self._store(collection, key or f"{collection[0]}{len(table) + 1}", {**fields, **fresh})
        return {"outcome": "applied", "id": key, "item": table[key]}

    def _remove(self, collection: str, row: Mapping[str, Any]) -> dict[str, Any]:
        refusal = self._refusal(collection, row["id"], row)
        if refusal is None:
            self.delete(collection, row["id"])
        return refusal or {"outcome": "applied", "id": row["id"]}

    def _refusal(self, collection: str, key: str | None, row: Mapping[str, Any]) -> dict[str, Any] | None:
        known = self.rows[collection].get(key or "")
        if key and (known is None or known.get("deleted")):
            return {"outcome": "missing", "id": key}
        if known and row.get("if") and known["version"] != row["if"]:
            return {"outcome": "stale", "id": key, "item": known}
        return None

    def _complaint(self, fields: Mapping[str, Any], *, new: bool) -> dict[str, Any] | None:
        name = fields.get("name")
        if (new and not name) or ("name" in fields and name is None):
            return {"outcome": "refused", "code": "REQUIRED", "field": "name", "message": "name is required"}
        if name and len(name) > LONGEST:
            return {"outcome": "refused", "code": "TOO_LONG", "field": "name", "message": "at most 80 characters"}
        if fields.get("status") not in STATUSES:
            return {"outcome": "refused", "code": "CHOICE", "field": "status", "message": "no such status"}
        return None

    def _store(self, collection: str, key: str, fields: Mapping[str, Any]) -> str:
        known = self.rows[collection].get(key, {"id": key, "version": "0"})
        stamp = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        version = str(int(known["version"]) + 1)
        self.rows[collection][key] = {**known, **fields, "version": version, "updated_at": stamp}
        return key


def _position(row: Mapping[str, Any]) -> str:
    return f"{row['updated_at']} {row['id']}"
