"""Listings that are behind: what looks like an edit is asked for once more before it is believed."""

from __future__ import annotations

import pytest

from model.records import Record


@pytest.fixture
def behind(world, make_stream):
    """The shop's listings show, of the keys in ``old``, what is noted there; asked by key, it says how things are."""
    world.system("crm")
    world.system("shop", make_stream("people", behind=True))
    for name in ("crm", "shop"):
        world.contacts(name)
    world.authority(rule="latest", path="job_title")
    shop, old = world.connectors["shop"], {}
    read = shop.read

    def late(stream, since):
        for page in read(stream, since):
            yield page._replace(records=[old.get(record.key, record) for record in page.records])

    shop.read = late
    world.old = old
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    world.sync()
    return world


def test_a_former_value_in_a_listing_undoes_no_newer_one(behind):
    (key,) = behind.systems["shop"].table("people").rows
    former = behind.systems["shop"].table("people").rows[key]
    behind.old[key] = Record(key, {"id": key, **former}, "0")
    behind.systems["crm"].put("people", "c1", title="Chair")
    behind.sync()
    behind.sync(full=True)
    assert behind.people("crm")[0]["title"] == behind.people("shop")[0]["title"] == "Chair"


def test_a_tombstone_of_a_record_that_is_back_deletes_nothing(behind):
    (key,) = behind.systems["shop"].table("people").rows
    behind.systems["shop"].put("people", key, title="Chair")
    behind.old[key] = Record(key, {}, "0", deleted=True)
    behind.sync()
    assert behind.people("crm")[0]["title"] == "Chair"
    assert behind.store.keys_at(behind.mappings_id("shop"), [behind.systems["shop"].created[0][1]])


def test_what_was_read_before_asking_failed_is_stored(behind):
    (key,) = behind.systems["shop"].table("people").rows
    for n in range(4):
        behind.systems["shop"].put("people", f"s{n}", name=f"New {n}", email=f"n{n}@example.com")
    behind.systems["shop"].put("people", key, title="Chair")

    def fetch(stream, keys):
        raise behind.connectors["shop"]._unreachable

    from model.errors import UnreachableError

    behind.connectors["shop"]._unreachable = UnreachableError("no answer")
    behind.connectors["shop"].fetch = fetch
    behind.sync()
    assert len(behind.people("crm")) == 4, "Ana and the first page of three"
