"""What a connection to a HubSpot account is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name
from connectors.sdk import Settings

_STRICT = ConfigDict(extra="forbid", frozen=True)
_TYPE = re.compile(r"[a-z][a-z_]*|\d-\d+|p\d*_?\w+")
_PROPERTY = r"^[a-z][a-z0-9_]{0,99}$"
PRIMARY = "primary"

Property = Annotated[str, Field(pattern=_PROPERTY)]


class TokenAuth(BaseModel):
    """A fixed token: of a private app, of an app with static authorisation, or a service key."""

    model_config = _STRICT

    token: SecretStr = Field(description="The access token, by reference")


class OAuthAuth(BaseModel):
    """An app that somebody allowed into the account once; its tokens of half an hour are renewed."""

    model_config = _STRICT

    client_id: str = Field(min_length=1, description="The app's client id")
    client_secret: SecretStr = Field(description="The app's client secret, by reference")
    refresh_token: SecretStr = Field(description="The first refresh token, by reference")


class Reference(BaseModel):
    """An association that is read and written as one field: ``associations.<name>``."""

    model_config = _STRICT

    to: str = Field(description="Stream the association leads to")
    label: str | None = Field(
        default=None,
        description=f"'{PRIMARY}', a label of the account's own, or nothing for an association without one",
    )


class StreamSettings(BaseModel):
    """One object type."""

    model_config = _STRICT

    properties: tuple[Property, ...] | None = Field(
        default=None, description="Properties to read; those that mappings use, if left out"
    )
    references: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Reference] | None = Field(
        default=None, description="Associations as fields, by name; the usual ones if left out"
    )
    marker: Property | None = Field(
        default=None, description="Property with the hub's id, where it differs from the general"
    )


USUAL: Mapping[str, Mapping[str, Reference]] = {
    "contacts": {"companies": Reference(to="companies", label=PRIMARY)},
    "deals": {"companies": Reference(to="companies", label=PRIMARY), "contacts": Reference(to="contacts")},
    "tickets": {"companies": Reference(to="companies", label=PRIMARY), "contacts": Reference(to="contacts")},
}


class HubSpotSettings(Settings):
    """One account."""

    auth: TokenAuth | OAuthAuth = Field(description="`token`, or `client_id`, `client_secret` and `refresh_token`")
    base_url: str = Field(
        default="https://api.hubapi.com", description="Another address for the same API, for a sandbox"
    )
    api_version: str = Field(
        default="v3",
        pattern=r"^(v3|20\d\d-\d\d)$",
        description="v3 (with associations v4), or a dated version such as 2026-09",
    )
    marker: Property | None = Field(
        default="syncline_id",
        description="Unique property that carries the hub's id of a record; null where there is none",
    )
    streams: dict[str, StreamSettings] = Field(
        default={"companies": StreamSettings(), "contacts": StreamSettings()},
        min_length=1,
        description="Object types, as a list or by name",
    )
    overlap: int = Field(
        default=900,
        ge=0,
        description="Seconds before the stored position that each read begins again, for the search index",
    )
    recycle_bin_days: float = Field(default=90, gt=0, description="How long the account shows what was deleted")
    page: int = Field(default=200, ge=1, le=200, description="Records asked for at a time; lists give 100 at most")

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _types(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name, given in value.items():
            if not _TYPE.fullmatch(name):
                raise ValueError(f"not an object type: {name!r} (contacts, companies, deals, tickets, 2-1234567)")
            for field, reference in (given.references or {}).items():
                if reference.to not in value:
                    raise ValueError(f"the reference {name}.{field} leads to {reference.to}, which is not listed")
        return value

    def marker_of(self, stream: str) -> str | None:
        """The property of a stream that carries the hub's id, if there is one."""
        return self.streams[stream].marker or self.marker

    def references_of(self, stream: str) -> Mapping[str, Reference]:
        """Associations read as fields; of the usual ones those that lead to a stream of this connection."""
        given = self.streams[stream].references
        if given is not None:
            return given
        return {name: one for name, one in USUAL.get(stream, {}).items() if one.to in self.streams}
