"""What a connection to a Salesforce org is told."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClientCredentialsAuth(_Part):
    """An app of the org that acts as its run-as user."""

    kind: Literal["client_credentials"]
    client_id: str = Field(description="consumer key of the external client app")
    client_secret: SecretStr = Field(description="consumer secret, by reference")


class JwtAuth(_Part):
    """An app with an uploaded certificate, pre-authorised for one user."""

    kind: Literal["jwt"]
    client_id: str = Field(description="consumer key of the external client app")
    username: str = Field(description="the user to act as")
    private_key: SecretStr = Field(description="RSA key (PEM) whose certificate the app holds, by reference")
    audience: str | None = Field(default=None, description="login or test host; guessed from login_url")


class ChildSettings(_Part):
    """An object whose records are shown as a list of the record they belong to."""

    object: str = Field(description="API name of the child object, such as OrderItem")
    parent: str = Field(description="its field that holds the record's id, such as OrderId")
    fields: tuple[str, ...] | None = Field(
        default=None,
        description="fields to show, also of records pointed to (Product2.ProductCode); all readable ones if left out",
    )


class StreamSettings(_Part):
    """One object of the org."""

    fields: tuple[str, ...] | None = Field(default=None, description="fields to read; all readable ones if left out")
    external_id: str | None = Field(
        default=None, description="external id field, where it differs from the general one"
    )
    lookup: bool = Field(
        default=False, description="the marker is a plain field: creates are looked up by it instead of upserted"
    )
    parents: tuple[str, ...] | None = Field(default=None, description="streams that records here refer to")
    children: dict[str, ChildSettings] = Field(
        default={}, description="child objects shown as lists of the record: name of the list → object"
    )


class SalesforceSettings(Settings):
    """A connection to one org."""

    login_url: str = Field(default="https://login.salesforce.com", description="My Domain, or the login or test host")
    auth: Annotated[ClientCredentialsAuth | JwtAuth, Field(discriminator="kind")]
    api_version: str = Field(default="67.0", pattern=r"^\d{2,3}\.0$", description="version of the API to speak")
    external_id: str | None = Field(
        default="Syncline_Id__c",
        description="unique external id field that carries the hub's id of a record; null where the org has none",
    )
    streams: dict[str, StreamSettings] = Field(
        default={"Account": StreamSettings(), "Contact": StreamSettings()},
        min_length=1,
        description="objects, as a list or by name",
    )
    overlap: int = Field(
        default=300, ge=0, description="seconds before the stored position that each read begins again"
    )
    recycle_bin_days: float = Field(default=15, gt=0, description="how long the org shows what was deleted")
    page: int = Field(default=2000, ge=200, le=2000, description="rows asked for at a time")
    bulk_threshold: int = Field(default=2000, ge=1, description="batches larger than this go through Bulk API 2.0")
    bulk_patience: float = Field(default=3600, gt=0, description="seconds to wait for one bulk job")
    duplicate_rules: Literal["respect", "override"] = Field(
        default="respect", description="whether rules that only warn of duplicates stop a create"
    )

    @field_validator("login_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return secure_address(value, "https://example.my.salesforce.com")

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _names(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        names = [*value, *(f for s in value.values() for f in [*(s.fields or ()), s.external_id or "Id"])]
        for one in (child for stream in value.values() for child in stream.children.values()):
            names += [one.object, one.parent, *(part for name in one.fields or () for part in name.split("."))]
        for name in names:
            if not _NAME.fullmatch(name):
                raise ValueError(f"not an API name of an object or field: {name!r}")
        return value

    @field_validator("external_id")
    @classmethod
    def _field(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise ValueError("write the API name of the field, such as Syncline_Id__c")
        return value

    def marker(self, stream: str) -> str | None:
        """The field of a stream that carries the hub's id, if there is one."""
        return self.streams[stream].external_id or self.external_id
