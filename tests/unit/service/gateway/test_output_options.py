"""Output options over HTTP: the same words as on the command line, checked in the same place, kept with the job."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pedcontour.outputs import OutputStyle, TemplateFolder
from pedcontour.verdicts import Outcome, Verdict
from service.gateway.app import create_app
from service.gateway.schemas import JOB_EXAMPLE, Job
from service.jobs import Ending, State
from tests.unit.service.gateway.conftest import Gateway, make_gateway

FILES = [("files", ("a.dcm", b"slice"))]


@pytest.fixture
def gateway(tmp_path: Path, models: None) -> Iterator[Gateway]:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "clinic.toml").write_text('title = "Ours"\n[names]\nkidney_left = "Niere_li"\nliver = "Leber"\n')
    (folder / "broken.toml").write_text("names")
    plain = make_gateway(tmp_path)
    parts = replace(plain.parts, templates=TemplateFolder(folder))
    with TestClient(create_app(parts)) as http:
        yield Gateway(http, parts, plain.jobs, plain.queue)


def kept_style(gateway: Gateway, job_id: str) -> OutputStyle:
    job = gateway.jobs.get(job_id)
    assert job is not None
    return OutputStyle.from_data(job.options.outputs)


@pytest.mark.parametrize("as_form", [True, False])
def test_options_come_as_query_or_form_and_are_kept_and_shown(gateway: Gateway, as_form: bool) -> None:
    given: dict[str, Any] = {
        "profile": "monaco",
        "outputs": ["rtstruct,preview"],
        "seg_encoding": "labelmap",
        "decimals": "2",
        "name_length": "20",
        "names": "clinic",
        "empty_rois": "keep",
    }
    send = {"data": given} if as_form else {"params": given}
    job = gateway.http.post("/v1/jobs", files=FILES, **send).json()  # type: ignore[arg-type]
    assert job["outputs"] == {
        "profile": "monaco",
        "outputs": ["rtstruct", "report", "preview"],
        "seg_encoding": "labelmap",
        "holes": "keyhole",
        "decimals": 2,
        "name_length": 20,
        "names": "clinic",
        "empty_rois": "keep",
    }
    style = kept_style(gateway, job["id"])
    assert (style.profile, style.holes, style.names.name_of("liver")) == ("monaco", "keyhole", "Leber")


def test_without_options_a_job_has_the_default_style(gateway: Gateway) -> None:
    job = gateway.http.post("/v1/jobs", files=FILES).json()
    assert kept_style(gateway, job["id"]) == OutputStyle()
    assert job["outputs"]["profile"] == "generic"


def test_a_template_that_changes_later_does_not_change_a_job_that_was_accepted(gateway: Gateway) -> None:
    job = gateway.http.post("/v1/jobs", files=FILES, params={"names": "clinic"}).json()
    assert gateway.parts.templates.root is not None
    (gateway.parts.templates.root / "clinic.toml").unlink()
    assert kept_style(gateway, job["id"]).names.name_of("kidney_left") == "Niere_li"


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ({"profile": "xio"}, "OUTPUT_OPTION_INVALID", "generic, eclipse, raystation, monaco, pinnacle"),
        ({"outputs": "stl"}, "OUTPUT_OPTION_INVALID", "rtstruct, seg, report, preview"),
        ({"seg_encoding": "fractional"}, "OUTPUT_OPTION_INVALID", "binary, labelmap"),
        ({"holes": "squares"}, "OUTPUT_OPTION_INVALID", "rings, keyhole"),
        ({"decimals": "9"}, "OUTPUT_OPTION_INVALID", "1 to 6"),
        ({"decimals": "many"}, "OUTPUT_OPTION_INVALID", "1 to 6"),
        ({"name_length": "0"}, "OUTPUT_OPTION_INVALID", "1 to 52"),
        ({"empty_rois": "maybe"}, "OUTPUT_OPTION_INVALID", "omit, keep"),
        ({"names": "theirs"}, "OUTPUT_OPTION_INVALID", "tg263, broken, clinic"),
        ({"names": "../templates/clinic"}, "OUTPUT_OPTION_INVALID", "tg263, broken, clinic"),
        ({"names": "clinic.toml"}, "OUTPUT_OPTION_INVALID", "tg263, broken, clinic"),
        ({"names": "broken"}, "NAMES_INVALID", "not a readable"),
        ({"name_length": "5"}, "NAMES_INVALID", "at most 5"),
    ],
)
@pytest.mark.parametrize("as_form", [True, False])
def test_what_does_not_exist_is_refused_with_what_does(
    gateway: Gateway, given: dict[str, Any], code: str, told: str, as_form: bool
) -> None:
    answer = gateway.http.post("/v1/jobs", files=FILES, **({"data": given} if as_form else {"params": given}))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert told in answer.json()["detail"]
    assert gateway.queue.messages == []


def test_an_option_given_twice_is_refused(gateway: Gateway) -> None:
    answer = gateway.http.post("/v1/jobs", files=FILES, data={"holes": ["rings", "keyhole"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "REQUEST_INVALID")


def test_templates_are_listed_with_every_name_and_a_broken_one_hides_none(gateway: Gateway) -> None:
    templates = gateway.http.get("/v1/templates").json()["templates"]
    assert [(template["id"], template["title"]) for template in templates][1] == ("clinic", "Ours")
    assert [template["id"] for template in templates] == ["tg263", "clinic"]
    names = {entry["organ"]: entry["roi_name"] for entry in templates[1]["names"]}
    assert (names["liver"], names["spleen"]) == ("Leber", "Spleen")
    assert len(templates[1]["names"][0]["colour"]) == 3


def test_templates_cannot_be_sent(gateway: Gateway) -> None:
    for method in ("POST", "PUT"):
        assert gateway.http.request(method, "/v1/templates", json={"names": {}}).status_code == 405


def test_the_verdicts_of_a_job_have_the_names_of_its_files_and_its_provenance(gateway: Gateway) -> None:
    job_id = gateway.http.post("/v1/jobs", files=FILES, params={"names": "clinic"}).json()["id"]
    assert gateway.http.get(f"/v1/jobs/{job_id}").json()["provenance"] is None
    verdict = Verdict("kidney_left", Outcome.PRESENT, 10.0, 10.0, 0.9, "Drawn in full.")
    provenance = JOB_EXAMPLE["provenance"]
    assert isinstance(provenance, dict)
    gateway.jobs.claim_next("w")
    gateway.jobs.end(job_id, "w", Ending(State.DONE, None, (verdict,), (), {}, provenance))
    job = gateway.http.get(f"/v1/jobs/{job_id}").json()
    assert job["verdicts"][0]["roi_name"] == "Niere_li"
    assert job["provenance"] == provenance


def test_what_was_removed_for_review_is_told_by_the_name_it_has_in_the_files(gateway: Gateway) -> None:
    wanted = {"names": "clinic", "absence_policy": "review_roi"}
    job_id = gateway.http.post("/v1/jobs", files=FILES, params=wanted).json()["id"]
    removed = Verdict("kidney_left", Outcome.REMOVED_FALSE_POSITIVE, 8.6, 0.0, 0.7, "No kidney.", review_ml=8.6)
    kept = Verdict("liver", Outcome.PRESENT, 900.0, 900.0, 0.9, "Drawn in full.")
    gateway.jobs.claim_next("w")
    gateway.jobs.end(job_id, "w", Ending(State.DONE, None, (removed, kept), (), {}))
    job = gateway.http.get(f"/v1/jobs/{job_id}").json()
    told = [(verdict["review_roi_name"], verdict["review_ml"]) for verdict in job["verdicts"]]
    assert told == [("Niere_li_rev", 8.6), (None, 0.0)]
    assert job["absence_policy"] == "review_roi"


def test_names_without_room_for_review_are_refused_at_the_door(gateway: Gateway) -> None:
    long = {"names": "long", "absence_policy": "review_roi"}
    folder = gateway.parts.templates.root
    assert folder is not None
    (folder / "long.toml").write_text('[names]\nkidney_left = "Linke Niere OAR"\n')
    refused = gateway.http.post("/v1/jobs", files=FILES, params=long)
    assert refused.json()["code"] == "NAMES_INVALID" and refused.status_code < 500
    assert gateway.http.post("/v1/jobs", files=FILES, params=long | {"absence_policy": "filter"}).status_code == 202


def test_the_example_of_a_job_is_one() -> None:
    assert Job.model_validate(JOB_EXAMPLE).model_dump(mode="json")["provenance"] == JOB_EXAMPLE["provenance"]


def test_a_model_is_shown_with_its_card_licence_use_digest_and_organs(gateway: Gateway) -> None:
    model = gateway.http.get("/v1/models/stand-in").json()
    assert model["card"].startswith("# Stand-in")
    assert (model["licence"], model["intended_use"]) == ("Apache-2.0", "Tests of the service.")
    assert len(model["digest_sha256"]) == 64 and len(model["organs"]) == 19
