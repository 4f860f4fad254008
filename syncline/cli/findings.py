"""What audits found, in words and as JSON. Values are masked as their canonical fields demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from syncline.cli import views
from syncline.cli.masking import masked_field
from syncline.cli.output import Output, clean, counted, plain

if TYPE_CHECKING:
    from model.fields import EntitySchema
    from sync.comparing import BindingDrift, Difference, DriftReport, Example
    from sync.population import Population, PopulationReport

_DRIFT = ("binding", "listed", "agree", "differ", "unknown", "gone", "untold")
_POPULATION = ("binding", "there", "linked", "unknown", "entities", "without", "gone")
_MENDS = {
    "take": "taken into the hub",
    "put_back": "put back there",
    "ask": "for a person to decide",
    "note": "noted, nothing written",
    "tell": "never told",
}
_BECOMES = {
    "created": "would found an entity",
    "linked": "would be linked",
    "disputed": "would be asked about",
    "reference-missing": "would wait for another record",
}
_TOLD = {"create": "to be created", "update": "to be updated", "delete": "to be deleted"}
_WHATS = {
    "unknown": "a record that the hub does not know",
    "gone": "linked, and not there any more",
    "unlisted": "there, but the listing lacks it",
    "untold create": "has no record there",
    "untold delete": "deleted in the hub, and still there",
}


class Findings:
    """Tells what was found. Without ``reveal``, personal values are masked."""

    def __init__(self, output: Output, schemas: Mapping[str, EntitySchema], *, reveal: bool) -> None:
        self.output, self.schemas, self.reveal = output, schemas, reveal
        self._hidden = False

    # a full compare

    def tell_drift(self, report: DriftReport) -> None:
        self.output.table(_DRIFT, map(_drift_row, report.bindings), "No stream is read.")
        for one in report.bindings:
            besides = list(_besides(one))
            if one.drifted or one.unlisted or besides:
                self._tell_binding(one, besides)
            if not one.complete and one.trouble is None:
                self.output.say(f"{one.binding} was never read in full: a run comes first.")
        self._tell_masked()

    def _tell_binding(self, one: BindingDrift, besides: list[str]) -> None:
        line = self.output.line
        line()
        line(clean(one.binding))
        for path, mends in sorted(one.fields.items(), key=lambda item: (-item[1].total(), item[0])):
            line(f"  {clean(path)}: {_listed(mends, _MENDS)}")
        if one.unknown:
            line(f"  not known to the hub: {_listed(one.unknown, _BECOMES)}")
        if one.gone:
            line(f"  linked, and not there any more: {one.gone:,}")
        if one.unlisted:
            line(f"  there, but the listing lacks it: {one.unlisted:,}")
        if one.untold:
            line(f"  due, and marked nowhere: {_listed(one.untold, _TOLD)}")
        self._tell_examples(one)
        for text in besides:
            line(f"  {text}")

    def _tell_examples(self, one: BindingDrift) -> None:
        for example in one.examples:
            where = clean(example.key or example.entity_id or "")
            if not example.differences:
                self.output.line(f"    {where}  {_WHATS.get(example.what, example.what)}")
            for at, difference in enumerate(example.differences):
                agreed, found = (self._text(one, difference, name) for name in ("agreed", "found"))
                told = difference.mend.value == "tell"
                said = f"holds {agreed}, was not told {found}" if told else f"agreed {agreed}, shows {found}"
                place = where if at == 0 else " " * len(where)
                self.output.line(f"    {place}  {clean(difference.path)}: {said}")

    def _text(self, one: BindingDrift, difference: Difference, name: str) -> str:
        found = getattr(difference, name)
        shown = self._value(one, difference.path, found)
        self._hidden = self._hidden or shown != found
        return views.value(shown, reveal=True)

    def _value(self, one: BindingDrift, path: str, found: Any) -> Any:
        found = None if type(found).__name__ == "Unknown" else found
        return found if self.reveal else masked_field(self.schemas.get(one.binding.entity), path, found)

    def _tell_masked(self) -> None:
        if self._hidden:
            self.output.say("Values are masked; --reveal shows them.")

    def drift_json(self, report: DriftReport) -> dict[str, Any]:
        return {"drifted": report.drifted, "bindings": [self._binding_json(one) for one in report.bindings]}

    def _binding_json(self, one: BindingDrift) -> dict[str, Any]:
        return {
            **views.binding_json(one.binding),
            "drifted": one.drifted,
            "complete": one.complete,
            "listed": one.listed,
            "agreeing": one.agreeing,
            "differing": one.differing,
            "gone": one.gone,
            "unlisted": one.unlisted,
            "flaws": one.flaws,
            "news": one.news,
            "unknown": _json(one.unknown),
            "set_aside": _json(one.aside),
            "left_out": _json(one.left_out),
            "untold": _json(one.untold),
            "fields": [{"path": path, **_json(mends)} for path, mends in sorted(one.fields.items())],
            "examples": [self._example_json(one, example) for example in one.examples],
            "trouble": None if one.trouble is None else views.trouble_json(one.trouble),
        }

    def _example_json(self, one: BindingDrift, example: Example) -> dict[str, Any]:
        return {
            "what": example.what,
            "key": example.key,
            "entity_id": example.entity_id,
            "differences": [
                {
                    "path": difference.path,
                    "agreed": plain(self._value(one, difference.path, difference.agreed)),
                    "found": plain(self._value(one, difference.path, difference.found)),
                    "mend": difference.mend.value,
                }
                for difference in example.differences
            ],
        }

    # a population

    def tell_population(self, report: PopulationReport) -> None:
        self.output.table(_POPULATION, map(_population_row, report.populations), "No stream is read.")
        for one in report.populations:
            if one.trouble is None:
                self.output.line()
                for line in self._population_lines(one):
                    self.output.line(line)
                self._tell_examples(one.drift)
        self._tell_masked()

    def _population_lines(self, one: Population) -> Iterator[str]:
        yield clean(one.binding)
        yield from (f"  {line}" for line in verdict(one))
        for path, mends in sorted(one.drift.fields.items()):
            yield f"  {clean(path)}: differs in {mends.total():,}"
        if one.drift.unknown:
            yield f"  not known to the hub: {_listed(one.drift.unknown, _BECOMES)}"
        if one.drift.gone:
            yield f"  linked, and not there any more: {one.drift.gone:,}"
        yield from (f"  {text}" for text in _besides(one.drift))

    def population_json(self, report: PopulationReport) -> dict[str, Any]:
        from sync.drawing import CONFIDENCE

        return {
            "wrong": report.wrong,
            "confidence": CONFIDENCE,
            "bindings": [
                {
                    **views.binding_json(one.binding),
                    "wrong": one.wrong,
                    "listed": one.drift.listed,
                    "linked": one.linked,
                    "links": one.links,
                    "gone": one.drift.gone,
                    "unlisted": one.drift.unlisted,
                    "entities": one.entities,
                    "without_record": one.unlinked,
                    "flaws": one.drift.flaws,
                    "unknown": _json(one.drift.unknown),
                    "set_aside": _json(one.drift.aside),
                    "left_out": _json(one.drift.left_out),
                    "seed": one.sample.seed,
                    "sampled": one.sample.size,
                    "differing": one.sample.differing,
                    "missing": one.sample.gone,
                    "at_most": one.sample.bound,
                    "fields": [{"path": path, "count": n.total()} for path, n in sorted(one.drift.fields.items())],
                    "examples": [self._example_json(one.drift, example) for example in one.drift.examples],
                    "trouble": None if one.trouble is None else views.trouble_json(one.trouble),
                }
                for one in report.populations
            ],
        }


def verdict(one: Population) -> Iterator[str]:
    """``0 of 300 sampled differ: / at most 1.0 % of 12,400 linked records do, with 95 % confidence (seed 7)``."""
    from sync.drawing import CONFIDENCE

    sample = one.sample
    if not sample.size:
        yield "no record is linked, so there is nothing to sample"
    elif sample.whole:
        yield f"all {counted(sample.size, 'linked record')} were compared: {sample.wrong:,} differ or are gone"
    else:
        yield f"{sample.wrong:,} of {sample.size:,} sampled records differ or are gone:"
        yield (
            f"at most {share(sample.bound)} of {sample.population:,} linked ones do, "
            f"with {CONFIDENCE * 100:.0f} % confidence (seed {sample.seed})"
        )


def share(found: float) -> str:
    """Rounded up, since it is a bound: ``1.0 %``."""
    return f"{ceil(found * 1000) / 10:.1f} %"


def _besides(one: BindingDrift) -> Iterator[str]:
    """What is no drift, and makes up the number of listed records."""
    if one.news:
        yield f"no drift: {counted(one.news, 'record')} with news for the next run"
    if one.aside:
        yield f"no drift: set aside already, {_listed(one.aside)}"
    if one.left_out:
        yield f"no drift: left out, {_listed(one.left_out)}"
    if one.flaws:
        yield f"no drift: {counted(one.flaws, 'row')} that cannot be read"


def _drift_row(one: BindingDrift) -> tuple[Any, ...]:
    if one.trouble is not None:
        return (one.binding, one.trouble.code, *([""] * (len(_DRIFT) - 2)))
    found = (one.agreeing, one.differing, one.unknown.total(), one.gone, one.untold.total())
    return (one.binding, f"{one.listed:,}", *(f"{number:,}" if number else "" for number in found))


def _population_row(one: Population) -> tuple[Any, ...]:
    if one.trouble is not None:
        return (one.binding, one.trouble.code, *([""] * (len(_POPULATION) - 2)))
    numbers = (one.drift.listed, one.linked, one.drift.unknown.total(), one.entities, one.unlinked, one.drift.gone)
    return (one.binding, *(f"{number:,}" if number else "" for number in numbers))


def _listed(counts: Counter[Any], words: Mapping[str, str] | None = None) -> str:
    names = {str(plain(name)): number for name, number in counts.items() if number}
    return clean(
        ", ".join(
            f"{number:,} {(words or {}).get(name, name)}"
            for name, number in sorted(names.items(), key=lambda item: (-item[1], item[0]))
        )
    )


def _json(counts: Counter[Any]) -> dict[str, int]:
    return {str(plain(name)): number for name, number in sorted(counts.items(), key=str) if number}
