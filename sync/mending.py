"""Dead letters that settle themselves: a row that is no longer flawed, a record that is no longer there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from model.records import Page
from sync.decision import BindingId, Changes, Link, LinkState, Parked, Side, Why
from sync.ports import Store


@dataclass(slots=True)
class Mending:
    """Compares what is parked of one binding with what one read of it meets.

    A flaw is known by its place alone, so it settles when a read of every row does not meet it again. A record that
    cannot be taken further is looked at again when it is read; it settles here when a listing of all records lacks it:
    there is nothing left to repair. What becomes of its link is for the sweep to find out.
    """

    store: Store
    binding: BindingId
    flaws: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    every_row: bool = False
    every_record: bool = False

    def expect(self, parked: Iterable[Sequence[Parked]]) -> None:
        """To meet everything that is parked of the binding, which is little."""
        for page in parked:
            self.flaws.update(row.key for row in page if row.data is None and row.why is Why.DEAD)
            self.records.update(row.key for row in page if row.data is not None)

    def met(self, page: Page) -> None:
        self.every_row = self.every_row or page.every_row or page.full
        self.every_record = page.full or page.every_row
        if self.flaws:
            self.flaws.difference_update(flaw.place for flaw in page.flaws)
        if self.records:
            self.records.difference_update(record.key for record in page.records)
            self.records.difference_update(flaw.key for flaw in page.flaws if flaw.key)

    @property
    def missing(self) -> bool:
        """Whether anything that is parked was not met."""
        return bool(self.flaws or self.records)

    def settled(self) -> Changes:
        """Lets go of what need not be kept any longer. Call it when the read has come to its end."""
        gone = set(self.flaws) if self.every_row else set()
        links: list[Link] = []
        if self.every_record and self.records:
            gone |= self.records
            for link in self.store.links(self.binding, sorted(self.records)).values():
                link.fingerprint = None  # should the record come back as it was, it is looked at again
                links.append(link)
        return Changes(unparked=[(self.binding, Side.IN, key) for key in sorted(gone)], links=links)


def parked_alone(store: Store, binding: BindingId, size: int) -> list[list[str]]:
    """Keys of parked records that nobody is linked to, by page.

    A sweep, which is about links, has to ask about them besides: whoever may be one of them is held back meanwhile.
    """
    pages = (unlinked(store, binding, page) for page in store.all_parked(binding, Side.IN, None, size))
    return [keys for rows in pages if (keys := [row.key for row in rows if row.data is not None])]


def unlinked(store: Store, binding: BindingId, parked: Sequence[Parked]) -> list[Parked]:
    """Those that are no live link's record."""
    links = store.links(binding, [row.key for row in parked])
    return [row for row in parked if row.key not in links or links[row.key].state is not LinkState.LIVE]
