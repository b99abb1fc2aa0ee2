"""The Kubernetes manifests fit the API's own schemas, name only what exists, and scale on a query the table answers."""

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from pedcontour.settings import PREFIX, Settings
from service.jobs import Job, Options
from service.jobtable import open_job_table

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
NEWEST = "1.34"
NOT_KUBERNETES_OWN = {"Kustomization", "ScaledObject", "TriggerAuthentication"}
"""Kinds that other projects add; the API server knows no schema of them."""


def documents() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        found += [(path.name, document) for document in yaml.safe_load_all(path.read_text("utf-8"))]
    return found


DOCUMENTS = documents()
PODS = [document for _, document in DOCUMENTS if document["kind"] == "Deployment"]


@pytest.mark.parametrize(
    "document",
    [pytest.param(d, id=f"{name}:{d['kind']}") for name, d in DOCUMENTS if d["kind"] not in NOT_KUBERNETES_OWN],
)
def test_a_manifest_fits_the_api_servers_schema(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, NEWEST, strict=True)


def test_every_file_is_applied() -> None:
    listed = next(document for _, document in DOCUMENTS if document["kind"] == "Kustomization")["resources"]
    assert sorted([*listed, "kustomization.yaml"]) == sorted(path.name for path in FOLDER.glob("*.yaml"))


def test_every_variable_is_a_setting() -> None:
    given = set(re.findall(rf"{PREFIX}[A-Z_]+(?=:)", (FOLDER / "settings.yaml").read_text("utf-8")))
    assert given
    assert given <= {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("deployment", PODS, ids=lambda d: d["metadata"]["name"])
def test_every_pod_is_hardened(deployment: dict[str, Any]) -> None:
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_scaler_counts_the_jobs_that_wait_or_run(tmp_path: Path) -> None:
    scaled = next(document for _, document in DOCUMENTS if document["kind"] == "ScaledObject")
    trigger = scaled["spec"]["triggers"][0]
    assert trigger["type"] == "postgresql"
    assert {"host", "port", "userName", "dbName", "sslmode", "query", "targetQueryValue"} == set(trigger["metadata"])
    table, now = open_job_table(f"sqlite:///{tmp_path}/jobs.sqlite"), datetime.now(UTC)
    for number in range(3):
        table.accept(Job(id=f"job-{number}", options=Options("m"), accepted_at=now, resend_at=now))
    table.cancel("job-2")
    table.close()
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        assert database.execute(trigger["metadata"]["query"]).fetchone() == (2,)
