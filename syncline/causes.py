"""Why somebody else's code failed, in words that can be shown: its own may hold a secret or a customer's data."""

from __future__ import annotations

from model.errors import SynclineError

_LONGEST = 200


def cause_of(error: BaseException, module: str) -> str:
    """What failed, and the last line of that module's package in which it did.

    Errors of ours speak for themselves. Of any other, only the type is told, and what the interpreter itself says.
    """
    place = _place(error, module.partition(".")[0])
    said = [_said(error)]
    under = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if under is not None and not isinstance(error, SynclineError):
        said.append(_said(under))
    return " after ".join(said) + (f", in {place}" if place else "")


def _said(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, SynclineError):
        text = " ".join(str(error).split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if isinstance(error, OSError) and error.strerror:
        return f"{kind} ({error.strerror})"
    name = getattr(error, "name", None) if isinstance(error, (ImportError, NameError, AttributeError)) else None
    return f"{kind} ({name})" if isinstance(name, str) and name else kind


def _place(error: BaseException, package: str) -> str:
    """``acme.client, line 31 (streams)``: where the error passed last through code of the package."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == package:
            found = f"{module}, line {trace.tb_lineno} ({trace.tb_frame.f_code.co_name})"
        trace = trace.tb_next
    return found
