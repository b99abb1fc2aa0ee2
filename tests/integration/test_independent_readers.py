"""A real abdominal CT with all nineteen organs: validators and readers of others find no fault and the same voxels."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rois import rois_named, rois_of
from pedcontour.organs import default_labels
from pedcontour.outputs import OutputStyle, RoiName, RoiNames
from pedcontour.volume import LabelMap
from tests.made_series import IDENTITY
from tests.outside_readers import READERS, on_grid
from tests.outside_tools import dcentvfy_complaints, dciodvfy_errors

pytestmark = pytest.mark.slow

MIN_DICE = 0.99
"""What the issue asks of every organ above 1 mL. In fact, plastimatch and dcmqi find every voxel."""

ABSENT = 3
"""The left kidney was removed: its number must stay free."""


def _ragged_organs(shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Nineteen overlapping bodies with wavy borders, islands and holes: shapes worse than a network's."""
    rng = np.random.default_rng(5)
    k, j, i = np.ogrid[: shape[0], : shape[1], : shape[2]]
    voxels = np.zeros(shape, np.uint8)
    for label in set(default_labels()) - {ABSENT}:
        centre = np.array(shape) * rng.uniform(0.3, 0.7, 3)
        radii = np.array(shape) * rng.uniform(0.05, 0.13, 3)
        low, high = np.maximum(centre - 1.2 * radii, 0).astype(int), (centre + 1.2 * radii + 1).astype(int)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        dk, dj, di = k[box[0]] - centre[0], j[:, box[1]] - centre[1], i[:, :, box[2]] - centre[2]
        far = (dk / radii[0]) ** 2 + (dj / radii[1]) ** 2 + (di / radii[2]) ** 2
        waves = 0.25 * np.sin(di / 2) * np.cos(dj / 3 + label) + 0.1 * np.sin(dk * 2)
        body = (far + waves < 1) & ~((far + waves < 0.15) & (label % 3 == 0))
        voxels[box][body] = label
    return voxels


STYLES = {
    "default": OutputStyle(),
    "keyholes and a label map": OutputStyle(holes="keyhole", seg_encoding="labelmap"),
    "a decimal, a site's names, empty regions": OutputStyle(
        decimals=1, empty_rois="keep", names=RoiNames("site", "Site", {"liver": RoiName("Leber")})
    ),
}


@pytest.fixture(scope="module", params=list(STYLES))
def result(request: pytest.FixtureRequest, real_ct: Path) -> ContouredSeries:
    style = STYLES[request.param]
    series = read_series(sorted(real_ct.rglob("*.dcm"))).series
    labels = LabelMap(series.volume.grid, _ragged_organs(series.volume.grid.shape), default_labels())
    rois = rois_of(labels, labels.organs.values(), style.names)
    empty = rois_named(labels, [default_labels()[ABSENT]], style.names) if style.empty_rois == "keep" else ()
    return ContouredSeries(series, labels, rois, IDENTITY, style=style, empty=empty)


@pytest.fixture(scope="module")
def folder(result: ContouredSeries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for name, write in WRITERS.items():
        write(result, folder / f"{name}.dcm")
    return folder


def test_the_read_back_finds_every_voxel(result: ContouredSeries, folder: Path) -> None:
    proof = check_read_back(result, {name: folder / f"{name}.dcm" for name in WRITERS})
    assert len(proof.dice) == 18
    assert set(proof.dice.values()) == {1.0}


@pytest.mark.parametrize("name", list(WRITERS))
def test_the_validator_finds_no_errors(result: ContouredSeries, folder: Path, name: str) -> None:
    if name in _known_to_debian(result):
        assert dciodvfy_errors(folder / f"{name}.dcm") == []


def test_results_and_images_are_consistent(result: ContouredSeries, folder: Path, real_ct: Path) -> None:
    files = [*(folder / f"{name}.dcm" for name in _known_to_debian(result)), *sorted(real_ct.rglob("*.dcm"))]
    assert dcentvfy_complaints(files) == []


def _known_to_debian(result: ContouredSeries) -> list[str]:
    """The formats that dicom3tools of 2022 knows: label map segmentations became standard in 2024."""
    return [name for name in WRITERS if name == "rtstruct" or result.style.seg_encoding == "binary"]


@pytest.mark.parametrize("name", list(READERS))
def test_an_independent_reader_finds_the_same_organs(
    result: ContouredSeries, folder: Path, real_ct: Path, tmp_path: Path, name: str
) -> None:
    ct = next(real_ct.rglob("*.dcm")).parent
    masks = READERS[name](folder / f"{name}.dcm", ct, tmp_path)
    assert {roi for roi, (mask, _) in masks.items() if mask.any()} == {roi.name for roi in result.rois}
    for roi in result.rois:
        assert result.labels.volume_ml(roi.organ.id) > 1
        drawn, found = result.labels.mask(roi.organ.id), on_grid(masks[roi.name], result.labels.grid)
        dice = 2 * np.count_nonzero(drawn & found) / (np.count_nonzero(drawn) + np.count_nonzero(found))
        assert dice >= MIN_DICE, roi.name
