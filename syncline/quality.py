"""``quality.yaml``: what a connector keeps, rule by rule, ``done`` or ``exempt`` with the reason. See `RULES`.

::

    check: done
    deletes_noticed: {exempt: the system has no list of deletions, and no way to list keys}

What the facts of the streams show is compared with what the file says; the rest is its author's word. How much is kept
makes the connector's `Tier`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from connectors.contract import Connector, Deletes, Replay, Stream
from model.diagnostics import Diagnostic

RULES: Mapping[str, str] = {
    "check": "check() tells wrong credentials, a wrong address and missing rights apart, each with what to do",
    "discovery": "discover() asks the system for its fields, custom ones included",
    "incremental": "at least one stream is read from a watermark, with an overlap that is reasoned",
    "deletes_noticed": "deletions become visible, by tombstones or by a sweep",
    "writes": "at least one stream is written",
    "batches": "writes travel in batches as large as the system allows",
    "safe_creates": "a create whose answer was lost cannot double: by a marker, or by looking it up",
    "conditional_updates": "an update does not overwrite a version it was not decided on",
    "removes": "records can be deleted",
    "rate_limits": "the system's own way of saying 'slow down' is understood",
    "renewed_credentials": "credentials that end are renewed without a person",
    "redaction": "no credential and no personal value in errors, logs and repr",
    "fake": "a fake system speaks its wire protocol, keeps state and misbehaves on demand",
    "contract_suite": "the contract suite passes",
    "documentation": "a page says how to get access, which rights are needed, and what is not supported",
}


class Tier(StrEnum):
    """How far a connector can be relied upon."""

    NONE = "none"  # it does not say what it keeps
    BRONZE = "bronze"  # it can be set up, tells what is wrong, gives nothing away, and passes the suite
    SILVER = "silver"  # it describes its fields, notices deletions, and writes without making anything twice
    GOLD = "gold"  # every rule is done, none exempt


_BRONZE = ("check", "redaction", "contract_suite", "documentation")
_SILVER = ("discovery", "deletes_noticed", "writes", "safe_creates")


def tier(connector: type[Connector[Any]]) -> Tier:
    """By the ``quality.yaml`` beside the module of the connector's class."""
    path = files(connector.__module__.rpartition(".")[0] or connector.__module__) / "quality.yaml"
    if not path.is_file() or check_quality(path):
        return Tier.NONE
    said = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    if any(said[rule] != "done" for rule in _BRONZE):
        return Tier.NONE
    if all(said[rule] == "done" for rule in RULES):
        return Tier.GOLD
    return Tier.SILVER if all(said[rule] == "done" for rule in _SILVER) else Tier.BRONZE


_SHOWN: Mapping[str, Callable[[Stream], bool]] = {
    "incremental": lambda s: s.watermark is not None,
    "deletes_noticed": lambda s: s.deletes is not Deletes.UNSEEN,
    "writes": lambda s: s.writes is not None,
    "batches": lambda s: s.writes is not None and s.writes.batch > 1,
    "safe_creates": lambda s: s.writes is not None and s.writes.replay is not Replay.NATURAL,
    "conditional_updates": lambda s: s.writes is not None and s.writes.conditional,
    "removes": lambda s: s.removes,
}
"""Rules that the facts can contradict: said to be done, they must hold for at least one stream."""


def check_quality(path: Traversable, streams: Iterable[Stream] = ()) -> list[Diagnostic]:
    """All that is wrong with a ``quality.yaml``; with ``streams``, also where their facts contradict it."""
    try:
        said = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        message = f"cannot be read as YAML ({type(error).__name__})"
        hint = "the file lists each rule as 'done' or '{exempt: reason}'"
        return [Diagnostic(code="unreadable", message=message, file=str(path), hint=hint)]
    if not isinstance(said, dict):
        return [Diagnostic(code="not-a-mapping", message="expected rules, one a line", file=str(path))]
    found = [_finding(path, rule, "unknown-rule", "there is no such rule") for rule in said if rule not in RULES]
    facts = list(streams)
    for rule, meaning in RULES.items():
        if rule not in said:
            found.append(_finding(path, rule, "missing-rule", f"say 'done' or '{{exempt: reason}}': {meaning}"))
        else:
            found += _about(path, rule, said[rule], facts)
    return found


def _about(path: Traversable, rule: str, value: Any, streams: list[Stream]) -> list[Diagnostic]:
    if value == "done":
        if streams and rule in _SHOWN and not any(map(_SHOWN[rule], streams)):
            return [_finding(path, rule, "contradicted", "said to be done, but no stream's facts show it")]
        return []
    reason = value.get("exempt") if isinstance(value, dict) and set(value) == {"exempt"} else None
    if not isinstance(reason, str) or not reason.strip():
        return [_finding(path, rule, "no-reason", "a rule is 'done' or '{exempt: reason}', and the reason is a text")]
    return []


def _finding(path: Traversable, rule: Any, code: str, message: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, file=str(path), path=str(rule))
