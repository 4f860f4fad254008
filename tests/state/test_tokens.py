from __future__ import annotations

import base64
import threading

import pytest

from model.clock import SystemClock
from model.errors import LeaseHeldError, StateError
from state.tokens import SealedTokens

KEY = base64.b64encode(b"k" * 32).decode()
OTHER = base64.urlsafe_b64encode(bytes(range(224, 256))).decode()
TOKEN = {"access": "swordfish", "refresh": "ä", "expires": 12}


@pytest.fixture
def tokens(store, clock):
    return SealedTokens(store.database, clock, KEY)


def test_a_token_comes_back_and_replaces_the_former(tokens):
    assert tokens.load("crm") is None
    tokens.save("crm", {"access": "old"})
    tokens.save("crm", TOKEN)
    assert tokens.load("crm") == TOKEN
    assert tokens.load("shop") is None


def test_nothing_readable_is_stored(tokens, store):
    tokens.save("crm", TOKEN)
    with store.database.read() as tx:
        sealed = tx.one("SELECT sealed FROM token")[0]
    assert b"swordfish" not in base64.b64decode(sealed)
    assert "swordfish" not in sealed


def test_without_a_key_nothing_is_stored_or_opened(tokens, store, clock):
    tokens.save("crm", TOKEN)
    keyless = SealedTokens(store.database, clock, None)
    with pytest.raises(StateError, match="SYNCLINE_KEY"):
        keyless.save("shop", TOKEN)
    with pytest.raises(StateError, match="SYNCLINE_KEY"):
        keyless.load("crm")
    assert keyless.load("shop") is None


def test_another_key_opens_nothing_and_a_second_one_lets_keys_be_changed(tokens, store, clock):
    tokens.save("crm", TOKEN)
    with pytest.raises(StateError, match="another key"):
        SealedTokens(store.database, clock, OTHER).load("crm")
    both = SealedTokens(store.database, clock, f"{OTHER}, {KEY}")
    assert both.load("crm") == TOKEN
    both.save("crm", TOKEN)
    assert SealedTokens(store.database, clock, OTHER).load("crm") == TOKEN


def test_a_token_cannot_be_passed_off_as_another_connections(tokens, store):
    tokens.save("crm", TOKEN)
    with store.database.write() as tx:
        tx.run("UPDATE token SET name = 'shop'")
    with pytest.raises(StateError):
        tokens.load("shop")


@pytest.mark.parametrize("key", ["short", "ü" * 44, base64.b64encode(b"k" * 31).decode(), "!" * 44])
def test_a_key_that_is_none_is_said_without_showing_it(store, clock, key):
    with pytest.raises(StateError, match="not a key") as refused:
        SealedTokens(store.database, clock, key)
    assert key not in str(refused.value)


def test_one_refresh_at_a_time(store):
    tokens = [SealedTokens(store.database, SystemClock(), KEY) for _ in range(4)]
    tokens[0].save("crm", {"n": 0})

    def refresh(mine: SealedTokens) -> None:
        for _ in range(3):
            with mine.exclusively("crm"):
                mine.save("crm", {"n": mine.load("crm")["n"] + 1})

    threads = [threading.Thread(target=refresh, args=(mine,)) for mine in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens[0].load("crm") == {"n": 12}


def test_a_holder_that_died_is_taken_over(tokens, store, clock):
    stuck = tokens.exclusively("crm")
    stuck.__enter__()
    before = clock.now()
    with tokens.exclusively("shop"):
        pass
    with tokens.exclusively("crm"):
        assert 119 < (clock.now() - before).total_seconds() < 122
        stuck.__exit__(None, None, None)
        with pytest.raises(LeaseHeldError):
            store.acquire(["token:crm"], "third", 1, clock.now())
