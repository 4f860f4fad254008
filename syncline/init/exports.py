"""Files that somebody has and wants to connect: how they are written, and which column tells their rows apart."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import orjson

from mappings.reading.scalars import flow, scalar
from mappings.suggesting.names import fold, split
from model.diagnostics import Diagnostic
from model.errors import ConfigurationError

_DELIMITERS = (",", ";", "\t", "|")
_KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_KEYS = ("id", "uuid", "guid", "key", "number", "no", "nr", "nummer", "numero", "code")
_MOST_ROWS = 200_000
_LINES_LOOKED_AT = 20
_MOST_NUMBERS = 5
_RANK_OF_MAIL = 2
_TAB = '"\\t"'
_WESTERN = "it is not UTF-8; umlauts and accents show whether this is right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file as a stream. ``rows`` is how many were looked at; in each of them, ``key`` is filled and different."""

    stream: str
    path: Path
    kind: str
    key: str | tuple[str, ...]
    rows: int
    delimiter: str = ","
    encoding: str = "utf-8"
    trim: bool = False


def look_at(path: Path) -> Export:
    """What a person would find out about the file first. Raises ConfigurationError where it cannot become a stream."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise _refusal(path, "is neither CSV nor JSON Lines", "name it .csv, .tsv, .jsonl or .ndjson")
    try:
        encoding = _encoding(path) if kind == "csv" else "utf-8"
        delimiter = _delimiter(path, encoding) if kind == "csv" else ","
        repeated = _repeated(path, encoding, delimiter) if kind == "csv" else None
        trim = kind == "csv" and _padded(path, encoding, delimiter)
        key, rows, nearly = _key(_rows(path, kind, encoding, delimiter))
        key = key or (_pair(_rows(path, kind, encoding, delimiter)) if rows else None)
    except FileNotFoundError:
        raise _refusal(path, "is not there", "name the file as seen from here") from None
    except csv.Error as error:
        if "field larger" not in str(error):
            raise _refusal(path, f"cannot be read as CSV ({error})", "is it the file you mean?") from None
        hint = "is a quote open that never closes?"
        raise _refusal(path, f"has a cell of more than {csv.field_size_limit():,} characters", hint) from None
    except orjson.JSONDecodeError:
        raise _refusal(path, "cannot be read as JSON Lines", "one JSON object on each line, in UTF-8") from None
    except (OSError, ValueError) as error:
        raise _refusal(path, f"cannot be read ({type(error).__name__})", "is it the file you mean?") from None
    if not rows:
        raise _refusal(path, "has no rows", "a header line alone does not tell enough")
    if repeated is not None:
        said = f"names the column {repeated!r} twice" if repeated else "has two columns without a name"
        raise _refusal(path, said, "give each column a name of its own in the first line")
    if key is None:
        hint = "add a column with a number of its own for each row"
        if nearly is not None:
            name, row = nearly
            hint = f"{name!r} comes nearest, but row {row:,} has none or that of a row before: mend it, or {hint}"
        raise _refusal(path, "has no column that is filled and different in every row", hint)
    stream = re.sub(r"[^a-z0-9]+", "_", fold(path.stem)).strip("_") or "records"
    return Export(
        stream=stream, path=path, kind=kind, key=key, rows=rows, delimiter=delimiter, encoding=encoding, trim=trim
    )


def _refusal(path: Path, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Diagnostic(code="no-stream", message=message, file=str(path), hint=hint)])


def _encoding(path: Path) -> str:
    """UTF-8 where all of it is, UTF-16 where it says so (spreadsheets call that Unicode text), else the encoding of
    Western Windows, in which every byte means something."""
    with path.open("rb") as start:
        if start.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    with path.open(encoding="utf-8-sig") as file:
        try:
            while file.read(1 << 20):
                pass
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _opened(path: Path, encoding: str) -> io.TextIOWrapper:
    return path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline="")


def _delimiter(path: Path, encoding: str) -> str:
    """The sign that cuts the header into many columns, and the first rows into as many: the more of both, the surer."""
    with _opened(path, encoding) as file:
        lines = list(islice(file, _LINES_LOOKED_AT))

    def fit(delimiter: str) -> float:
        header, *others = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row] or [0]
        rows = others[:-1] or others  # the last one may go on beyond the lines that were read
        return header * (1 + sum(width == header for width in rows)) / (1 + len(rows)) if header > 1 else header

    return max(_DELIMITERS, key=fit)


def _repeated(path: Path, encoding: str, delimiter: str) -> str | None:
    """A name that the header gives to two columns: then nobody knows which one a rule means."""
    with _opened(path, encoding) as file:
        header = [name.strip() for name in next(csv.reader(file, delimiter=delimiter), [])]
    return next((name for at, name in enumerate(header) if name in header[:at]), None)


def _padded(path: Path, encoding: str, delimiter: str) -> bool:
    """Whether most cells begin with a space: then it belongs to the delimiter."""
    with _opened(path, encoding) as file:
        cells = [cell for row in islice(csv.reader(file, delimiter=delimiter), 100) for cell in row[1:]]
    return sum(cell[:1] == " " for cell in cells) > len(cells) / 2


def _rows(path: Path, kind: str, encoding: str, delimiter: str) -> Iterator[Mapping[str, Any]]:
    with _opened(path, encoding) as file:
        if kind == "csv":
            reader = csv.reader(file, delimiter=delimiter)
            header = [name.strip() for name in next(reader, [])]
            yield from (dict(zip(header, row, strict=False)) for row in islice(reader, _MOST_ROWS) if row)
            return
        for line in islice(file, _MOST_ROWS):
            if line.strip():
                value = orjson.loads(line)
                if isinstance(value, dict):
                    yield value


def _key(
    rows: Iterator[Mapping[str, Any]],
) -> tuple[str | tuple[str, ...] | None, int, tuple[str, int] | None]:
    """The column that tells rows apart, how many rows there are, and a column called a number that would tell them
    apart but for a row, with that row. Values are remembered as hashes."""
    met: dict[str, set[int]] = {}
    nearly: tuple[str, int] | None = None
    count = 0
    for row in rows:
        if not count:
            met = {name: set() for name in row if isinstance(name, str)}
        count += 1
        for name in list(met):
            value = row.get(name)
            mark = hash(str(value)) if _tells(value) else None
            if mark is None or mark in met[name]:
                del met[name]
                if count > _LINES_LOOKED_AT and _rank(name) < _RANK_OF_MAIL:
                    nearly = name, count
            else:
                met[name].add(mark)
    return (min(met, key=lambda name: (_rank(name), list(met).index(name))) if met else None), count, nearly


def _pair(rows: Iterator[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """Two numbers that only together tell rows apart, as those of an order and an article do; None: there are none."""
    met: dict[tuple[str, ...], set[int]] = {}
    for number, row in enumerate(rows):
        if not number:
            names = [name for name in row if isinstance(name, str) and _rank(name) < _RANK_OF_MAIL][:_MOST_NUMBERS]
            met = {pair: set() for pair in combinations(names, 2)}
        for pair in list(met):
            values = [row.get(name) for name in pair]
            mark = hash(tuple(map(str, values)))
            if mark in met[pair] or not all(map(_tells, values)):
                del met[pair]
            else:
                met[pair].add(mark)
    return next(iter(met), None)


def _tells(value: Any) -> bool:
    """Whether a value may be a key, or a part of one; that something is true or not is none."""
    return isinstance(value, (str, int)) and not isinstance(value, bool) and bool(str(value).strip())


def _rank(name: str) -> int:
    """Columns called a number or id first, e-mail addresses before the rest: names are hardly ever keys."""
    words = split(name)
    if words and (words[-1] in _KEYS or words == ("key",)):
        return 0
    joined = "".join(words)
    if not name:
        return _RANK_OF_MAIL + 2  # a column without a name is an index that some program added
    return 1 if joined.endswith(("id", "nr", "nummer")) else _RANK_OF_MAIL if "mail" in joined else _RANK_OF_MAIL + 1


def sections(exports: Sequence[Export], folder: Path) -> tuple[str, list[tuple[str, Export]]]:
    """The connections of `config.yaml`, one per folder, and the connection of each file."""
    by_folder: dict[Path, list[Export]] = {}
    for export in exports:
        by_folder.setdefault(export.path.absolute().parent, []).append(export)
    lines: list[str] = []
    placed: list[tuple[str, Export]] = []
    for number, (place, members) in enumerate(by_folder.items(), start=1):
        connection = "files" if number == 1 else f"files_{number}"
        lines += [f"  {connection}: # {'files of your own' if number == 1 else 'more of them'}"]
        lines += ["    connector: files", f"    folder: {scalar(_seen_from(place, folder))}", "    streams:"]
        taken: set[str] = set()
        for export in members:
            name, same = export.stream, 1
            while name in taken:
                same += 1
                name = f"{export.stream}_{same}"
            taken.add(name)
            placed.append((connection, replace(export, stream=name)))
            lines += _stream(name, export)
    return "\n".join([*lines, ""]), placed


def _stream(name: str, export: Export) -> Iterator[str]:
    yield f"      {scalar(name)}:"
    yield f"        file: {scalar(export.path.name)}"
    if export.path.suffix.lower() == ".txt":
        yield f"        format: {export.kind}"
    yield f"        key: {flow(export.key)} # filled and different in each of {export.rows:,} rows"
    if export.kind == "csv" and export.delimiter != ",":
        yield f"        delimiter: {_TAB if export.delimiter == chr(9) else scalar(export.delimiter)}"
    if export.trim:
        yield "        trim: true # cells have spaces around them that mean nothing"
    if export.encoding != "utf-8":
        certain = "as its first bytes say" if export.encoding == "utf-16" else _WESTERN
        yield f"        encoding: {export.encoding} # {certain}"
    if not export.trim and export.encoding != "utf-16":  # such files are only read
        yield "        # writable: true # lets the hub write what changes elsewhere back into the file"
        if isinstance(export.key, tuple):
            yield "        # key_from: field # goes with it: a key of several columns can only come from mapped fields"


def _seen_from(place: Path, folder: Path) -> str:
    """A relative path where the file lies beside the project or in it, so that both can be moved together."""
    target, home = place.resolve(), folder.absolute().resolve()
    if target == home or home in target.parents or target == home.parent:
        return Path(os.path.relpath(target, home)).as_posix()
    return str(target)
