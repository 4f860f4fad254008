"""What a connection to a Siebel enterprise is told."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

_NAME = re.compile(r"[^\[\]\"'?\\,\x00-\x1f]{1,100}")
MOST = 100
"""Rows that one page or one array may hold (REST API guide, "About URI Parameters" and "Inserting Multiple ...")."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BasicAuth(_Part):
    """A Siebel user with a password."""

    kind: Literal["basic"]
    user: str = Field(description="login of the integration user")
    password: SecretStr = Field(description="its password, by reference")


class BearerAuth(_Part):
    """A token that somebody else gave; Siebel has the provider confirm it."""

    kind: Literal["bearer"]
    token: SecretStr = Field(description="access token, by reference")


class ClientCredentialsAuth(_Part):
    """Tokens of the provider that the enterprise trusts. Siebel itself gives none."""

    kind: Literal["client_credentials"]
    token_url: str = Field(description="token address of the provider")
    client_id: str = Field(description="client that the provider knows")
    client_secret: SecretStr = Field(description="its secret, by reference")
    scope: str | None = Field(default=None, description="scopes to ask for")


class StreamSettings(_Part):
    """One business component, reached through one business object."""

    object: str | None = Field(default=None, description="business object; the stream's name if left out")
    component: str | None = Field(default=None, description="business component; the stream's name if left out")
    fields: tuple[str, ...] | None = Field(default=None, description="fields to read; all if left out")
    stamp: str = Field(default="Updated", description="field with the moment of the last change")
    view_mode: str | None = Field(default=None, description="visibility, where it differs from the general one")
    parents: tuple[str, ...] | None = Field(default=None, description="streams that records here refer to")
    children: tuple[str, ...] = Field(
        default=(), description="child components read with each record (a call or two for each)"
    )

    @field_validator("object", "component", "stamp")
    @classmethod
    def _one(cls, value: str | None) -> str | None:
        return None if value is None else _named(value)

    @field_validator("fields", "children")
    @classmethod
    def _several(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(_named(one) for one in value)


class SiebelSettings(Settings):
    """A connection to one Siebel enterprise."""

    url: str = Field(description="address of the REST API, such as https://crm.example.com:9001/siebel/v1.0")
    auth: Annotated[BasicAuth | BearerAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    zone: str = Field(description="IANA time zone of the integration user: times are shown and compared in it")
    streams: dict[str, StreamSettings] = Field(
        default={"Account": StreamSettings(), "Contact": StreamSettings()},
        min_length=1,
        description="business components, as a list or by name",
    )
    view_mode: str = Field(default="All", description="which records are seen: All, Organization, Sales Rep, ...")
    marker: str | None = Field(
        default="Integration Id", description="field that carries the hub's id of a record; null where there is none"
    )
    version: str = Field(default="Mod Id", description="field that changes with every write: Mod Id, else Updated")
    days: tuple[str, ...] = Field(
        default=("Birth Date",), description="fields that hold a day, also where Siebel types them as a moment"
    )
    overlap: int = Field(
        default=300, ge=0, description="seconds before the stored position that each read begins again"
    )
    page: int = Field(default=MOST, ge=1, le=MOST, description="rows asked for at a time")
    batch: int = Field(default=MOST, ge=1, le=MOST, description="rows written by one call; 1 for releases before 21")
    sessions: int = Field(default=4, ge=1, le=32, description="write calls under way together")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return secure_address(value, "https://crm.example.com:9001/siebel/v1.0")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("zone: not an IANA time zone (write it like Europe/Berlin)") from None
        return value

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _names(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name in value:
            _named(name)
        return value

    @field_validator("marker", "version")
    @classmethod
    def _field(cls, value: str | None) -> str | None:
        return None if value is None else _named(value)

    def place(self, stream: str) -> tuple[str, str]:
        """Business object and business component of a stream."""
        given = self.streams[stream]
        return given.object or stream, given.component or stream


def _named(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(f"not a name of an object, component or field: {value!r}")
    return value
