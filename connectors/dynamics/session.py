"""One environment: its token, its requests, and what it says of its tables."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.answers import Answer
from connectors.dynamics.errors import listed, request_error
from connectors.dynamics.schema import OPTIONS, TableSchema, entity_set_of
from connectors.dynamics.settings import DynamicsSettings
from connectors.multipart import Batch, Part
from connectors.oauth import ClientCredentials
from connectors.sdk import Context, ProtocolError, RefusedError

DATA = "/api/data/v9.2"
_FRESH = timedelta(minutes=15)
_STANDARD = {"accept": "application/json", "odata-version": "4.0", "odata-maxversion": "4.0"}
_METADATA = {"consistency": "Strong"}
"""Definitions are cached for half a minute otherwise, and a key that was just made would not be among them."""

_BASICS = "LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled,Privileges"
_PARTS = (
    "Attributes,Keys($select=KeyAttributes,EntityKeyIndexStatus),"
    "ManyToOneRelationships($select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName)"
)


def budget(answer: Answer) -> Mapping[str, int] | None:
    """Requests left of the five-minute window of one web server (`x-ms-ratelimit-burst-remaining-xrm-requests`)."""
    text = answer.headers.get("x-ms-ratelimit-burst-remaining-xrm-requests", "")
    return {"remaining": int(text)} if text.isdigit() else None


class Session:
    """Opens on first use; may be used from several threads."""

    def __init__(self, settings: DynamicsSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        auth = settings.auth
        self._auth = ClientCredentials(
            context,
            f"{auth.authority}/{auth.tenant}/oauth2/v2.0/token",
            client_id=auth.client_id,
            client_secret=auth.client_secret,
            scope=f"{settings.url}/.default",
        )
        self._http = context.http(settings.url, auth=self._auth, headers=_STANDARD, timeout=150.0, quota=budget)
        self._schemas: dict[str, tuple[datetime, TableSchema]] = {}
        self._sets: dict[str, str] = {}
        self._lock = threading.RLock()

    def token(self) -> None:
        """Have a token. Raises UnauthorisedError, UnreachableError, ThrottledError, ProtocolError."""
        self._auth.token()

    def get(self, path: str, what: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        """The parsed answer to one read; ``what`` names it in errors, ``path`` begins behind the version or is a link.

        Raises RefusedError (with the vendor's code), CursorExpiredError, UnauthorisedError, ThrottledError,
        UnreachableError, ProtocolError.
        """
        full = path if path.startswith(("http", "/")) else f"{DATA}/{path}"
        answer = self._http.get(full, headers=headers, **options)
        if not answer.ok:
            raise request_error(answer, what)
        return answer.json()

    def pages(self, path: str, what: str, *, headers: Mapping[str, str], **options: Any) -> Iterator[dict[str, Any]]:
        """The pages of a collection as they are, at least one. The address of the next is taken as it is given."""
        page = self.get(path, what, headers=headers, **options)
        while True:
            listed(page, what)
            yield page
            following = page.get("@odata.nextLink")
            if following is None:
                return
            if not isinstance(following, str):
                raise ProtocolError(f"{what}: a page without the address of the next one")
            page = self.get(following, what, headers=headers)

    def send(self, items: Sequence[Part | Sequence[Part]], what: str) -> list[tuple[Answer, ...]]:
        """The answers to the requests of one batch, none of which stops the others.

        Raises RefusedError where the batch is refused as a whole, so that nothing of it was done; AnswerLostError and
        the errors of `get`.
        """
        batch = Batch(items)
        headers = {**batch.headers, "prefer": "odata.continue-on-error"}
        answer = self._http.post(f"{DATA}/$batch", body=batch.body, headers=headers)
        if not answer.ok:
            raise request_error(answer, what)
        return batch.read(answer)

    def lacking(self, names: Sequence[str]) -> list[str]:
        """Which of these privileges the application user does not have, by its own roles or a team's."""
        user = self.get("WhoAmI", "asking who we are").get("UserId")
        path = "systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p)"
        query = {"@p": orjson.dumps(list(names)).decode()}
        answer = self.get(path, "asking for privileges", parts={"user": str(user)}, query=query)
        held = {entry.get("PrivilegeName") for entry in answer.get("RolePrivileges") or ()}
        return [name for name in names if name not in held]

    def post(self, path: str, json: Any, what: str) -> None:
        """One deed outside of the tables' rows. Raises as `get` does, and AnswerLostError."""
        answer = self._http.post(f"{DATA}/{path}", json=json)
        if not answer.ok:
            raise request_error(answer, what)

    def schema(self, name: str) -> TableSchema:
        """The table as described a quarter of an hour ago at most; `forget` has it described anew."""
        with self._lock:
            now = self.context.clock.now()
            kept = self._schemas.get(name)
            if kept is None or now - kept[0] > _FRESH:
                kept = self._schemas[name] = (now, TableSchema.of(self._definition(name)))
            return kept[1]

    def _definition(self, name: str) -> dict[str, Any]:
        what = f"describing {name}"
        found = self.get(
            f"EntityDefinitions(LogicalName='{name}')",
            what,
            query={"$select": _BASICS, "$expand": _PARTS},
            headers=_METADATA,
        )
        if not isinstance(found, dict) or not found.get("Attributes") or not found.get("EntitySetName"):
            raise ProtocolError(f"{what}: an answer without columns")
        return found

    def forget(self, name: str) -> None:
        with self._lock:
            self._schemas.pop(name, None)

    def options(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """The options of each choice column of a table, by the column's name."""
        found: dict[str, list[dict[str, Any]]] = {}
        for kind in OPTIONS:
            path = f"EntityDefinitions(LogicalName='{name}')/Attributes/Microsoft.Dynamics.CRM.{kind}AttributeMetadata"
            query = {"$select": "LogicalName", "$expand": "OptionSet($select=Options)"}
            what = f"describing {name}"
            for entry in listed(self.get(path, what, query=query, headers=_METADATA), what):
                found[str(entry.get("LogicalName"))] = list((entry.get("OptionSet") or {}).get("Options") or ())
        return found

    def entity_sets(self, tables: set[str]) -> dict[str, str]:
        """The entity set of each table, by which rows of it are addressed."""
        with self._lock:
            for table in sorted(tables - self._sets.keys()):
                kept = self._schemas.get(table)
                fixed = entity_set_of(table) or (kept[1].entity_set if kept else None)
                self._sets[table] = fixed or self._entity_set(table)
            return {table: self._sets[table] for table in tables}

    def _entity_set(self, table: str) -> str:
        path, what = f"EntityDefinitions(LogicalName='{table}')", f"describing {table}"
        found = self.get(path, what, query={"$select": "EntitySetName"})
        name = found.get("EntitySetName") if isinstance(found, dict) else None
        if not isinstance(name, str) or not name:
            raise RefusedError(f"{what}: it has no entity set, so that nothing can refer to it", code="no-entity-set")
        return name

    def close(self) -> None:
        self._auth.close()
        self._http.close()
