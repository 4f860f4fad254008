"""The bulk API of the fake shop: calls are taken into a queue, and worked off later, one by one."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from model.clock import Clock
from syncline.sandbox.magento.refusals import Refusal, no_such

Deed = Callable[[], Any]


class Queue:
    """``delay`` is how many seconds pass before a call is worked off. ``counted_on`` numbers operations through all
    bulks, as older releases do. ``spoil`` gives the status of coming operations instead of carrying them out."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.delay = 3.0
        self.counted_on = False
        self.spoil: list[int] = []
        self._bulks: dict[str, dict[str, Any]] = {}
        self._operations = 0

    def take(self, bodies: list[Mapping[str, Any]], topic: str, deed: Callable[[Mapping[str, Any]], Any]) -> Any:
        name = str(uuid.uuid4())
        operations = []
        for at, body in enumerate(bodies):
            self._operations += 1
            text = orjson.dumps(body).decode()
            operations.append(
                {
                    "id": self._operations if self.counted_on else at,
                    "bulk_uuid": name,
                    "topic_name": topic,
                    "serialized_data": orjson.dumps(
                        {"entity_id": None, "entity_link": "", "meta_information": text}
                    ).decode(),
                    "result_serialized_data": None,
                    "status": 4,
                    "result_message": None,
                    "error_code": None,
                }
            )
        due = self.clock.now().timestamp() + self.delay
        self._bulks[name] = {"due": due, "operations": operations, "bodies": bodies, "deed": deed, "topic": topic}
        items = [
            {"id": at, "data_hash": hashlib.sha256(orjson.dumps(body)).hexdigest(), "status": "accepted"}
            for at, body in enumerate(bodies)
        ]
        return {"bulk_uuid": name, "request_items": items, "errors": False}

    def work(self) -> None:
        """Carry out whatever is due."""
        now = self.clock.now().timestamp()
        for kept in self._bulks.values():
            if kept["due"] > now:
                continue
            for operation, body in zip(kept["operations"], kept["bodies"], strict=True):
                if operation["status"] == 4:
                    self._carry_out(operation, body, kept["deed"])

    def _carry_out(self, operation: dict[str, Any], body: Mapping[str, Any], deed: Callable[[Any], Any]) -> None:
        status = self.spoil.pop(0) if self.spoil else 1
        if status != 1:
            operation |= {"status": status, "result_message": "Deadlock found when trying to get lock", "error_code": 0}
            return
        try:
            result = deed(body)
        except Refusal as refusal:
            operation |= {"status": 3, "result_message": refusal.rendered(), "error_code": 0}
            return
        told = f"Service execution success {operation['topic_name']}"
        operation |= {"status": 1, "result_message": told, "result_serialized_data": orjson.dumps(result).decode()}

    def status(self, name: str, *, detailed: bool) -> Any:
        kept = self._bulks.get(name)
        if kept is None:
            raise no_such("bulkUuid", name)
        apart = () if detailed else ("bulk_uuid", "topic_name", "serialized_data", "result_serialized_data")
        operations = [{k: v for k, v in one.items() if k not in apart} for one in kept["operations"]]
        return {
            "operations_list": operations,
            "user_type": 1,
            "bulk_id": name,
            "description": f"Topic {kept['topic']}",
            "start_time": "2026-01-01 00:00:00",
            "user_id": 1,
            "operation_count": len(operations),
        }

    def count(self, name: str, status: int) -> int:
        return sum(one["status"] == status for one in self.status(name, detailed=False)["operations_list"])
