"""From YAML text to a `MappingFile`, with all problems at once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mappings.contract import Direction, Match, OnDelete, ScoredRule, StrongRule
from mappings.language import Lifecycle, MappingFile
from mappings.reading.conditions import conditions
from mappings.reading.examples import parse_examples
from mappings.reading.extending import BASELESS, Fetch, Source, read_source
from mappings.reading.meant import did_you_mean, path_hint, shown, spaced, what
from mappings.reading.nodes import Node, Notes
from mappings.reading.reader import Positions
from mappings.reading.rules import RuleParser
from model import paths
from model.diagnostics import Diagnostic

KEYS = (
    "mapping",
    "extends",
    "description",
    "connection",
    "stream",
    "entity",
    "direction",
    "lifecycle",
    "match",
    "create",
    "update",
    "delete",
    "owns",
    "filter",
    "rules",
    "defaults",
    "examples",
)


def parse_mapping(text: str, file: str) -> tuple[MappingFile | None, list[Diagnostic]]:
    """The mapping, or None where an error was found. Warnings may come with either."""
    mapping, found, whole = parse_what_can_be(text, file)
    return (mapping if whole else None), found


def parse_what_can_be(
    text: str, file: str, fetch: Fetch | None = None
) -> tuple[MappingFile | None, list[Diagnostic], bool]:
    """The mapping without the rules that are wrong, so that the rest can be checked in the same breath.

    ``fetch`` finds the files it extends. The last value says whether nothing was wrong.
    """
    return parse_source(read_source(text, file, fetch), file)


def parse_source(source: Source, file: str) -> tuple[MappingFile | None, list[Diagnostic], bool]:
    """`parse_what_can_be`, of a file that was read; what is found is added to what was found in reading it."""
    data, positions, found, files = source
    notes = Notes(file, positions, found)
    if notes.failed and data is None:
        return None, found, False
    if not isinstance(data, dict):
        message = f"a mapping file holds keys and values, and this is {what(data)}"
        notes.add("not-a-mapping", message, (), hint=spaced(data) or "begin with: mapping: <name>")
        return None, found, False
    rootless = any(one.code in BASELESS for one in found)
    mapping = _Parser(Node(data, (), notes, KEYS)).mapping(file, positions)
    if rootless:  # what is missing here may stand in the file that could not be had
        found[:] = [one for one in found if one.code != "missing-key" or one.path not in (None, *KEYS)]
    return replace(mapping, made_of=files), found, not notes.failed


def file_stem(file: str) -> str:
    """What a mapping is called that does not say so itself: its file's name."""
    return re.sub(r"\.ya?ml\Z", "", file.replace("\\", "/").rsplit("/", 1)[-1])


class _Parser:
    def __init__(self, top: Node) -> None:
        self.top = top

    def mapping(self, file: str, positions: Positions) -> MappingFile:
        top = self.top
        name = top.text("mapping") or file_stem(file)
        if not name or not all(part.isalnum() for part in name.replace("-", "_").split("_")):
            top.note("bad-name", f"{shown(name)} is no name: letters, digits, - and _ only", "mapping")
        entity = top.text("entity", required=True)
        direction = top.choice("direction", Direction, Direction.BOTH)
        create_in, create_out = self._ways("create", "created", direction)
        update_in, update_out = self._ways("update", "updated", direction)
        deletes = top.section("delete", ("in", "out"))
        filters = top.section("filter", ("in", "out"))
        defaults = top.section("defaults", ("record", "canonical"))
        return MappingFile(
            name=name,
            description=top.text("description"),
            connection=top.text("connection", required=True),
            stream=top.text("stream", required=True),
            entity=entity,
            direction=direction,
            lifecycle=top.choice("lifecycle", Lifecycle, Lifecycle.LIVE),
            match=self._match(),
            create_in=create_in,
            create_out=create_out,
            update_in=update_in,
            update_out=update_out,
            on_delete_in=deletes.choice("in", OnDelete, OnDelete.REVIEW) if deletes else OnDelete.REVIEW,
            on_delete_out=deletes.choice("out", OnDelete, OnDelete.IGNORE) if deletes else OnDelete.IGNORE,
            filter_in=conditions(filters, "in", "field"),
            filter_out=conditions(filters, "out", "path"),
            rules=RuleParser(top, entity, direction).rules(),
            owns=self._owns(),
            record_defaults=self._constants(defaults, "record"),
            canonical_defaults=self._constants(defaults, "canonical"),
            examples=parse_examples(top),
            file=file,
            positions=positions,
        )

    def _ways(self, key: str, done: str, direction: Direction) -> tuple[bool, bool]:
        """Inwards and outwards; the mapping's own direction where nothing is said."""
        words = ("in", "out", "both", "none")
        value = self.top.data.get(key, direction.value)
        if value not in words:
            said = shown(value) if isinstance(value, str) else what(value)
            hint = "none" if value in ("no", False) else "both" if value in ("yes", True) else None
            hint = f"did you mean {hint!r}?" if hint else did_you_mean(str(value), words)
            self.top.note("unknown-choice", f"{key} is one of: {', '.join(words)}; not {said}", key, hint=hint)
            return direction.reads, direction.writes
        inwards, outwards = value in ("in", "both"), value in ("out", "both")
        if key in self.top.data and ((inwards and not direction.reads) or (outwards and not direction.writes)):
            message = f"the mapping's direction is {direction.value}, so nothing can be {done} the other way"
            hint = f"{key}: {direction.value}, or direction: both"
            if key == "create":
                self.top.note("create-against-direction", message, key, hint=hint)
            else:
                self.top.note("update-against-direction", message, key, hint=hint)
        return inwards and direction.reads, outwards and direction.writes

    def _owns(self) -> tuple[str, ...]:
        """Canonical paths, items (``addresses[shipping]``) or whole lists (``emails``)."""
        owned = []
        for index, name in enumerate(self.top.texts("owns")):
            if self._paths(self.top, name, "owns", index):
                owned.append(name)
        return tuple(dict.fromkeys(owned))

    def _match(self) -> Match:
        node = self.top.section("match", ("strong", "scored", "one_to_one"))
        if node is None:
            return Match()
        strong = []
        given = node.data.get("strong")
        if given is not None and not isinstance(given, list):
            message = f"strong is a list of paths, or of lists of paths, and is {what(given)}"
            node.note("not-a-list", message, "strong", hint='strong: ["emails[*]", [family_name, birth_date]]')
            given = None
        for index, item in enumerate(given or []):
            combination = self._paths(node, item, "strong", index)
            if combination:
                strong.append(StrongRule(paths=combination, at=(*node.path, "strong", index)))
        return Match(strong=tuple(strong), scored=self._scored(node), one_to_one=node.flag("one_to_one", default=True))

    def _scored(self, match: Node) -> ScoredRule | None:
        node = match.section("scored", ("weights", "blocks", "link", "dispute"))
        if node is None:
            return None
        weights: dict[str, float] = {}
        given = node.data.get("weights")
        if not isinstance(given, dict) or not given:
            node.missing("weights", "weights: {full_name: 3}", "a scored rule needs weights")
            given = {}
        for path, weight in given.items():
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= 1000:
                said = "" if isinstance(weight, (int, float)) and weight is not True else f", and is {what(weight)}"
                node.note("not-in-range", f"a weight is a number above 0 and up to 1000{said}", "weights", path)
            elif self._paths(node, path, "weights", path):
                weights[path] = float(weight)
        blocks = node.data.get("blocks")
        if not isinstance(blocks, list) or not blocks:
            node.missing("blocks", "blocks: [[family_name]]", "a scored rule needs blocks")
            blocks = []
        combinations = [self._paths(node, item, "blocks", index) for index, item in enumerate(blocks)]
        link, dispute = node.number("link", 0.92, 0, 1), node.number("dispute", 0.80, 0, 1)
        if dispute > link:
            node.note(
                "not-in-range", "dispute cannot be above link", "dispute", hint=f"at most {link:g}, or raise link"
            )
        return ScoredRule(weights=weights, blocks=tuple(c for c in combinations if c), link_at=link, dispute_at=dispute)

    @staticmethod
    def _paths(node: Node, item: Any, *at: str | int) -> tuple[str, ...]:
        listed = item if isinstance(item, list) else [item]
        for path in listed:
            try:
                paths.split(path)
            except (ValueError, TypeError):
                place = (*at, listed.index(path)) if isinstance(item, list) else at
                said = shown(path) if isinstance(path, str) else what(path)
                hint = path_hint(path) if isinstance(path, str) else "such as family_name"
                node.note("not-a-path", f"{said} is not a canonical path", *place, hint=hint)
                return ()
        if not listed:
            node.note("not-a-path", "the list of paths is empty", *at, hint="name a path, or take the list out")
        return tuple(listed)

    @staticmethod
    def _constants(defaults: Node | None, side: str) -> dict[str, Any]:
        given = defaults.data.get(side) if defaults else None
        if defaults is None or given is None:
            return {}
        if not isinstance(given, dict):
            message = f"defaults.{side} must hold names and values, and is {what(given)}"
            defaults.note("not-a-mapping", message, side, hint=f"{side}: {{name: value}}")
            return {}
        return dict(given)
