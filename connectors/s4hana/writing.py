"""Writing partners by ``$batch``, and what came of each.

Every operation is a change set of its own: gateways allow one operation in each unless a service says otherwise (SAP
Gateway Foundation, "Batch Processing": the default implementation of a change set), and so no row takes another along.
The partner's own properties go first, on the condition that nobody changed them; its parts follow in a second
batch, only where that went well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors import odata
from connectors.answers import Answer
from connectors.edmx import UnfitError
from connectors.gateway import Gateway, failed
from connectors.s4hana.partners import KEY, Partner
from connectors.s4hana.planning import Operation, Planner, Tree, tree
from connectors.s4hana.reading import Reader
from connectors.sdk import AnswerLostError, ConnectorError, Outcome, OutcomeKind, ProtocolError, Write

_LOCKED = frozenset({"MC/601"})
"""Somebody has the record open: "Object requested is currently locked by user &1"."""


@dataclass(slots=True)
class Job:
    """One write on its way. ``written``: parts that were written so far; ``key``: the partner's, once it has one."""

    at: int
    write: Write
    wanted: Tree
    key: str | None = None
    written: list[str] = field(default_factory=list)

    @property
    def creating(self) -> bool:
        return self.write.key is None


class Writing:
    """One batch of writes to one stream; ``outcomes`` by place in the batch."""

    def __init__(self, gateway: Gateway, reader: Reader, planner: Planner) -> None:
        self._gateway = gateway
        self._reader = reader
        self._planner = planner
        self._what = f"writing {planner.stream}"
        self.outcomes: dict[int, Outcome] = {}
        self._wrote = False

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        jobs = []
        for at, write in enumerate(batch):
            try:
                wanted = tree(self._planner.stream, self._planner.settings, write.fields)
                jobs.append(Job(at, write, wanted, None if write.key is None else odata.unpadded(write.key)))
            except UnfitError as error:
                self.outcomes[at] = _unfit(error, write)
        # Updates look before anything is written: if that fails, nothing has happened yet.
        updates = [job for job in jobs if not job.creating]
        held = self._reader.partners([job.key or "" for job in updates]) if updates else {}
        made = self._create([job for job in jobs if job.creating])
        self._guarded([job for job in updates if self._current(job, held)], lambda some: self._update(some, held))
        late = [job for job in made if job.wanted.late]
        if late:
            self._guarded(late, lambda some: self._parts(some, self._reader.partners([job.key or "" for job in some])))
        for job in jobs:
            if job.at not in self.outcomes:
                self.outcomes[job.at] = Outcome(OutcomeKind.APPLIED, job.write.key or job.key)
        return [self.outcomes[at] for at in range(len(batch))]

    def _current(self, job: Job, held: Mapping[str, Partner]) -> bool:
        partner = held.get(job.key or "")
        if partner is None:
            self.outcomes[job.at] = Outcome(OutcomeKind.MISSING, job.write.key, message="there is no such partner here")
        elif job.write.expects is not None and job.write.expects != partner.version:
            self.outcomes[job.at] = Outcome(OutcomeKind.STALE, job.write.key)
        return job.at not in self.outcomes

    def _create(self, jobs: Sequence[Job]) -> list[Job]:
        """Make partners; returns those that were made, with their keys."""
        operations = []
        for job in jobs:
            try:
                operations.append((job, self._planner.create(job.wanted, job.write.marker)))
            except UnfitError as error:
                self.outcomes[job.at] = _unfit(error, job.write)
        for job, _, answer in self._sent(operations):
            row = _made(answer)
            if row.get(KEY):
                job.key = odata.unpadded(str(row[KEY]))
            elif job.at not in self.outcomes:
                message = "made, but the answer does not say as what"
                self.outcomes[job.at] = Outcome(OutcomeKind.UNKNOWN, message=message)
        return [job for job in jobs if job.at not in self.outcomes]

    def _update(self, jobs: Sequence[Job], held: Mapping[str, Partner]) -> None:
        operations = []
        for job in jobs:
            try:
                partner = held[job.key or ""]
                self._planner.parts(job.wanted, partner)  # what cannot be sent is refused before anything is
                operations += [(job, one) for one in self._planner.root(job.wanted, partner)]
            except UnfitError as error:
                self.outcomes[job.at] = _unfit(error, job.write)
        self._sent(operations)
        self._guarded([job for job in jobs if job.at not in self.outcomes], lambda some: self._parts(some, held))

    def _parts(self, jobs: Sequence[Job], held: Mapping[str, Partner]) -> None:
        operations = []
        for job in jobs:
            try:
                partner = held.get(job.key or "")
                if partner is None:
                    self._said(job, Outcome(OutcomeKind.UNKNOWN, message="made, but not to be seen yet"))
                    continue
                late = Tree(customer=job.wanted.customer, contact=job.wanted.contact, function=job.wanted.function)
                wanted = late if job.creating else job.wanted
                operations += [(job, one) for one in self._planner.parts(wanted, partner)]
            except UnfitError as error:
                self._said(job, _unfit(error, job.write))
        following = []
        for job, operation, answer in self._sent(operations):
            if operation.then:
                following.append((job, self._planner.function(_made(answer), operation.then)))
        self._guarded([job for job, _ in following], lambda _: self._sent(following))

    def _guarded(self, jobs: Sequence[Job], deed: Any) -> None:
        """Do something that may fail as a whole; once something was written, that is told by outcomes."""
        if not jobs:
            return
        try:
            deed(jobs)
        except ConnectorError as error:
            if not self._known():
                raise
            for job in jobs:
                if job.at not in self.outcomes:
                    self._said(job, failed(error, job.write.key))

    def _known(self) -> bool:
        """Whether anything was written, or may have been: what is known of it must not get lost in an error."""
        return bool(self._wrote) or any(o.kind is not OutcomeKind.REFUSED for o in self.outcomes.values())

    # Sending ------------------------------------------------------------------------------------------------------

    def _sent(self, operations: Sequence[tuple[Job, Operation]]) -> list[tuple[Job, Operation, Answer]]:
        """Send operations as one batch; returns those that went well. The others are told in ``outcomes``."""
        if not operations:
            return []
        answers = self._gateway.batch([[one.part] for _, one in operations], self._what)
        done = []
        for (job, operation), answered in zip(operations, answers, strict=True):
            if answered and answered[0].ok:
                self._wrote = True
                job.written.append(operation.path)
                done.append((job, operation, answered[0]))
            elif not answered:
                self._said(job, Outcome(OutcomeKind.RETRY, message="the batch ended before this row"))
            else:
                self._said(job, self._trouble(job, operation, answered[0]))
        return done

    def _trouble(self, job: Job, operation: Operation, answer: Answer) -> Outcome:
        fault = odata.fault(answer.status, answer.body)
        kind = _kind(answer.status, fault.code if fault else "", root=not operation.path, creating=job.creating)
        if fault is None:
            return Outcome(kind, job.write.key, code=f"http-{answer.status}")
        name = fault.field
        path = f"{operation.path}.{name}" if name and operation.path else name
        message = odata.blanked(fault.message, job.write.fields.values())
        if answer.status == 403:
            message = f"may this user change this partner (B_BUPA_GRP, B_BUPA_RLT)? {message}"
        if fault.code in _LOCKED:  # its words name a colleague
            message = "somebody has the record open"
        return Outcome(kind, job.write.key, code=fault.code, message=message, field=path)

    def _said(self, job: Job, outcome: Outcome) -> None:
        """Keep the first trouble of a row. A partner that was made, but not whole, is in doubt: it is looked up by its
        mark and completed, never made again."""
        if job.at in self.outcomes:
            return
        if job.written:
            message = f"{outcome.message or outcome.code or 'not done'} (written in part)"
            kind = OutcomeKind.UNKNOWN if job.creating else outcome.kind
            outcome = outcome._replace(kind=kind, message=message)
        self.outcomes[job.at] = outcome._replace(key=job.write.key or job.key)


def _made(answer: Answer) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except (AnswerLostError, ProtocolError):
        return {}
    row = said.get("d") if isinstance(said, dict) else None
    return row if isinstance(row, dict) else {}


def _unfit(error: UnfitError, write: Write) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, write.key, code="unfit", message=str(error), field=error.field)


def _kind(status: int, code: str, *, root: bool, creating: bool) -> OutcomeKind:
    """What a refusal of one operation means. A part that is gone was taken away meanwhile: look again. Rights go by
    authorisation group, which each partner has its own of: 403 in a batch concerns this partner."""
    if status >= 500:  # of a create nobody knows whether that was before or after it was stored
        return OutcomeKind.UNKNOWN if creating else OutcomeKind.RETRY
    if code in _LOCKED or status in {423, 408}:
        return OutcomeKind.RETRY
    if status == 412:
        return OutcomeKind.STALE
    if status in {404, 410} and not creating:
        return OutcomeKind.MISSING if root else OutcomeKind.STALE
    if status == 401:
        return OutcomeKind.UNAUTHORISED
    return OutcomeKind.THROTTLED if status == 429 else OutcomeKind.REFUSED
