"""Keys that do nothing, because the rule or the mapping does not go the way they are about."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.contract import OnDelete, Strength
from mappings.language import MappingFile, Rule
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from model.diagnostics import Severity

_OUTWARD = ("default", "strength", "max_length", "loses")
_OF_ITEMS = ("default", "placeholder", "max_length", "loses", "empty")
_OF_TEXT = ("max_length", "loses", "empty")
_OF_A_RECORD = ("blank", "empty", "placeholder", "unknown", "separator")
"""What is about values out of records, of which a constant is none."""


def check_idle(mapping: MappingFile, notes: Notes) -> None:
    """Note each of them. What is shared with other mappings may well be for those, so that nothing is said of it."""
    idle = _Idle(mapping, notes)
    idle.sections()
    for rule in mapping.rules:
        if notes.full:
            return
        if mapping.reads(rule) or mapping.writes(rule):  # otherwise all of the rule is idle, which is said
            idle.rule(rule)


class _Idle:
    def __init__(self, mapping: MappingFile, notes: Notes) -> None:
        self.mapping, self.notes = mapping, notes

    def _tell(
        self, at: Path, why: str, *, cause: Path, hint: str = "take it out", subject: str = "", under: int = 0
    ) -> None:
        """``cause`` is where it is said that nothing goes that way. Names leave ``under`` parts of the place out."""
        places = self.mapping.positions
        if at not in places.keys or at in places.meant or places.file_of(at) != places.file_of(cause):
            return
        message = f"{'.'.join(map(str, at[under:]))} does nothing here: {why}"
        self.notes.add("no-effect", message, at, subject=subject, on_key=True, hint=hint, severity=Severity.WARNING)

    def sections(self) -> None:
        mapping = self.mapping
        way: Path = ("direction",)
        if not mapping.direction.writes:
            only_in, both = "the mapping only goes in", "take it out, or say direction: both"
            self._tell(("filter", "out"), only_in, cause=way, hint=both)
            self._tell(("defaults", "record"), only_in, cause=way, hint=both)
            if mapping.on_delete_out is not OnDelete.IGNORE:
                self._tell(("delete", "out"), only_in, cause=way, hint=both)
        elif not mapping.create_out:
            why = "no record is created in the system"
            self._tell(("defaults", "record"), why, cause=("create",), hint="take it out, or let create include out")
        if not mapping.direction.reads:
            only_out, both = "the mapping only goes out", "take it out, or say direction: both"
            self._tell(("filter", "in"), only_out, cause=way, hint=both)
            self._tell(("defaults", "canonical"), only_out, cause=way, hint=both)
            self._tell(("match",), "the mapping only goes out, and reads no record", cause=way, hint=both)
            if mapping.on_delete_in is not OnDelete.IGNORE:
                self._tell(("delete", "in"), only_out, cause=way, hint=both)
        elif not mapping.create_in:
            why = "nothing is created in the hub"
            self._tell(("defaults", "canonical"), why, cause=("create",), hint="take it out, or let create include in")

    def rule(self, rule: Rule) -> None:
        mapping = self.mapping
        why, cause = self._why(rule)
        outward: tuple[str, ...] = _OUTWARD
        if rule.constant is not None:
            self._keys(rule, _OF_A_RECORD, "a constant is the canonical value itself", rule.at)
        elif rule.each is not None:
            self._keys(rule, _OF_ITEMS, "it belongs to the rules inside each", rule.at)
            outward = ("strength",)
        elif rule.reference is not None:
            self._keys(rule, _OF_TEXT, "a reference is the key of a record, and stays as it is", rule.at)
            outward = ("default", "strength")
        if not mapping.writes(rule):
            self._keys(rule, outward, why, cause)
            self._keys(rule, [("blank", "out")], why, cause)
            if rule.when_out:
                self._when(rule, "out", why)
            for sub in rule.each.rules if rule.each is not None else ():
                self._keys(sub, _OUTWARD, why, cause, subject=f"{rule.path}[].{sub.path}".rstrip("."))
            return
        if not mapping.reads(rule):
            self._keys(rule, [("blank", "in")], why, cause)
            if rule.when_in:
                self._when(rule, "in", why)
        if not mapping.update_out and rule.strength is not Strength.CREATE_ONLY:
            self._keys(rule, ["strength"], "update leaves the way out closed: only creates write", ("update",))
        if not mapping.create_out:
            why = "it is written on create, and no record is created in the system"
            self._keys(rule, ["default"], why, ("create",))

    def _keys(self, rule: Rule, keys: Iterable[str | Path], why: str, cause: Path, *, subject: str = "") -> None:
        for key in keys:
            at = (*rule.at, *((key,) if isinstance(key, str) else key))
            named = f"{self.mapping.entity}.{subject or rule.path}"
            self._tell(at, why, cause=cause, subject=named, under=len(rule.at))

    def _why(self, rule: Rule) -> tuple[str, Path]:
        """Why a rule does not go both ways, and where that is said."""
        if rule.constant is not None:
            return "a constant only goes in", rule.at
        if rule.expr:
            return "an expression only goes in", rule.at
        if not (rule.direction.reads and rule.direction.writes):
            return f"the rule only goes {rule.direction.value}", rule.at
        return f"the mapping only goes {self.mapping.direction.value}", ("direction",)

    def _when(self, rule: Rule, side: str, why: str) -> None:
        """Conditions stand below ``in`` or ``out``, or in a bare list."""
        inside = (*rule.at, "when", side) in self.mapping.positions.keys
        self._keys(rule, [("when", side) if inside else "when"], why, ("direction",))
