"""What a person configures for one shop."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from connectors.sdk import Settings

_META_KEY = r"^[A-Za-z0-9_:-]{1,255}$"


class WooCommerceSettings(Settings):
    """One shop."""

    url: str = Field(description="Address of the WordPress site: https://shop.example")
    consumer_key: SecretStr = Field(description="Consumer key (ck_…) of the API key, by reference")
    consumer_secret: SecretStr = Field(description="Consumer secret (cs_…) of the API key, by reference")
    marker: str = Field("syncline_id", pattern=_META_KEY, description="Custom field that carries the hub's id")
    meta: tuple[Annotated[str, Field(pattern=_META_KEY)], ...] = Field(
        (), description="Custom fields (meta_data) to read and write, by key; they appear as meta.<key>"
    )
    overlap: int = Field(300, ge=0, description="Seconds before the stored position that each read begins again")
    page: int = Field(100, ge=2, le=100, description="Records asked for at a time")
    batch: int = Field(100, ge=1, le=100, description="Most rows of one write; less where a host refuses large bodies")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("write the address of the site in full, such as https://shop.example")
        return value.rstrip("/").removesuffix("/wp-json/wc/v3").removesuffix("/wp-json")

    @property
    def signs(self) -> bool:
        """Whether requests are signed: without TLS the shop takes no Basic credentials, and none should travel."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}

    @property
    def custom(self) -> tuple[str, ...]:
        """Keys of all custom fields that are looked at, the marker first."""
        return tuple(dict.fromkeys((self.marker, *self.meta)))
