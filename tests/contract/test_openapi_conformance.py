"""Every answer of the API is one that its OpenAPI document describes, whatever it is asked."""

from pathlib import Path

import pytest
import schemathesis

from tests.api_fuzzing import Tried, configuration, fuzz
from tests.api_stock import ApiStock
from tests.stand_ins.model import write_stand_in_model
from tests.unit.service.gateway.conftest import KEY, make_gateway

EXAMPLES = 40
"""Requests made up for each operation, beside some hundred that cover its rules; `make api-fuzz` makes up more."""


def tried(tmp_path: Path, key: str | None) -> dict[str, Tried]:
    write_stand_in_model(tmp_path / "models")
    gateway = make_gateway(tmp_path, KEY)
    owner = gateway.parts.keys.principal(KEY)
    assert owner is not None
    with gateway.http:
        schema = schemathesis.openapi.from_asgi("/openapi.json", gateway.http.app, config=configuration(EXAMPLES, key))
        found = fuzz(schema, ApiStock(gateway.jobs, gateway.parts.results, owner.tenant))
    return {one.operation: one for one in found}


@pytest.mark.slow
def test_with_a_key_every_answer_is_described_and_none_is_a_server_error(tmp_path: Path) -> None:
    found = tried(tmp_path, KEY)
    assert {name: one.failures for name, one in found.items() if one.failures} == {}
    # The requests reach what lies behind the checks of their form, or this test would show little.
    assert found["POST /v1/jobs"].statuses[202]
    for operation in ("GET /v1/jobs/{job_id}", "GET /v1/jobs/{job_id}/events", "GET /v1/jobs/{job_id}/results/{name}"):
        assert found[operation].statuses[200]
    assert found["GET /v1/jobs/{job_id}/results.zip"].statuses[409]
    assert found["DELETE /v1/jobs/{job_id}"].statuses[204]


@pytest.mark.slow
def test_without_a_key_every_answer_is_described_and_nothing_is_told(tmp_path: Path) -> None:
    found = tried(tmp_path, None)
    assert {name: one.failures for name, one in found.items() if one.failures} == {}
    behind = [one for name, one in found.items() if "/v1/" in name]
    assert behind
    assert [one.operation for one in behind if not one.statuses.keys() <= {401, 405}] == []
