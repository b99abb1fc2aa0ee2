"""The client against the real gateway, in one process, with events held back; the worker's part is done by hand."""

import resource
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pedcontour import errors
from pedcontour.client import Client, RemoteJob
from pedcontour.errors import (
    FileUnreadableError,
    GantryTiltError,
    NothingDrawnError,
    OutputOptionError,
    PedcontourError,
)
from pedcontour.outputs import OutputStyle, OutputWishes
from pedcontour.verdicts import Outcome, Verdict
from service.jobs import Ending, Priority, Problem, State
from tests.unit.client.conftest import InProcess
from tests.unit.service.gateway.conftest import KEY, Gateway


def test_a_folder_is_sent_whole_under_other_names(client: Client, gateway: Gateway, series: Path) -> None:
    told: list[tuple[int, int]] = []
    job = client.submit(series, absent=["Kidney_L"], on_sent=lambda sent, total: told.append((sent, total)))
    uploads = sorted((gateway.parts.uploads / job.id).iterdir())
    assert [path.name for path in uploads] == ["000001.dcm", "000002.dcm", "000003.dcm"]
    assert [path.read_bytes() for path in uploads] == [b"first" * 100_000, b"second", b"third"]
    kept = gateway.jobs.get(job.id)
    assert kept is not None
    assert kept.options.absent == ("kidney_left",)
    assert told[-1][0] == told[-1][1]
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)


def test_linked_files_are_sent_and_hidden_empty_ones_are_not(client: Client, gateway: Gateway, series: Path) -> None:
    (series / "link").symlink_to(series / "b.dcm")
    (series / ".placeholder").touch()
    assert len(list((gateway.parts.uploads / client.submit(series).id).iterdir())) == 4


def test_a_link_that_leads_nowhere_is_not_left_out(client: Client, series: Path) -> None:
    (series / "link").symlink_to("nowhere")
    with pytest.raises(FileUnreadableError, match="file 4 of 4: No such file"):
        client.submit(series)


def test_a_file_that_cannot_be_read_is_the_requests_fault_and_said_by_its_place(
    client: Client, gateway: Gateway, series: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileUnreadableError, match="file 2 of 3: Is a directory") as refused:
        client.submit([series / "a.dcm", series / "deeper", series / "b.dcm"])
    assert "Phantom" not in str(refused.value)
    assert not gateway.parts.uploads.exists()


def test_more_files_than_may_be_open_are_sent(client: Client, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(300):
        (folder / f"{n}").write_bytes(b"x")
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 60, hard))
    try:
        assert client.submit(folder).state == "queued"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_wait_tells_progress_and_returns_the_done_job(
    client: Client, gateway: Gateway, series: Path, tmp_path: Path
) -> None:
    job = client.submit(series)
    seen: list[RemoteJob] = []

    def watch(job: RemoteJob) -> None:
        seen.append(job)
        if len(seen) == 1:
            gateway.jobs.claim_next("w")
            gateway.jobs.beat(job.id, "w", "segment", 0.5)
        elif len(seen) == 2:
            gateway.jobs.release(job.id, "w", "")
            gateway.finish(job.id, tmp_path)

    done = client.wait(job.id, watch)
    assert [(each.state, each.progress) for each in seen] == [("queued", 0.0), ("running", 0.5), ("done", 1.0)]
    assert done.has_ended
    assert set(done.results) == {"rtstruct.dcm", "seg.dcm", "report.json", "preview.png"}


def test_results_are_downloaded_whole(client: Client, gateway: Gateway, series: Path, tmp_path: Path) -> None:
    job = client.submit(series)
    gateway.finish(job.id, tmp_path)
    files = client.download(job.id, tmp_path / "out" / "child")
    assert {file.name: file.read_bytes() for file in files} == {
        path.name: path.read_bytes() for path in (tmp_path / "out" / "child").iterdir()
    }
    assert (tmp_path / "out" / "child" / "seg.dcm").read_bytes() == b"seg.dcm" * 100


def test_results_never_go_into_a_folder_with_others(client: Client, gateway: Gateway, series: Path) -> None:
    job = client.submit(series)
    with pytest.raises(errors.OutputFolderNotEmptyError):
        client.download(job.id, series)


def test_a_failed_job_raises_its_own_error(client: Client, gateway: Gateway, series: Path) -> None:
    job = client.submit(series)
    gateway.jobs.claim_next("w")
    problem = Problem.of(GantryTiltError("14 degrees", instance_uids=("1.2",)))
    gateway.jobs.end(job.id, "w", Ending(State.FAILED, problem))
    with pytest.raises(GantryTiltError) as failed:
        client.wait(job.id)
    assert (failed.value.detail, failed.value.instance_uids) == ("14 degrees", ("1.2",))


def test_a_job_that_drew_nothing_raises_its_error_with_every_verdict(
    client: Client, gateway: Gateway, series: Path
) -> None:
    job = client.submit(series)
    gateway.jobs.claim_next("w")
    missing = Verdict("kidney_left", Outcome.ABSENT_DETECTED, 0.0, 0.0, None, "Nothing was drawn.")
    problem = Problem.of(NothingDrawnError())
    gateway.jobs.end(job.id, "w", Ending(State.FAILED, problem, (missing,), ("ABSENT_DETECTED: b",)))
    with pytest.raises(NothingDrawnError) as failed:
        client.wait(job.id)
    assert (failed.value.verdicts, failed.value.warnings) == ((missing,), ("ABSENT_DETECTED: b",))


def test_a_cancelled_job_raises_that(client: Client, series: Path) -> None:
    job = client.submit(series)
    assert client.cancel(job.id).state == "cancelled"
    with pytest.raises(errors.CancelledError):
        client.wait(job.id)


def test_a_job_that_takes_too_long_is_not_waited_for(client: Client, series: Path) -> None:
    with pytest.raises(errors.JobFailedError):
        client.wait(client.submit(series).id, timeout_s=0.1)


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (lambda client, _: client.job("none"), errors.JobNotFoundError),
        (lambda client, _: client.download("none", Path("nowhere")), errors.JobNotFoundError),
        (lambda client, _: client.submit(Path("nowhere")), errors.UploadEmptyError),
        (lambda client, _: client.submit([]), errors.UploadEmptyError),
        (lambda client, series: client.submit(series, model="none"), errors.ModelNotFoundError),
        (lambda client, series: client.submit(series, absent=["Liver"]), errors.AbsenceNotAllowedError),
        (lambda client, series: client.download(client.submit(series).id, Path("x")), errors.ResultNotReadyError),
    ],
)
def test_refusals_are_the_errors_of_the_library(
    client: Client, series: Path, use: Callable[[Client, Path], object], kind: type[PedcontourError]
) -> None:
    with pytest.raises(kind):
        use(client, series)


def test_a_missing_key_is_said(gateway: Gateway) -> None:
    with (
        Client("http://testserver", transport=InProcess(gateway.http)) as client,
        pytest.raises(errors.UnauthorizedError),
    ):
        client.models()


def test_models_are_listed(client: Client) -> None:
    assert [model["id"] for model in client.models()] == ["stand-in"]


def test_templates_of_names_are_listed(client: Client) -> None:
    assert [template["id"] for template in client.templates()] == ["tg263"]


def test_output_options_are_sent_and_the_names_of_the_files_come_back(
    client: Client, gateway: Gateway, series: Path
) -> None:
    job = client.submit(series, outputs=OutputWishes(profile="monaco", outputs=("rtstruct", "seg"), decimals="1"))
    kept = gateway.jobs.get(job.id)
    assert kept is not None
    style = OutputStyle.from_data(kept.options.outputs)
    assert (style.profile, style.holes, style.decimals) == ("monaco", "keyhole", 1)
    assert style.formats == ("rtstruct", "seg", "report")
    assert (job.roi_name("liver"), job.provenance) == ("Liver", None)
    with pytest.raises(OutputOptionError, match="binary, labelmap"):
        client.submit(series, outputs=OutputWishes(seg_encoding="fractional"))


def test_an_urgent_job_is_kept_as_one(client: Client, gateway: Gateway, series: Path) -> None:
    kept = [gateway.jobs.get(client.submit(series, urgent=urgent).id) for urgent in (True, False)]
    assert [job.priority for job in kept if job] == [Priority.URGENT, Priority.ROUTINE]


def test_a_request_sent_again_under_its_key_is_one_job(client: Client, series: Path) -> None:
    assert client.submit(series, request_key="plan-7").id == client.submit(series, request_key="plan-7").id
    with pytest.raises(errors.RequestKeyReusedError):
        client.submit(series, request_key="plan-7", absent=["Kidney_L"])


def test_an_erased_job_is_unknown(client: Client, series: Path) -> None:
    job = client.submit(series)
    client.erase(job.id)
    with pytest.raises(errors.JobNotFoundError):
        client.job(job.id)


def answering(respond: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client("http://testserver", transport=httpx.MockTransport(respond))


def test_no_answer_is_told_as_such() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(errors.ServiceUnreachableError):
        answering(refuse).models()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>a hospital's portal</html>"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(404, json={"detail": "not ours"}),
        httpx.Response(200, json={"id": "x"}),
    ],
)
def test_something_else_at_the_address_is_told_as_such(answer: httpx.Response) -> None:
    with pytest.raises(errors.ServiceUnreachableError):
        answering(lambda request: answer).job("x")


def test_a_code_of_a_newer_service_keeps_its_words() -> None:
    problem = {"code": "NEW_KIND", "title": "Do this.", "detail": "because"}
    with pytest.raises(PedcontourError, match=r"NEW_KIND Do this\. because"):
        answering(lambda request: httpx.Response(422, json=problem)).job("x")


def test_wait_outlasts_a_restart(gateway: Gateway, client: Client, series: Path, tmp_path: Path) -> None:
    job = client.submit(series)
    gateway.finish(job.id, tmp_path)
    refusals = iter([True, True, False])

    def respond(request: httpx.Request) -> httpx.Response:
        if next(refusals, False):
            raise httpx.ConnectError("restarting")
        return InProcess(gateway.http).handle_request(request)

    with Client("http://testserver", KEY, transport=httpx.MockTransport(respond)) as patient:
        assert patient.wait(job.id).state == "done"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", ".evil", ""])
def test_a_result_cannot_choose_where_it_goes(
    gateway: Gateway, client: Client, series: Path, tmp_path: Path, name: str
) -> None:
    job = client.submit(series)
    gateway.finish(job.id, tmp_path)
    document = gateway.http.get(f"/v1/jobs/{job.id}", headers={"X-API-Key": KEY}).json()
    document["results"] = [{"name": name, "href": "/"}]

    with pytest.raises(errors.ResultError):
        answering(lambda request: httpx.Response(200, json=document)).download(job.id, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
