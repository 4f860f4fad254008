"""Search criteria: groups all hold, filters of a group are alternatives; a page past the end is the last page again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from syncline.sandbox.magento.refusals import Refusal

_FILTER = re.compile(
    r"search_?criteria\[filter_?groups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(field|value|condition_?type)\]", re.IGNORECASE
)
_SORT = re.compile(r"search_?criteria\[sort_?orders\]\[(\d+)\]\[(field|direction)\]", re.IGNORECASE)
_PAGING = re.compile(r"search_?criteria\[(page_?size|current_?page)\]", re.IGNORECASE)
_DEFAULT_PAGE = 20

Row = Mapping[str, Any]


def searched(
    rows: Iterable[Row], query: Mapping[str, str], value: Callable[[Row, str], Any], largest: int
) -> dict[str, Any]:
    """The answer to a search. ``value`` gives a row's attribute and raises Refusal for one that is not there."""
    groups, sorts, paging = _parsed(query)
    size = int(paging.get("pagesize") or _DEFAULT_PAGE)
    if size > largest:
        raise Refusal(400, "Maximum SearchCriteria pageSize is %max", {"max": largest})
    found = [row for row in rows if all(any(_holds(row, one, value) for one in group) for group in groups)]
    for field, direction in reversed(sorts):
        found.sort(key=partial(_place, field, value), reverse=direction == "DESC")
    last = max(1, -(-len(found) // size))
    page = min(int(paging.get("currentpage") or 1), last)
    return {"items": found[(page - 1) * size : page * size], "total_count": len(found)}


def _parsed(
    query: Mapping[str, str],
) -> tuple[list[list[dict[str, str]]], list[tuple[str, str]], dict[str, str]]:
    groups: dict[int, dict[int, dict[str, str]]] = {}
    sorts: dict[int, dict[str, str]] = {}
    paging: dict[str, str] = {}
    for name, text in query.items():
        if found := _FILTER.fullmatch(name):
            part = found[3].lower().replace("_", "")
            groups.setdefault(int(found[1]), {}).setdefault(int(found[2]), {})[part] = text
        elif found := _SORT.fullmatch(name):
            sorts.setdefault(int(found[1]), {})[found[2].lower()] = text
        elif found := _PAGING.fullmatch(name):
            paging[found[1].lower().replace("_", "")] = text
    ordered = [(sorts[at]["field"], sorts[at].get("direction", "ASC").upper()) for at in sorted(sorts)]
    return [list(groups[at].values()) for at in sorted(groups)], ordered, paging


def _holds(row: Row, one: Mapping[str, str], value: Callable[[Row, str], Any]) -> bool:
    held, wanted = value(row, one["field"]), one.get("value", "")
    how = one.get("conditiontype", "eq")
    if how in {"in", "nin"}:
        return (_same(held) in {_same(part.strip()) for part in wanted.split(",")}) == (how == "in")
    if how in {"null", "notnull"}:
        return (held is None) == (how == "null")
    if held is None:
        return how == "neq"
    if how == "like":
        pattern = ".*".join(map(re.escape, wanted.split("%")))
        return re.fullmatch(pattern, str(held), re.IGNORECASE | re.DOTALL) is not None
    here, there = _ordered(held), _ordered(wanted if not isinstance(held, int) else _number(wanted))
    comparisons: Mapping[str, bool] = {
        "eq": here == there,
        "neq": here != there,
        "gt": here > there,
        "gteq": here >= there,
        "from": here >= there,
        "lt": here < there,
        "lteq": here <= there,
        "to": here <= there,
    }
    if how not in comparisons:
        raise Refusal(500, "Internal Error. Details are available in Magento log file. Report ID: webapi-62d1")
    return comparisons[how]


def _same(value: Any) -> str:
    """Texts are compared without case, as the vendor's database does."""
    return str(value).casefold()


def _number(text: str) -> Any:
    return int(text) if re.fullmatch(r"-?\d+", text) else 0


def _place(field: str, value: Callable[[Row, str], Any], row: Row) -> tuple[int, Any]:
    return _ordered(value(row, field))


def _ordered(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, int | float) else (2, _same(value))


def pruned(answer: Mapping[str, Any], fields: str) -> Mapping[str, Any]:
    """An answer cut down to ``fields=items[id,email],total_count``; one level is enough here."""
    inner = re.search(r"items\[([^\]]*)\]", fields)
    if inner is None:
        return answer
    names: Sequence[str] = [name.strip() for name in inner[1].split(",")]
    items = [{name: row[name] for name in names if name in row} for row in answer["items"]]
    return {"items": items, **({"total_count": answer["total_count"]} if "total_count" in fields else {})}
