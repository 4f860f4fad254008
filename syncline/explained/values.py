"""Codes of single values and records: why a dead letter lies there. Messages of the run name the field."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.explained.entry import Entry

_MEND = "Mend the value in its system"


def _unfit(what: str, instead: str) -> Entry:
    return Entry(
        f"{what} The rest of the record went on; this value is kept apart, and nothing is written over it.",
        f"{_MEND}{instead}",
    )


_UNWRITABLE = "It is not written there, and all else of the record waits with it."

VALUES: Mapping[str, Entry] = {
    "not-an-email": _unfit(
        "The field holds what no mail could be sent to: no `@`, a space, two addresses at once.",
        ". Where two addresses share a field, `split` takes them apart.",
    ),
    "not-a-phone": _unfit(
        "The field holds no telephone number that could exist in its country, or words beside one.",
        ". Where numbers are those of another country, look at the `region` of the rule.",
    ),
    "no-region": _unfit(
        "The number does not begin with `+` or `00`, and nothing says of which country it is.",
        " with its country code, or let the rule name a country: `{phone: {region: DE}}`, or, by the record's own "
        "field, `region_field`.",
    ),
    "not-a-date": _unfit(
        "The field holds no date, or one that is written differently from what the rule says.",
        ", or say how dates are written there: `{date: eu}`.",
    ),
    "not-a-moment": _unfit(
        "The field holds no date with a time, or one that is written differently from what the rule says.",
        ", or say in the rule how moments are written there.",
    ),
    "not-a-time": _unfit("The field holds no time of day.", ", or say in the rule how times are written there."),
    "no-zone": _unfit(
        "A moment without a time zone may be any of two dozen.",
        ", or let the rule name the zone that the system means.",
    ),
    "fixed-offset": _unfit(
        "`+01:00` does not say when clocks are put forward; a time zone has a name, such as `Europe/Berlin`.",
        " with the name of a zone.",
    ),
    "no-windows-name": Entry(
        f"The system wants time zones by the names of Windows, which has none for this one. {_UNWRITABLE}",
        "Choose a neighbouring zone in the system that it came from, or leave the zone out of this mapping.",
    ),
    "not-a-number": _unfit("The field holds no number.", ", or say in the rule which sign separates decimals."),
    "not-whole": _unfit("The number has decimals where there can be none.", ", or map it to a field that takes them."),
    "not-exact": Entry(
        f"The number has more digits than the system can hold; rounded it would be another one. {_UNWRITABLE}",
        f"{_MEND}, or round it in the mapping, where that is meant.",
    ),
    "not-money": _unfit("An amount of money needs a number and a currency.", ", or let the rule name the currency."),
    "other-currency": Entry(
        f"The amount is in another currency than the one the system keeps; nothing is ever converted. {_UNWRITABLE}",
        "Keep such amounts out with a condition, or map the currency to a field of its own.",
    ),
    "unknown-currency": _unfit("Beside the amount stands no currency that is known.", ": `EUR`, `USD`."),
    "ambiguous-currency": _unfit(
        "The sign, such as `$`, stands for several currencies.",
        ", or let the rule say which one it is: `symbols`.",
    ),
    "not-a-url": _unfit("The field holds no web address.", "."),
    "unknown-country": _unfit(
        "What stands there is neither the code nor the name of a country.",
        ", or say with a `values` table which country it means: `{DE: D, FR: F}`.",
    ),
    "ambiguous-name": Entry(
        f"Two countries have one name in the language of the rule. {_UNWRITABLE}",
        "Let the rule write codes, not names.",
    ),
    "no-name": Entry(
        f"The country has no name of its own in the language of the rule. {_UNWRITABLE}",
        "Let the rule write codes, not names.",
    ),
    "no-alpha3": Entry(
        f"The country has no code of three letters. {_UNWRITABLE}",
        "Let the rule write codes of two letters: `alpha2`.",
    ),
    "unknown-region": _unfit(
        "What stands there is no state or province of the country.", ", or look whether the country beside it is right."
    ),
    "unknown-language": _unfit("What stands there is neither the tag nor the name of a language.", ": `de`, `pt-BR`."),
    "separator-inside": _unfit(
        "A value holds the very text that separates values in the field, so it would be read back as two.",
        ", or let the rule separate by another text.",
    ),
    "empty-part": _unfit("The text that separates parts stands at the edge, or twice.", "."),
    "bad-template": _unfit("The text has more or fewer parts than the rule expects.", "."),
    "part-missing": Entry(
        f"The text is made of several parts, and one that it cannot be without is missing. {_UNWRITABLE}",
        "Fill the part in the system that it comes from.",
    ),
    "not-lossless": Entry(
        f"Written so, it would be read back as something else: as other names, or other parts. {_UNWRITABLE}",
        "Map the parts to fields of their own, where the system has such.",
    ),
    "gap": Entry(
        f"A value is missing before one that is there; written, the positions would shift. {_UNWRITABLE}",
        "Fill the one before it.",
    ),
    "more-values": _unfit("The field has more values than the rule has paths for.", ", or add paths to the rule."),
    "too-many-lines": Entry(
        f"The text has more lines than there are fields for it. {_UNWRITABLE}",
        f"{_MEND}, or give the rule another field.",
    ),
    "unknown-label": _unfit("A value has a label that the rule has no path for.", ", or add a path to the rule."),
    "duplicate-item": _unfit("Two items of a list have one key or label, and only one can be meant.", "."),
    "bad-item": _unfit("An item of the list is no object.", "."),
    "bad-item-key": _unfit("An item of the list has no key, or one with brackets in it.", "."),
    "two-values": Entry(
        f"Two rules would write different values into one field of the record. {_UNWRITABLE}",
        "Give each a condition, so that only one of them writes.",
    ),
    "expr-failed": _unfit("The expression cannot be computed from this record.", ", or guard it with a condition."),
    "expr-missing": _unfit(
        "The expression asks for something that this record does not have.", ", or ask with `has(src.name)` first."
    ),
    "expr-type": _unfit("A field holds, or the expression makes, a value of a kind that is not allowed.", "."),
    "expr-too-large": _unfit("The record, or what the expression makes of it, is too large.", "."),
    "transform-failed": Entry(
        "A transform of an installed package ended with an error on this value.",
        "Tell its author which form the value has; other records are not concerned.",
    ),
}

_ROW = "The row is set aside, and no other is concerned."

RECORDS: Mapping[str, Entry] = {
    "no-key": Entry(
        f"The row has no value in the column that tells rows apart, so nobody could find it again. {_ROW}",
        "Give it one. Where another column suits better, name that as `key` of the stream in config.yaml.",
    ),
    "cell-count": Entry(
        f"The row has more or fewer cells than the header; often a cell holds the delimiter, unquoted. {_ROW}",
        "Mend the line that the place of the dead letter names.",
    ),
    "bad-quotes": Entry(
        f"Quotes inside a cell must be doubled, and the closing one must stand before the delimiter. {_ROW}",
        "Mend the line, or look whether `delimiter` of the stream is the one of the file.",
    ),
    "bad-json": Entry(f"The line is no JSON object. {_ROW}", "Write one object on each line, in UTF-8."),
    "undecodable": Entry(
        f"The row holds bytes that the declared encoding does not know. {_ROW}",
        "Set `encoding` of the stream: `cp1252` is usual for files from Western Windows.",
    ),
    "blanks-cut-off": Entry(
        "The system cannot be asked for records whose stamp is blank, and shows only some of them: others may never be "
        "read.",
        "Have somebody save those records, which gives them a stamp, or name a field that is never blank as `stamp`.",
    ),
    "flawed-child": Entry(
        "A row that belongs to the record (a line of an order) cannot be read, or lacks its key. The record is set "
        "aside whole: without that row its list would say that the row was taken away.",
        "Mend the row in its table.",
    ),
    "binary-value": Entry(
        "The column holds bytes, or what the driver cannot read, in this row. The row is set aside.",
        "Leave the column out of the stream, or make text of it in a view.",
    ),
    "reference-missing": Entry(
        "The record refers to one that was not read yet, as a contact to its account. It waits.",
        "Nothing, as a rule: it goes on once the other one arrives. Else see why that one is not read.",
    ),
}
