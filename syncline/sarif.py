"""Diagnostics in SARIF 2.1.0, the form in which code review tools take findings and show them at their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from model.diagnostics import Diagnostic
from syncline import __version__
from syncline.explained import explained

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(found: Sequence[Diagnostic], folder: Path) -> dict[str, Any]:
    """One SARIF log. Files below ``folder`` are named as seen from it, which is what review tools expect."""
    codes = sorted({one.code for one in found})
    seen: Counter[str] = Counter()
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Syncline",
                        "version": __version__,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, codes.index(one.code), folder, seen) for one in found],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    entry = explained(code)
    described: dict[str, Any] = {"id": code}
    if entry is not None:
        described["shortDescription"] = {"text": entry.cause}
        described["help"] = {"text": entry.remedy}
    return described


def _result(one: Diagnostic, index: int, folder: Path, seen: Counter[str]) -> dict[str, Any]:
    text = f"{one.path}: {one.message}" if one.path else one.message
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": one.severity.value,  # SARIF has the same three words
        "message": {"text": f"{text} ({one.hint})" if one.hint else text},
        "partialFingerprints": {"syncline/v1": _fingerprint(one, seen)},
    }
    if one.file is not None:
        result["locations"] = [_location(one, one.file, folder)]
    return result


def _location(one: Diagnostic, file: str, folder: Path) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file, folder)}}
    if one.line is not None:
        physical["region"] = {"startLine": one.line, **({"startColumn": one.column} if one.column else {})}
    location: dict[str, Any] = {"physicalLocation": physical}
    if one.path:
        location["logicalLocations"] = [{"fullyQualifiedName": one.path}]
    return location


def _uri(file: str, folder: Path) -> str:
    """Relative to the folder where the file lies below it; else the address of the file on this machine."""
    path = Path(file)
    if path.is_absolute():
        if not path.is_relative_to(folder):
            return path.as_uri()
        path = path.relative_to(folder)
    return quote(path.as_posix().encode("utf-8", "surrogateescape"))


def _fingerprint(one: Diagnostic, seen: Counter[str]) -> str:
    """What stays the same while the finding moves up and down its file."""
    said = "\x00".join((one.code, one.file or "", one.path or "", one.message)).encode("utf-8", "surrogateescape")
    digest = blake2b(said, digest_size=8).hexdigest()
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"
