"""Acme's people and companies, both ways. Facts are data on the streams; deeds are methods."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field, SecretStr

from syncline import sdk
from syncline.sdk import FieldType, Outcome, OutcomeKind, Record, Write

TIMES = {"updated_at": FieldType.DATETIME, "version": FieldType.TEXT}


def stream(name: str, *fields: sdk.Field, parents: tuple[str, ...] = ()) -> sdk.Stream:
    """What both collections of Acme have in common."""
    given = [sdk.Field(name=field, type=kind, creatable=False, updatable=False) for field, kind in TIMES.items()]
    key = sdk.Field(name="id", creatable=False, updatable=False, unique=True, nullable=False)
    return sdk.Stream(
        name=name,
        version="version",
        watermark=sdk.Watermark(field="updated_at", overlap=timedelta(minutes=5)),
        writes=sdk.Writes(
            batch=50, at_once=4, replay=sdk.Replay.UPSERT, marker="ref", conditional=True, returns_record=True
        ),
        deletes=sdk.Deletes.TOMBSTONES,
        removes=True,
        parents=parents,
        fields=(key, sdk.Field(name="ref", unique=True, updatable=False), *fields, *given),
    )


COMPANIES = stream("companies", sdk.Field(name="name", max_length=80, required=True), sdk.Field(name="city"))
PEOPLE = stream(
    "people",
    sdk.Field(name="name", max_length=80, required=True),
    sdk.Field(name="email", unique=True),
    sdk.Field(name="status", type=FieldType.CHOICE, choices=("active", "left"), restricted=True),
    sdk.Field(name="company", type=FieldType.REFERENCE, references=("companies",)),
    parents=("companies",),
)


class AcmeSettings(sdk.Settings):
    """How Acme is reached."""

    url: str = Field(description="Address of the API, for example https://api.acme.example")
    token: SecretStr = Field(description="Token of the user the hub acts as, by reference: ${env:ACME_TOKEN}")
    page: int = Field(default=200, ge=1, le=500, description="Records asked for at once")


class AcmeConnector(sdk.Connector[AcmeSettings]):
    """Reads by change stamp with tombstones, writes in batches with versions."""

    name = "acme"
    label = "Acme"
    Settings = AcmeSettings
    streams = (COMPANIES, PEOPLE)

    def __init__(self, settings: AcmeSettings, context: sdk.Context | None = None) -> None:
        super().__init__(settings, context)
        self._http = self.context.http(settings.url, auth=sdk.Bearer(settings.token.get_secret_value()))

    def check(self) -> list[sdk.Diagnostic]:
        try:
            self._answer("GET", "me")
        except sdk.ConnectorError as error:
            return [sdk.Diagnostic(code="no-access", message=str(error), hint="check url and token")]
        return []

    def read(self, stream: str, since: str | None) -> Iterator[sdk.Page]:
        after = f"{self._earlier(since)} " if since else ""  # a position is "<stamp> <id>", in the order of the API
        while True:
            query = {"after": after or None, "limit": self.settings.page}
            rows = self._answer("GET", stream, query=query)["items"]
            after = f"{rows[-1]['updated_at']} {rows[-1]['id']}" if rows else after
            yield sdk.Page([_record(row) for row in rows], cursor=after.split(" ")[0] or None, full=since is None)
            if len(rows) < self.settings.page:
                return

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        rows = [{"id": w.key, "ref": w.marker or None, "if": w.expects, "fields": dict(w.fields)} for w in batch]
        return self._written(f"{stream}/write", rows)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._written(f"{stream}/remove", [{"id": w.key, "if": w.expects} for w in batch])

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        rows: list[Mapping[str, Any]] = []
        for at in range(0, len(keys), 100):
            asked = {"ids": list(keys[at : at + 100])}
            rows += self._answer("POST", f"{stream}/lookup", json=asked, idempotent=True)["items"]
        return [_record(row) for row in rows]

    def close(self) -> None:
        self._http.close()

    def _written(self, path: str, rows: list[dict[str, Any]]) -> Sequence[Outcome]:
        return (
            [_outcome(result) for result in self._answer("POST", path, json={"rows": rows})["results"]] if rows else []
        )

    def _answer(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        answer = self._http.request(method, path, **options)
        if not answer.ok:
            raise sdk.RefusedError(f"Acme refused {method} {path} (HTTP {answer.status})")
        found = answer.json()
        if not isinstance(found, dict):
            raise sdk.ProtocolError(f"Acme answered {method} {path} with something else than an object")
        return found

    def _earlier(self, since: str) -> str:
        try:
            return (sdk.parse_moment(since) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            raise sdk.CursorExpiredError("the stored position is not one of Acme's; everything is read again") from None


def _record(row: Mapping[str, Any]) -> Record:
    return Record(row["id"], row, version=row.get("version"), deleted=row.get("deleted", False))


def _outcome(result: Mapping[str, Any]) -> Outcome:
    """Acme's word for what happened is the hub's; a word it did not have before may mean anything."""
    row, said = result.get("item"), result.get("outcome")
    return Outcome(
        kind=OutcomeKind(said) if said in set(OutcomeKind) else OutcomeKind.UNKNOWN,
        key=result.get("id"),
        version=row.get("version") if row else None,
        record=_record(row) if row else None,
        code=result.get("code"),
        message=result.get("message"),
        field=result.get("field"),
        of=result.get("of"),
    )
