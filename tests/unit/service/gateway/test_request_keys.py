"""Idempotency-Key: the same request sent again makes no second job."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway

FILES = [("files", (f"{n}.dcm", b"slice" + bytes([n]))) for n in range(3)]
HEADERS = {"Idempotency-Key": "plan 7"}


def send(gateway: Gateway, headers: dict[str, str] = HEADERS, **more: Any) -> Any:
    return gateway.http.post("/v1/jobs", headers=headers, **({"files": FILES} | more))


def test_the_same_request_again_is_answered_with_the_same_job(gateway: Gateway) -> None:
    first, second = send(gateway), send(gateway)
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.headers["location"] == first.headers["location"]
    assert second.json() == first.json()
    assert gateway.queue.messages == [first.json()["id"]]
    assert [path.name for path in gateway.parts.uploads.iterdir()] == [first.json()["id"]]


def test_it_is_answered_with_the_job_as_it_stands_then(gateway: Gateway) -> None:
    send(gateway)
    gateway.jobs.claim_next("w")
    assert send(gateway).json()["state"] == "running"


def test_the_same_options_in_another_form_are_the_same_request(gateway: Gateway) -> None:
    first = send(gateway, params={"structures": ["Liver", "spleen"], "priority": "urgent"})
    second = send(gateway, data={"structures": "liver,Spleen", "priority": "urgent"})
    assert second.json() == first.json()


@pytest.mark.parametrize(
    "other",
    [
        {"files": FILES[:2]},
        {"files": FILES[::-1]},
        {"files": [("f", ("a", b"slice\x00slice\x01slice\x02"))]},
        {"files": [FILES[0], ("f", ("a", b"slice\x01s")), ("f", ("a", b"lice\x02"))]},
        {"params": {"absent": "Kidney_L"}},
        {"params": {"priority": "urgent"}},
        {"params": {"series": "1.2.3"}},
    ],
    ids=["fewer", "order", "joined", "moved", "absent", "priority", "series"],
)
def test_another_request_under_the_same_key_is_refused_and_leaves_nothing(
    gateway: Gateway, other: dict[str, Any]
) -> None:
    first = send(gateway)
    answer = send(gateway, **other)
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert [path.name for path in gateway.parts.uploads.iterdir()] == [first.json()["id"]]
    assert len(gateway.queue.messages) == 1


def test_keys_of_two_tenants_do_not_meet(keyed: Gateway) -> None:
    answers = [send(keyed, HEADERS | {"X-API-Key": key}) for key in (KEY, OTHER_KEY)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_posts_at_the_same_moment_make_one_job(gateway: Gateway) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(gateway), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(list(gateway.parts.uploads.iterdir())) == 1


def test_after_erasure_the_same_request_makes_a_new_job(gateway: Gateway) -> None:
    first = send(gateway)
    gateway.http.delete(first.headers["location"])
    second = send(gateway)
    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("key", ["x" * 256, "", "Kind\u00fc", "tab\there"], ids=["long", "empty", "latin", "tab"])
def test_a_key_that_is_too_long_or_not_printable_ascii_is_refused(gateway: Gateway, key: str) -> None:
    answer = gateway.http.post("/v1/jobs", files=FILES, headers={b"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (422, "REQUEST_INVALID")
    assert send(gateway, {"Idempotency-Key": "x" * 255}).status_code == 202


def test_what_a_key_says_is_kept_nowhere(gateway: Gateway) -> None:
    job = gateway.jobs.get(send(gateway, {"Idempotency-Key": "Phantom^Child"}).json()["id"])
    assert "Phantom" not in json.dumps(vars(job), default=str)
