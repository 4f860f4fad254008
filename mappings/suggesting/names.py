"""What the name of a field says: `MailingPostalCode`, `zip_code_2` and `Rechnungs-PLZ` are read into their meaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mappings.suggesting import lexicon

ADDRESS_PARTS = frozenset({"street", "house_number", "city", "district", "region", "postal_code", "country"})

_OWN_SUFFIX = re.compile(r"__(c|pc|r)\Z")  # what some systems add to the names of custom fields
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})
_NEUTRAL = frozenset({"code", "cd", "key", "iso", "value", "text", "label", "field", "number", "name", "no"})
_INSIDE_ADDRESS = {
    "company": "address_company",
    "phone": "address_phone",
    "name": "recipient",
    "full_name": "recipient",
    "given_name": "",
    "family_name": "",
}
"""What parts of an address mean: the telephone beside a parcel's street is not the customer's."""
_SHORTEST_PIECE = 3
_MOST_WORDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A name as understood. ``strange`` are words that are not; with one of them, the meaning is a guess.

    ``group`` and ``index`` are the numbers in names like ``address2_line1``; ``keyed`` says that it ends in «id».
    """

    meanings: tuple[str, ...] = ()
    use: str | None = None
    whose: str | None = None  # "person" or "organisation"
    group: int | None = None
    index: int | None = None
    keyed: bool = False
    strange: tuple[str, ...] = ()
    joined: str = ""

    @property
    def plain(self) -> bool:
        return bool(self.meanings) and not self.strange


def fold(text: str) -> str:
    """Small letters without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(sign for sign in bare if not unicodedata.combining(sign))


@lru_cache(maxsize=8192)
def split(name: str) -> tuple[str, ...]:
    """The words and numbers of a name, folded: ``BillingPostalCode__c`` → billing, postal, code."""
    apart = _HUMPS.sub(" ", _OWN_SUFFIX.sub("", name))
    return tuple(re.findall(r"[^\W\d_]+|[0-9]+", fold(apart)))


def join(text: str) -> str:
    return "".join(split(text))


def _phrases(text: str) -> Iterator[str]:
    for phrase in text.split(","):
        yield "".join(re.findall(r"[^\W_]+", fold(phrase)))


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for meaning, phrases in lexicon.MEANINGS.items():
        for phrase in (*_phrases(phrases), meaning.replace("_", "")):
            if meaning not in index.get(phrase, ()):
                index[phrase] = (*index.get(phrase, ()), meaning)
    return index


@lru_cache(maxsize=1)
def _modifiers() -> Mapping[str, tuple[str, str]]:
    """Words beside the meaning: what kind of word, and what it says."""
    index: dict[str, tuple[str, str]] = {}
    for use, phrases in lexicon.USES.items():
        for phrase in _phrases(phrases):
            index.setdefault(phrase, ("use", use))
    for whose, phrases in (("person", lexicon.PERSON), ("organisation", lexicon.ORGANISATION), ("", lexicon.EITHER)):
        for phrase in _phrases(phrases):
            index.setdefault(phrase, ("whose" if whose else "noise", whose))
    return index


@lru_cache(maxsize=1)
def _not_these() -> frozenset[str]:
    return frozenset(_phrases(lexicon.NOT_THESE))


@lru_cache(maxsize=4096)
def read(name: str) -> Reading:
    """The meaning of a name, or of a label; of nested fields, all names on the way down count."""
    words = list(split(name))
    joined = "".join(words)
    if joined in _not_these():
        return Reading(joined=joined, strange=tuple(words))
    whole = _meanings().get(joined) or _meanings().get("".join(map(_spelled_out, words)))
    if joined in lexicon.ALONE:
        whole = (lexicon.ALONE[joined],)
    if whole:
        return Reading(meanings=whole, joined=joined)
    return _taken_apart(words, joined)


def _spelled_out(word: str) -> str:
    return lexicon.ABBREVIATED.get(word, word)


def _taken_apart(words: list[str], joined: str) -> Reading:
    if len(words) == 1 and _unknown(joined) and joined.endswith("id") and _compound(joined[:-2]) != [joined[:-2]]:
        words = [joined[:-2], "id"]
    keyed = len(words) > 1 and words[-1] == "id"
    group, index, letters = _numbers(words[:-1] if keyed else words)
    pieces: list[str] = []
    for word in letters:
        pieces += _compound(word) if _unknown(word) else [word]
    cores: list[tuple[str, ...]] = []
    strange: list[str] = []
    said: dict[str, str] = {}
    at = 0
    while at < len(pieces):
        length, core, modifier = _longest(pieces, at)
        if core:
            cores.append(core)
        elif modifier == ("whose", "organisation") and ("address",) in cores:
            cores.append(("company",))  # the company line of an address
        elif modifier is not None:
            said.setdefault(*modifier)
        elif not (pieces[at] in _NEUTRAL and cores) and not (pieces[at] == "n" and not cores):  # «N° de téléphone»
            strange.append(pieces[at])
        at += length
    meanings = _one_of(cores)
    if strange == ["code"] and "use" in said:
        meanings, strange = ("postal_code",), []  # «billing code» beside «billing city»
    elif not cores and not strange and said.get("whose") == "organisation" and "use" in said:
        meanings = ("company",)  # «billing company»
    if cores and not meanings:
        strange.append("several meanings")
    return Reading(
        meanings=meanings,
        use=said.get("use"),
        whose=said.get("whose"),
        group=group,
        index=index,
        keyed=keyed,
        strange=tuple(strange),
        joined=joined,
    )


def _numbers(words: list[str]) -> tuple[int | None, int | None, list[str]]:
    """Group, index and the words without them. A number inside tells an address apart, one at the end a line."""
    group = index = None
    letters: list[str] = []
    for at, word in enumerate(words):
        if not word.isdigit():
            letters.append(word)
        elif letters[-1:] == ["v"]:
            letters.pop()  # ``countryCodeV2``: a version, which says nothing
        elif at == len(words) - 1:
            index = int(word)
        else:
            group = int(word)
    return group, index, letters


def _unknown(word: str) -> bool:
    known = (word, _spelled_out(word))
    return not any(one in _meanings() or one in _modifiers() or one in _NEUTRAL for one in known)


def _longest(pieces: list[str], at: int) -> tuple[int, tuple[str, ...], tuple[str, str] | None]:
    """How many words from here on belong together, and what they mean or modify."""
    for length in range(min(_MOST_WORDS, len(pieces) - at), 0, -1):
        part = pieces[at : at + length]
        for joined in ("".join(part), "".join(map(_spelled_out, part))):
            modifier = _modifiers().get(joined)
            if modifier is not None and (length == 1 and len(pieces) > 1):
                return length, (), modifier
            if joined in _meanings():
                return length, _meanings()[joined], None
            if modifier is not None:
                return length, (), modifier
    return 1, (), None


def _one_of(cores: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The meaning where several parts of a name have one: «address» and «name» yield to what they go with."""
    distinct = list(dict.fromkeys(cores))
    if len(distinct) > 1:
        if ("address",) in distinct and len(distinct) == 2:
            inside = next(core for core in distinct if core != ("address",))
            if inside[0] in _INSIDE_ADDRESS:
                return tuple(filter(None, [_INSIDE_ADDRESS[inside[0]]]))
        rest = [core for core in distinct if core[0] not in ("address", "name", "location")]
        if len(rest) == 1 and rest[0][0] in ADDRESS_PARTS | {"department", "company", "industry", "domain", "phone"}:
            return rest[0]
        if {core[0] for core in distinct} <= {"phone", "mobile", "fax"}:
            return ("fax",) if ("fax",) in distinct else ("mobile",)
        return ()
    return distinct[0] if distinct else ()


@lru_cache(maxsize=4096)
def _compound(word: str) -> list[str]:
    """A word made of known ones without a sign between them, ``billingpostalcode``; else the word itself."""
    best: dict[int, list[str]] = {0: []}
    for end in range(_SHORTEST_PIECE, len(word) + 1):
        for start in range(end - _SHORTEST_PIECE + 1):
            piece = word[start:end]
            if start in best and (piece in _meanings() or piece in _modifiers()):
                found = [*best[start], piece]
                if end not in best or len(found) < len(best[end]):
                    best[end] = found
    return best.get(len(word), [word])
