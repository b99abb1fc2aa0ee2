"""A patient's name, number and dates, planted wherever a sender can put text, are found in the store alone."""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from tests.stand_ins.model import shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

NAME, NUMBER, DATE = "Kanarienvogel^Pia", "KANARI4711", "19870605"
CANARY = re.compile(rb"(?i)kanari|19870605")

PLANTED = {"PN": NAME, "LO": NUMBER, "SH": NUMBER, "ST": NAME, "LT": NAME, "UT": NAME, "UC": NAME, "DA": DATE}
"""A text for every representation that people write into; dates of the geometry's own kind stay."""

TEXT_TAGS = [
    Tag(group, element)
    for group in (0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040)
    for element in range(0x2000)
    if dictionary_has_tag(Tag(group, element)) and dictionary_VR(Tag(group, element)) in PLANTED
]

pytestmark = pytest.mark.slow


def planted(image: Dataset) -> Dataset:
    """Fill every standard text tag of the groups that describe patient, visit, study, series and equipment."""
    for tag in TEXT_TAGS:
        representation = dictionary_VR(tag)
        image[tag] = DataElement(tag, representation, PLANTED[representation])
    block = image.private_block(0x0011, NUMBER, create=True)
    block.add_new(0x01, "LO", NAME)
    image.file_meta.SourceApplicationEntityTitle = "KANARI"
    return image


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    root = tmp_path_factory.mktemp("canary")
    write_stand_in_model(root / "models")
    settings = Settings(data_dir=root / "data", models_dir=root / "models", port=0, heartbeat_s=1.0, log_level="DEBUG")
    with pytest.MonkeyPatch.context() as patch:
        (root / "temporary").mkdir()
        patch.setenv("TMPDIR", str(root / "temporary"))
        with running(settings, STAND_IN_WORKER, logs=root / "logs") as running_service:
            yield running_service


def _sent(service: RunningService, files: list[tuple[str, bytes]], **fields: str) -> httpx.Response:
    uploads = [("files", (f"{NAME} {DATE}/{name}", content)) for name, content in files]
    headers = {"User-Agent": NAME, "Referer": f"http://ris.example/{NUMBER}", "X-Request-ID": NAME}
    return httpx.post(f"{service.url}/v1/jobs", files=uploads, data=fields, headers=headers, timeout=60)


def _ended(service: RunningService, job: str) -> httpx.Response:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        answer = httpx.get(f"{service.url}/v1/jobs/{job}")
        if answer.json()["state"] in ("done", "failed", "cancelled"):
            return answer
        time.sleep(0.2)
    raise AssertionError("the job did not end")


def test_what_identifies_a_patient_is_in_the_store_alone(service: RunningService, tmp_path: Path) -> None:
    write_ct_series(shaded_torso(), tmp_path)
    series = []
    for path in sorted(tmp_path.iterdir()):
        planted(pydicom.dcmread(path)).save_as(path)
        series.append((path.name, path.read_bytes()))
    damaged = [(name, content[: len(content) // 2]) for name, content in series]
    told = []

    good = _sent(service, [*series, (f"{NAME}.txt", NAME.encode())], absent="Kidney_L")
    broken = _sent(service, damaged)
    told += [good.text, broken.text]
    done = _ended(service, good.json()["id"])
    told += [done.text, _ended(service, broken.json()["id"]).text]
    assert done.json()["state"] == "done", done.text

    refused = [
        _sent(service, series[:1], **{NAME: NUMBER}),
        _sent(service, series[:1], series=f"{NUMBER}"),
        _sent(service, series[:1], structures=NAME),
        httpx.get(f"{service.url}/v1/jobs/{NAME}/results/{NUMBER}"),
        httpx.get(f"{service.url}/v1/models/{NAME}", params={"patient": DATE}),
        httpx.get(f"{service.url}/{NAME}/{DATE}"),
    ]
    assert all(400 <= answer.status_code < 500 for answer in refused)
    results = [httpx.get(service.url + result["href"]) for result in done.json()["results"]]
    assert all(answer.status_code == 200 for answer in results)
    told.append(httpx.get(f"{service.url}/metrics").text)
    told.append(httpx.get(f"{service.url}/health/ready").text)
    assert not [text for text in told if CANARY.search(text.encode())]

    time.sleep(1.5)  # Valkey writes its append-only file every second
    root, data = service.settings.data_dir.parent, service.settings.data_dir
    files = [path for path in root.rglob("*") if path.is_file()]
    names = {path.relative_to(folder).parts[0] for folder in (root, data) for path in files if folder in path.parents}
    assert {"logs", "audit", "broker", "uploads", "results", "jobs.sqlite"} <= names
    holding = [path for path in files if CANARY.search(path.read_bytes() + str(path).encode())]
    kept = (data / "uploads", data / "results")
    assert any(path.is_relative_to(data / "uploads") for path in holding)
    assert any(path.is_relative_to(data / "results") for path in holding)
    assert [path for path in holding if not any(path.is_relative_to(folder) for folder in kept)] == []


def test_the_search_would_find_what_it_searches_for() -> None:
    image = Dataset()
    image.file_meta = pydicom.dataset.FileMetaDataset()
    told = planted(image).to_json()
    assert len(TEXT_TAGS) > 200
    assert len(CANARY.findall(told.encode())) >= len(TEXT_TAGS)
