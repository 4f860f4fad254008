"""Large batches by Bulk API 2.0."""

from collections import Counter

import pytest

from connectors.sdk import (
    OutcomeKind,
    UnreachableError,
    Write,
)


def create(marker, **fields):
    return Write(None, fields, marker=marker)


def test_large_batches_go_through_bulk_and_all_three_sets_are_read(make, fake, clock):
    crm = make(bulk_threshold=5)
    key = fake.seed("Contact", [{"LastName": "Ng", "Title": "CTO", "Email": "a@b.org"}])[0]
    rows = [create(f"m{n}", LastName=f'N,"{n}"\nx', DoNotCall=n % 2 == 0) for n in range(4)]
    rows += [
        create("bad", LastName="x" * 81),
        Write(key, {"Title": None, "Phone": "+1"}),
        create("na", LastName="#N/A"),
    ]
    outcomes = crm.upsert("Contact", rows)
    assert [o.kind for o in outcomes] == [
        *[OutcomeKind.APPLIED] * 4,
        OutcomeKind.REFUSED,
        OutcomeKind.APPLIED,
        OutcomeKind.APPLIED,
    ]
    assert (outcomes[4].code, outcomes[4].field) == ("STRING_TOO_LONG", "LastName")
    found = {r["Id"]: r for r in fake.rows("Contact")}
    assert [found[o.key]["LastName"] for o in outcomes[:4]] == [f'N,"{n}"\nx' for n in range(4)]
    assert [found[o.key]["DoNotCall"] for o in outcomes[:4]] == [True, False, True, False]
    assert (found[key]["Title"], found[key]["Phone"], found[key]["Email"]) == (None, "+1", "a@b.org")
    assert found[outcomes[6].key]["LastName"] == "#N/A"
    assert fake.calls["POST jobs/ingest"] == 2
    assert clock.slept


def test_rows_a_bulk_job_did_not_reach_may_be_tried_again(make, fake):
    crm = make(bulk_threshold=2)
    crm.check()
    fake.misbehave("unprocessed", on="GET jobs/ingest/{id}", rows=2)
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(5)])
    assert Counter(o.kind for o in outcomes) == {OutcomeKind.APPLIED: 3, OutcomeKind.RETRY: 2}


def test_results_of_a_bulk_job_that_cannot_be_read_leave_its_rows_unknown(make, fake):
    crm = make(bulk_threshold=2)
    crm.check()
    fake.misbehave("truncated", on="successfulResults")
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(3)])
    assert OutcomeKind.UNKNOWN in {o.kind for o in outcomes}
    assert {o.kind for o in outcomes} <= {OutcomeKind.UNKNOWN, OutcomeKind.APPLIED}


def test_a_bulk_job_that_never_ends_leaves_its_rows_unknown(make, fake, monkeypatch):
    crm = make(bulk_threshold=2, bulk_patience=60)
    monkeypatch.setattr(fake.bulk, "_work", lambda job, fault: setattr(job, "state", "Queued"))
    monkeypatch.setattr(type(fake.bulk), "_job", _stuck(type(fake.bulk)._job))
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(3)])
    assert {o.kind for o in outcomes} == {OutcomeKind.UNKNOWN}


def _stuck(real):
    def job(self, request, job, fault):
        if request.method == "GET":
            job.state = "UploadComplete"
        return real(self, request, job, fault)

    return job


@pytest.mark.parametrize("on", ["POST jobs/ingest", "PATCH jobs/ingest/{id}"])
def test_a_lost_answer_around_a_bulk_job_doubles_nothing(make, fake, on):
    crm = make(bulk_threshold=2)
    crm.check()
    batch = [create(f"m{n}", LastName=f"N{n}") for n in range(3)]
    fake.misbehave("lost", on=on)
    try:
        crm.upsert("Contact", batch)
    except UnreachableError:
        assert fake.rows("Contact") == []
    assert {o.kind for o in crm.upsert("Contact", batch)} == {OutcomeKind.APPLIED}
    assert len(fake.rows("Contact")) == 3
