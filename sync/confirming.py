"""Ask again what a listing may show as it was some time ago: taken for an edit, it would undo a newer one."""

from __future__ import annotations

from collections.abc import Sequence

from model.errors import ConnectorError
from model.records import Page, Record
from sync.absorb import Binding
from sync.hub import Hub


def confirmed(hub: Hub, binding: Binding, page: Page) -> Page:
    """The page with each linked record that shows news (or its end) as the system shows it when asked by its key.

    One call for all of them; none, where a listing is never behind. Raises ConnectorError.
    """
    if not hub.stream(binding.id).behind or not hasattr(hub.connector(binding.id), "fetch"):
        return page
    asked = _news(hub, binding, page.records)
    if not asked:
        return page
    there = {record.key: record for record in hub.deeds(binding.id).fetch(binding.id.stream, asked)}
    return page._replace(records=[there.get(record.key, record) for record in page.records])


def _news(hub: Hub, binding: Binding, records: Sequence[Record]) -> list[str]:
    """Keys of the records that are linked, and show something else than they did."""
    known = hub.store.fingerprints(binding.id, [record.key for record in records])
    live = [record for record in records if not record.deleted and record.key in known]
    prints = dict(zip((record.key for record in live), binding.mapping.fingerprints(live), strict=True))
    return [key for key, one in known.items() if one != prints.get(key)]


def complain(binding: Binding, silent: int) -> None:
    """Raises ConnectorError where a system said nothing of so many records that it was asked about."""
    if silent:
        raise ConnectorError(
            f"asked about records that {binding.id} does not list, heard nothing of {silent:,}: they may be hidden"
        )
