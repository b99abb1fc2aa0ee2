"""A tenant's jobs, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.jobs import Job, Options
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway

START = datetime(2026, 3, 1, tzinfo=UTC)


def fill(gateway: Gateway, count: int, tenant: str = "") -> list[str]:
    ids = [f"{n:08x}-52f5-4a55-8d0f-2f6f7f6a9f10" for n in range(count)]
    for n, job_id in enumerate(ids):
        accepted = START + timedelta(minutes=n // 2)
        gateway.jobs.accept(Job(job_id, Options("model"), accepted, accepted, tenant))
    return ids[::-1]


def page(gateway: Gateway, path: str = "/v1/jobs", **params: Any) -> Any:
    answer = gateway.http.get(path, params=params or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_following_next_shows_every_job_once_from_the_newest_on(gateway: Gateway) -> None:
    ids = fill(gateway, 7)
    seen: list[str] = []
    document = page(gateway, limit=2)
    sizes = [len(document["jobs"])]
    while True:
        seen += [job["id"] for job in document["jobs"]]
        if document["next"] is None:
            break
        document = page(gateway, document["next"])
        sizes.append(len(document["jobs"]))
    assert seen == ids
    assert sizes == [2, 2, 2, 1]


def test_a_last_page_that_is_full_has_no_next(gateway: Gateway) -> None:
    fill(gateway, 4)
    assert page(gateway, limit=4)["next"] is None
    assert page(gateway, limit=4, state="done") == {"jobs": [], "next": None}


def test_jobs_are_found_by_state_and_time_also_on_the_next_pages(gateway: Gateway) -> None:
    ids = fill(gateway, 8)
    gateway.jobs.cancel(ids[3])
    params = {"state": ["queued", "failed"], "since": "2026-03-01T00:01:00Z", "until": "2026-03-01T01:03:00+01:00"}
    first = page(gateway, limit=2, **params)
    rest = page(gateway, first["next"])
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == [ids[2], ids[4], ids[5]]
    assert rest["next"] is None


def test_a_tenant_sees_its_own_jobs_alone(keyed: Gateway) -> None:
    mine = keyed.parts.keys.principal(KEY)
    assert mine is not None
    fill(keyed, 3, mine.tenant)
    for key, count in ((KEY, 3), (OTHER_KEY, 0)):
        document = keyed.http.get("/v1/jobs", headers={"X-API-Key": key}).json()
        assert len(document["jobs"]) == count
    cursor = keyed.http.get("/v1/jobs?limit=1", headers={"X-API-Key": KEY}).json()["next"]
    assert keyed.http.get(cursor, headers={"X-API-Key": OTHER_KEY}).json() == {"jobs": [], "next": None}


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "none"},
        {"cursor": "x" * 129},
        {"cursor": "\u00e4"},
        {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA"},
        {"limit": 0},
        {"limit": 201},
        {"state": "lost"},
        {"since": "yesterday"},
        {"since": "2026-03-01T00:00:00"},
        {"sort": "asc"},
    ],
)
def test_a_list_that_cannot_be_given_is_refused(gateway: Gateway, params: dict[str, Any]) -> None:
    answer = gateway.http.get("/v1/jobs", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "REQUEST_INVALID")


def test_a_list_shows_each_job_as_its_own_address_does(gateway: Gateway) -> None:
    [job_id] = fill(gateway, 1)
    gateway.jobs.claim_next("w")
    assert page(gateway)["jobs"] == [page(gateway, f"/v1/jobs/{job_id}")]
