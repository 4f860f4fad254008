"""What a connection to a NetSuite account is told."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.netsuite.kinds import KINDS
from connectors.sdk import Settings

_CUSTOM = re.compile(r"cust(entity|body)_?[a-z0-9_]+")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenAuth(_Part):
    """Token-based authentication (OAuth 1.0a). New integrations of this kind cannot be made from release 2027.1 on."""

    kind: Literal["token"]
    consumer_key: SecretStr = Field(description="of the integration record, by reference")
    consumer_secret: SecretStr = Field(description="of the integration record, by reference")
    token: SecretStr = Field(description="id of the access token, by reference")
    token_secret: SecretStr = Field(description="of the access token, by reference")


class CertificateAuth(_Part):
    """OAuth 2.0 machine to machine: an uploaded certificate, mapped to a user and a role."""

    kind: Literal["certificate"]
    client_id: str = Field(description="of the integration record")
    certificate_id: str = Field(description="what NetSuite calls the uploaded certificate")
    private_key: SecretStr = Field(description="PEM of the certificate's key (RSA of 3072 bits or more), by reference")


class StreamSettings(_Part):
    """One kind of record."""

    fields: tuple[str, ...] | None = Field(
        default=None, description="fields to read, by their REST names; the usual and all custom ones if left out"
    )
    marker: str | None = Field(default=None, description="where it differs from the general one")


class NetSuiteSettings(Settings):
    """A connection to one account, production or sandbox."""

    account: str = Field(description="account id, such as 1234567 or 1234567_SB1", pattern=r"^\w+([-_]\w+)?$")
    base_url: str | None = Field(default=None, description="SuiteTalk address, where it is not the account's usual one")
    auth: Annotated[TokenAuth | CertificateAuth, Field(discriminator="kind")]
    zone: str = Field(
        description="time zone of the integration's user, as in America/Los_Angeles: SuiteQL shows local time in it"
    )
    marker: str | None = Field(
        default=None,
        description="field that carries the hub's id: externalId only if no other integration uses that one slot; "
        "or a custom text field of the records",
    )
    streams: dict[str, StreamSettings] = Field(
        default={name: StreamSettings() for name in KINDS},
        min_length=1,
        description="kinds of record, as a list or by name: customer, contact, salesOrder",
    )
    deletions: Literal["feed", "sweep"] = Field(
        default="feed", description="read the table of deleted records, or list all keys now and then"
    )
    overlap: int = Field(default=300, ge=0, description="seconds before the stored position that each read begins")
    page: int = Field(default=1000, ge=5, le=1000, description="rows asked for at a time")
    at_once: int = Field(
        default=2, ge=1, le=50, description="writes under way together; the whole account shares one limit (5 or more)"
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return secure_address(value, "https://1234567.suitetalk.api.netsuite.com") if value else None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("not a time zone: write it as Europe/Berlin or America/Los_Angeles") from None
        return value

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _known(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name, given in value.items():
            if name not in KINDS:
                raise ValueError(f"no such kind of record here: {name}; there are {', '.join(KINDS)}")
            _marker_name(given.marker)
        return value

    @field_validator("marker")
    @classmethod
    def _marker(cls, value: str | None) -> str | None:
        return _marker_name(value)

    @property
    def realm(self) -> str:
        """The account id as signatures name it."""
        return self.account.upper().replace("-", "_")

    @property
    def address(self) -> str:
        host = self.account.lower().replace("_", "-")
        return self.base_url or f"https://{host}.suitetalk.api.netsuite.com"

    def marker_of(self, stream: str) -> str | None:
        """The field of a stream that carries the hub's id, if there is one."""
        return self.streams[stream].marker or self.marker


def _marker_name(value: str | None) -> str | None:
    if value is not None and value != "externalId" and not _CUSTOM.fullmatch(value):
        raise ValueError("write externalId, or the id of a custom text field, such as custentity_syncline_id")
    return value
