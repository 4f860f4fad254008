"""What a connection to a Dynamics 365 environment is told."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EntraAuth(_Part):
    """An app registration in Microsoft Entra ID that is an application user of the environment."""

    tenant: str = Field(description="directory (tenant) id, or one of the tenant's domains")
    client_id: str = Field(description="application (client) id of the app registration")
    client_secret: SecretStr = Field(description="a client secret of the app registration, by reference")
    authority: str = Field(
        default="https://login.microsoftonline.com", description="login host; another one in national clouds"
    )

    @field_validator("tenant")
    @classmethod
    def _one_segment(cls, value: str) -> str:
        if not _TENANT.fullmatch(value):
            raise ValueError("write the directory (tenant) id or a domain of the tenant")
        return value

    @field_validator("authority")
    @classmethod
    def _authority(cls, value: str) -> str:
        return secure_address(value, "https://login.microsoftonline.com")


class StreamSettings(_Part):
    """One table of the environment."""

    fields: tuple[str, ...] | None = Field(default=None, description="columns to read; all that are wanted if left out")
    marker: str | None = Field(default=None, description="the column for the hub's id, where it differs")
    parents: tuple[str, ...] | None = Field(default=None, description="streams that records here refer to")


class DynamicsSettings(Settings):
    """A connection to one environment."""

    url: str = Field(description="address of the environment, such as https://example.crm4.dynamics.com")
    auth: EntraAuth
    marker: str | None = Field(
        default="new_synclineid",
        description="text column with an alternate key that carries the hub's id of a record; null where there is none",
    )
    streams: dict[str, StreamSettings] = Field(
        default={"account": StreamSettings(), "contact": StreamSettings()},
        min_length=1,
        description="tables by their logical names, as a list or by name",
    )
    page: int = Field(default=1000, ge=1, le=5000, description="rows asked for at a time")
    batch: int = Field(default=100, ge=1, le=1000, description="writes sent in one call")
    duplicate_detection: bool = Field(
        default=False, description="whether the environment's duplicate detection rules stop a create or update"
    )

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return secure_address(value, "https://example.crm4.dynamics.com")

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _names(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name in [*value, *(given.marker for given in value.values() if given.marker)]:
            if not _NAME.fullmatch(name):
                raise ValueError(f"not the logical name of a table or column, which is in small letters: {name!r}")
        return value

    @field_validator("marker")
    @classmethod
    def _column(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise ValueError("write the logical name of the column, such as new_synclineid")
        return value

    def marker_of(self, stream: str) -> str | None:
        """The column of a stream that carries the hub's id, if there is one."""
        return self.streams[stream].marker or self.marker
