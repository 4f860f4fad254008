"""How sure a proposal is: what the name says, weighed against what the values look like and how the field is typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mappings.suggesting.fields import Seen
from mappings.suggesting.places import Place
from mappings.suggesting.values import ALMOST_ALL, Sample
from model.fields import FieldSpec, Kind


class Judgement(NamedTuple):
    """``evidence`` are phrases for people; they count values and never show one."""

    confidence: float
    evidence: tuple[str, ...] = ()
    doubt: str = ""


SURE = 0.7
"""From here on a rule is proposed as it is; below, it is doubtful and stands in comments."""

_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
_TEXTS = frozenset(Kind) - {Kind.REFERENCE}
_FIT: Mapping[str, frozenset[Kind]] = {
    "text": _TEXTS,
    "choice": frozenset({Kind.CHOICE, Kind.TEXT, Kind.COUNTRY, Kind.LANGUAGE, Kind.BOOLEAN, Kind.SET, Kind.TIMEZONE}),
    "integer": _NUMBERS | {Kind.BOOLEAN, Kind.TEXT, Kind.CHOICE},
    "decimal": _NUMBERS,
    "boolean": frozenset({Kind.BOOLEAN, Kind.CHOICE}),
    "date": frozenset({Kind.DATE}),
    "datetime": frozenset({Kind.DATE, Kind.DATETIME}),
    "reference": frozenset({Kind.REFERENCE}),
    "set": frozenset({Kind.SET}),
    "list": frozenset({Kind.SET}),
    "object": frozenset(),
}
"""Kinds that a field of a system's type can be mapped to."""

_LOOKS: Mapping[Kind, tuple[tuple[str, ...], str]] = {
    Kind.EMAIL: (("email",), "an e-mail address"),
    Kind.PHONE: (("phone",), "a telephone number"),
    Kind.URL: (("url",), "a web address"),
    Kind.COUNTRY: (("country",), "a country"),
    Kind.LANGUAGE: (("language",), "a language"),
    Kind.TIMEZONE: (("time zone",), "a time zone"),
    Kind.DATE: (("date", "moment", "short year"), "a date"),
    Kind.DATETIME: (("moment", "date"), "a moment"),
    Kind.INTEGER: (("whole", "number", "grouped number"), "a whole number"),
    Kind.DECIMAL: (("number", "comma number", "grouped number"), "a number"),
    Kind.MONEY: (("number", "comma number", "grouped number", "money sign"), "an amount"),
}
_LOOKS_OF: Mapping[str, tuple[tuple[str, ...], str]] = {
    "postal_code": (("postal",), "a postal code"),
    "salutation": (("salutation",), "a salutation"),
    "suffix": (("suffix",), "a suffix"),
    "domain": (("domain",), "a domain"),
    "currency": (("currency",), "a currency"),
}
_WORDY = {
    *("given_name", "middle_name", "family_name", "full_name", "nickname", "job_title", "department"),
    *("name", "legal_name", "company", "street", "city", "district", "region"),
    *("owner", "occupation", "recipient", "interests", "industry"),
}
_NOT_WORDS: tuple[tuple[str, str], ...] = (
    ("email", "an e-mail address"),
    ("moment", "a moment"),
    ("date", "a date"),
    ("number", "a number"),
    ("uuid", "an identifier"),
)


def judged(one: Seen, place: Place, spec: FieldSpec) -> Judgement:
    """What to think of mapping this field there."""
    if spec.kind not in _FIT.get(one.field.type, _TEXTS):
        return Judgement(0.0)
    if spec.kind is Kind.TEXT and one.field.type == "integer" and not _may_be_number(place.path):
        return Judgement(0.0)
    evidence = [f"by {place.by}"] if place.by else []
    confidence, said, doubt = place.weight, "", place.but
    sample = one.sample
    if one.nameless and spec.kind is Kind.EMAIL:
        confidence += 0.1
    if sample.texts:
        confidence, said, found = _with_values(
            confidence, place.path, spec, sample, one.reading.meanings + one.label_reading.meanings
        )
        doubt = found or (doubt if confidence < SURE else "")
    elif sample.seen and not sample.filled:
        confidence -= 0.1
        said = f"all {sample.seen} records looked at are empty here"
    elif one.field.type not in ("text", "object", "list"):
        said = f"its type is {one.field.type}"
    return Judgement(max(0.0, min(confidence, 0.99)), tuple(filter(None, [*evidence, said])), doubt)


def _may_be_number(path: str) -> bool:
    return path.endswith(("number", "postal_code", "_id", "reason", "status", "street"))


def _with_values(
    confidence: float, path: str, spec: FieldSpec, sample: Sample, meanings: tuple[str, ...]
) -> tuple[float, str, str]:
    """Confidence, evidence and doubt once values were looked at."""
    leaf = path.rpartition(".")[2].partition("[")[0]
    looks, noun = _LOOKS_OF.get(leaf) or _LOOKS.get(spec.kind) or ((), "")
    if leaf == "job_title" and sample.share("salutation") >= 0.5:
        return 0.2, "", ""
    if "house_number" in meanings:
        return confidence, "", ""
    if leaf == "job_title" and "title" in meanings and sample.mostly("letters"):
        return max(confidence, 0.8), "the values are no salutations", ""
    if not looks:
        return _plain(confidence, leaf, sample)
    count, total = sample.count(*looks), len(sample.texts)
    share = count / total
    said = f"{count} of {total} values look like {noun}"
    if share >= ALMOST_ALL:
        return min(confidence + 0.08, 0.99), said, ""
    if share >= 0.7:
        return min(confidence, 0.75), said, ""
    if share >= 0.4 and spec.kind is not Kind.EMAIL:
        return min(confidence, 0.6), said, f"only {said}"
    return min(confidence, 0.3), "", f"only {said}"


def _plain(confidence: float, leaf: str, sample: Sample) -> tuple[float, str, str]:
    if leaf in _WORDY:
        for look, noun in _misfits(leaf):
            if sample.share(look) >= 0.5:
                return min(confidence, 0.3), "", f"{sample.count(look)} of {len(sample.texts)} values look like {noun}"
        if leaf in ("given_name", "family_name") and sample.share("digits") > 0.3:
            return min(confidence, 0.5), "", f"{sample.count('digits')} of {len(sample.texts)} values hold digits"
    some = f"{sample.filled} of {sample.seen} filled" if sample.filled < sample.seen else ""
    return confidence, some, ""


def _misfits(leaf: str) -> Iterator[tuple[str, str]]:
    for look, noun in _NOT_WORDS:
        if not (leaf == "region" and look == "number"):
            yield look, noun
