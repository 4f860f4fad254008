"""Codes of `mappings.reading.reader`, and of files that cannot be opened."""

from __future__ import annotations

from syncline.explained.entry import Entry

FILES = {
    "not-a-record": Entry(
        "A line of the file given to `mappings preview --file` is no JSON object.",
        "Write one object on each line, as the system shows its records.",
    ),
    "yaml-syntax": Entry(
        "The text is not valid YAML at this place. Most often a value holds `: ` or begins with a sign that "
        "means something in YAML (`@ % & * ! | > { [ \\``), or a line is cut off.",
        'Put the value in quotes: `"…"`. The lines around the mistake are read all the same; what depends on '
        "this line is checked once it is mended.",
    ),
    "bad-indentation": Entry(
        "A line is indented so that it belongs neither to the line above nor beside one: its spaces do not "
        "match any level that is open.",
        "Give lines of one level the same number of spaces; two more for what belongs to a line.",
    ),
    "tab": Entry(
        "A tab stands where YAML wants spaces. In most editors the two look alike.",
        "Replace tabs at the beginning of lines by spaces, and let the editor insert spaces in `.yaml` files.",
    ),
    "never-closed": Entry(
        "A bracket, brace or quote is opened here and not closed, so that the lines below are swallowed.",
        "Close it. Where the sign is part of a value, put the whole value in the other kind of quotes.",
    ),
    "missing-space": Entry(
        "Between a key and its value stands `:` without a space, so YAML takes both for one text.",
        "Write `key: value`.",
    ),
    "duplicate-key": Entry(
        "A key is given twice in one place of a YAML file, or two rows of a data file have the same record key. The "
        "first one stands, the other is not used.",
        "Keep one of them, or give the other row a key of its own. To fill two record fields from one canonical path, "
        "see `fields` and `direction: out`.",
    ),
    "look-alike": Entry(
        "A name or value holds a sign that looks like another: a typographic quote, a letter of another "
        "alphabet, a space that does not break or has no width. It was mostly pasted from a document or a web "
        "page.",
        "Type it again on the keyboard. Quotes in YAML are `\"` and `'`.",
    ),
    "padded": Entry(
        "A quoted name begins or ends with a space. No field is named like that, and it cannot be seen.",
        "Take the space out.",
    ),
    "yaml-tag": Entry(
        "A value carries a YAML tag (`!something`). Files here hold plain data, and tags can mean code.",
        "Leave the tag out. Where the value begins with `!`, put it in quotes.",
    ),
    "yaml-alias": Entry(
        "`*name` stands for what was called `&name` above, and nothing was.",
        'Define the anchor first, or, where a star is meant, put the value in quotes: `"*…"`.',
    ),
    "merge-key": Entry(
        "`<<` would merge the keys of another place into this one. Which of two keys then counts is easily misread, so "
        "it is not done.",
        "Write the keys out. A mapping takes over all of another file, and says what differs, with `extends`.",
    ),
    "yaml-key": Entry(
        "A key is not plain text but a list, a mapping or an alias.",
        'Write the key as text; paths with brackets in quotes: `"emails[work]": Email`.',
    ),
    "several-documents": Entry(
        "`---` begins a second document in the same file.",
        "Give each mapping its own file, or take the line out.",
    ),
    "too-deep": Entry(
        "Values lie inside each other more deeply than anything here means something. Mostly brackets were "
        "never closed.",
        "Close them, or take the levels out.",
    ),
    "too-large": Entry(
        "The file, or what its aliases stand for, is larger than any mapping should be. The bound keeps a "
        "mistake from taking all memory.",
        "Split the file; where a table of values is very long, map the field without it and clean the values in "
        "the system.",
    ),
    "too-many": Entry(
        "So many diagnostics were found in one file that the others are not listed.",
        "Mend the first ones and check again: many of them are often one mistake.",
    ),
    "unreadable": Entry(
        "The file is there and cannot be read: no permission, not a file, or not UTF-8 text.",
        "Look at its permissions; save it as UTF-8. Editors show the encoding in their status line.",
    ),
    "not-utf-8": Entry(
        "The file holds bytes that are no UTF-8 text, mostly because it was saved in an older encoding.",
        "Save it as UTF-8.",
    ),
}
