"""What a person writes about a folder and its files."""

from __future__ import annotations

import codecs
from pathlib import Path, PurePath
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from connectors.sdk import Settings

_SUFFIXES: dict[str, Literal["csv", "jsonl"]] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class FileStream(Settings):
    """One file."""

    file: str = Field(description="file name inside the folder")
    format: Literal["csv", "jsonl"] | None = Field(None, description="taken from the suffix when left out")
    key: str | tuple[str, ...] = Field(description="key column, or a list of columns")
    encoding: str = Field("utf-8", description="text encoding; a byte order mark is understood and kept")
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates cells")
    null: str | None = Field(None, description="cell text that means null; without it empty cells are empty text")
    trim: bool = Field(False, description="whether spaces around cells are no part of them; for files only read")
    header: tuple[str, ...] | None = Field(None, description="column names of a CSV file without a header line")
    minimum_share: float = Field(
        0.5, ge=0, le=1, description="a file with fewer than this share of its former rows is taken for cut off"
    )
    deletes: bool = Field(False, description="whether a record that is no longer in the file counts as deleted")
    parents: tuple[str, ...] = Field((), description="streams the rows refer to")
    page: int = Field(2000, ge=1, le=50_000, description="rows handed on at once")
    writable: bool = Field(False, description="whether rows may be created, changed and removed")
    create: bool = Field(False, description="the file may be missing or empty at first; the first write makes it")
    marker: str | None = Field(None, description="column that takes the hub's own id of a created row")
    key_from: Literal["marker", "field"] = Field(
        "marker", description="who gives a new row its key: the hub's id, or a mapped field"
    )
    batch: int = Field(10_000, ge=1, description="rows written at once; each batch rewrites the file")
    guard_formulas: bool = Field(
        False,
        description="write cells that a spreadsheet would run (= + - @) with a leading apostrophe, read them without",
    )

    @property
    def key_columns(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key

    @property
    def marker_column(self) -> str | None:
        """The column that carries the hub's id, which may be the key itself."""
        return self.marker or (self.key_columns[0] if self.key_from == "marker" else None)

    @property
    def kind(self) -> Literal["csv", "jsonl"]:
        return self.format or _SUFFIXES[PurePath(self.file).suffix.lower()]

    @field_validator("file")
    @classmethod
    def _inside(cls, file: str) -> str:
        path = PurePath(file)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise ValueError("file: a name inside the folder, without ..")
        return file

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(
                "encoding: Python knows no encoding of this name (write it like utf-8 or cp1252)"
            ) from None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.format is None and PurePath(self.file).suffix.lower() not in _SUFFIXES:
            raise ValueError(f"format: the suffix of {self.file} does not tell it; write csv or jsonl")
        if not self.key_columns or len(set(self.key_columns)) < len(self.key_columns):
            raise ValueError("key: name at least one column, and none twice")
        if len(self.key_columns) > 1 and self.key_from == "marker" and self.writable:
            raise ValueError("key_from: a key of several columns can only come from mapped fields (key_from: field)")
        if self.trim and self.writable:
            raise ValueError("trim: a file that is written keeps its spaces; leave trim or writable out")
        if self.marker and self.key_from == "marker" and self.marker != self.key_columns[0]:
            raise ValueError("marker: the key already carries the hub's id (key_from: marker); leave one of them out")
        if self.kind == "jsonl" and self.encoding != "utf-8":
            raise ValueError("encoding: JSON Lines are UTF-8")
        return self


class FilesSettings(Settings):
    """A folder."""

    folder: Path = Field(description="folder the files are in")
    streams: dict[str, FileStream] = Field(description="files by stream name")
