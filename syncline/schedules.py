"""The `schedules` part of `config.yaml`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syncline.cron import Cron, cron_to_trigger, every_to_trigger, parse_cron, parse_duration
from syncline.document import Node, nearest

_SHORTEST = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When which connections are run. Exactly one of ``every`` and ``cron`` is given."""

    name: str
    select: tuple[str, ...] = ()
    every: timedelta | None = None
    cron: Cron | None = None
    text: str = ""
    zone: str = "UTC"
    sweep: bool = False
    full: bool = False

    def trigger(self) -> Any:
        """The APScheduler trigger."""
        zone = ZoneInfo(self.zone)
        if self.cron is not None:
            return cron_to_trigger(self.cron, zone)
        return every_to_trigger(self.every or _SHORTEST, zone)


def read_schedules(node: Node, selectable: Collection[str]) -> list[Schedule]:
    """The usable schedules; everything wrong with the others is reported."""
    found: list[Schedule] = []
    for entry in node.elements() if node.value is not None else ():
        schedule = _schedule(entry, selectable)
        if schedule is None:
            continue
        if any(schedule.name == other.name for other in found):
            entry.report("duplicate", f"there are two schedules named {schedule.name!r}")
            continue
        found.append(schedule)
    return found


def _schedule(node: Node, selectable: Collection[str]) -> Schedule | None:
    if not isinstance(node.value, dict):
        list(node.items())
        return None
    before = len(node.document.found)
    entries = node.known({"name", "select", "every", "cron", "zone", "sweep", "full"}, required={"name"})
    misspelt = len(node.document.found) > before
    if ("every" in entries) == ("cron" in entries) and not misspelt:
        node.report("schedule-when", "a schedule needs either 'every' or 'cron'", 'every: 15m, or cron: "30 2 * * *"')
    select = tuple(_selection(entries["select"], selectable)) if "select" in entries else ()
    timing = entries.get("every") or entries.get("cron")
    schedule = Schedule(
        name=(entries["name"].text() if "name" in entries else None) or "",
        select=select,
        every=_every(entries["every"]) if "every" in entries else None,
        cron=_cron(entries["cron"]) if "cron" in entries else None,
        text=str(timing.value) if timing is not None else "",
        zone=(_zone(entries["zone"]) if "zone" in entries else None) or "UTC",
        sweep=bool(entries["sweep"].truth()) if "sweep" in entries else False,
        full=bool(entries["full"].truth()) if "full" in entries else False,
    )
    return schedule if len(node.document.found) == before else None


def _selection(node: Node, selectable: Collection[str]) -> list[str]:
    names = node.texts()
    for index, name in enumerate(names):
        if name not in selectable:
            at = (index,) if isinstance(node.value, list) else ()
            node.report("unknown-selection", f"nothing is named {name!r}", nearest(name, selectable), at=at)
    return names


def _every(node: Node) -> timedelta | None:
    text = node.text()
    if text is None:
        return None
    try:
        every = parse_duration(text)
    except ValueError as error:
        node.report("bad-duration", str(error))
        return None
    if not _SHORTEST <= every <= timedelta(days=366):
        node.report("bad-duration", f"expected between {_SHORTEST.seconds} seconds and one year")
        return None
    return every


def _cron(node: Node) -> Cron | None:
    text = node.text()
    if text is None:
        return None
    try:
        return parse_cron(text)
    except ValueError as error:
        node.report("bad-cron", str(error), 'minute hour day month weekday, e.g. "30 2 * * mon-fri"')
        return None


def _zone(node: Node) -> str | None:
    text = node.text()
    if text is None:
        return None
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        node.report("unknown-zone", f"there is no time zone {text!r}", "an IANA name such as Europe/Berlin")
        return None
    return text
