"""Writing customers and orders: one batch for creates and updates together, one honest outcome for each row.

The batch route checks no arguments: a status nobody knows becomes ``pending`` without a word, and null is taken for
"not given". Both are dealt with here, before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.sdk import (
    AnswerLostError,
    ConnectorError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    Record,
    ThrottledError,
    UnauthorisedError,
    Write,
)
from connectors.woocommerce import records, schema
from connectors.woocommerce.lines import lines_to_send, new_lines
from connectors.woocommerce.reading import Reader, is_key
from connectors.woocommerce.session import Row, Session, said

_GONE = frozenset({"woocommerce_rest_invalid_id", "woocommerce_rest_shop_order_invalid_id"})
_TAKEN = frozenset({"registration-error-email-exists", "woocommerce_rest_customer_invalid_email"})
"""The second is said of an address that is none, too: only looking it up tells."""

_LOCKED_OUT = frozenset(
    {"woocommerce_rest_cannot_create", "woocommerce_rest_cannot_batch", "woocommerce_rest_authentication_error"}
)
_FIELDS: Mapping[str, str] = {
    "registration-error-email-exists": "email",
    "registration-error-invalid-email": "email",
    "woocommerce_rest_customer_invalid_email": "email",
    "registration-error-username-exists": "username",
    "registration-error-invalid-username": "username",
    "woocommerce_rest_customer_invalid_argument": "username",
    "customer_invalid_billing_email": "billing.email",
    "order_invalid_billing_email": "billing.email",
    "order_invalid_currency": "currency",
    "woocommerce_rest_invalid_customer_id": "customer_id",
    "woocommerce_rest_required_product_reference": "line_items",
    "woocommerce_rest_invalid_item_id": "line_items",
}


@dataclass(slots=True)
class Job:
    """One write on its way: what is sent for it, in which part of the batch, and what became of it."""

    write: Write
    deed: str = "update"
    sent: Any = field(default_factory=dict)
    outcome: Outcome | None = None


class Writer:
    """Writes one stream. ``statuses`` tells which an order may have; it is asked only where one is written."""

    def __init__(self, session: Session, name: str, reader: Reader, statuses: Callable[[], tuple[str, ...]]) -> None:
        self._session = session
        self._name = name
        self._reader = reader
        self._statuses = statuses
        self._most = session.settings.batch

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        jobs = [self._job(write) for write in batch]
        if self._name == "orders":
            self._look(jobs)
        self._carry_out([job for job in jobs if job.outcome is None])
        self._name_holders(jobs)
        return [job.outcome or Outcome(OutcomeKind.UNKNOWN, job.write.key) for job in jobs]

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        """Customers go for good (there is no trash for them), orders into the trash, one call each: a batch would
        delete them for good."""
        jobs = [Job(w, "delete", int(w.key)) if w.key and is_key(w.key) else _gone(w) for w in batch]
        todo = [job for job in jobs if job.outcome is None]
        if self._name == "customers":
            self._carry_out(todo)
        else:
            for done, job in enumerate(todo):
                try:
                    job.outcome = self._trash(job.write)
                except ConnectorError as error:
                    if not done:
                        raise
                    job.outcome = _failed(error, job.write)
        return [job.outcome or Outcome(OutcomeKind.UNKNOWN, job.write.key) for job in jobs]

    # before sending

    def _job(self, write: Write) -> Job:
        if write.key is not None and not is_key(write.key):
            return _gone(write)
        job = Job(write, "create" if write.key is None else "update")
        if write.key is not None:
            job.sent["id"] = int(write.key)
        for path, value in write.fields.items():
            fault = self._put(job.sent, path, value, creating=write.key is None)
            if fault is not None:
                job.outcome = Outcome(OutcomeKind.REFUSED, write.key, code=fault[0], message=fault[1], field=path)
                return job
        if write.key is None and write.marker:
            job.sent.setdefault("meta_data", []).append({"key": self._session.settings.marker, "value": write.marker})
        return job

    def _put(self, sent: Row, path: str, value: Any, *, creating: bool) -> tuple[str, str] | None:
        """Put one value where it belongs; the fault (code, sentence) where it cannot be written."""
        head, dot, leaf = path.partition(".")
        if head == "meta" and dot:
            if leaf not in self._session.settings.meta:
                return "unknown-field", "list this custom field under `meta` in the connection's settings"
            sent.setdefault("meta_data", []).append({"key": leaf, "value": value})
        elif head in {"billing", "shipping"} and dot:
            sent.setdefault(head, {})[leaf] = "" if value is None else str(value)
        elif path not in schema.WRITABLE[self._name]:
            return "unknown-field", "this field cannot be written"
        elif path == "email" and value in (None, ""):
            return "required", "a customer cannot be without an e-mail address"
        elif path == "username" and not creating:
            return "not-editable", "a user name is for good"
        elif path == "status" and value not in self._statuses():
            return "unknown-status", "orders of this shop have no such status"
        elif path == "customer_id":
            if value not in (None, "", 0, "0") and not is_key(str(value)):
                return "bad-reference", "not the id of a customer"
            sent[path] = int(value or 0)
        elif path == "line_items":
            if not isinstance(value, list | tuple) or not all(isinstance(line, Mapping) for line in value):
                return "not-lines", "lines are a list of objects"
            sent[path] = new_lines(value) if creating else list(value)
        else:
            sent[path] = "" if value is None else str(value)
        return None

    def _look(self, jobs: Sequence[Job]) -> None:
        """Orders in the trash can still be written to, and their lines are known by ids: both need a look first."""
        updates = [job for job in jobs if job.deed == "update" and job.outcome is None]
        if not updates:
            return
        keys = [str(int(job.write.key or 0)) for job in updates]
        found = {record.key: record for record in self._reader.fetch(self._name, keys)}
        for job in updates:
            now = found.get(str(int(job.write.key or 0)))
            if now is None:
                job.outcome = _not_allowed(job.write, "woocommerce_rest_cannot_view")
            elif now.deleted:
                job.outcome = Outcome(OutcomeKind.MISSING, job.write.key, message="deleted, or in the trash")
            elif "line_items" in job.sent:
                job.sent["line_items"] = lines_to_send(job.sent["line_items"], now.data.get("line_items") or ())

    # sending

    def _carry_out(self, jobs: Sequence[Job]) -> None:
        """Send jobs in batches as large as the shop takes, and give each its outcome.

        Raises what went wrong with the first call; later ones become outcomes, since something was done by then.
        """
        at, begun = 0, False
        while at < len(jobs):
            part = jobs[at : at + self._most]
            try:
                answer = self._send(part)
            except ConnectorError as error:
                if not begun:
                    raise
                for job in part:
                    job.outcome = _failed(error, job.write)
            else:
                if answer is None:  # too large: nothing was done
                    self._most = len(part) // 2
                    continue
                begun = True
                for job, item in zip(part, answer, strict=True):
                    job.outcome = self._outcome(job, item)
            at += len(part)

    def _send(self, jobs: Sequence[Job]) -> list[Any] | None:
        """The answer's item for each job (None where it has none). None: several rows are more than the shop takes."""
        deeds = ("create", "update", "delete")
        body = {deed: rows for deed in deeds if (rows := [job.sent for job in jobs if job.deed == deed])}
        answer = self._session.ask("POST", f"{self._name}/batch", json=body, accept=(413,))
        if answer.status == 413:
            if len(jobs) > 1:
                return None
            try:
                code, _ = said(answer)
            except ProtocolError:
                code = "http-413"
            return [
                {"id": 0, "error": {"code": code, "message": "the row is larger than the shop, or its host, takes"}}
            ]
        given = answer.json()
        if not isinstance(given, dict):
            raise AnswerLostError("a batch was answered with something else than a batch")
        items = {
            deed: iter(given.get(deed) or ()) for deed in deeds if len(given.get(deed) or ()) == len(body.get(deed, ()))
        }
        return [next(items.get(job.deed, iter(())), None) for job in jobs]

    def _trash(self, write: Write) -> Outcome:
        path = f"{self._name}/{{key}}"
        answer = self._session.ask("DELETE", path, parts={"key": str(write.key)}, accept=(403, 404, 410))
        if answer.ok:
            return Outcome(OutcomeKind.APPLIED, write.key)
        code, message = said(answer)
        if answer.status == 403:
            return _not_allowed(write, code)
        kind = OutcomeKind.MISSING if answer.status == 410 or code in _GONE else OutcomeKind.REFUSED
        return Outcome(kind, write.key, code=code, message=message)

    # after sending

    def _outcome(self, job: Job, item: Any) -> Outcome:
        key = job.write.key
        error = item.get("error") if isinstance(item, dict) else None
        if isinstance(error, dict):
            return _refused(error, job)
        number = item.get("id") if isinstance(item, dict) else None
        if not isinstance(number, int) or number <= 0 or (key is not None and number != int(key)):
            return Outcome(OutcomeKind.UNKNOWN, key, message="the answer has nothing about this row")
        if job.deed == "delete":
            return Outcome(OutcomeKind.APPLIED, key)
        stored: Record = records.record(item, self._session.settings.custom)
        return Outcome(OutcomeKind.APPLIED, stored.key, None, stored)

    def _name_holders(self, jobs: Sequence[Job]) -> None:
        """Say who holds an address that is taken; one that nobody holds was no address at all."""
        taken = [job for job in jobs if job.outcome is not None and job.outcome.code in _TAKEN]
        wanted = [str(job.sent.get("email", "")).strip() for job in taken]
        if not wanted:
            return
        try:
            holders = {str(r.data["email"]).lower(): r.key for r in self._reader.by_email(wanted)}
        except ConnectorError:  # what was refused stays refused, with or without this courtesy
            return
        for job, email in zip(taken, wanted, strict=True):
            outcome = job.outcome
            assert outcome is not None
            of = holders.get(email.lower())
            if of is not None:
                job.outcome = outcome._replace(kind=OutcomeKind.DUPLICATE, of=of)
            elif outcome.code != "registration-error-email-exists":
                job.outcome = outcome._replace(kind=OutcomeKind.REFUSED)


def _gone(write: Write) -> Job:
    message = "not an id of this shop: digits"
    return Job(write, outcome=Outcome(OutcomeKind.MISSING, write.key, code="bad-id", message=message))


def _not_allowed(write: Write, code: str) -> Outcome:
    """Of one record that the key's user may not see or change."""
    text = "the key's user may not do this with this record: look at its role in WordPress, and at role extensions"
    return Outcome(OutcomeKind.REFUSED, write.key, code=code, message=text)


def _refused(error: Mapping[str, Any], job: Job) -> Outcome:
    code = str(error.get("code") or "unknown")
    status = (error.get("data") or {}).get("status") if isinstance(error.get("data"), dict) else None
    if code in _GONE and job.write.key is not None:
        kind = OutcomeKind.MISSING
    elif code in _TAKEN:
        kind = OutcomeKind.DUPLICATE
    elif code in _LOCKED_OUT and status in {None, 401, 403}:  # with 400 it is said of a customer that cannot be saved
        kind = OutcomeKind.UNAUTHORISED
    elif isinstance(status, int) and status >= 500 and status != 501:
        kind = OutcomeKind.UNKNOWN if job.deed == "create" else OutcomeKind.RETRY
    else:
        kind = OutcomeKind.REFUSED
    message = _without_values(str(error.get("message") or ""), job.write)
    return Outcome(kind, job.write.key, code=code, message=message, field=_FIELDS.get(code))


def _failed(error: ConnectorError, write: Write) -> Outcome:
    """What a call that failed says about each of its rows."""
    if isinstance(error, AnswerLostError):
        return Outcome(OutcomeKind.UNKNOWN, write.key, message=str(error))
    if isinstance(error, ThrottledError):
        return Outcome(OutcomeKind.THROTTLED, write.key, message=str(error), until=error.until)
    kind = OutcomeKind.UNAUTHORISED if isinstance(error, UnauthorisedError) else OutcomeKind.RETRY
    return Outcome(kind, write.key, message=str(error))


def _without_values(message: str, write: Write) -> str:
    """The vendor's words, less tags and the row's own values, which may be personal."""
    message = re.sub(r"<[^>]*>", "", message)
    for value in sorted((str(v) for v in write.fields.values() if isinstance(v, str | int)), key=len, reverse=True):
        if len(value) > 2:
            message = message.replace(value, "…")
    return message
