"""What a connection to a Tryton database is told."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class StreamSettings(BaseModel):
    """One stream: the parties that a domain chooses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: list[Any] = Field(default=[], description="conditions, as Tryton writes a domain; all parties if left out")


class TrytonSettings(Settings):
    """A connection to one database."""

    url: str = Field(description="address of the server: https://tryton.example.com")
    database: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="name of the database")
    user: str = Field(min_length=1, description="login of the user the hub acts as")
    password: SecretStr = Field(description="that user's password, by reference")
    streams: dict[str, StreamSettings] = Field(
        default={"parties": StreamSettings()}, min_length=1, description="streams of parties, as a list or by name"
    )
    marker_prefix: str = Field(
        default="syncline", pattern=r"^[a-z][a-z0-9_-]*$", description="what begins the identifier with the hub's id"
    )
    overlap: int = Field(
        default=600, ge=0, description="seconds before the stored position that each read begins again"
    )
    page: int = Field(default=500, ge=1, le=1000, description="records asked for at a time")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return secure_address(value, "https://tryton.example.com")

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _names(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(f"a stream's name is lower case letters, digits and _: {name!r}")
        return value
