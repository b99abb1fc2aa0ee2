"""When uploads are let in: rates, waiting jobs, the disk."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pedcontour.errors import StorageLowError, TooManyRequestsError, TooManyUploadsError
from service.gateway.admission import Admission, AdmissionLimits, Rates
from service.gateway.app import create_app
from service.gateway.disk import Space, space_of
from service.jobstore import MemoryJobStore
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway

FILES = {"f": ("a", b"x")}
ROOMY = Space(total=1000, free=1000)
LIMITS = AdmissionLimits(min_free_bytes=0, min_free_share=0.0)


def admitting(gateway: Gateway, limits: AdmissionLimits, space: Space = ROOMY) -> TestClient:
    return TestClient(create_app(replace(gateway.parts, admission=Admission(limits, lambda _: space))))


def test_a_tenant_with_too_many_waiting_jobs_is_told_when_to_come_again_and_others_are_not(keyed: Gateway) -> None:
    http = admitting(keyed, replace(LIMITS, max_waiting_of_tenant=2))
    answers = [http.post("/v1/jobs", files=FILES, headers={"X-API-Key": KEY}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["code"] == "TOO_MANY_WAITING"
    assert int(answers[2].headers["retry-after"]) > 0
    assert http.post("/v1/jobs", files=FILES, headers={"X-API-Key": OTHER_KEY}).status_code == 202
    keyed.jobs.claim_next("w")
    keyed.jobs.claim_next("w2")
    assert http.post("/v1/jobs", files=FILES, headers={"X-API-Key": KEY}).status_code == 202


def test_a_full_queue_takes_nobodys_jobs(keyed: Gateway) -> None:
    http = admitting(keyed, replace(LIMITS, max_waiting=1))
    assert http.post("/v1/jobs", files=FILES, headers={"X-API-Key": KEY}).status_code == 202
    answer = http.post("/v1/jobs", files=FILES, headers={"X-API-Key": OTHER_KEY})
    assert (answer.status_code, answer.json()["code"]) == (503, "QUEUE_FULL")
    assert int(answer.headers["retry-after"]) > 0


def test_uploads_faster_than_the_rate_are_refused_before_anything_is_written(gateway: Gateway) -> None:
    http = admitting(gateway, replace(LIMITS, posts_per_minute=2))
    answers = [http.post("/v1/jobs", files=FILES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["code"] == "TOO_MANY_REQUESTS"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert len(list(gateway.parts.uploads.iterdir())) == 2


@pytest.mark.parametrize(
    "limits", [replace(LIMITS, min_free_bytes=101), replace(LIMITS, min_free_share=0.11)], ids=["bytes", "share"]
)
def test_a_disk_that_is_nearly_full_takes_no_upload(gateway: Gateway, limits: AdmissionLimits) -> None:
    answer = admitting(gateway, limits, Space(total=1000, free=100)).post("/v1/jobs", files=FILES)
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_LOW")
    assert int(answer.headers["retry-after"]) > 0
    assert not gateway.parts.uploads.exists()


def test_an_upload_that_would_fill_the_disk_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    admission = Admission(replace(LIMITS, min_free_bytes=100), lambda _: Space(total=1000, free=150))
    with admission.admit("", MemoryJobStore(), tmp_path, 50):
        pass
    with pytest.raises(StorageLowError), admission.admit("", MemoryJobStore(), tmp_path, 51):
        pass


def test_a_tenant_has_so_many_uploads_under_way_and_others_are_not_held_up(tmp_path: Path) -> None:
    admission = Admission(replace(LIMITS, max_open_of_tenant=1), lambda _: ROOMY)
    jobs = MemoryJobStore()
    with admission.admit("t", jobs, tmp_path, 0), admission.admit("u", jobs, tmp_path, 0):
        with pytest.raises(TooManyUploadsError) as refused, admission.admit("t", jobs, tmp_path, 0):
            pass
        assert refused.value.retry_after_s > 0
    with admission.admit("t", jobs, tmp_path, 0):
        pass


def test_a_refused_upload_keeps_neither_place_nor_room(keyed: Gateway) -> None:
    limits = AdmissionLimits(min_free_bytes=0, min_free_share=0.0, max_open_of_tenant=1)
    http = admitting(keyed, limits, Space(total=10_000, free=1_000))
    body = {"content": b"x" * 600, "headers": {"X-API-Key": KEY, "Content-Type": "text/csv"}}
    assert [http.post("/v1/jobs", **body).status_code for _ in range(3)] == [415] * 3
    assert http.post("/v1/jobs", files=FILES, headers={"X-API-Key": KEY}).status_code == 202


def test_a_rested_tenant_may_send_a_burst_and_then_one_at_a_time() -> None:
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    for _ in range(60):
        rates.take("t")
    with pytest.raises(TooManyRequestsError) as refused:
        rates.take("t")
    assert refused.value.retry_after_s == pytest.approx(1.0)
    rates.take("u")
    now[0] += 1.0
    rates.take("t")
    with pytest.raises(TooManyRequestsError):
        rates.take("t")


def test_rates_of_tenants_that_rested_are_forgotten() -> None:
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    for n in range(5000):
        rates.take(str(n))
        now[0] += 1.0
    assert len(rates._left) < 1100


def test_the_space_of_a_folder_is_known_before_it_is_made(tmp_path: Path) -> None:
    assert space_of(tmp_path / "not" / "yet").total == space_of(tmp_path).total > 0
