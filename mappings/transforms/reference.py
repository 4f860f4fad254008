"""The transforms as a document: `docs/transforms.md` is this text, and a test compares the two.

``python -m mappings.transforms.reference > docs/transforms.md`` writes it anew.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from mappings.reading.scalars import flow
from mappings.transforms.base import Entry, Example
from mappings.transforms.registry import CHAPTERS, TRANSFORMS, build

_INTRODUCTION = """\
# Transforms

Written from the transforms themselves (`python -m mappings.transforms.reference`). How rules use them is in the
[mapping language](mapping-language.md#transforms).

A transform is a named pair of pure functions: one reads what a record shows, the other writes it back. A rule names
one, `{name: option}`, or a list of them from the record to the canonical side. Neither function is ever given an empty
value; that is the rule's business.

## Laws

1. What went in and out again goes in as the same value.
2. What went out and in again is the same value.

So reading back what was written is never an edit. Each law is tested for each transform, over generated values; every
example on this page is tested in both directions. Where a law would not hold for a value, that value is a problem on
its way out and is not written. Three things can be said of a transform:

- **one-way**: it cannot be turned round. Its rule goes in only, and the check says so.
- **tidies**: what goes out is written as it is, and comes back tidied. The hub knows how, and takes it for no edit.
- what it **loses** on the way out is said in its note; the hub knows that, too.
"""

_AUTHORS = """\
## Transforms of your own

`syncline new transforms acme` writes a package to begin with; `syncline mappings transforms` lists what is installed.

A package brings its own by the entry point group `syncline.transforms`. The value is an `Entry`, which then has the
entry point's name, or a function that returns entries by name:

```toml
[project.entry-points."syncline.transforms"]
"acme.article" = "acme_transforms:ARTICLE"
```

```python
from syncline.sdk import Entry, Example, Kind, OptionError, Transform, UnfitError


def article(digits: object = 6) -> Transform:
    if not isinstance(digits, int) or not 1 <= digits <= 20:
        raise OptionError("digits is a whole number from 1 to 20", option="digits")

    def forward(value: object) -> str:
        number = str(value).strip().upper().removeprefix("A-")
        if not number.isdecimal():
            raise UnfitError("not-an-article", "is not the number of an article")
        return number.lstrip("0") or "0"

    return Transform(
        name="acme.article",
        forward=forward,
        back=lambda value: f"A-{value:0>{digits}}",
        kinds=frozenset({Kind.TEXT}),
    )


ARTICLE = Entry(
    make=article,
    main="digits",
    summary="the number of an article",
    options={"digits": "how many are written"},
    examples=(Example(record="A-000017", canonical="17"),),
)
```

`UnfitError` refuses a value and `OptionError` an option; their texts are constant and never hold a value. What else a
function raises is a problem of that value, and of no other. A built-in name cannot be taken, and a name that two
packages claim is nobody's. A package that cannot be loaded is named in the diagnostic of the rule that needs it. The
package's version is part of the version of every mapping that uses it: after an upgrade, records are looked at again.

```python
from syncline.testing import transform_laws


def test_article_numbers_keep_the_laws():
    transform_laws(article(), inputs=["A-17", " a-000017", "x"], canonicals=["17", "0"])
```
"""


def markdown() -> str:
    """The whole document."""
    lines = [_INTRODUCTION, "## All of them", "", "| transform | record ↔ canonical |", "|---|---|"]
    lines += [f"| [`{name}`](#{name}) | {TRANSFORMS[name].summary} |" for name in sorted(TRANSFORMS)]
    for chapter, groups in CHAPTERS.items():
        lines += ["", f"## {chapter}"]
        for name, entry in (one for group in groups for one in group.items()):
            lines += ["", *_page(name, entry)]
    return "\n".join([*lines, "", _AUTHORS])


def _page(name: str, entry: Entry) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    tidies = " **Tidies.**" if entry.tidies else ""
    both_ways = build(name, entry.examples[0].options).back is not None
    said = f"{entry.summary[0].upper()}{entry.summary[1:]}.{tidies}{' ' + entry.note if entry.note else ''}"
    yield from textwrap.wrap(said, 120, break_long_words=False, break_on_hyphens=False)
    if entry.options:
        yield from ("", "| option | |", "|---|---|")
        yield from (f"| {_called(option, entry)} | {_cell(said)} |" for option, said in entry.options.items())
    heads = ["in a rule", "record", "canonical", *(["written"] if both_ways else [])]
    yield from ("", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|")
    yield from (_row(name, example, both_ways=both_ways) for example in entry.examples)


def _called(option: str, entry: Entry) -> str:
    return f"`{option}` (a bare value)" if option == entry.main else f"`{option}`"


def _row(name: str, example: Example, *, both_ways: bool) -> str:
    rule = name if example.options is None else flow({name: example.options})
    cells = [f"`{_cell(rule)}`", _code(example.record), _code(example.canonical)]
    if both_ways:
        cells.append("the same" if example.written is None else _code(example.written))
    return f"| {' | '.join(cells)} |"


def _cell(said: str) -> str:
    return said.replace("|", "\\|")


def _code(value: Any) -> str:
    return f"`{_cell(flow(list(value) if isinstance(value, tuple) else value))}`"


if __name__ == "__main__":
    sys.stdout.write(markdown())
