"""The address array of a customer: what is sent replaces all of it, so that what is not named has to go along.

An address that is left out is deleted (magento2, Customer/Model/ResourceModel/CustomerRepository.php).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.magento.kinds import DEFAULTS, shown

Regions = Callable[[str], Sequence[Mapping[str, Any]]]
"""The regions of a country as the shop's directory lists them: ``id``, ``code`` and ``name``."""

_SUBSTANCE = ("street", "city", "postcode", "region", "telephone", "company")


def merged(
    addresses: Sequence[Mapping[str, Any]],
    named: Mapping[str, Mapping[str, Any]],
    person: Mapping[str, Any],
    regions: Regions,
) -> list[dict[str, Any]]:
    """All addresses as they are to be. ``named`` has the changed fields by role; ``person`` lends a new address its
    name.

    An address that is billed and shipped to is parted where only one of the two changes. One whose every field is
    blanked is taken out.
    """
    result = [dict(address) for address in addresses]
    for role, changes in named.items():
        mark = DEFAULTS[role]
        current = next((address for address in result if address.get(mark)), None)
        if current is None:
            fresh = {"firstname": person.get("firstname"), "lastname": person.get("lastname"), mark: True}
            made = _changed(fresh, changes, regions)
            result += [made] if _stands(made) else []
            continue
        after = _changed(current, changes, regions)
        if after == current:
            continue
        if _shared(current, role, changes, named):
            current[mark] = False
            alone = {name: value for name, value in after.items() if name != "id"}
            alone |= {other: other == mark for other in DEFAULTS.values()}
            result += [alone] if _stands(alone) else []
        elif _stands(after):
            result[result.index(current)] = after
        else:
            result.remove(current)
    return result


def _shared(
    address: Mapping[str, Any], role: str, changes: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]
) -> bool:
    others = [other for other in DEFAULTS if other != role and address.get(DEFAULTS[other])]
    return any(named.get(other) != changes for other in others)


def _stands(address: Mapping[str, Any]) -> bool:
    plain = shown(address)
    return any(plain.get(name) for name in _SUBSTANCE)


def _changed(address: Mapping[str, Any], changes: Mapping[str, Any], regions: Regions) -> dict[str, Any]:
    plain = {name: value for name, value in changes.items() if name not in {"street", "region", "region_code"}}
    after = {**address, **{name: "" if value is None else value for name, value in plain.items()}}
    if "street" in changes:
        after["street"] = [line for line in str(changes["street"] or "").splitlines() if line.strip()]
    moved = {"region", "region_code", "country_id"} & changes.keys()
    if moved:
        after["region"] = _region(address, changes, str(after.get("country_id") or ""), regions)
        after["region_id"] = after["region"]["region_id"]
        after.pop("region_code", None)
    return after


def _region(address: Mapping[str, Any], changes: Mapping[str, Any], country: str, regions: Regions) -> dict[str, Any]:
    """A region with its id, which countries that list their regions ask for; code or name may have been given."""
    before = shown(address) if changes.get("country_id") in {None, address.get("country_id")} else {}
    given = {name: changes[name] for name in ("region", "region_code") if name in changes}
    if not given:
        given = {name: before.get(name) for name in ("region", "region_code")}
    words = {str(value).casefold() for value in given.values() if value}
    for one in regions(country) if country and words else ():
        if words & {str(one.get("code")).casefold(), str(one.get("name")).casefold()}:
            return {"region": one.get("name"), "region_code": one.get("code"), "region_id": int(one["id"])}
    name = given.get("region") or given.get("region_code") or ""
    return {"region": name, "region_code": given.get("region_code") or "", "region_id": 0}
