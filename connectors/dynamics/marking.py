"""The column and alternate key that carry the hub's own id: whether they are there, and making them.

Sources: Microsoft Learn, "Create and update table definitions using the Web API", "Define alternate keys for a table".
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.dynamics.schema import TableSchema
from connectors.dynamics.session import Session
from connectors.sdk import Diagnostic, Severity

LENGTH = 64


def marker_findings(schema: TableSchema, stream: str, marker: str) -> Iterator[Diagnostic]:
    """What keeps creates from being upserts by this column."""
    path = f"streams.{stream}.marker"
    entry = schema.columns.get(marker)
    status = schema.keys.get((marker,))
    if entry is None or status is None:
        missing = f"no column {marker}" if entry is None else f"no alternate key on {marker}"
        hint = (
            "`syncline connections prepare` and the connection's name create both; or do it in Power Apps, table "
            f"{stream}: a text column {marker} of {LENGTH} characters, and a key of this one column"
        )
        message = f"{stream} has {missing}, or the user may not see it: creates could double"
        yield Diagnostic(code="no-marker", path=path, message=message, hint=hint)
    elif status == "Failed":
        hint = "are there rows with the same value? Mend them, then activate the key again in Power Apps"
        message = f"the index of the alternate key on {stream}.{marker} could not be made"
        yield Diagnostic(code="key-failed", path=path, message=message, hint=hint)
    elif status != "Active":
        hint = "wait until it is; in large tables that takes long"
        message = f"the index of the alternate key on {stream}.{marker} is not ready ({status})"
        yield Diagnostic(code="key-pending", path=path, message=message, hint=hint)
    elif not entry.get("IsValidForCreate"):
        message = f"{stream}.{marker} cannot be written"
        yield Diagnostic(code="marker-read-only", path=path, message=message, severity=Severity.ERROR)


def create_marker(session: Session, stream: str, marker: str) -> None:
    """Make what is missing. Raises UnauthorisedError where the user may not customise, RefusedError."""
    session.forget(stream)
    schema = session.schema(stream)
    definition = f"EntityDefinitions(LogicalName='{stream}')"
    if marker not in schema.columns:
        column = {
            "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
            "AttributeType": "String",
            "AttributeTypeName": {"Value": "StringType"},
            "SchemaName": marker,
            "MaxLength": LENGTH,
            "FormatName": {"Value": "Text"},
            "RequiredLevel": {"Value": "None"},
            "DisplayName": _label("Syncline id"),
            "Description": _label("The synchronisation hub's own id of this row"),
        }
        session.post(f"{definition}/Attributes", column, f"creating the column {stream}.{marker}")
    if (marker,) not in schema.keys:
        key = {"SchemaName": f"{marker}_key", "DisplayName": _label("Syncline id"), "KeyAttributes": [marker]}
        session.post(f"{definition}/Keys", key, f"creating the alternate key on {stream}.{marker}")
    session.forget(stream)


def _label(text: str) -> dict[str, object]:
    kind = "Microsoft.Dynamics.CRM.Label"
    local = {"@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel", "Label": text, "LanguageCode": 1033}
    return {"@odata.type": kind, "LocalizedLabels": [local]}
