"""What a person writes about a database connection and its tables."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.sdk import Settings


class SoftDelete(Settings):
    """The column that says a row counts as deleted."""

    column: str = Field(description="column that marks a deleted row")
    value: str | int | bool | None = Field(
        None, description="what it holds then; without it any true, non-zero or non-null content means deleted"
    )


class SqlChildren(Settings):
    """Rows of another table, shown as a list of the record they belong to."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    table: str = Field(description="table or view of the rows")
    namespace: str | None = Field(None, alias="schema", description="database schema the table is in")
    parent: str | tuple[str, ...] = Field(description="column, or list of columns, that holds the record's key")
    key: str | tuple[str, ...] = Field(description="column, or columns, that tell the rows of one record apart")
    columns: tuple[str, ...] | None = Field(None, description="columns to show; all but binary ones when left out")
    moves_watermark: bool = Field(
        False, description="whether each change of such a row, and its removal, moves the record's watermark"
    )

    @property
    def parent_columns(self) -> tuple[str, ...]:
        return (self.parent,) if isinstance(self.parent, str) else self.parent

    @property
    def key_columns(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key


class SqlStream(Settings):
    """One table or view."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    table: str = Field(description="table or view")
    namespace: str | None = Field(None, alias="schema", description="database schema the table is in")
    key: str | tuple[str, ...] = Field(description="key column, or a list of columns")
    columns: tuple[str, ...] | None = Field(None, description="columns to read; all but binary ones when left out")
    watermark: str | None = Field(None, description="column that moves with every change of a row")
    overlap: float = Field(
        300, ge=0, description="how far before the last position reading begins: seconds, or counts for whole numbers"
    )
    soft_delete: SoftDelete | None = Field(None, description="column that marks deleted rows")
    version: str | None = Field(None, description="column compared before a row is changed")
    parents: tuple[str, ...] = Field((), description="streams the rows refer to")
    children: dict[str, SqlChildren] = Field(
        {}, description="rows of other tables, shown as lists of the record: field name → table"
    )
    writable: bool = Field(False, description="whether rows may be created, changed and removed")
    marker: str | None = Field(None, description="column that takes the hub's own id of a created row")
    key_from: Literal["database", "marker", "field"] = Field(
        "database", description="who gives a new row its key: the database, the hub's id, or a mapped field"
    )
    batch: int = Field(2000, ge=1, le=10_000, description="rows written in one transaction")
    page: int = Field(2000, ge=1, le=50_000, description="rows read at once")

    @property
    def key_columns(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key

    @property
    def key_name(self) -> str:
        """The key column, or for a key of several columns their names in order."""
        return ",".join(self.key_columns)

    @property
    def marker_column(self) -> str | None:
        """The column that carries the hub's id, which may be the key itself."""
        return self.key_columns[0] if self.key_from == "marker" else self.marker

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.key_columns or len(set(self.key_columns)) < len(self.key_columns):
            raise ValueError("key: name at least one column, and none twice")
        if len(self.key_columns) > 1 and self.key_from != "field" and self.writable:
            raise ValueError("key_from: a key of several columns can only come from mapped fields (key_from: field)")
        if self.marker and self.key_from == "marker" and self.marker != self.key_columns[0]:
            raise ValueError("marker: the key already carries the hub's id (key_from: marker); leave one of them out")
        for name, one in self.children.items():
            if len(one.parent_columns) != len(self.key_columns):
                raise ValueError(f"children.{name}.parent: name one column for each column of key ({self.key_name})")
            if self.watermark and not one.moves_watermark:
                raise ValueError(
                    f"children.{name}: an edit of such a row alone would not be seen; leave out watermark, or say "
                    "moves_watermark: true where the database moves it with each of these rows"
                )
        return self


class SqlSettings(Settings):
    """A database."""

    url: SecretStr = Field(description="SQLAlchemy URL, for example sqlite:///erp.db or postgresql+psycopg://host/db")
    zone: str | None = Field(
        None, description="IANA time zone of date-time columns that store none, for example Europe/Berlin"
    )
    streams: dict[str, SqlStream] = Field(description="tables and views by stream name")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError("zone: not an IANA time zone (write it like Europe/Berlin)") from None
        return zone

    @property
    def zone_info(self) -> tzinfo | None:
        if self.zone is None:
            return None
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)
