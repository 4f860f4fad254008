"""What a person configures for one shop."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.sdk import Settings

_STRICT = ConfigDict(extra="forbid", frozen=True)
_FULL_KEY = r"^[A-Za-z0-9_$:-]+\.[A-Za-z0-9_-]+$"


class ClientCredentialsAuth(BaseModel):
    """An app of your own organisation: the token is fetched, and fetched again every 24 hours."""

    model_config = _STRICT

    client_id: str = Field(min_length=1, description="The app's client id")
    client_secret: SecretStr = Field(description="The app's client secret, by reference")


class TokenAuth(BaseModel):
    """An access token that was issued for this shop and does not expire (custom apps made before 2026)."""

    model_config = _STRICT

    token: SecretStr = Field(description="The Admin API access token, by reference")


class Marker(BaseModel):
    """The customer metafield that carries the hub's id. It needs a definition of type ``id`` (unique values)."""

    model_config = _STRICT

    namespace: str = Field(default="syncline", pattern=r"^[A-Za-z0-9_$:-]{3,255}$")
    key: str = Field(default="id", pattern=r"^[A-Za-z0-9_-]{2,64}$")

    @property
    def full_key(self) -> str:
        return f"{self.namespace}.{self.key}"


class ShopifySettings(Settings):
    """One shop."""

    shop: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$", description="The shop's own domain: my-shop.myshopify.com"
    )
    auth: ClientCredentialsAuth | TokenAuth = Field(description="`client_id` and `client_secret`, or `token`")
    api_version: str = Field("2026-10", pattern=r"^(\d{4}-\d{2}|unstable)$", description="Version of the Admin API")
    base_url: str | None = Field(None, description="Another address for the same API, for a sandbox")
    marker: Marker = Field(default=Marker(), description="The customer metafield with the hub's id")
    metafields: tuple[Annotated[str, Field(pattern=_FULL_KEY)], ...] = Field(
        (), max_length=20, description="Customer metafields to read and write, as namespace.key"
    )
    addresses: int = Field(10, ge=0, le=50, description="How many addresses of a customer are read besides the default")
    page_size: int = Field(250, ge=1, le=250, description="Most records in one page; the query's cost may ask for less")
