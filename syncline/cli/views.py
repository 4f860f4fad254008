"""Reports as rows, lines and JSON. One place, so that every command calls the same thing the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sync.decision import LACKING, Balance, BindingId, Bucket, Side
from syncline.cli.masking import masked
from syncline.cli.output import Output, clean, plain

if TYPE_CHECKING:
    from sync.brakes import Tripped
    from sync.hub import Trouble
    from sync.report import RunReport

BALANCE_COLUMNS = ("binding", "side", "seen", *(bucket.value for bucket in Bucket), "detail")

LINKED = ("linked", "linked with a conflict")
"""Details of records that joined an entity which was known."""

Balances = Mapping[tuple[BindingId, Side], Balance]


def value(found: Any, *, reveal: bool) -> str:
    """A value on one line: ``nothing`` where there is none."""
    if found is None or type(found).__name__ == "Unknown":
        return "nothing"
    shown = found if reveal else masked(found)
    if isinstance(shown, str):
        return f'"{clean(shown)}"'
    if isinstance(shown, list | tuple):
        return clean(f"[{', '.join(str(plain(item)) for item in shown)}]")
    if isinstance(shown, Mapping) and set(shown) == {"amount", "currency"}:
        return clean(f"{shown['amount']} {shown['currency']}")
    return clean(plain(shown))


def binding_json(binding: BindingId) -> dict[str, str]:
    return dict(binding._asdict())


def run_json(report: RunReport) -> dict[str, Any]:
    return {
        "run": report.run,
        "status": report.status,
        "conflicts": report.conflicts,
        "questions": report.questions,
        "waiting": report.waiting,
        "dead": report.dead,
        "message": report.message,
        "calls": dict(report.calls),
        "brakes": [brake_json(brake) for brake in report.brakes],
        "plans": [{"id": kept.id, "why": kept.why, "count": kept.count} for kept in report.kept],
        "troubles": [trouble_json(trouble) for trouble in report.troubles],
        "balances": balances_json(report.balances),
    }


def brake_json(brake: Tripped) -> dict[str, Any]:
    names = ("connection", "stream", "entity", "kind", "count", "limit", "links")
    return {name: plain(getattr(brake, name)) for name in names} | {"release": release_name(brake)}


def release_name(brake: Tripped) -> str:
    """How a person releases it: ``crm.Contact:create``."""
    return f"{brake.connection}.{brake.stream}:{brake.kind}"


def trouble_json(trouble: Trouble) -> dict[str, Any]:
    return {name: plain(getattr(trouble, name)) for name in ("connection", "stream", "code", "message")}


def balances_json(balances: Balances) -> list[dict[str, Any]]:
    return [
        {
            **binding_json(binding),
            "side": plain(side),
            "seen": balance.seen,
            **{bucket.value: balance.buckets.get(bucket, 0) for bucket in Bucket},
            "detail": dict(balance.detail),
            "adds_up": balance.adds_up,
        }
        for (binding, side), balance in sorted(balances.items())
    ]


def balance_rows(balances: Balances) -> Iterator[tuple[Any, ...]]:
    """Rows under `BALANCE_COLUMNS`; zeros are left blank, so that what happened stands out."""
    for (binding, side), balance in sorted(balances.items()):
        detail = ", ".join(f"{name} {number:,}" for name, number in sorted(balance.detail.items()) if number)
        if not balance.adds_up:
            detail = f"DOES NOT ADD UP  {detail}"
        buckets = (balance.buckets.get(bucket, 0) or "" for bucket in Bucket)
        yield (str(binding), str(side), balance.seen, *buckets, detail)


def taken_in(balances: Balances) -> Iterator[tuple[str, str]]:
    """What became new in the hub, by binding: ``created 7 (2 of them lack a value), linked 1``."""
    for (binding, side), balance in sorted(balances.items()):
        names = ("created", *LINKED, "changed", "unlinked", "deleted", "merged there", "conflict", "disputed")
        told = ", ".join(filter(None, (_with_lacking(balance.detail, name) for name in names)))
        if side is Side.IN and told:
            yield clean(binding), told


def joined(detail: Mapping[str, int], name: str) -> tuple[int, int]:
    """How many ended so (``created``, ``linked``), and how many of them lack a value that could not be read."""
    lacking = sum(number for told, number in detail.items() if told.startswith(f"{name}{LACKING}"))
    return detail.get(name, 0) + lacking, lacking


def joined_in(balances: Balances) -> int:
    """Records that joined an entity which was known."""
    return sum(joined(one.detail, name)[0] for (_, side), one in balances.items() if side is Side.IN for name in LINKED)


def _with_lacking(detail: Mapping[str, int], name: str) -> str:
    number, lacking = joined(detail, name)
    apart = f" ({lacking:,} of them {'lacks' if lacking == 1 else 'lack'} a value)" if lacking else ""
    return f"{name} {number:,}{apart}" if number else ""


def tell_troubles(output: Output, troubles: Sequence[Trouble], brakes: Sequence[Tripped]) -> None:
    """What stopped a connection or a kind of write, on stderr."""
    for trouble in troubles:
        where = f"{trouble.connection}.{trouble.stream}" if trouble.stream else trouble.connection
        output.fail(clean(f"{where}: {trouble.message} [{trouble.code}]"))
    for brake in brakes:
        output.fail(
            clean(
                f"brake: would {brake.kind} {brake.count:,} records in {brake.connection}.{brake.stream} "
                f"(limit {brake.limit:,}, {brake.links:,} linked). Look at `syncline plan`; "
                f"`syncline run --release {release_name(brake)}` lets it go once."
            )
        )
