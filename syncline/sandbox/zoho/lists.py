"""The lists: records of a module, and those that were deleted (Zoho CRM v8, "Get Records", "Get Deleted Records")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from syncline.sandbox.wire import Request, Response
from syncline.sandbox.zoho.faults import ApiError
from syncline.sandbox.zoho.store import Row, Store

_MOST, _IDS, _FIELDS = 200, 100, 50
_LIFE = timedelta(hours=24)


@dataclass(slots=True)
class Place:
    """What a page token stands for: a position in the list of one question."""

    question: dict[str, str]
    start: int
    until: datetime


class Lists:
    """``by_number`` and ``by_token`` are the records that pages and page tokens reach, ``graves_by_number`` those of
    the list of deleted ones (the vendor names no bound). ``strict_ids``: ids of which one is not there are refused;
    ``refused_fields`` are refused by any list.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.by_number = 2000
        self.by_token = 100_000
        self.graves_by_number: int | None = None
        self.strict_ids = False
        self.refused_fields: frozenset[str] = frozenset()
        self._places: dict[str, Place] = {}

    def records(self, request: Request, name: str) -> Response:
        fields = self._fields(request.query)
        start, size = self._start(request.query)
        rows = self._chosen(request, name)
        page = rows[start : start + size]
        if not page:
            return Response(status=304 if "if-modified-since" in request.headers else 204)
        more = start + size < len(rows)
        module = self.store.module(name)
        data = [
            {field: self.store.shown(module, row, field) for field in ("id", *fields) if field in module.fields}
            for row in page
        ]
        info: dict[str, Any] = {
            "call": False,
            "per_page": size,
            "count": len(page),
            "page": start // size + 1,
            "more_records": more,
        }
        info |= {"email": False, "sort_by": request.query.get("sort_by", "id")}
        info |= {"sort_order": request.query.get("sort_order", "desc"), "previous_page_token": None}
        return Response.of({"data": data, "info": info | self._onwards(request.query, start + size, more=more)})

    def _fields(self, query: Mapping[str, str]) -> list[str]:
        fields = [field for field in query.get("fields", "").split(",") if field]
        if not fields:
            details = {"param_name": "fields"}
            raise ApiError("REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", details)
        if self.refused_fields & set(fields):
            raise ApiError("INVALID_DATA", "invalid data", {"param_name": "fields"})
        if len(fields) > _FIELDS:
            raise ApiError("LIMIT_EXCEEDED", "Fields limit exceeded.", {"limit": _FIELDS, "param_name": "fields"})
        return fields

    def _start(self, query: Mapping[str, str]) -> tuple[int, int]:
        size = min(int(query.get("per_page", _MOST)), _MOST)
        token = query.get("page_token")
        if token is None:
            start = (int(query.get("page", 1)) - 1) * size
            if start + size > self.by_number and start > 0:
                text = "You can only get the first 2000 records without using page_token param."
                raise ApiError("DISCRETE_PAGINATION_LIMIT_EXCEEDED", text, {"limit": self.by_number})
            return start, size
        if "page" in query:
            raise ApiError("AMBIGUITY_DURING_PROCESSING", "page and page_token cannot be used together")
        place = self._places.get(token)
        if place is None:
            raise ApiError("INVALID_DATA", "the token given seems to be invalid", {"param_name": "page_token"})
        if place.until <= self.store.clock.now():
            raise ApiError("EXPIRED_VALUE", "the token given has expired", {"param_name": "page_token"})
        if place.question != _question(query):
            raise ApiError("TOKEN_BOUND_DATA_MISMATCH", "input param is added, altered, or deleted")
        if place.start >= self.by_token:
            raise ApiError("PAGINATION_LIMIT_EXCEEDED", "You can only get up to first 100000 records")
        return place.start, size

    def _onwards(self, query: Mapping[str, str], start: int, *, more: bool) -> dict[str, Any]:
        if not more:
            return {"next_page_token": None, "page_token_expiry": None}
        token = f"c8582xx{len(self._places):08x}"
        until = self.store.clock.now() + _LIFE
        self._places[token] = Place(_question(query), start, until)
        return {"next_page_token": token, "page_token_expiry": self.store.printed(until.replace(microsecond=0))}

    def _chosen(self, request: Request, name: str) -> list[Row]:
        query = request.query
        self.store.module(name)
        rows: Sequence[Row] = list(self.store.rows[name].values())
        if "ids" in query:
            ids = query["ids"].split(",")
            if len(ids) > _IDS:
                raise ApiError("LIMIT_EXCEEDED", "ids limit exceeded", {"limit": _IDS, "param_name": "ids"})
            if self.strict_ids and any(key not in self.store.rows[name] for key in ids):
                raise ApiError("INVALID_DATA", "the id given seems to be invalid", {"param_name": "ids"})
            rows = [self.store.rows[name][key] for key in ids if key in self.store.rows[name]]
        converted = query.get("converted", "false")
        if converted != "both":
            rows = [row for row in rows if bool(row.get("Converted__s")) == (converted == "true")]
        if query.get("approved", "true") == "true":
            rows = [row for row in rows if self.store.held.get(row["id"], ("",))[0] != "NOT_APPROVED"]
        since = since_of(request)
        if since is not None:
            rows = [row for row in rows if row["Modified_Time"] >= since]
        by = query.get("sort_by", "id")
        if by not in {"id", "Created_Time", "Modified_Time"}:
            raise ApiError("INVALID_DATA", "the sort_by given seems to be invalid", {"param_name": "sort_by"})
        return sorted(rows, key=lambda row: row[by], reverse=query.get("sort_order", "desc") != "asc")

    def deleted(self, request: Request, name: str) -> Response:
        self.store.module(name)
        kind = request.query.get("type", "all")
        if kind not in {"all", "recycle", "permanent"}:
            raise ApiError("PATTERN_NOT_MATCHED", "Please check whether the input values are correct")
        size = min(int(request.query.get("per_page", _MOST)), _MOST)
        number = int(request.query.get("page", 1))
        if self.graves_by_number is not None and number * size > self.graves_by_number:
            raise ApiError("DISCRETE_PAGINATION_LIMIT_EXCEEDED", "too many", {"limit": self.graves_by_number})
        since = since_of(request)
        entries = [e for e in self.store.graves(name, kind) if since is None or e.when >= since]
        page = entries[(number - 1) * size : number * size]
        if not page:
            return Response(status=204)
        module = self.store.module(name)
        data = [
            {
                "deleted_by": None if e.permanent else self.store.user(e.by),
                "id": e.row["id"],
                "display_name": None if e.permanent else e.row.get(module.shown),
                "type": "permanent" if e.permanent else "recycle",
                "created_by": None if e.permanent else self.store.user(e.row["Created_By"]),
                "deleted_time": self.store.printed(e.when),
            }
            for e in page
        ]
        info = {"per_page": size, "count": len(page), "page": number, "more_records": number * size < len(entries)}
        return Response.of({"data": data, "info": info})


def since_of(request: Request, header: str = "if-modified-since") -> datetime | None:
    """The moment in a header; raises ApiError where it has none."""
    text = request.headers.get(header)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ApiError("INVALID_DATA", "invalid date time", {"param_name": header})
    return moment


def _question(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in {"page", "page_token"}}
