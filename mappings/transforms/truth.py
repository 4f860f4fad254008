"""Words for true and false."""

from __future__ import annotations

from typing import Any

from mappings.transforms.base import Entry, Example, OptionError, Transform, UnfitError
from model.fields import Kind

_BLANK = "blank"

# The words of each language, the first ones written. Single letters are read, too.
LANGUAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (("yes", "y", "true"), ("no", "n", "false")),
    "de": (("ja", "j", "wahr"), ("nein", "n", "falsch")),
    "fr": (("oui", "o", "vrai"), ("non", "n", "faux")),
    "es": (("sí", "si", "s", "verdadero"), ("no", "n", "falso")),
    "it": (("sì", "si", "s", "vero"), ("no", "n", "falso")),
    "pt": (("sim", "s", "verdadeiro"), ("não", "nao", "n", "falso")),
    "nl": (("ja", "j", "waar"), ("nee", "n", "onwaar")),
    "sv": (("ja", "j", "sant"), ("nej", "n", "falskt")),
    "da": (("ja", "j", "sand"), ("nej", "n", "falsk")),
    "nb": (("ja", "j", "sann"), ("nei", "n", "usann")),
    "fi": (("kyllä", "k", "tosi"), ("ei", "e", "epätosi")),
    "pl": (("tak", "t", "prawda"), ("nie", "n", "fałsz")),
    "cs": (("ano", "a", "pravda"), ("ne", "n", "nepravda")),
    "hu": (("igen", "i", "igaz"), ("nem", "n", "hamis")),
    "ro": (("da", "d", "adevărat"), ("nu", "n", "fals")),
    "tr": (("evet", "e", "doğru"), ("hayır", "h", "yanlış")),
    "ru": (("да", "д", "истина"), ("нет", "н", "ложь")),
    "ja": (("はい", "有"), ("いいえ", "無")),
    "zh": (("是", "对"), ("否", "错")),
}


def boolean(words: Any = None, language: Any = None, true: Any = None, false: Any = None) -> Transform:
    """Words ↔ truth; case and spaces around them do not matter. The first word of each list is the one written.

    The word ``blank`` (in ``true`` and ``false``: empty text) stands for a field without a value.
    """
    listed = _listed(words, language, true, false)
    yes, no = (tuple(None if word == "" else word for word in one) for one in listed)
    table = {_word(word): truth for found, truth in ((no, False), (yes, True)) for word in found if word is not None}
    if {_word(w) for w in yes} & {_word(w) for w in no}:
        raise OptionError("a word stands for both true and false", option="true" if words is None else "words")
    blank = True if None in yes else False if None in no else None

    def forward(value: Any) -> bool:
        found = table.get(_word(value)) if isinstance(value, (str, int, float)) else None
        if found is None:
            raise UnfitError("not-boolean", "is none of the words for true and false")
        return found

    def back(value: Any) -> Any:
        if not isinstance(value, bool):
            raise UnfitError("not-boolean", "is neither true nor false")
        return yes[0] if value else no[0]

    return Transform(name="boolean", forward=forward, back=back, kinds=frozenset({Kind.BOOLEAN}), blank=blank)


def _listed(words: Any, language: Any, true: Any, false: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    given = [name for name, value in (("words", words), ("language", language), ("true", true)) if value is not None]
    if len(given) > 1 or (true is None) != (false is None) or (given and given != ["true"] and false is not None):
        raise OptionError(
            "boolean has either words, or a language, or true and false",
            option=given[-1] if given else "false",
            hint="{boolean: ja/nein}, or {boolean: {true: [Y, J], false: N}}",
        )
    if words is not None:
        pair = words.split("/") if isinstance(words, str) else []
        if len(pair) != 2 or not all(word.strip() for word in pair):
            raise OptionError("words are the one for true and the one for false", option="words", hint="ja/nein")
        yes, no = ("" if word.strip().casefold() == _BLANK else word.strip() for word in pair)
        return (yes,), (no,)
    if language is not None:
        if not isinstance(language, str) or language not in LANGUAGES:
            raise OptionError(f"words are known in: {', '.join(LANGUAGES)}", option="language")
        return LANGUAGES[language]
    if true is None:
        return ("true", True, 1), ("false", False, 0)
    return _words("true", true), _words("false", false)


def _words(option: str, value: Any) -> tuple[Any, ...]:
    words = value if isinstance(value, (list, tuple)) else [value]
    if not words or not all(isinstance(word, (str, int, bool)) for word in words):
        raise OptionError(f"boolean needs a word, or a list of words, for {option}", option=option)
    return tuple(words)


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().casefold()


ENTRIES: dict[str, Entry] = {
    "boolean": Entry(
        make=boolean,
        main="words",
        summary="words for true and false",
        options={
            "words": "the two of them: `ja/nein`, `Y/N`, `x/blank`",
            "language": f"the words of a language: {', '.join(LANGUAGES)}",
            "true": "a word or list of words; the first is written. Empty text stands for a field without a value",
            "false": "likewise",
        },
        note="Without options `true` and `false` are understood, as words or as such. A field without a value is no "
        "truth at all, unless `blank` is one of the words.",
        examples=(
            Example(options="ja/nein", record="Ja", canonical=True, written="ja"),
            Example(options={"true": ["Y", "1"], "false": "N"}, record="1", canonical=True, written="Y"),
            Example(options={"language": "fr"}, record="non", canonical=False),
        ),
    ),
}
