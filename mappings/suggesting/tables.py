"""Value tables: which word of a system is which canonical choice, and which words mean true and false."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mappings.suggesting import lexicon
from mappings.suggesting.fields import Seen
from mappings.suggesting.forms import Form
from mappings.suggesting.names import fold
from mappings.transforms.truth import LANGUAGES
from model.fields import FieldSpec

_FEW = 12
_MARKS = (("true", "false"), ("1", "0"))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


@lru_cache(maxsize=64)
def _known(leaf: str, choices: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """How choices are written elsewhere: folded word → canonical choices it can stand for."""
    words: dict[str, tuple[str, ...]] = {}
    spellings = lexicon.CHOICES.get(leaf, {})
    for choice in choices:
        listed = (choice, choice.replace("_", " "), *spellings.get(choice, "").split(","))
        for word in dict.fromkeys(map(_plain, listed)):
            if word:
                words[word] = (*words.get(word, ()), choice)
    return words


def words_of(seen: Seen) -> tuple[str, ...] | None:
    """The words a field can hold: its choices, or those of the sample where they are few and frequent."""
    return seen.field.choices or seen.sample.words(_FEW)


def choice_table(seen: Seen, spec: FieldSpec, *, writes: bool) -> Form:
    """A table between the field's words and the choices. What has no counterpart is listed for a person to decide."""
    leaf = spec.template.rpartition(".")[2]
    choices = spec.choices or ()
    by_hand = f"write the table, values: {{{choices[0] if choices else '…'}: …}}"
    words = words_of(seen)
    if not words:
        words = tuple(sorted(seen.sample.distinct))  # in a small sample no word comes often; known ones will do
        if not words:
            return Form({}, "", f"no values to make a table of: {by_hand}")
        if len(words) > _FEW or _matched(words, leaf, choices)[1]:
            return Form({}, "", f"its values are not a short list of words that are used again and again: {by_hand}")
    rows, unmatched, codes = _matched(words, leaf, choices)
    if not rows:
        return Form({}, "", f"none of its words is known as a {leaf.replace('_', ' ')}: {by_hand}")
    settings: dict[str, Any] = {
        "values": {choice: found if len(found) > 1 else found[0] for choice, found in rows.items()}
    }
    if unmatched or writes:
        settings["unknown"] = "collect"
    if codes:
        return Form(settings, "", "the values are codes: see what each stands for")
    if unmatched:
        shown = ", ".join(unmatched[:6]) + (f" and {len(unmatched) - 6} more" if len(unmatched) > 6 else "")
        covered = _share(seen, [word for found in rows.values() for word in found])
        doubt = "" if covered >= 0.9 else f"no counterpart for {shown}"
        return Form(settings, f"no counterpart for {shown}: such values are parked and listed", doubt)
    return Form(settings, f"{len(words)} different words, all known")


def _share(seen: Seen, words: Sequence[str]) -> float:
    """How much of the sample (or of the choices, without one) the words make up."""
    texts = seen.sample.texts or list(seen.field.choices or ())
    return sum(text in words for text in texts) / len(texts) if texts else 0.0


def _matched(words: Sequence[str], leaf: str, choices: tuple[str, ...]) -> tuple[dict[str, list[str]], list[str], bool]:
    """Rows in the order of the choices, words without a counterpart, and whether they are mere codes."""
    known = dict(_known(leaf, choices))
    folded = {_plain(word) for word in words}
    if leaf == "gender" and "h" in folded and "m" in folded:
        # «hombre, mujer» beside «homme, femme»: M is a woman where H is a man.
        known |= {"h": ("male",), "m": ("female",)} if "f" not in folded else {}
    elif leaf == "gender" and "h" in folded:
        known["h"] = ("male",)
    found: dict[str, list[str]] = {}
    unmatched: list[str] = []
    for word in words:
        counterparts = known.get(_plain(word), ())
        if len(counterparts) == 1:
            found.setdefault(counterparts[0], []).append(word)
        else:
            unmatched.append(word)
    rows = {choice: found[choice] for choice in choices if choice in found}
    return rows, unmatched, any(word.isdigit() for listed in rows.values() for word in listed)


def counterparts(words: Sequence[str], leaf: str, choices: tuple[str, ...]) -> dict[str, str]:
    """Words that can only stand for one of the choices of a field called ``leaf``: which."""
    rows, _, _ = _matched(words, leaf, choices)
    return {word: choice for choice, listed in rows.items() for word in listed}


def truth_transform(seen: Seen, *, inverse: bool) -> Form:
    """Words for true and false; ``inverse`` where the field says the opposite (`inactive`)."""
    if seen.field.type == "boolean":
        return Form({"transform": {"boolean": {"true": False, "false": True}}}, "the opposite") if inverse else Form({})
    words, pair = _truths_of(seen)
    if pair is None:
        return Form({}, "", f"{_unknown_truth(seen)}: say which, {{boolean: {{true: X, false: Y}}}}")
    yes, no = (_as_written(word, words) for word in pair)
    if inverse:
        yes, no = no, yes
    elif pair in _MARKS:
        return Form({}, f"{pair[0]} and {pair[1]}")
    return Form({"transform": {"boolean": {"true": yes, "false": no}}}, f"{pair[0]} and {pair[1]}")


def _truths_of(seen: Seen) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """The words of a field, however few the records, and the pair for true and false that they are."""
    words = seen.field.choices or tuple(sorted(seen.sample.distinct))
    return words, truth_pair(words)


def truth_pair(words: Sequence[str]) -> tuple[str, str] | None:
    """The pair of words for true and false that these are; None where they are something else."""
    folded = {fold(word).strip() for word in words}
    return next((pair for pair in _truth_pairs() if folded and folded <= set(pair)), None)


@lru_cache(maxsize=1)
def _truth_pairs() -> tuple[tuple[str, str], ...]:
    """Words that go together. The transform `boolean` lists its own by language, opposites in line from the end."""
    own = [tuple(zip(reversed(yes), reversed(no), strict=False))[::-1] for yes, no in LANGUAGES.values()]
    pairs = (*own[0], *lexicon.SWITCHES, *(pair for spoken in own[1:] for pair in spoken))
    return tuple(dict.fromkeys((fold(yes), fold(no)) for yes, no in pairs))


def _unknown_truth(seen: Seen) -> str:
    if not seen.sample.texts and not seen.field.choices:
        return "no values to tell from which of them mean yes and no"
    return "its values are no words for yes and no that are known here"


def _as_written(word: str, words: Sequence[str]) -> str:
    """A word in the system's own spelling; where it does not occur, as its counterpart is spelt."""
    found = next((one for one in words if fold(one).strip() == word), None)
    if found is None:
        return word.upper() if all(one.isupper() for one in words if one.isalpha()) else word
    return found


def consent_table(seen: Seen, *, writes: bool) -> Form:
    """Yes and no as a consent. No opt-out is not an opt-in. Who answers no to an opt-in refused; the no of a mark that
    everybody has says only that it was not set, so that it may be of people who were never asked."""
    if seen.field.type == "boolean":
        mark = True
        yes: Any = True
        no: Any = False
    else:
        words, pair = _truths_of(seen)
        if pair is None:
            by_hand = "write the table, values: {opted_in: …, opted_out: …, unknown: …}"
            return Form({}, "", f"consent: {_unknown_truth(seen)}: {by_hand}")
        mark = pair in _MARKS and seen.sample.filled == seen.sample.seen
        yes, no = (_as_written(word, words) for word in pair)
    inward = "email_opt_in" in seen.reading.meanings + seen.label_reading.meanings
    table: dict[str, Any] = {"opted_in" if inward else "opted_out": yes}
    table["opted_out" if inward and not mark else "unknown"] = no
    said = f"{no} is read as {'nothing known' if 'unknown' in table else 'a refusal'}"
    if not writes:
        return Form({"values": table}, said)
    table |= {status: no for status in ("unknown", "pending", "opted_out", "opted_in") if status not in table}
    return Form({"values": table, "blank": {"out": "ignore"}}, said)
