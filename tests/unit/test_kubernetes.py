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
PODS = [document for _, document in DOCUMENTS if document["kind"] in ("Deployment", "StatefulSet")]


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


def container_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pod = next(d for d in PODS if d["metadata"]["name"] == name)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    return pod, container


@pytest.mark.parametrize("name", ["gateway", "worker"])
def test_a_process_ends_by_itself_before_it_is_killed(name: str) -> None:
    pod, container = container_of(name)
    grace = next(float(e["value"]) for e in container["env"] if e["name"] == "PEDCONTOUR_STOP_GRACE_S")
    assert Settings.model_fields["stop_grace_s"].default < grace < pod["terminationGracePeriodSeconds"]


def test_gateways_that_share_a_volume_keep_an_audit_chain_each() -> None:
    _, container = container_of("gateway")
    variables = {e["name"]: e for e in container["env"]}
    assert variables["POD_NAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert variables["PEDCONTOUR_AUDIT_DIR"]["value"].endswith("/$(POD_NAME)")
    assert list(variables).index("POD_NAME") < list(variables).index("PEDCONTOUR_AUDIT_DIR")


def test_a_worker_sweeps_a_scratch_folder_that_no_other_worker_has() -> None:
    pod, container = container_of("worker")
    scratch = str(Settings(data_dir=Path("/data")).scratch_dir)
    mounted = next(mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == scratch)
    assert next(volume for volume in pod["volumes"] if volume["name"] == mounted)["emptyDir"] == {}


def test_a_gateway_is_asked_for_itself_alone() -> None:
    _, container = container_of("gateway")
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] == "/health/live"


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
