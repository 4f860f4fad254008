"""What a person configures for one shop."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.sdk import Settings

_CODE = r"^[a-z][a-z0-9_]{0,59}$"
_SCOPE = "openid,AdobeID,email,profile,additional_info.roles,additional_info.projectedProductContext,commerce.accs"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OAuth1Auth(_Part):
    """An integration of the shop's Admin: its four secrets sign every request."""

    kind: Literal["oauth1"]
    consumer_key: SecretStr = Field(description="Consumer Key of the integration, by reference")
    consumer_secret: SecretStr = Field(description="Consumer Secret, by reference")
    token: SecretStr = Field(description="Access Token, by reference")
    token_secret: SecretStr = Field(description="Access Token Secret, by reference")


class BearerAuth(_Part):
    """An integration's access token alone: since 2.4.4 only where the shop allows it."""

    kind: Literal["bearer"]
    token: SecretStr = Field(description="Access Token of the integration, by reference")


class ImsAuth(_Part):
    """Server-to-server credentials of Adobe's identity service, for Adobe Commerce as a Cloud Service."""

    kind: Literal["ims"]
    client_id: str = Field(min_length=1, description="client id of the project in Adobe's developer console")
    client_secret: SecretStr = Field(description="client secret, by reference")
    organisation: str | None = Field(default=None, description="organisation id (...@AdobeOrg)")
    scope: str = Field(default=_SCOPE, description="scopes to ask for")
    token_url: str = Field(default="https://ims-na1.adobelogin.com/ims/token/v3", description="where tokens are given")


class MagentoSettings(Settings):
    """One shop, seen through one of its store views."""

    url: str = Field(
        pattern=r"^https?://[^/\s?#]+(/[^\s?#]*)?$",
        description="the shop's address (https://shop.example.com); with ims the API's, tenant included",
    )
    auth: Annotated[OAuth1Auth | BearerAuth | ImsAuth, Field(discriminator="kind")]
    store_view: str = Field(
        default="default", pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="code of the store view to work in"
    )
    website_id: int | None = Field(
        default=None,
        ge=1,
        description="only customers of this website; all if left out, new ones join the store view's",
    )
    marker: str | None = Field(
        default="syncline_id",
        pattern=_CODE,
        description="customer attribute that carries the hub's id; null where the shop has none",
    )
    companies: bool = Field(default=False, description="whether the shop has companies (B2B for Adobe Commerce)")
    overlap: int = Field(
        default=600, ge=0, description="seconds before the stored position that each read begins again"
    )
    page_size: int = Field(default=300, ge=1, le=300, description="records asked for at a time")
    bulk_from: int = Field(default=5, ge=0, description="as many creates or more go through the bulk API; 0: none ever")
    bulk_patience: float = Field(default=600, gt=0, description="seconds to wait for the shop's queue to be worked off")
