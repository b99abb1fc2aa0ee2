"""Only what fits together can become a result."""

import numpy as np
import pytest

from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.rois import Roi, rois_of
from pedcontour.errors import NothingDrawnError
from pedcontour.organs import all_organs, default_labels
from pedcontour.volume import LabelMap
from tests.made_series import IDENTITY, bodies, grid_for, made_result, made_series

GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))


def test_every_region_comes_with_its_box_and_mask() -> None:
    voxels = bodies(GRID)
    found = np.zeros_like(voxels)
    for roi, box, mask in made_result(made_series(GRID), voxels).masks():
        assert mask.any(axis=(1, 2))[[0, -1]].all()
        found[box][mask] = roi.number
    assert (found == voxels).all()


def test_nothing_drawn_is_refused_with_a_code() -> None:
    labels = LabelMap(GRID, np.zeros(GRID.shape, np.uint8), default_labels())
    with pytest.raises(NothingDrawnError):
        ContouredSeries(made_series(GRID), labels, (), IDENTITY)


def test_labels_of_another_grid_are_refused() -> None:
    series = made_series(grid_for((12, 40, 44), (9.0, 3.0, 3.0), centre_mm=(0, 0, 0)))
    labels = LabelMap(GRID, bodies(GRID), default_labels())
    with pytest.raises(ValueError, match="grid"):
        ContouredSeries(series, labels, rois_of(labels, default_labels().values()), IDENTITY)


def test_regions_must_be_those_of_the_labels() -> None:
    labels = LabelMap(GRID, bodies(GRID), default_labels())
    spleen, heart = Roi(1, all_organs()["spleen"]), Roi(4, all_organs()["heart"])
    for wrong, reason in (
        ((Roi(1, all_organs()["liver"]),), "is not liver"),
        ((spleen, heart), "no voxel"),
        ((spleen, spleen), "differ"),
    ):
        with pytest.raises(ValueError, match=reason):
            ContouredSeries(made_series(GRID), labels, wrong, IDENTITY)
