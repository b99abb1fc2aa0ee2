"""A planning system sends a real CT to the service and imports the contours; programs of others are its import.

Everything is what a user gets: the shipped model, real processes, HTTP, the files as downloaded.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pedcontour.client import Client, RemoteJob
from pedcontour.dicom.reader import read_series
from pedcontour.organs import all_organs
from pedcontour.settings import Settings
from pedcontour.verdicts import DRAWN
from service.embedded import running
from tests.outside_readers import READERS, on_grid
from tests.outside_tools import dcentvfy_complaints, dciodvfy_errors

pytestmark = pytest.mark.slow

MIN_ML = 1.0
MIN_DICE = 0.99
"""Two programs reading two files must see one organ: below a millilitre a single voxel weighs too much."""


@pytest.fixture(scope="module")
def answered(real_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RemoteJob, Path]]:
    """The job as the client sees it in the end, and the folder with what it downloaded."""
    folder = tmp_path_factory.mktemp("planning")
    settings = Settings(data_dir=folder / "service", port=0, redis_url=None, database_url=None, api_keys=())
    with running(settings) as service, Client(service.url) as client:
        job = client.submit(real_ct)
        done = client.wait(job.id)
        client.download(job.id, folder / "results")
    yield done, folder / "results"


def test_it_gets_all_four_files_and_a_verdict_for_every_organ(answered: tuple[RemoteJob, Path]) -> None:
    job, results = answered
    assert {path.name for path in results.iterdir()} == {"rtstruct.dcm", "seg.dcm", "report.json", "preview.png"}
    assert {verdict.organ for verdict in job.verdicts} == set(all_organs())


def test_both_kidneys_and_the_liver_are_drawn(answered: tuple[RemoteJob, Path]) -> None:
    report = json.loads((answered[1] / "report.json").read_text())
    drawn = {organ["organ"] for organ in report["organs"] if organ["outcome"] in DRAWN}
    assert {"kidney_left", "kidney_right", "liver"} <= drawn


@pytest.mark.parametrize("name", ["rtstruct.dcm", "seg.dcm"])
def test_the_validator_finds_no_errors(answered: tuple[RemoteJob, Path], name: str) -> None:
    assert dciodvfy_errors(answered[1] / name) == []


def test_results_are_consistent_with_the_ct(answered: tuple[RemoteJob, Path], real_ct: Path) -> None:
    results = [answered[1] / name for name in ("rtstruct.dcm", "seg.dcm")]
    assert dcentvfy_complaints([*results, *sorted(real_ct.rglob("*.dcm"))]) == []


def test_two_independent_readers_see_the_same_organs_in_both_files(
    answered: tuple[RemoteJob, Path], real_ct: Path, tmp_path: Path
) -> None:
    ct = sorted(real_ct.rglob("*.dcm"))
    grid = read_series(ct).series.volume.grid
    seen = {}
    for name, reader in READERS.items():
        (tmp_path / name).mkdir()
        masks = reader(answered[1] / f"{name}.dcm", ct[0].parent, tmp_path / name)
        seen[name] = {roi: on_grid(placed, grid) for roi, placed in masks.items()}
    assert set(seen["rtstruct"]) == set(seen["seg"])
    large = [roi for roi, mask in seen["seg"].items() if np.count_nonzero(mask) * grid.voxel_volume_ml > MIN_ML]
    assert len(large) >= 8
    for roi in large:
        one, other = seen["rtstruct"][roi], seen["seg"][roi]
        dice = 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))
        assert dice >= MIN_DICE, roi
