"""What a connection to one organisation in Zoho CRM is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

ACCOUNTS: Mapping[str, str] = {
    "us": "https://accounts.zoho.com",
    "eu": "https://accounts.zoho.eu",
    "in": "https://accounts.zoho.in",
    "au": "https://accounts.zoho.com.au",
    "jp": "https://accounts.zoho.jp",
    "ca": "https://accounts.zohocloud.ca",
    "sa": "https://accounts.zoho.sa",
    "cn": "https://accounts.zoho.com.cn",
}
"""The accounts server of each data centre (Zoho CRM developer guide, "Multi DC", and the vendor's SDK for v8)."""

API: Mapping[str, str] = {
    "us": "https://www.zohoapis.com",
    "eu": "https://www.zohoapis.eu",
    "in": "https://www.zohoapis.in",
    "au": "https://www.zohoapis.com.au",
    "jp": "https://www.zohoapis.jp",
    "ca": "https://www.zohoapis.ca",
    "sa": "https://www.zohoapis.sa",
    "cn": "https://www.zohoapis.com.cn",
}
"""Where the API of each data centre is, should a token answer not say it (``api_domain``)."""

Trigger = Literal["workflow", "approval", "blueprint", "pathfinder", "orchestration"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RefreshTokenAuth(_Part):
    """A client that a person authorised once."""

    kind: Literal["refresh_token"]
    client_id: str = Field(min_length=1, description="client id of the API console")
    client_secret: SecretStr = Field(description="its secret, by reference")
    refresh_token: SecretStr = Field(description="the refresh token, by reference")


class ClientCredentialsAuth(_Part):
    """A self client that acts for an organisation, without a refresh token."""

    kind: Literal["client_credentials"]
    client_id: str = Field(min_length=1, description="client id of the self client")
    client_secret: SecretStr = Field(description="its secret, by reference")
    organisation: str = Field(pattern=r"^\d+$", description="number of the organisation (zsoid)")
    scope: str = Field(
        default="ZohoCRM.modules.ALL,ZohoCRM.settings.fields.READ,ZohoCRM.coql.READ",
        description="what the token may do",
    )


class StreamSettings(_Part):
    """One module."""

    fields: tuple[str, ...] | None = Field(default=None, description="fields to read; all readable ones if left out")
    marker: str | None = Field(default=None, description="field with the hub's id, where it differs from the general")
    parents: tuple[str, ...] | None = Field(default=None, description="streams that records here refer to")


class ZohoSettings(Settings):
    """A connection to one organisation."""

    data_center: Literal["us", "eu", "in", "au", "jp", "ca", "sa", "cn"] = Field(
        description="where the organisation lives: us, eu, in, au, jp, ca, sa or cn"
    )
    auth: Annotated[RefreshTokenAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    accounts_url: str | None = Field(default=None, description="another accounts server, for a sandbox")
    marker: str | None = Field(
        default="Syncline_Id",
        description="unique text field that carries the hub's id of a record; null where the modules have none",
    )
    streams: dict[str, StreamSettings] = Field(
        default={"Accounts": StreamSettings(), "Contacts": StreamSettings()},
        min_length=1,
        description="modules by API name, as a list or by name",
    )
    trigger: tuple[Trigger, ...] | None = Field(
        default=(), description="automations that the hub's writes start; none by default, null for the vendor's all"
    )
    overlap: int = Field(
        default=300, ge=1, description="seconds before the stored position that each read begins again"
    )
    deletions_days: float = Field(default=60, gt=0, description="how long deletions are listed")
    page: int = Field(default=200, ge=1, le=200, description="records asked for at a time")

    @field_validator("accounts_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        return secure_address(value, "https://accounts.zoho.eu")

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _names(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name in [*value, *(f for s in value.values() for f in [*(s.fields or ()), s.marker or "id"])]:
            if not _NAME.fullmatch(name):
                raise ValueError(f"not an API name of a module or field: {name!r}")
        return value

    @field_validator("marker")
    @classmethod
    def _field(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise ValueError("write the API name of the field, such as Syncline_Id")
        return value

    @property
    def accounts(self) -> str:
        """The accounts server that gives tokens."""
        return self.accounts_url or ACCOUNTS[self.data_center]

    def marked_by(self, stream: str) -> str | None:
        """The field of a stream that carries the hub's id, if there is one."""
        return self.streams[stream].marker or self.marker
