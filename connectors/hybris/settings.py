"""What a connection to SAP Commerce is told: where it is, which integration object, what the items in it are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.checked import secure_address
from connectors.sdk import Settings

Name = Literal["units", "customers", "orders"]
_Word = Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,127}$")]
_Path = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(/[A-Za-z_]\w*)*$")]

_PLACES = {
    "units": ("billingAddress", "shippingAddress"),
    "customers": ("defaultPaymentAddress", "defaultShipmentAddress"),
}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "units": {
        "item": "B2BUnit",
        "expand": ("groups", *(f"{place}/{one}" for place in _PLACES["units"] for one in ("country", "region"))),
    },
    "customers": {
        "item": "B2BCustomer",
        "expand": (
            "title",
            "defaultB2BUnit",
            *(f"{place}/{one}" for place in _PLACES["customers"] for one in ("country", "region")),
        ),
    },
    "orders": {
        "item": "Order",
        "code": "code",
        "marker": None,
        "expand": (
            "user",
            "unit",
            "currency",
            "status",
            "paymentStatus",
            "deliveryStatus",
            "entries/product",
            "deliveryAddress/country",
        ),
    },
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BasicAuth(_Part):
    """An employee of one of the integration groups, by name and password."""

    kind: Literal["basic"]
    user: str = Field(min_length=1, description="the employee")
    password: SecretStr = Field(description="its password, by reference")


class ClientCredentialsAuth(_Part):
    """An OAuth 2.0 client (IntegrationClientCredentialsDetails)."""

    kind: Literal["client_credentials"]
    client_id: str = Field(min_length=1, description="the client id")
    client_secret: SecretStr = Field(description="its secret, by reference")
    token_url: str | None = Field(
        default=None, description="the token service, where it is not /authorizationserver/oauth/token of the same host"
    )


class StreamSettings(_Part):
    """How items of one kind are found in the integration object."""

    item: _Word = Field(description="code of the item in the integration object, such as B2BCustomer or Customer")
    code: _Word = Field(default="uid", description="its one unique attribute")
    modified: _Word | None = Field(
        default="modifiedtime",
        description="the attribute that says when it was changed; null: every read is a full one",
    )
    marker: _Word | None = Field(
        default="synclineId", description="a text attribute of your own that carries the hub's id; null: there is none"
    )
    expand: tuple[_Path, ...] = Field(default=(), description="references and collections to read along")


class ConsentSettings(_Part):
    """Which consents are read, and whether the hub may write them."""

    templates: tuple[_Word, ...] = Field(min_length=1, description="ids of consent templates")
    site: str = Field(pattern=r"^[\w-]+$", description="uid of the base site whose templates they are")
    item: _Word = Field(default="Consent", description="code of the item of consents in the integration object")
    template_item: _Word = Field(default="ConsentTemplate", description="code of the item of their templates")
    withdraw: bool = Field(default=False, description="withdrawals are carried out, through the commerce web services")
    give: bool = Field(default=False, description="consents are given, too: only where the hub holds the evidence")


class HybrisSettings(Settings):
    """One SAP Commerce, one integration object."""

    url: str = Field(description="the system: https://api.c1example-p1.model-t.cc.commerce.ondemand.com")
    object: _Word = Field(default="Syncline", description="code of the integration object")
    auth: Annotated[BasicAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    streams: dict[Name, StreamSettings] = Field(
        default_factory=lambda: _completed(dict.fromkeys(DEFAULTS)),
        min_length=1,
        validate_default=True,
        description="which items, as a list or by name",
    )
    consents: ConsentSettings | None = Field(default=None, description="consents of customers; null: none")
    language: str = Field(
        default="en", pattern=r"^[a-z]{2}(-[A-Z]{2})?$", description="of attributes in many languages"
    )
    overlap: int = Field(
        default=300, ge=0, description="seconds before the stored position that each read begins again"
    )
    page: int = Field(default=100, ge=1, le=1000, description="items asked for at a time")
    batch: int = Field(default=50, ge=1, le=200, description="items written in one $batch")

    def stream(self, name: str) -> StreamSettings:
        """The settings of a stream. Raises KeyError where the connection has no such stream."""
        for known, given in self.streams.items():
            if known == name:
                return given
        raise KeyError(name)

    @property
    def path(self) -> str:
        """Where the integration object's service lies."""
        return f"/odata2webservices/{self.object}"

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        whole = secure_address(value, "https://api.shop.example")
        parts = urlsplit(whole)
        if parts.path.strip("/") or parts.query:
            raise ValueError("write the host alone; the integration object belongs in `object`")
        return whole

    @field_validator("streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None])
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = dict.fromkeys(value)
        return _completed(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _writable(self) -> HybrisSettings:
        wanted = self.consents is not None and (self.consents.withdraw or self.consents.give)
        if wanted and not isinstance(self.auth, ClientCredentialsAuth):
            raise ValueError("consents are written through the commerce web services, which take OAuth clients only")
        return self


def _completed(streams: Mapping[Any, Any]) -> dict[Any, Any]:
    """Streams with what is sensible for each, where they do not say otherwise."""
    whole = {}
    for name, given in streams.items():
        own = given.model_dump(exclude_unset=True) if isinstance(given, BaseModel) else given
        whole[name] = (
            {**DEFAULTS.get(name, {}), **own}
            if isinstance(own or {}, Mapping) and own is not None
            else {**DEFAULTS.get(name, {})}
        )
    return whole
