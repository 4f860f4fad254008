"""What connectors say of a write that did not come off, in words that carry nobody's data."""

from __future__ import annotations

from connectors.contract import Outcome, OutcomeKind, Write
from model.errors import (
    AnswerLostError,
    ConnectorError,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
)


def without_values(message: str, write: Write) -> str:
    """The vendor's words, less the row's own values, which may be personal."""
    values = (str(v) for v in write.fields.values() if isinstance(v, str | int | float) and not isinstance(v, bool))
    for value in sorted((v.strip() for v in values), key=len, reverse=True):
        if len(value) > 2:
            message = message.replace(value, "…")
    return message


def failed(error: ConnectorError, write: Write) -> Outcome:
    """The outcome of a row whose call failed after others of its batch had been answered."""
    kind, until = OutcomeKind.RETRY, None
    if isinstance(error, AnswerLostError | ProtocolError):
        kind = OutcomeKind.UNKNOWN
    elif isinstance(error, ThrottledError):
        kind, until = OutcomeKind.THROTTLED, error.until
    elif isinstance(error, UnauthorisedError):
        kind = OutcomeKind.UNAUTHORISED
    elif isinstance(error, RefusedError):
        kind = OutcomeKind.REFUSED
    return Outcome(kind, write.key, message=str(error), until=until)
