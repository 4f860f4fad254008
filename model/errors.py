"""The error tree.

::

    SynclineError
    ├── ConfigurationError        what a person wrote is wrong; carries diagnostics
    ├── ConnectorError            a system did not do what was asked; nothing of ours is broken
    │   ├── UnreachableError      no answer, or an answer from something that is not the system
    │   │   └── AnswerLostError   the request may have been carried out: look it up, never resend blindly
    │   ├── UnauthorisedError     credentials missing, expired or refused
    │   ├── ThrottledError        quota spent; carries when to come back
    │   ├── ProtocolError         an answer that cannot be understood (HTML instead of JSON, truncated)
    │   ├── RefusedError          the whole request was refused, for a reason that repeating will not change
    │   ├── CursorExpiredError    the watermark is too old; a full read is needed
    │   └── SourceIncompleteError a source is empty or cut off; reading it as it is would look like deletions
    ├── StateError                the hub's own store cannot do what was asked
    │   ├── LeaseHeldError        another process runs this scope now
    │   ├── LeaseLostError        this process was superseded; its transaction was refused
    │   └── StateRestoredError    an older copy of the state was put back; a person has to say so
    └── BrakeError                the plan would change too much; a person has to release it

Every class ends in ``Error``. The engine distinguishes only what it must act on differently.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.diagnostics import Diagnostic


class SynclineError(Exception):
    """Root of every error this product raises on purpose. Its text is shown to people: no personal data."""


class ConfigurationError(SynclineError):
    """What a person wrote cannot be used. All problems found are in ``diagnostics``, not only the first."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


class ConnectorError(SynclineError):
    """A system did not do what was asked. ``connection`` is filled in by the engine, which knows it."""

    connection: str | None = None


class UnreachableError(ConnectorError):
    """No answer (name, network, TLS, time-out), or five hundreds after all retries."""


class AnswerLostError(UnreachableError):
    """A write was sent and no answer came. It may have been carried out: look it up, never resend it blindly."""


class UnauthorisedError(ConnectorError):
    """Credentials are missing, expired beyond refresh, or lack a scope."""


class ThrottledError(ConnectorError):
    """The vendor's quota is spent. ``until`` is when it said to come back (UTC), if it said so."""

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class ProtocolError(ConnectorError):
    """An answer that is not what the vendor documents: HTML instead of JSON, a truncated body, a missing key."""


class RefusedError(ConnectorError):
    """The request as a whole was refused with a reason that repeating it will not change."""

    def __init__(self, message: str, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code


class CursorExpiredError(ConnectorError):
    """The stored position is older than the system remembers: read everything again."""


class SourceIncompleteError(ConnectorError):
    """A source looks empty or cut off. Taking it at its word would look like mass deletion, so nothing was read."""


class StateError(SynclineError):
    """The hub's own store cannot do what was asked."""


class LeaseHeldError(StateError):
    """Another process runs this scope now. ``until`` is when its lease ends unless it is renewed (UTC)."""

    def __init__(self, scope: str, holder: str, until: datetime) -> None:
        super().__init__(f"{scope} is being run by {holder} until {until:%H:%M:%S} UTC unless renewed")
        self.scope = scope
        self.holder = holder
        self.until = until


class LeaseLostError(StateError):
    """This process was superseded while it slept; its transaction was refused and changed nothing."""


class StateRestoredError(StateError):
    """The state knows nothing of the last batches of writes that were sent from here: it is an older copy."""

    def __init__(self, batches: int) -> None:
        super().__init__(
            f"the state is an older copy of itself: it knows nothing of the last {batches:,} batches of writes that "
            "were sent from here. Nothing was read or written, since records might be made twice. Look at "
            "`syncline reconcile --repair`, then go on with `syncline run --release restored`: it reads everything, "
            "and writes only if every stream could be read"
        )
        self.batches = batches


class BrakeError(SynclineError):
    """A plan would change more than the brakes allow; nothing was written to any system."""
