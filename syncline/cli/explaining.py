"""One record explained: its values with their origin, what other systems hold instead, and what happened when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.paths import is_pattern, pattern_regex
from sync.decision import HELD, UNKNOWN, blank
from syncline.cli import views
from syncline.cli.masking import masked_field
from syncline.cli.output import Output, plain

if TYPE_CHECKING:
    from model.fields import EntitySchema
    from state.views import Event, FieldView, LinkView, Origin, RecordView
    from sync.decision import BindingId

REASONS: Mapping[str, str] = {
    "created": "first value",
    "fill": "was empty",
    "edit": "edited there",
    "authority": "higher authority",
    "latest": "the latest edit",
    "most_complete": "the more complete value",
    "union": "both sets joined",
    "consent": "consent: the most restrictive",
    "enforce": "enforced by the mapping",
    "merged": "two entities made one",
    "undone": "a run was undone",
    "unlinked": "kept there although deleted",
}
"""Why a value was let in, for people; JSON has the rule's own name."""

ORIGINS: Mapping[str, str] = {
    "founded": "the entity was made from it",
    "created": "the hub created it there",
    "unknown": "not known: linked before this was kept",
}
"""How a record came to be one of an entity's, where no rule and no person decided."""

_PATHS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one record. ``covers`` tells which paths each binding's mapping has anything to do with."""

    record: RecordView
    events: Sequence[Event]
    covers: Mapping[BindingId, Collection[str]]
    schema: EntitySchema | None = None  # set where values are masked
    mask: bool = False

    def value(self, path: str, found: Any) -> Any:
        found = None if found is UNKNOWN else found
        return masked_field(self.schema, path, found) if self.mask else plain(found)

    def text(self, path: str, found: Any) -> str:
        return views.value(self.value(path, found), reveal=True)

    @property
    def live(self) -> list[LinkView]:
        return [link for link in self.record.links if link.state == "live"]

    def holds(self, link: LinkView, path: str, value: Any) -> str:
        """What a system holds of a field, in words."""
        entry = link.base.get(path)
        if entry is None or entry.value == value:
            return "the same" if _covered(path, self.covers.get(link.binding, ())) else "(not mapped there)"
        if entry.rev == HELD:
            return "something that cannot be read"
        return "not known yet" if entry.value is UNKNOWN else self.text(path, entry.value)

    def elsewhere(self, one: FieldView) -> list[tuple[LinkView, str]]:
        """Live records that are known to hold another value, or none."""
        differing = [link for link in self.live if one.path in link.base and link.base[one.path].value != one.value]
        return [(link, self.holds(link, one.path, one.value)) for link in differing]


def _covered(path: str, covers: Collection[str]) -> bool:
    return path in covers or any(is_pattern(one) and pattern_regex(one).match(path) for one in covers)


def story_json(story: Story) -> dict[str, Any]:
    """Everything, with stable keys."""
    record = story.record
    return {
        **{name: plain(getattr(record, name)) for name in ("id", "entity", "state", "rev", "run", "created_at")},
        "merged_into": record.merged_into,
        "fields": [field_json(story, one) for one in record.fields],
        "links": [link_json(one, record) for one in record.links],
        "timeline": [_event_json(story, one) for one in story.events],
    }


def field_json(story: Story, one: FieldView) -> dict[str, Any]:
    return {
        "path": one.path,
        "value": story.value(one.path, one.value),
        "rev": one.rev,
        "source": one.source,
        "run": one.run,
        "at": plain(one.at),
        "binding": str(one.binding) if one.binding is not None else None,
        "key": one.key,
        "mapping": one.mapping,
        "why": one.why,
        "elsewhere": [
            {"binding": str(link.binding), "key": link.key, "value": story.value(one.path, link.base[one.path].value)}
            for link, _ in story.elsewhere(one)
        ],
    }


def _event_json(story: Story, one: Event) -> dict[str, Any]:
    return {
        "at": plain(one.at),
        "run": one.run,
        "kind": one.kind,
        "what": one.what,
        "detail": one.detail,
        "source": _by(one),
        "key": one.key,
        "mapping": one.mapping,
        "old": story.value(one.what, one.old),
        "new": story.value(one.what, one.new),
    }


def link_json(one: LinkView, record: RecordView | None) -> dict[str, Any]:
    """A link; ``differs`` names fields in which the record is known to differ or still has to be written."""
    known = {field.path: field.value for field in record.fields} if record is not None else {}
    differs = (path for path, entry in one.base.items() if not (blank(entry.value) and blank(known.get(path))))
    return {
        "binding": str(one.binding),
        **views.binding_json(one.binding),
        "key": one.key,
        "entity_id": one.entity_id,
        "state": str(one.state),
        "origin": origin_json(record.origins.get((one.binding, one.key))) if record is not None else None,
        "version": one.version,
        "differs": sorted(differs),
    }


def tell_story(output: Output, story: Story) -> None:
    """Values, records, timeline."""
    record = story.record
    state = f"merged into {record.merged_into}" if record.merged_into else record.state
    output.line(f"{record.entity} {record.id}  ({state}, revision {record.rev})")
    output.line()
    rows = [
        (
            one.path,
            story.text(one.path, one.value),
            one.source,
            f"{one.at:%Y-%m-%d %H:%M}" if one.at is not None else None,
            reason(one.why),
            "; ".join(f"{stream(link.binding)}: {text}" for link, text in story.elsewhere(one)),
        )
        for one in record.fields
    ]
    output.table(("field", "value", "from", "since", "because", "elsewhere"), rows, "It has no values.")
    output.line()
    links = [
        (stream(one.binding), one.key, str(one.state), _since(story.record, one), because(story.record, one))
        for one in record.links
    ]
    output.table(("system", "record key", "link", "since", "because"), links, "It is linked to no record.")
    output.line()
    _tell_events(output, story, story.events)
    if record.fields:
        output.say(f"Why one value is what it is: syncline record show {record.id} --field '{record.fields[0].path}'")


def because(record: RecordView, link: LinkView) -> str:
    """Why a record is one of the entity's, in words."""
    return _how(record.origins.get((link.binding, link.key)))


def _how(origin: Origin | None) -> str:
    how = "unknown" if origin is None else str(origin.how)
    if origin is None or how != "joined":
        return ORIGINS[how]
    if origin.former is None:
        return origin.why or ""
    before = f", where {_how(origin.before)}" if origin.before is not None else ""
    return f"{origin.why}: it came with {origin.former}{before}"


def _since(record: RecordView, link: LinkView) -> str | None:
    origin = record.origins.get((link.binding, link.key))
    return f"run {origin.run}" if origin is not None and origin.run is not None else None


def origin_json(origin: Origin | None) -> dict[str, Any] | None:
    """How a record became one of the entity's; ``why`` is None where nobody had to decide, or nobody knows."""
    if origin is None:
        return None
    names = ("how", "why", "by", "run", "at", "mapping", "former")
    return {name: plain(getattr(origin, name)) for name in names} | {"before": origin_json(origin.before)}


def tell_field(output: Output, story: Story, path: str, one: FieldView | None) -> None:
    """One value: where it came from, what every system holds, and how it came about."""
    value = None if one is None else one.value
    output.line(f"{path} of {story.record.entity} {story.record.id}")
    output.line()
    facts: dict[str, Any] = {"value": story.text(path, value)}
    if one is not None:
        came = f"{stream(one.binding)} {one.key or ''}".strip() if one.binding is not None else one.source
        facts |= {
            "from": came,
            "because": reason(one.why),
            "since": f"{moment(one.at) or 'a time that is not known'} (run {one.run}, revision {one.rev})",
            "mapping": f"version {one.mapping}" if one.mapping else None,
        }
    output.facts(facts)
    output.line()
    rows = [(stream(link.binding), link.key, story.holds(link, path, value)) for link in story.live]
    output.table(("system", "record key", "holds"), rows, "It is linked to no record.")
    output.line()
    _tell_events(output, story, [event for event in story.events if _concerns(event, path)])


def _concerns(event: Event, path: str) -> bool:
    if event.kind == "written":
        return path in event.what.partition(" ")[2].split(", ") or event.what == "create"
    return event.what == path or event.kind == "created"


def _tell_events(output: Output, story: Story, events: Sequence[Event]) -> None:
    rows = [(moment(one.at), one.run, one.kind, _what(one), _by(one), _detail(story, one)) for one in events]
    output.table(("when", "run", "event", "of", "by", "detail"), rows, "Nothing happened to it yet.")


def _what(event: Event) -> str:
    if event.kind == "linked" and event.binding is not None:
        return f"{stream(event.binding)} {event.key}"
    if event.kind != "written":
        return event.what
    kind, _, paths = event.what.partition(" ")
    names = paths.split(", ") if paths else []
    more = f" and {len(names) - _PATHS_SHOWN} more" if len(names) > _PATHS_SHOWN else ""
    return f"{kind} {', '.join(names[:_PATHS_SHOWN])}{more}".strip()


def _detail(story: Story, event: Event) -> str:
    if event.kind == "changed":
        change = f"{story.text(event.what, event.old)} → {story.text(event.what, event.new)}"
        return change if event.detail == "fill" else f"{change} ({reason(event.detail)})"
    if event.kind == "conflict":
        apart = f"{event.source}: {story.text(event.what, event.old)}"
        other = f"{stream(event.binding)}: {story.text(event.what, event.new)}" if event.binding is not None else ""
        return f"{apart} against {other} ({reason(event.detail)})"
    return event.detail


def _by(event: Event) -> str | None:
    return event.source or (stream(event.binding) if event.binding is not None else None)


def reason(why: str) -> str:
    return REASONS.get(why, why)


def stream(binding: BindingId) -> str:
    """``crm.Contact``: inside one record the entity need not be said."""
    return f"{binding.connection}.{binding.stream}"


def moment(at: Any) -> str | None:
    """A moment to the second, in UTC; JSON has it in full."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else None
