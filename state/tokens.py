"""Rotating credentials: sealed in the state database, refreshed by one process at a time."""

from __future__ import annotations

import base64
import binascii
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from model.clock import Clock
from model.errors import LeaseHeldError, StateError
from state import leases
from state.codec import dump, load, moment
from state.database import Database
from sync.ports import Lease

_HELD = 120.0
"""Seconds after which a refresh is taken for dead: longer than any token request, shorter than patience."""

_PAUSE = 0.1
_NONCE = 12
_HINT = (
    "set SYNCLINE_KEY to 32 random bytes in base64 (openssl rand -base64 32) and keep it as safe as the credentials; "
    "to change it, put the new key first and the old one behind a comma until everything was saved again"
)


class SealedTokens:
    """`connectors.contract.TokenStore` in the state database.

    ``key`` is one base64 key of 32 bytes, or several separated by commas: the first seals, all open. Without one
    nothing can be stored or opened (StateError with a hint), so that no credential is ever kept in the clear.
    """

    def __init__(self, database: Database, clock: Clock, key: str | None) -> None:
        self._database = database
        self._clock = clock
        self._seals: Sequence[AESGCM] = [_seal(part) for part in (key or "").split(",") if part.strip()]

    def load(self, name: str) -> Mapping[str, Any] | None:
        with self._database.read() as tx:
            row = tx.one("SELECT sealed FROM token WHERE name = ?", name)
        return None if row is None else cast("Mapping[str, Any]", load(self._open(name, row[0])))

    def save(self, name: str, token: Mapping[str, Any]) -> None:
        if not self._seals:
            raise StateError(f"the token of {name} cannot be stored without a key: {_HINT}")
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._seals[0].encrypt(nonce, dump(dict(token)).encode(), name.encode())
        with self._database.write(durable=True) as tx:
            tx.run(
                "INSERT INTO token (name, sealed, saved_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET sealed = excluded.sealed, saved_at = excluded.saved_at",
                name,
                base64.b64encode(sealed).decode(),
                moment(self._clock.now()),
            )

    @contextmanager
    def exclusively(self, name: str) -> Iterator[None]:
        """Waits for another process's refresh; raises LeaseHeldError where that takes longer than any refresh may.

        A holder that died is taken over after two minutes.
        """
        lease = self._wait_for(f"token:{name}")
        try:
            yield
        finally:
            with suppress(StateError), self._database.write() as tx:
                leases.release(tx, lease)

    def _wait_for(self, scope: str) -> Lease:
        holder = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        until = self._clock.now() + timedelta(seconds=2 * _HELD)
        while True:
            try:
                with self._database.write() as tx:
                    return leases.acquire(tx, [scope], holder, _HELD, self._clock.now())
            except LeaseHeldError:
                if self._clock.now() >= until:
                    raise
            self._clock.sleep(_PAUSE)

    def _open(self, name: str, sealed: str) -> bytes:
        if not self._seals:
            raise StateError(f"the token of {name} is sealed and there is no key to open it: {_HINT}")
        raw = base64.b64decode(sealed)
        for seal in self._seals:
            with suppress(InvalidTag):
                return seal.decrypt(raw[:_NONCE], raw[_NONCE:], name.encode())
        raise StateError(f"the token of {name} was sealed with another key: {_HINT}")


def _seal(text: str) -> AESGCM:
    try:
        key = base64.urlsafe_b64decode(text.strip().replace("+", "-").replace("/", "_").encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != 32:
        raise StateError(f"SYNCLINE_KEY is not a key: {_HINT}")
    return AESGCM(key)
