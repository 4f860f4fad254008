"""The part of the commerce web services that is faked: consents of a user, by template and version.

Sources: SAP Commerce Web Services API reference, "Consents"; error bodies as its ``ErrorListWsDTO``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from syncline.sandbox.odata_model import Row
from syncline.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from syncline.sandbox.hybris.fake import HybrisFake

_PLACE = re.compile(
    r"/occ/v2/(?P<site>[^/]+)/users/(?P<user>[^/]+)/(?P<what>consenttemplates|consents)(?:/(?P<id>[^/]+))?"
)


def answer(fake: HybrisFake, request: Request) -> Response:
    """Users of trusted clients are named by their uid. Only OAuth is taken."""
    found = _PLACE.fullmatch(request.path)
    if not request.headers.get("authorization", "").startswith("Bearer "):
        return _error(401, "UnauthorizedError", "Full authentication is required to access this resource")
    if found is None or found["site"] != fake.site:
        return _error(400, "InvalidResourceError", "Base site doesn't exist")
    user = unquote(found["user"]).lower()
    if not any(row["uid"] == user for row in fake.store.all(fake.store.items["Customers"])):
        return _error(400, "UnknownIdentifierError", f"Cannot find user with propertyValue '{user}'")
    name = unquote(found["id"] or "")
    if found["what"] == "consenttemplates" and request.method == "GET":
        return _template(fake, user, name)
    if found["what"] == "consents" and request.method == "POST":
        return _give(fake, user, dict(parse_qsl(request.body.decode())))
    if found["what"] == "consents" and request.method == "DELETE":
        return _withdraw(fake, user, name)
    return _error(405, "MethodNotAllowedError", "Method not allowed")


def newest(fake: HybrisFake, name: str) -> Row | None:
    rows = [row for row in fake.rows["ConsentTemplates"].values() if row["id"] == name]
    return max(rows, key=lambda row: row["version"], default=None)


def consents(fake: HybrisFake, user: str, template: Row) -> list[Row]:
    """A user's consents to one version of a template, the last one given last."""
    rows = [row for row in fake.rows["Consents"].values() if row["@consentTemplate"] == template["integrationKey"]]
    own = [row for row in rows if fake.related(fake.entities["Consents"], row, "customer")[0]["uid"] == user]
    return sorted(own, key=lambda row: row["consentGivenDate"] or "")


def _template(fake: HybrisFake, user: str, name: str) -> Response:
    template = newest(fake, name)
    if template is None:
        return _error(404, "NotFoundError", f"Consent template {name} not found")
    said: dict[str, Any] = {"id": name, "version": template["version"]}
    given = consents(fake, user, template)
    if given:
        last = given[-1]
        dates = {n: f"{last[n][:19]}+0000" for n in ("consentGivenDate", "consentWithdrawnDate") if last[n]}
        said["currentConsent"] = {"code": last["code"], **dates}
    return Response.of(said)


def _give(fake: HybrisFake, user: str, form: dict[str, str]) -> Response:
    template = newest(fake, form.get("consentTemplateId", ""))
    if template is None or form.get("consentTemplateVersion") != str(template["version"]):
        return _error(400, "ConflictError", "The consent template version is not the newest one")
    if any(row["consentWithdrawnDate"] is None for row in consents(fake, user, template)):
        return _error(409, "AlreadyExistsError", "User has already given this consent")
    fake.consent(user, template["id"], template["version"])
    return Response.of({"id": template["id"], "version": template["version"]}, 201)


def _withdraw(fake: HybrisFake, user: str, code: str) -> Response:
    row = next((one for one in fake.rows["Consents"].values() if one["code"] == code), None)
    if row is None or fake.related(fake.entities["Consents"], row, "customer")[0]["uid"] != user:
        return _error(404, "NotFoundError", "Consent not found")
    if row["consentWithdrawnDate"] is not None:
        return _error(409, "ConsentWithdrawnError", "Consent has already been withdrawn")
    row["consentWithdrawnDate"] = fake.store.now()
    return Response()


def _error(status: int, kind: str, message: str) -> Response:
    return Response.of({"errors": [{"type": kind, "message": message}]}, status)
