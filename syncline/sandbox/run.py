"""Serves a fake system on a loopback port, for trying things out without an account."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import SynclineError
from syncline.sandbox.wire import Fake, Server


@dataclass(frozen=True, slots=True)
class System:
    """A system that can be faked. ``settings`` are the lines of a connection to it, with ``{url}`` to fill in."""

    name: str
    label: str
    port: int
    settings: str
    make: Callable[[Path | None], Fake] = field(repr=False)
    at: Callable[[Any, str], None] = field(default=lambda fake, url: None, repr=False)  # noqa: ARG005
    keep: Callable[[Any, Path], None] = field(default=lambda fake, path: None, repr=False)  # noqa: ARG005


def _salesforce(data: Path | None) -> Fake:
    fake = importlib.import_module("syncline.sandbox.salesforce.fake").SalesforceFake()
    if data is not None and data.exists():
        fake.load(data)
    return fake  # type: ignore[no-any-return]


def _shopify(data: Path | None) -> Fake:
    return importlib.import_module("syncline.sandbox.shopify.fake").ShopifyFake(path=data)  # type: ignore[no-any-return]


def _answers_at(fake: Any, url: str) -> None:
    fake.instance_url = url


SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (
        System(
            "salesforce",
            "a Salesforce org (REST, SOQL, Bulk 2.0)",
            8401,
            "connector: salesforce\nlogin_url: {url}\n"
            "auth: {{kind: client_credentials, client_id: app, client_secret: secret}}",
            _salesforce,
            _answers_at,
            lambda fake, path: fake.save(path),
        ),
        System(
            "shopify",
            "a Shopify shop (GraphQL Admin API)",
            8402,
            "connector: shopify\nshop: corner-shop.myshopify.com\nbase_url: {url}\nauth: {{token: shpat_static}}",
            _shopify,
        ),
    )
}


@contextmanager
def served(name: str, port: int, data: Path | None = None) -> Iterator[tuple[str, str]]:
    """Serve a system; gives its URL and the settings of a connection to it. Its records are kept in ``data``."""
    system = SYSTEMS[name]
    try:
        fake = system.make(data)
    except (ValueError, KeyError, TypeError) as error:
        raise SynclineError(f"{data} does not hold records of this sandbox ({type(error).__name__})") from None
    try:
        server = Server(fake, port)
    except OSError as error:
        raise SynclineError(f"port {port} cannot be had ({error.strerror}); choose another with --port") from None
    system.at(fake, server.url)
    with server:
        try:
            yield server.url, system.settings.format(url=server.url)
        finally:
            if data is not None:
                system.keep(fake, data)
