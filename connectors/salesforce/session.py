"""One org, reached through simple-salesforce over the shared client.

The session is ours: simple-salesforce gets an instance address and a place-holder token, the shared client puts the
real one on each request and renews it. Its own logins are not used (SOAP login is being retired), nor its refreshing,
which drops headers and can recurse.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from connectors.http import Answer, Http
from connectors.oauth import ClientCredentials, JwtBearer
from connectors.salesforce.errors import request_error
from connectors.salesforce.schema import ObjectSchema
from connectors.salesforce.settings import ClientCredentialsAuth, SalesforceSettings
from connectors.sdk import Context, ProtocolError
from model.errors import AnswerLostError

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce

_FRESH = timedelta(minutes=15)
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


def token_source(settings: SalesforceSettings, context: Context) -> ClientCredentials | JwtBearer:
    """Where access tokens come from."""
    url = f"{settings.login_url}/services/oauth2/token"
    auth = settings.auth
    if isinstance(auth, ClientCredentialsAuth):
        return ClientCredentials(context, url, client_id=auth.client_id, client_secret=auth.client_secret)
    host = urlsplit(settings.login_url).hostname or ""
    test = host.startswith("test.") or ".sandbox." in host
    audience = auth.audience or f"https://{'test' if test else 'login'}.salesforce.com"
    return JwtBearer(
        context, url, client_id=auth.client_id, subject=auth.username, audience=audience, private_key=auth.private_key
    )


def usage(answer: Answer) -> Mapping[str, int] | None:
    """Calls of the last 24 hours from the ``Sforce-Limit-Info`` header."""
    found = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
    return (
        {"limit": int(found[2]), "used": int(found[1]), "remaining": int(found[2]) - int(found[1])} if found else None
    )


class Session:
    """Opens on first use. ``calls``: used and allowed API calls of the last 24 hours, once an answer told."""

    def __init__(self, settings: SalesforceSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._lock = threading.Lock()
        self._auth = token_source(settings, context)
        self._http: Http | None = None
        self._sf: Salesforce | None = None
        self._skew = timedelta(0)
        self._schemas: dict[str, tuple[datetime, ObjectSchema]] = {}
        self.calls: tuple[int, int] | None = None

    @property
    def http(self) -> Http:
        self._open()
        assert self._http is not None
        return self._http

    @property
    def now(self) -> datetime:
        """The present moment by the org's clock, so that skew between machines does not matter."""
        return self.context.clock.now() + self._skew

    @property
    def data(self) -> str:
        return f"/services/data/v{self.settings.api_version}"

    def _open(self) -> Salesforce:
        with self._lock:
            if self._sf is not None:
                return self._sf
            # requests and simple-salesforce (zeep, lxml) take most of a second to import: only where a run needs them
            import requests
            from simple_salesforce.api import Salesforce

            from connectors.bridge import RequestsAdapter

            instance = self._auth.token().instance_url or self.settings.login_url
            self._http = Http(
                instance,
                context=self.context,
                auth=self._auth,
                headers={"sforce-call-options": "client=syncline"},
                timeout=120.0,
                on_answer=self._saw,
                quota=usage,
            )
            session = requests.Session()
            session.mount("https://", RequestsAdapter(self._http))
            self._sf = Salesforce(
                session_id="set-by-the-shared-client",
                instance_url=instance,
                version=self.settings.api_version,
                session=session,
                object_pairs_hook=None,
            )
            self._sf.headers.pop("X-PrettyPrint", None)  # white space only
            return self._sf

    def _saw(self, answer: Answer) -> None:
        try:
            self._skew = parsedate_to_datetime(answer.headers["date"]) - self.context.clock.now()
        except (KeyError, ValueError, TypeError):  # no date, none that can be read, or one without a zone
            self._skew = timedelta(0)
        facts = usage(answer)
        if facts is not None:
            self.calls = (facts["used"], facts["limit"])

    def restful(self, path: str, what: str, *, method: str = "GET", json: Any = None, **options: Any) -> Any:
        """One REST call; ``what`` names it in errors.

        Raises RefusedError (with the vendor's code), ThrottledError, UnauthorisedError, UnreachableError,
        AnswerLostError, ProtocolError.
        """
        from simple_salesforce.exceptions import SalesforceError  # heavy, see `_open`

        sf = self._open()
        if json is not None:
            options["data"] = orjson.dumps(json)
        try:
            return sf.restful(path, method=method, **options)
        except SalesforceError as error:
            raise request_error(error.status, error.content, what) from None
        except ValueError:  # the answer is no JSON
            reads = method == "GET"
            kind = ProtocolError if reads else AnswerLostError
            raise kind(f"{what}: expected JSON, got something else or only a part of it") from None

    def versions(self) -> list[str]:
        """The API versions of the org."""
        self._open()
        answer = self.http.get("/services/data").json()
        if not isinstance(answer, list):
            raise ProtocolError("listing API versions: this does not answer like Salesforce")
        return [str(entry.get("version")) for entry in answer if isinstance(entry, dict)]

    def query(self, text: str, name: str, *, everything: bool = False) -> Iterator[list[dict[str, Any]]]:
        """The pages of a query, at least one; ``everything`` includes what lies in the recycle bin.

        Raises RefusedError with code INVALID_QUERY_LOCATOR where the org forgot the rest of a result.
        """
        options = {"Sforce-Query-Options": f"batchSize={self.settings.page}"}
        what = f"reading {name}"
        path = "queryAll" if everything else "query"
        answer = self.restful(path, what, params={"q": text}, headers=options)
        while True:
            records = answer.get("records") if isinstance(answer, dict) else None
            if not isinstance(records, list):
                raise ProtocolError(f"{what}: an answer without records")
            yield records
            if answer.get("done", True):
                return
            following = str(answer.get("nextRecordsUrl") or "")
            if not following.startswith(f"{self.data}/"):
                raise ProtocolError(f"{what}: a page without the address of the next one")
            answer = self.restful(following.removeprefix(f"{self.data}/"), what, headers=options)

    def schema(self, name: str) -> ObjectSchema:
        """The object as described a quarter of an hour ago at most; `forget` has it described anew."""
        now = self.context.clock.now()
        kept = self._schemas.get(name)
        if kept is None or now - kept[0] > _FRESH:
            answer = self.restful(f"sobjects/{name}/describe", f"describing {name}")
            if not isinstance(answer, dict) or not answer.get("fields"):
                raise ProtocolError(f"describing {name}: an answer without fields")
            kept = self._schemas[name] = (now, ObjectSchema.of(answer))
        return kept[1]

    def forget(self, name: str) -> None:
        self._schemas.pop(name, None)

    def close(self) -> None:
        self._auth.close()
        if self._http is not None:
            self._http.close()
