"""What a connection to a Sales or Service Cloud tenant is told."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.checked import secure_address
from connectors.sdk import Settings

Name = Literal["accounts", "contacts", "leads", "opportunities", "tickets"]
_MARKER = "SynclineID_KUT"
_SECOND_MARKER = "extensions.SynclineID"
_UNMADE = frozenset({"leads", "opportunities"})
"""What the hub reads and changes in version 2, and does not make: see `connectors.c4c.services`."""


class BasicAuth(BaseModel):
    """The technical user of a communication arrangement, by name and password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["basic"]
    user: str = Field(min_length=1, description="the technical user")
    password: SecretStr = Field(description="its password, by reference")


class StreamSettings(BaseModel):
    """How records of one kind are read and made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    marker: str | None = Field(
        default=_MARKER,
        pattern=r"^[A-Za-z][\w.]{0,79}$",
        description="the text field that carries the hub's id of a record it made (v2: extensions.SynclineID if left "
        "out); null where there is none",
    )
    defaults: dict[str, str] = Field(
        default={},
        description="what new records get where nothing else is known, such as RoleCode of accounts (v1), caseType of "
        "tickets (v2)",
    )
    children: tuple[str, ...] = Field(
        default=(), description="v1: what hangs on a record and is shown with it, such as ContactIsContactPersonFor"
    )


_DEFAULTS: dict[str, dict[str, Any]] = {
    "accounts": {"defaults": {"RoleCode": "CRM000"}},
    "leads": {"defaults": {"Name": "Lead"}},
}
"""Accounts cannot be made without a role (CRM000 is the customer's), leads not without a name."""


class C4cSettings(Settings):
    """One tenant."""

    url: str = Field(description="the tenant: https://my300000.crm.ondemand.com, or https://acme.crm.cloud.sap")
    api: Literal["v1", "v2"] = Field(default="v1", description="v1: Cloud for Customer (OData); v2: Version 2 (REST)")
    auth: BasicAuth
    path: str = Field(
        default="/sap/c4c/odata/v1/c4codataapi",
        pattern=r"^(/[\w.;=-]+)+$",
        description="v1: where the service lies; /sap/c4c/odata/cust/v1/… for one of your own",
    )
    streams: dict[Name, StreamSettings] = Field(
        default={"accounts": StreamSettings(**_DEFAULTS["accounts"]), "contacts": StreamSettings()},
        min_length=1,
        description="which kinds of records, as a list or by name",
    )
    overlap: int = Field(
        default=300,
        ge=0,
        description="seconds before the stored position that each read begins again, for what was stored late",
    )
    page: int = Field(default=200, ge=1, le=999, description="records asked for at a time")
    batch: int = Field(default=50, ge=1, le=100, description="v1: records written in one $batch")

    def stream(self, name: str) -> StreamSettings:
        """The settings of a stream. Raises KeyError where the connection has no such stream."""
        for known, given in self.streams.items():
            if known == name:
                return given
        raise KeyError(name)

    def marker(self, name: str) -> str | None:
        """The field that carries the hub's id."""
        if not self.makes(name):
            return None
        given = self.stream(name).marker
        return _SECOND_MARKER if self.api == "v2" and given == _MARKER else given

    def makes(self, name: str) -> bool:
        """Whether records of this kind are made by the hub."""
        return self.api == "v1" or name not in _UNMADE

    def defaults(self, name: str) -> dict[str, str]:
        """What new records get; those of version 1 that nobody chose are none of version 2."""
        given = self.stream(name).defaults
        return {} if self.api == "v2" and given == _DEFAULTS.get(name, {}).get("defaults") else given

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        whole = secure_address(value, "https://my300000.crm.ondemand.com")
        parts = urlsplit(whole)
        if parts.path.strip("/") or parts.query:
            raise ValueError("write the host alone; where the service lies on it belongs in `path`")
        return whole

    @field_validator("streams", mode="before", json_schema_input_type=list[Name] | dict[Name, StreamSettings | None])
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = dict.fromkeys(value)
        if not isinstance(value, dict):
            return value
        return {
            name: {**_DEFAULTS.get(name, {}), **(given or {})} if given is None or isinstance(given, dict) else given
            for name, given in value.items()
        }
