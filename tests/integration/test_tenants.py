"""Two tenants at once through the whole service; ``make tenants`` sends two hundred jobs."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.tenants import listed, rows_of, send_all, service_for
from pedcontour.client import Client
from tests.numbered_series import NumberedSeries

KEYS = ("first-key-0123456789", "other-key-0123456789")
JOBS_EACH = 6

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with service_for(KEYS, tmp_path_factory.mktemp("tenants")) as address:
        yield address


def test_each_tenant_gets_its_own_results_and_sees_nothing_of_the_other(url: str) -> None:
    seen = send_all(url, KEYS, JOBS_EACH)
    assert len({one.job_id for one in seen}) == 2 * JOBS_EACH
    assert [row for row in rows_of(seen, [listed(url, key) for key in KEYS]) if not row["met"]] == []


def test_results_of_another_series_would_be_noticed(url: str, tmp_path: Path) -> None:
    series, neighbour = NumberedSeries(30), NumberedSeries(31)
    for n, image in enumerate(series.images):
        (tmp_path / f"{n}.dcm").write_bytes(image)
    with Client(url, KEYS[0]) as client:
        job = client.wait(client.submit(tmp_path).id, timeout_s=60)
    results = httpx.get(f"{url}/v1/jobs/{job.id}/results.zip", headers={"X-API-Key": KEYS[0]}).content
    assert series.strangers_in(results) == []
    assert len(neighbour.strangers_in(results)) == 12  # every single check tells them apart
