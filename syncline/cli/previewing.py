"""A preview on the screen and as JSON: source, canonical record, every target, rule by rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any

from mappings.codec import ABSENT
from mappings.language import Lifecycle, field_text, one_line
from mappings.telling.wording import short
from model.records import Problem, RecordRef
from syncline.cli.masking import masked, masked_field
from syncline.cli.output import Output, clean, plain

if TYPE_CHECKING:
    from mappings.language import Condition, Rule
    from mappings.proving.trace import Read, TraceOut, Written
    from model.fields import EntitySchema
    from syncline.preview import Preview

Row = tuple[str, str, str, str, str]

_FIELDS_SHOWN = 12
_LONGEST = 120  # of a value
ACROSS = 79
"""Columns that a line of a report may take: they are read in narrow terminals, and pasted."""


def shown(found: Any) -> str:
    """A value as JSON would have it, on one line; a reference as the record it points to."""
    if found is ABSENT:
        return "nothing"
    if isinstance(found, RecordRef):
        return f"{found.stream} {found.key}"
    if isinstance(found, dict) and set(found) == {"amount", "currency"}:
        return clean(f"{found['amount']} {found['currency']}")
    if isinstance(found, str):
        return f'"{_cut(clean(found))}"'
    return _cut(clean(json.dumps(plain(found), ensure_ascii=False)))


def _cut(text: str) -> str:
    """A cell of a table that a page fits into: what is longer is told by its length."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def lines(output: Output, text: str, indent: int, then: str = "") -> None:
    """A text on as many lines as it takes; ``then`` behind it, or below it where it does not fit there."""
    margin = " " * indent
    if then and len(text) + len(then) + indent < ACROSS:
        text, then = f"{text} {then}", ""
    for part in (text, then):
        whole = TextWrapper(ACROSS, margin, f"{margin}  ", break_long_words=False, break_on_hyphens=False)
        for wrapped in whole.wrap(clean(part)):
            output.line(wrapped)
        margin += "  "


def _names(rule: Rule) -> str:
    return ", ".join(map(field_text, rule.fields)) or one_line(rule.expr)


class Teller:
    """One preview in words. With ``mask``, personal values are hidden; a record's own fields always are then."""

    def __init__(self, output: Output, schema: EntitySchema, *, mask: bool) -> None:
        self.output, self.schema, self.mask = output, schema, mask

    def here(self, path: str, found: Any) -> Any:
        """A canonical value."""
        hidden = self.mask and not isinstance(found, RecordRef)
        return masked_field(self.schema, path, found) if hidden else found

    def there(self, rule: Rule | None, found: Any) -> Any:
        """A value of a record: as personal as the most personal that the rule makes of it."""
        if not self.mask:
            return found
        if rule is None or rule.each:
            return masked(found)
        shown_as = (masked_field(self.schema, path, found) for path in rule.paths)
        return next((hidden for hidden in shown_as if hidden != found), found)

    def tell(self, one: Preview) -> None:
        mapping, trace = one.mapping, one.inward
        title = f"{mapping.name}: {trace.record.key}  ({mapping.connection}.{mapping.stream} → {mapping.entity})"
        self.output.line(clean(title))
        if one.why:
            self._note(f"picked for: {'; '.join(one.why)}")
        self.output.line()
        if trace.record.deleted or trace.projection.skipped is not None:
            self.output.line(clean(f"It is left out: {trace.projection.skipped or 'it is deleted there'}."))
            return
        rows = [row for step in trace.steps for row in self._read_rows(step)]
        rows += [("", "", "on create", path, shown(self.here(path, value))) for path, value in one.defaults.items()]
        if rows:
            self._rules(("field", "value", "how", "canonical", "becomes"), rows)
        else:
            self.output.line("No rule reads anything in it.")
        for problem in trace.rest:
            self._note(f"problem: {problem.message} [{problem.code}]")
        if trace.unmapped:
            self.output.line()
            self._note(f"Not read by any rule: {_listed(trace.unmapped)}")
        if any(problem.path is None for problem in trace.projection.problems):
            self.output.line()
            self._note("The whole record is set aside until that is mended; nothing goes on to other systems.")
        for out in one.outward:
            self._tell_out(out)

    def _rules(self, headings: Row, rows: Sequence[Row]) -> None:
        """A table, or, where the terminal is too narrow for one, two lines for each rule."""
        across = sum(2 + max(map(len, column)) for column in zip(headings, *rows, strict=True))
        if self.output.plain or across <= get_terminal_size().columns:
            self.output.table(headings, rows, "")
            return
        for name, value, how, other, becomes in rows:
            source, said = ": ".join(filter(None, (name, value))), f"({how})" if how else ""
            if source or said:
                lines(self.output, source or said, 0, said if source else "")
            lines(self.output, f"{other}: {becomes}", 4)

    def _note(self, text: str) -> None:
        """A sentence about the record; programs that read along get it on one line."""
        if self.output.plain:
            self.output.line(clean(text))
        else:
            lines(self.output, text, 0)

    def _read_rows(self, step: Read) -> list[Row]:
        """A row for each value; a rule of which the record says nothing has none."""
        rule = step.rule
        names = ", ".join(step.fields) if step.fields else ""
        texts = ", ".join(shown(self.there(rule, value)) for value in step.fields.values())
        if rule.each is not None:
            texts = _items(step.fields)
        results = [(path, shown(self.here(path, value))) for path, value in step.values.items()]
        results += [(problem.path or rule.path, _problem(problem)) for problem in step.problems]
        if not results and not step.fields and step.unmet is None:
            return []
        if not results:
            because = f"left out: only read when {step.unmet}" if step.unmet else "nothing known"
            results = [(", ".join(rule.paths), clean(f"({because})"))]
        first, *more = results
        return [(names, texts, _how(rule), *first), *(("", "", "", *each) for each in more)]

    def _tell_out(self, out: TraceOut) -> None:
        mapping = out.mapping
        self.output.line()
        proposed = "" if mapping.source.lifecycle.value == "live" else f", {mapping.source.lifecycle.value}"
        where = f"{'a new record of ' if mapping.create_out else ''}{mapping.connection}.{mapping.stream}"
        self.output.line(clean(f"→ {mapping.name}  ({where}{proposed})"))
        if out.refused is not None:
            self.output.line(clean(f"  Not written there: {out.refused}."))
            return
        self.output.line()
        rows = [row for step in out.steps for row in self._written_rows(step)]
        rows += [("", "", "on create", name, shown(self.there(None, value))) for name, value in out.defaults.items()]
        if rows:
            self._rules(("canonical", "value", "how", "field", "written"), rows)
        else:
            self.output.line("Nothing of it is written there.")
        for problem in out.rest:
            self._note(f"problem: {problem.message} [{problem.code}]")
        if not mapping.create_out:
            self._note("No record is created there: this goes to the record it is linked to, if there is one.")
        if out.left or out.otherwise:
            self.output.line()
        if out.left:
            self._note(f"Not carried there: {_listed(out.left)}")
        for path, value in out.otherwise.items():
            self._note(f"Will be shown there as: {path} {shown(self.here(path, value))}")

    def _written_rows(self, step: Written) -> list[Row]:
        rule = step.rule
        if not step.values and not step.fields:
            return []
        names = ", ".join(step.values) if len(step.values) <= len(rule.paths) else f"{rule.path}[…]"
        texts = ", ".join(shown(self.here(path, value)) for path, value in step.values.items())
        if rule.each is not None:
            texts = f"{len(step.values)} values"
        results = [
            (name, f"{len(value)} items" if rule.each is not None else shown(self.there(rule, value)))
            for name, value in step.fields.items()
        ]
        results += [(_names(rule), _problem(problem)) for problem in step.problems]
        if step.waiting:
            results.append((_names(rule), "waits: the record it refers to is not known there yet"))
        if not results:
            because = f"left out: only written when {step.unmet}" if step.unmet else "not written"
            results = [(_names(rule), clean(f"({because})"))]
        first, *more = results
        return [(names, texts, _how(rule, outward=True), *first), *(("", "", "", *each) for each in more)]


def _items(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{len(value)} items" if isinstance(value, list) else "null" for value in fields.values())


def _problem(problem: Problem) -> str:
    return f"✗ {problem.message} [{problem.code}]"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FIELDS_SHOWN} more" if len(names) > _FIELDS_SHOWN else ""
    return f"{', '.join(names[:_FIELDS_SHOWN])}{more}"


def preview_json(one: Preview, teller: Teller) -> dict[str, Any]:
    """Everything, with stable keys."""
    trace = one.inward
    return {
        "mapping": one.mapping.name,
        "version": one.mapping.version,
        "entity": one.mapping.entity,
        "key": trace.record.key,
        "picked_for": list(one.why),
        "skipped": trace.projection.skipped,
        "deleted": trace.record.deleted,
        "rules": [
            {
                **_rule_json(step.rule),
                "unmet": _unmet(step.unmet),
                "fields": {name: teller.there(step.rule, value) for name, value in step.fields.items()},
                "values": {path: _plain(teller.here(path, value)) for path, value in step.values.items()},
                "problems": plain(step.problems),
            }
            for step in trace.steps
        ],
        "defaults": {path: teller.here(path, value) for path, value in one.defaults.items()},
        "problems": plain(trace.rest),
        "unmapped": list(trace.unmapped),
        "targets": [_out_json(out, teller) for out in one.outward],
    }


def _out_json(out: TraceOut, teller: Teller) -> dict[str, Any]:
    return {
        "mapping": out.mapping.name,
        "connection": out.mapping.connection,
        "stream": out.mapping.stream,
        "refused": out.refused,
        "creates": out.mapping.create_out,
        "rules": [
            {
                **_rule_json(step.rule, outward=True),
                "unmet": _unmet(step.unmet),
                "values": {path: _plain(teller.here(path, value)) for path, value in step.values.items()},
                "fields": {name: teller.there(step.rule, value) for name, value in step.fields.items()},
                "problems": plain(step.problems),
                "waiting": step.waiting,
            }
            for step in out.steps
            if step.values or step.fields
        ],
        "defaults": {name: teller.there(None, value) for name, value in out.defaults.items()},
        "problems": plain(out.rest),
        "not_carried": list(out.left),
        "shown_as": {path: teller.here(path, value) for path, value in out.otherwise.items()},
    }


def _rule_json(rule: Rule, *, outward: bool = False) -> dict[str, Any]:
    return {"rule": ", ".join(rule.paths), "how": short(rule, outward=outward), "lifecycle": rule.lifecycle.value}


def _how(rule: Rule, *, outward: bool = False) -> str:
    standing = "proposed" if rule.lifecycle is Lifecycle.PROPOSED else ""
    return ", ".join(filter(None, (short(rule, outward=outward), standing)))


def _unmet(condition: Condition | None) -> str | None:
    return None if condition is None else str(condition)


def _plain(found: Any) -> Any:
    return {"stream": found.stream, "key": found.key} if isinstance(found, RecordRef) else found
