"""What a connection to an S/4HANA system is told."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

STANDARD = "XXDEFAULT"
"""The usage that every partner's standard address has."""

_Usage = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,10}$")]
_Role = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,6}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BasicAuth(_Part):
    """The communication user, by name and password."""

    kind: Literal["basic"]
    user: str = Field(min_length=1, description="the communication user")
    password: SecretStr = Field(description="its password, by reference")


class ClientCredentialsAuth(_Part):
    """An OAuth 2.0 client of a communication system."""

    kind: Literal["client_credentials"]
    client_id: str = Field(min_length=1, description="the client id")
    client_secret: SecretStr = Field(description="its secret, by reference")
    token_url: str | None = Field(
        default=None, description="the token service, where it is not /sap/bc/sec/oauth2/token of the same host"
    )
    scope: str | None = Field(default=None, description="the scope to ask for, where the token service wants one")


class StreamSettings(_Part):
    """How partners of one category are read and made."""

    usages: tuple[_Usage, ...] = Field(
        default=(STANDARD,),
        min_length=1,
        description="address usages to read and write; XXDEFAULT: the standard address",
    )
    grouping: str | None = Field(
        default=None, pattern=r"^[A-Z0-9_]{1,4}$", description="grouping (number range) of new partners"
    )
    country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2,3}$",
        description="country of an address that is made without one, for an e-mail address or a number to hang on",
    )
    roles: tuple[_Role, ...] = Field(default=(), description="roles that new partners get, such as FLCU01")


class S4HanaSettings(Settings):
    """One client of one system."""

    url: str = Field(description="the system: https://my300000-api.s4hana.cloud.sap")
    path: str = Field(
        default="/sap/opu/odata/sap/API_BUSINESS_PARTNER",
        pattern=r"^(/[\w.;=-]+)+$",
        description="where the service lies on it",
    )
    auth: Annotated[BasicAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    client: str | None = Field(default=None, pattern=r"^\d{3}$", description="sap-client; the system's own if left out")
    marker: str | None = Field(
        default="SYNCLN",
        pattern=r"^[A-Z0-9_]{1,6}$",
        description="identification type that carries the hub's id of a partner; null where there is none",
    )
    streams: dict[Literal["organisations", "persons"], StreamSettings] = Field(
        default={"organisations": StreamSettings(), "persons": StreamSettings()},
        min_length=1,
        description="which partners, as a list or by name",
    )
    overlap: int = Field(
        default=3900,
        ge=0,
        description="seconds before the stored position that each read begins again; more than an hour covers the one "
        "that a server's local clock is put back in autumn",
    )
    page: int = Field(default=200, ge=1, le=1000, description="partners asked for at a time")
    batch: int = Field(default=50, ge=1, le=200, description="partners written in one $batch")

    def stream(self, name: str) -> StreamSettings:
        """The settings of a stream. Raises KeyError where the connection has no such stream."""
        for known, given in self.streams.items():
            if known == name:
                return given
        raise KeyError(name)

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        whole = secure_address(value, "https://my300000-api.s4hana.cloud.sap")
        parts = urlsplit(whole)
        if parts.path.strip("/") or parts.query:
            raise ValueError("write the host alone; where the service lies on it belongs in `path`")
        return whole

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)
