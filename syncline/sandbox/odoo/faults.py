"""The exceptions of the server, as its two dialects show them."""

from __future__ import annotations

from typing import Any

STATUS = {"AccessDenied": 403, "AccessError": 403, "MissingError": 404, "LockError": 409, "Unauthorized": 401}
_MODULES = {
    "Unauthorized": "werkzeug.exceptions",
    "NotFound": "werkzeug.exceptions",
    "UnprocessableEntity": "werkzeug.exceptions",
    "SerializationFailure": "psycopg2.errors",
    "UniqueViolation": "psycopg2.errors",
    "OperationalError": "psycopg2",
    "ValueError": "builtins",
    "TypeError": "builtins",
    "KeyError": "builtins",
}


class Fault(Exception):  # noqa: N818 (the server's own, never raised to us)
    """What the server raises: ``kind`` is the class's name, ``status`` what JSON-2 answers with."""

    def __init__(self, kind: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        known = 500 if _MODULES.get(kind, "").startswith(("psycopg2", "builtins")) else 422
        self.status = status or STATUS.get(kind, known)

    def shown(self) -> dict[str, Any]:
        """The body of an answer; the traceback quotes what was given, as real ones do."""
        return {
            "name": f"{_MODULES.get(self.kind, 'odoo.exceptions')}.{self.kind}",
            "message": self.message,
            "arguments": [self.message],
            "context": {},
            "debug": f"Traceback (most recent call last):\n  ...\n{self.kind}: {self.message}",
        }


def missing(model: str, key: object) -> Fault:
    text = f"Record does not exist or has been deleted.\n(Record: {model}({key},), User: 2)"
    return Fault("MissingError", text)


def refused(right: str, model: str) -> Fault:
    verb = {"read": "access", "write": "modify", "unlink": "delete"}.get(right, right)
    shown = f"'{model.rpartition('.')[2].title()}' ({model})"
    text = (
        f"You are not allowed to {verb} {shown} records.\n\nContact your administrator to request access if necessary."
    )
    return Fault("AccessError", text)


def ruled(right: str, model: str, key: object) -> Fault:
    """A record rule is in the way (odoo/addons/base/models/ir_rule.py, ``_make_access_error``)."""
    start = "Uh-oh! Looks like you have stumbled upon some top-secret records."
    return Fault(
        "AccessError", f"{start}\n\nSorry, Hub (id=2) doesn't have '{right}' access to:\n- {model} ({model}: {key})"
    )
