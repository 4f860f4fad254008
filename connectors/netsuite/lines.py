"""Lines of sublists as they are sent: existing ones by their keys, so that nothing else of the sublist changes.

An address book is keyed by ``internalId``, the items of an order by ``line`` (help centre, "Working with Sublists", and
the table of keyed sublists). Lines that are not named stay as they are. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.netsuite.kinds import ADDRESS, ADDRESSES, LINE
from connectors.netsuite.schema import number
from connectors.unfit import UnfitError

_DEFAULTS = {"billingAddress": "defaultBilling", "shippingAddress": "defaultShipping"}
_NUMBERS = frozenset({"quantity", "rate", "amount"})

Line = Mapping[str, Any]


def addresses(changes: Mapping[str, Mapping[str, Any]], there: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines that make the default addresses what ``changes`` (by `ADDRESSES`) say. ``there``: the book as it is.

    One line may be the default for both. Where only one of the two changes, that one gets a line of its own.
    """
    lines: list[dict[str, Any]] = []
    for name in ADDRESSES:
        if name not in changes:
            continue
        change = _known(name, changes[name])
        line = next((one for one in there if one.get(_DEFAULTS[name])), None)
        other = next(one for one in ADDRESSES if one != name)
        shared = line is not None and bool(line.get(_DEFAULTS[other]))
        together = other in changes and _known(other, changes[other]) == change
        before = _address(line)
        address = {**before, **change}
        if line is None or (shared and not together):
            if any(value is not None for value in address.values()):
                _add(lines, {_DEFAULTS[name]: True}, address)
        elif not (shared and name == ADDRESSES[1]):  # a shared line was sent with the first of the two
            lines.append({"internalId": _key(name, line), "addressBookAddress": _sent(address)})
    return lines


def _key(name: str, line: Line) -> Any:
    key = line.get("internalId") or line.get("id")
    if key is None:
        raise UnfitError("line-without-key", name, "its entry in the address book shows no key to change it by")
    return key


def _add(lines: list[dict[str, Any]], flag: Line, address: Line) -> None:
    """A new line; an address that is new for both is one line."""
    sent = {name: value for name, value in _sent(address).items() if value is not None}
    for line in lines:
        if "internalId" not in line and line["addressBookAddress"] == sent:
            line.update(flag)
            return
    lines.append({**flag, "addressBookAddress": sent})


def _known(name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    for part, value in change.items():
        if part not in ADDRESS:
            raise UnfitError("INVALID_FIELD", f"{name}.{part}", f"an address has no field {part}")
        if value is not None and not isinstance(value, str):
            raise UnfitError("wrong-type", f"{name}.{part}", f"{name}.{part} takes text")
    return {part: value or None for part, value in change.items()}


def _address(line: Line | None) -> dict[str, Any]:
    shown = (line or {}).get("addressBookAddress") or {}
    return {part: _plain(shown.get(part)) for part in ADDRESS if shown.get(part) is not None}


def _plain(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else value


def _sent(address: Line) -> dict[str, Any]:
    """Country is a choice, the rest is text."""
    return {
        part: {"id": value} if part == "country" and value is not None else value for part, value in address.items()
    }


def items(given: Sequence[Any], there: Sequence[Line], *, new: bool) -> list[dict[str, Any]]:
    """Lines of an order. Those of an existing one must say which ``line`` they are: others would be added once more
    with every write. Raises UnfitError."""
    known = {str(line.get("line")) for line in there}
    lines = []
    for line in given:
        if not isinstance(line, Mapping):
            raise UnfitError("wrong-type", "item", "each line is a mapping of fields")
        key = str(line.get("line") or "")
        if not new and key not in known:
            hint = "no such line" if key else "a line without its number"
            raise UnfitError("line-without-key", "item", f"{hint}: lines are added to an existing order by people only")
        sent = {name: _cell(name, line[name]) for name in LINE if name in line and name not in {"line", "itemName"}}
        lines.append(sent if new else {"line": int(key), **sent})
    return lines


def _cell(name: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if name == "item":
        return {"id": str(value)}
    return number(name, value) if name in _NUMBERS else str(value)
