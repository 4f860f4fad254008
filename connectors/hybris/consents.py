"""Consents of customers: a template, its version, and when it was given or withdrawn.

A consent in SAP Commerce is evidence: it belongs to one version of one template of a site, and is given and withdrawn
at a moment. The record shows for each template that the settings name what holds now (``consents.MARKETING.status``):

- ``given``: the newest version of the template was consented to, and that was not withdrawn;
- ``outdated``: an older version was, which says nothing of the newest one;
- ``withdrawn``: the last that happened was a withdrawal, of whatever version;
- null: nothing was ever said.

They are read as items of the integration object, and written through the commerce web services (OCC), which check
and record as a storefront does. What is the case already is not sent again, so that nothing is given twice or anew.
A withdrawal names a consent by its code, of whatever version, and asks only whose it is: all that are not withdrawn
are, outdated ones among them. (The web services show the consent to the newest version alone.) An answer that there is
no such consent to withdraw (404, 409) may as well mean that the customer or the address is unknown there: what the item
shows then decides.
Sources: SAP Commerce Web Services API reference, "Consents" (consenttemplates, consents); the fields are those of
SAP/spartacus, projects/core/src/model/consent.model.ts; items: commerceservices, types Consent and ConsentTemplate;
withdrawals: commerceservices, the tests of DefaultCommerceConsentService (``testWithdrawConsent…``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors import odata
from connectors.answers import Answer
from connectors.edmx import EntitySet, Service, UnfitError
from connectors.gateway import Gateway
from connectors.hybris.items import set_of
from connectors.hybris.listing import listed
from connectors.hybris.settings import ConsentSettings
from connectors.sdk import Outcome, OutcomeKind, ProtocolError, RefusedError

PATH = "consents"
STATES = ("given", "withdrawn", "outdated")
NEEDED = ("code", "consentGivenDate", "consentWithdrawnDate")


class Consents:
    """Consents of one site's templates."""

    def __init__(self, gateway: Gateway, settings: ConsentSettings) -> None:
        self._gateway = gateway
        self._settings = settings
        self._allowed = False  # once a consent was written, a 403 concerns one customer, and not the client
        self._forbidden: set[str] = set()  # customers who were answered with a 403

    # Facts ------------------------------------------------------------------------------------------------------------

    def of(self, customers: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What holds for each customer, by template."""
        newest = self._newest()
        met: dict[str, list[Mapping[str, Any]]] = {customer: [] for customer in customers}
        for row in self._rows(customers):
            owner, template = _inner(row, "customer"), _inner(row, "consentTemplate")
            if str(owner.get("uid")) in met and self._ours(template):
                met[str(owner["uid"])].append({**row, "id": template["id"], "version": template.get("version")})
        return {
            customer: {
                name: state([one for one in rows if one["id"] == name], newest.get(name))
                for name in self._settings.templates
            }
            for customer, rows in met.items()
        }

    def _rows(self, customers: Sequence[str]) -> Iterator[dict[str, Any]]:
        found = self._set(self._settings.item)
        for some in odata.portions(odata.equal("customer/uid", customer) for customer in customers):
            query = {"$filter": odata.some(some), "$expand": "customer,consentTemplate/baseSite", "$orderby": "code"}
            yield from listed(self._gateway, found.name, query, "reading consents")

    def _newest(self) -> dict[str, int]:
        found = self._set(self._settings.template_item)
        wanted = odata.among("id", self._settings.templates)
        query = {"$filter": wanted, "$expand": "baseSite", "$orderby": "id,version"}
        newest: dict[str, int] = {}
        for row in listed(self._gateway, found.name, query, "reading consent templates"):
            if self._ours(row):
                newest[str(row["id"])] = max(newest.get(str(row["id"]), 0), int(row.get("version") or 0))
        return newest

    def _ours(self, template: Mapping[str, Any]) -> bool:
        """Templates of one name exist for several sites."""
        return _inner(template, "baseSite").get("uid") == self._settings.site

    def _set(self, item: str) -> EntitySet:
        found = set_of(self._gateway.model(), item)
        if found is None:
            raise ProtocolError(f"the integration object has no item {item}")
        return found

    # Deeds ------------------------------------------------------------------------------------------------------------

    def wanted(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """States by template, out of ``MARKETING.status``. Raises UnfitError for what may not or cannot be written."""
        found = {}
        for path, value in fields.items():
            template, _, leaf = path.partition(".")
            place = f"{PATH}.{path}"
            if template not in self._settings.templates or leaf != "status":
                raise UnfitError(place, "there is no such consent, or it is only read")
            if value is None:
                continue  # nothing is said of it
            if value not in {"given", "withdrawn"}:
                raise UnfitError(place, "takes given or withdrawn")
            allowed = self._settings.give if value == "given" else self._settings.withdraw
            if not allowed:
                switch = "give" if value == "given" else "withdraw"
                raise UnfitError(place, f"may not be {value} by the hub: the connection's consents.{switch} is off")
            found[template] = value
        return found

    def carry_out(self, customer: str, wanted: Mapping[str, str]) -> Outcome | None:
        """Give the newest version of each template, or withdraw all versions; None where all went well."""
        user = f"/occ/v2/{self._settings.site}/users/{{user}}"
        for template, value in wanted.items():
            deed = self._give if value == "given" else self._withdraw
            answer = deed(user, customer, template)
            if answer is not None:
                if answer.status == 403:
                    self._forbidden.add(customer)
                of_all = len(self._forbidden) > 1 and not self._allowed
                return _refusal(answer, customer, template, of_all=of_all, allowed=self._allowed)
        return None

    def _give(self, user: str, customer: str, template: str) -> Answer | None:
        """The answer that refuses, if one does."""
        parts = {"user": customer, "template": template}
        answer = self._gateway.http.get(f"{user}/consenttemplates/{{template}}", parts=parts, query={"fields": "FULL"})
        if not answer.ok:
            return answer
        said = answer.json()
        current = said.get("currentConsent") or {}
        if current.get("consentGivenDate") and not current.get("consentWithdrawnDate"):
            return None
        form = {"consentTemplateId": template, "consentTemplateVersion": str(said.get("version"))}
        answer = self._gateway.http.post(f"{user}/consents", parts={"user": customer}, form=form)
        self._allowed |= answer.ok
        return None if answer.ok else answer

    def _withdraw(self, user: str, customer: str, template: str) -> Answer | None:
        """The answer that refuses, if one does."""
        for row in list(self._said(customer, template)):
            if row.get("consentWithdrawnDate"):
                continue
            code = str(row["code"])
            answer = self._gateway.http.request(
                "DELETE", f"{user}/consents/{{code}}", parts={"user": customer, "code": code}
            )
            self._allowed |= answer.ok
            if not answer.ok and not (answer.status in {404, 409} and self._withdrawn(customer, template, code)):
                return answer
        return None

    def _withdrawn(self, customer: str, template: str, code: str) -> bool:
        """Whether a consent is withdrawn by now, maybe by the very call whose first answer was lost."""
        rows = self._said(customer, template)
        return any(str(row["code"]) == code and row.get("consentWithdrawnDate") for row in rows)

    def _said(self, customer: str, template: str) -> Iterator[dict[str, Any]]:
        """All consents of a customer to versions of a template."""
        for row in self._rows([customer]):
            of = _inner(row, "consentTemplate")
            if of.get("id") == template and self._ours(of) and _inner(row, "customer").get("uid") == customer:
                yield row


def state(rows: Iterable[Mapping[str, Any]], newest: int | None) -> dict[str, Any] | None:
    """What holds, out of all consents of one customer to versions of one template."""
    last = max(rows, key=_happened, default=None)
    if last is None:
        return None
    said = int(last["version"] or 0)
    given, withdrawn = (odata.shown(last.get(name), "Edm.DateTimeOffset") for name in NEEDED[1:])
    status = "withdrawn" if withdrawn else "given" if said >= (newest or said) else "outdated"
    return {"status": status, "version": said, "at": withdrawn or given}


def _happened(row: Mapping[str, Any]) -> tuple[int, str]:
    """When the last thing happened to a consent; of the same moment, the newer version."""
    ends = [text for text in (row.get(name) for name in NEEDED[1:]) if isinstance(text, str)]
    moments = [int(text.removeprefix("/Date(").split(")")[0].split("+")[0]) for text in ends if "/Date(" in text]
    return max(moments, default=0), str(row["version"]).zfill(9)


def _inner(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def lacking(model: Service, settings: ConsentSettings) -> Iterator[str]:
    """What the integration object would need for consents, and has not."""
    wanted = {
        settings.item: (NEEDED, ("customer", "consentTemplate")),
        settings.template_item: (("id", "version"), ("baseSite",)),
    }
    for item, (attributes, references) in wanted.items():
        found = set_of(model, item)
        if found is None:
            yield item
            continue
        yield from (f"{item}.{name}" for name in attributes if name not in found.type.properties)
        yield from (f"{item}.{name}" for name in references if name not in found.type.navigations)


def _refusal(answer: Answer, customer: str, template: str, *, of_all: bool, allowed: bool) -> Outcome:
    """Errors of the web services: ``errors[].type``, ``errors[].message``. A lack of rights (403) is the client's
    where it is ``of_all``: of several customers, none of whose consents could be written. Of one it is a refusal, or
    else that one would stop the connection in every run."""
    try:
        said = answer.json()
    except (ProtocolError, RefusedError):
        said = {}
    errors = said.get("errors") if isinstance(said, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = str(first.get("type") or f"http-{answer.status}")
    message, kind = odata.blanked(str(first.get("message") or ""), [customer]), OutcomeKind.REFUSED
    if answer.status == 403 and allowed:
        message = "not allowed for this customer, but for others: what restricts the OAuth client in SAP Commerce?"
    elif answer.status == 403:
        kind = OutcomeKind.UNAUTHORISED if of_all else OutcomeKind.REFUSED
        whom = "" if of_all else ", maybe for this customer alone"
        message = f"not allowed{whom}: has the OAuth client the role ROLE_TRUSTED_CLIENT or ROLE_CUSTOMERMANAGERGROUP?"
    elif answer.status == 404:
        message = f"{message} (not found: do the web services lie under /occ/v2, and does the site know the customer?)"
    place = f"{PATH}.{template}.status"
    return Outcome(kind, customer, code=code, message=f"consent: {message.strip()}", field=place)
