"""Writing items by ``$batch``, and what came of each.

A POST creates, or updates what has the same key: a create could silently overwrite an item that is there already. So
creates look first, and say who is there; only an item that carries the hub's own mark is completed. Updates are PATCHes
by ``integrationKey``, which never create, and name only what changes. Every operation is a change set of its own, since
a change set is stored or undone as a whole. Items have no versions: the record is compared with what was read right
before; for the moment in between the last one wins. Consents come last, each by a call of its own.
Source: SAP Help, "Integrations and Data Management", "The POST API and Persistence", "The PATCH API", "Batch and Bulk
Persistence" (odata2services.batch.limit: 200), "Error Messages".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors import odata
from connectors.answers import Answer
from connectors.edmx import UnfitError
from connectors.gateway import Gateway, failed
from connectors.hybris.consents import PATH, Consents
from connectors.hybris.items import EMAIL, PARENT, Shape, Tree, blank, body, tree
from connectors.hybris.reading import Item, Reader
from connectors.multipart import Part, part
from connectors.sdk import ConnectorError, Outcome, OutcomeKind, Write

_NAMED = re.compile(r"\[(\w{1,80})\]")
_AMBIGUOUS = "ambiguous unique keys"


@dataclass(slots=True)
class Job:
    """One write on its way: ``code`` of the item, what is sent, and which consents are wanted."""

    at: int
    write: Write
    code: str
    wanted: Tree = field(repr=False)
    consents: Mapping[str, str] = field(default_factory=dict)
    part: Part | None = field(default=None, repr=False)


class Writing:
    """One batch of writes to one stream; ``outcomes`` by place in the batch."""

    def __init__(
        self, gateway: Gateway, reader: Reader, shape: Shape, *, language: str, consents: Consents | None = None
    ) -> None:
        self._gateway = gateway
        self._reader = reader
        self._shape = shape
        self._headers = {"accept": "application/json", "content-language": language}
        self._consents = consents
        self._what = f"writing {shape.settings.item}"
        self.outcomes: dict[int, Outcome] = {}

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        jobs: list[Job] = []
        for at, write in enumerate(batch):
            try:
                jobs.append(self._job(at, write))
            except UnfitError as error:
                self.outcomes[at] = _unfit(error, write)
        held = self._reader.items([job.code for job in jobs]) if jobs else {}
        self._taken(jobs)
        for job in self._open(jobs):
            try:
                self._plan(job, held.get(job.code))
            except UnfitError as error:
                self.outcomes[job.at] = _unfit(error, job.write)
        self._send([job for job in self._open(jobs) if job.part is not None])
        self._carry_out([job for job in self._open(jobs) if job.consents])
        for job in self._open(jobs):
            self.outcomes[job.at] = Outcome(OutcomeKind.APPLIED, job.write.key or job.code)
        return [self.outcomes[at] for at in range(len(batch))]

    def _open(self, jobs: Sequence[Job]) -> list[Job]:
        return [job for job in jobs if job.at not in self.outcomes]

    def _job(self, at: int, write: Write) -> Job:
        """Raises UnfitError."""
        name = self._shape.settings.code
        own = {path: value for path, value in write.fields.items() if not path.startswith(f"{PATH}.")}
        wanted = tree(own)
        given = wanted.pop(name, None)
        if blank(given) and write.key is None and self._reader.lowered:
            given = wanted.get(EMAIL)  # a customer signs in with it, as a registration in the shop would have it
        code = self._reader.code(str(given)) if not blank(given) else ""
        if write.key is None and not code:
            raise UnfitError(name, "is the key of the item: without it none can be made")
        if write.key is not None and name in own and code != self._reader.code(write.key):
            raise UnfitError(name, "is the key of the item, and cannot be changed by the Integration API")
        said = {path.removeprefix(f"{PATH}."): v for path, v in write.fields.items() if path.startswith(f"{PATH}.")}
        if said and self._consents is None:
            raise UnfitError(f"{PATH}.{next(iter(said))}", "no consents are configured for this connection")
        consents = self._consents.wanted(said) if self._consents is not None else {}
        return Job(at, write, self._reader.code(write.key) if write.key is not None else code, wanted, consents)

    def _taken(self, jobs: Sequence[Job]) -> None:
        """Two creates of one batch with one key would be one item."""
        met: set[str] = set()
        for job in jobs:
            if job.write.key is None and job.code in met:
                message = "another record of the same batch has this key"
                self.outcomes[job.at] = Outcome(OutcomeKind.DUPLICATE, of=job.code, message=message)
            met.add(job.code)

    def _plan(self, job: Job, item: Item | None) -> None:
        """What is to be sent, or an outcome where nothing may be. Raises UnfitError."""
        write, shape = job.write, self._shape
        if write.key is not None and item is None:
            self.outcomes[job.at] = Outcome(OutcomeKind.MISSING, write.key, message="there is no such item here")
        elif write.key is not None and item is not None and write.expects not in {None, item.version}:
            self.outcomes[job.at] = Outcome(OutcomeKind.STALE, write.key)
        elif write.key is None and item is not None and not self._ours(write, item):
            message = "an item with this key is there already; it was not touched"
            self.outcomes[job.at] = Outcome(OutcomeKind.DUPLICATE, of=item.code, message=message)
        elif item is None:
            sent = self._made(job)
            job.part = part("POST", shape.set.name, json=sent, headers=self._headers)
        else:
            if write.key is None:
                job.wanted.pop(PARENT, None)  # it was given when the unit was made
            if PARENT in job.wanted:
                raise UnfitError(PARENT, "a unit is moved in SAP Commerce: its groups can only be replaced as a whole")
            sent = body(shape, job.wanted, item.data, job.code)
            if sent:
                key = {"key": odata.literal(item.key)}
                job.part = part("PATCH", f"{shape.set.name}({{key}})", parts=key, json=sent, headers=self._headers)

    def _ours(self, write: Write, item: Item) -> bool:
        marker = self._shape.marker
        return marker is not None and bool(write.marker) and item.data.get(marker) == write.marker

    def _made(self, job: Job) -> Tree:
        """The body of a create. The unit above is one of the groups of a new unit: what is posted is added to them."""
        settings = self._shape.settings
        parent = job.wanted.pop(PARENT, None)
        sent: Tree = {settings.code: job.code, **body(self._shape, job.wanted, None, job.code)}
        if self._shape.marker is not None and job.write.marker:
            sent[self._shape.marker] = job.write.marker
        if isinstance(parent, dict) and not blank(parent.get(settings.code)):
            if "groups" not in self._shape.kind.navigations:
                raise UnfitError(f"{PARENT}.{settings.code}", "the integration object has no groups of units")
            sent["groups"] = [{settings.code: str(parent[settings.code])}]
        return sent

    # Sending ----------------------------------------------------------------------------------------------------------

    def _send(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        answers = self._gateway.batch([[job.part] for job in jobs if job.part is not None], self._what)
        for job, answered in zip(jobs, answers, strict=True):
            if not answered:
                message = "the batch ended before this row"
                self.outcomes[job.at] = Outcome(OutcomeKind.RETRY, job.write.key, message=message)
            elif not answered[0].ok:
                self.outcomes[job.at] = self._trouble(job, answered[0])

    def _carry_out(self, jobs: Sequence[Job]) -> None:
        """Consents. The item is written by now: what fails here is told by outcomes, never by an error."""
        for job in jobs:
            try:
                outcome = self._consents.carry_out(job.code, job.consents) if self._consents is not None else None
            except ConnectorError as error:
                outcome = failed(error, job.write.key)
            if outcome is not None:
                kind = OutcomeKind.UNKNOWN if job.write.key is None else outcome.kind
                self.outcomes[job.at] = outcome._replace(kind=kind, key=job.write.key or job.code)

    def _trouble(self, job: Job, answer: Answer) -> Outcome:
        fault = odata.fault(answer.status, answer.body)
        if fault is None:
            return Outcome(_kind(answer.status, "", job), job.write.key, code=f"http-{answer.status}")
        message = odata.blanked(fault.message, [job.code, *job.write.fields.values()])
        if _AMBIGUOUS in fault.message and job.write.key is None:
            return Outcome(OutcomeKind.DUPLICATE, of=job.code, code=fault.code, message=message)
        kind = _kind(answer.status, fault.code, job)
        known = {*self._shape.kind.properties, *self._shape.kind.navigations}
        name = next((name for name in _NAMED.findall(fault.message) if name in known), None)
        return Outcome(kind, job.write.key, code=fault.code, message=message, field=name)


def _unfit(error: UnfitError, write: Write) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, write.key, code="unfit", message=str(error), field=error.field)


def _kind(status: int, code: str, job: Job) -> OutcomeKind:
    """What a refusal of one operation means."""
    if status >= 500:  # of a create nobody knows whether that was before or after it was stored
        return OutcomeKind.UNKNOWN if job.write.key is None else OutcomeKind.RETRY
    if status == 404 and code == "not_found" and job.write.key is not None:
        return OutcomeKind.MISSING
    if status in {401, 403}:
        return OutcomeKind.UNAUTHORISED
    return OutcomeKind.THROTTLED if status == 429 else OutcomeKind.REFUSED
