"""Whoever is refused with a body under way may send for ever: the connection ends with the answer."""

from pathlib import Path

import pytest

from pedcontour.errors import UploadTooSlowError
from pedcontour.settings import Settings
from service.gateway.pace import Pace
from service.gateway.problems import status_of
from service.gateway.start import parts_from
from tests.unit.service.gateway.conftest import Gateway


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Content-Type": "application/zip", "Content-Encoding": "gzip"}],
)
def test_a_refused_upload_ends_its_connection(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = gateway.http.post("/v1/jobs", content=b"x" * 100, headers=headers)
    assert answer.status_code == 415
    assert answer.headers["Connection"] == "close"


def test_a_refusal_without_a_body_leaves_the_connection_open(gateway: Gateway) -> None:
    answer = gateway.http.get("/v1/jobs/unknown")
    assert answer.status_code == 404
    assert "Connection" not in answer.headers


def test_an_upload_that_is_too_slow_is_answered_with_408() -> None:
    assert status_of(UploadTooSlowError()) == 408


def test_the_pace_is_that_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        redis_url="redis+socket:///nowhere",  # type: ignore[arg-type]
        upload_idle_s=7.0,
        upload_min_bytes_per_s=5,
    )
    assert parts_from(settings).pace == Pace(7.0, 5)
