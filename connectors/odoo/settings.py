"""What a connection to an Odoo database is told, and the streams it has unless told otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.checked import by_name, secure_address
from connectors.sdk import Settings

_NAME = re.compile(r"[a-z_][a-z0-9_.]*")

Domain = tuple[Any, ...]


class StreamSettings(BaseModel):
    """One stream: records of a model that a domain chooses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(default=None, description="model, where it is not the stream's name or well known")
    domain: list[Any] = Field(default=[], description="further conditions, as Odoo writes a domain")
    fields: tuple[str, ...] | None = Field(default=None, description="fields to read; all stored ones if left out")


class OdooSettings(Settings):
    """A connection to one database."""

    url: str = Field(description="address of the server: https://your-company.odoo.com")
    database: str = Field(min_length=1, description="name of the database")
    key: SecretStr = Field(description="API key of the user the hub acts as, by reference")
    login: str | None = Field(default=None, description="that user's login; needed before Odoo 19")
    api: Literal["auto", "json2", "jsonrpc"] = Field(
        default="auto", description="json2 (Odoo 19 and later), jsonrpc (before), or found out at the first call"
    )
    streams: dict[str, StreamSettings] = Field(
        default={"companies": StreamSettings(), "people": StreamSettings()},
        min_length=1,
        description="companies, people, leads, opportunities, orders, or models, as a list or by name",
    )
    marker_module: str = Field(
        default="syncline", pattern=r"^[a-z][a-z0-9_]*$", description="module part of the external ids the hub gives"
    )
    addresses: Literal["own", "shared"] = Field(
        default="own",
        description="own: a person below a company keeps a written address to itself; shared: the company gets it, too",
    )
    overlap: int = Field(
        default=900, ge=0, description="seconds before the stored position that each read begins again"
    )
    page: int = Field(default=500, ge=1, le=5000, description="records asked for at a time")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return secure_address(value, "https://your-company.odoo.com")

    _by_name = field_validator(
        "streams", mode="before", json_schema_input_type=list[str] | dict[str, StreamSettings | None]
    )(by_name)

    @field_validator("streams")
    @classmethod
    def _names(cls, value: dict[str, StreamSettings]) -> dict[str, StreamSettings]:
        for name in [*value, *(f for s in value.values() for f in [*(s.fields or ()), s.model or "id"])]:
            if not _NAME.fullmatch(name):
                raise ValueError(f"not a technical name of a model or field: {name!r}")
        return value

    @model_validator(mode="after")
    def _login(self) -> OdooSettings:
        if self.api == "jsonrpc" and not self.login:
            raise ValueError("api: jsonrpc needs the user's login, too")
        return self


class Shape(BaseModel):
    """What a well-known stream is made of. ``born`` is what a create is given besides its own fields, ``titles`` the
    fields of which the first given one is its name where none is."""

    model_config = ConfigDict(frozen=True)

    model: str
    domain: list[Any] = []
    born: Mapping[str, Any] = {}
    parents: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    writable: bool = True


SHAPES: Mapping[str, Shape] = {
    "companies": Shape(model="res.partner", domain=[["is_company", "=", True]], born={"is_company": True}),
    # An address of its own turns a person below a company into type «other»; one without a name is only an address.
    "people": Shape(
        model="res.partner",
        domain=[["is_company", "=", False], ["type", "not in", ["invoice", "delivery"]], ["name", "!=", False]],
        born={"is_company": False},
        parents=("companies",),
    ),
    "leads": Shape(
        model="crm.lead",
        domain=[["type", "=", "lead"]],
        born={"type": "lead"},
        titles=("partner_name", "contact_name", "email_from"),
    ),
    "opportunities": Shape(
        model="crm.lead",
        domain=[["type", "=", "opportunity"]],
        born={"type": "opportunity"},
        parents=("companies", "people"),
    ),
    # Orders go through a workflow (quotation, confirmation, invoice): setting their fields would go round it.
    "orders": Shape(model="sale.order", parents=("companies", "people"), writable=False),
}


def shape(name: str, given: StreamSettings) -> Shape:
    """The shape of a stream: the well-known one, or the model of its name, narrowed by its own domain."""
    known = SHAPES.get(name) if given.model is None else None
    base = known or Shape(model=given.model or name)
    return base.model_copy(update={"domain": [*base.domain, *given.domain]})
