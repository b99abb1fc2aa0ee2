"""One series, one digest, however it comes; another pixel, another digest."""

from pathlib import Path

import numpy as np

from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.dicom.digest import series_digest
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.series import CtSeries
from pedcontour.volume import Volume
from tests.made_series import grid_for, made_series

SERIES = made_series(grid_for((6, 20, 22), (5.0, 2.0, 2.0)))


def _with_voxels(voxels: np.ndarray) -> CtSeries:
    return CtSeries(Volume(SERIES.volume.grid, voxels), SERIES.headers)


def test_the_same_images_give_the_same_digest_whatever_holds_their_numbers() -> None:
    assert series_digest(_with_voxels(SERIES.volume.voxels.astype(np.float32))) == series_digest(SERIES)
    assert len(series_digest(SERIES)) == 64


def test_order_and_names_of_the_files_do_not_matter(tmp_path: Path) -> None:
    files = write_ct_series(SERIES.volume, tmp_path / "ct", SyntheticStudy(seed=3))
    again = [path.rename(tmp_path / f"{n}.bin") for n, path in enumerate(reversed(files))]
    digest = series_digest(read_series(again).series)
    for path, name in zip(again, files, strict=True):
        path.rename(name)
    assert series_digest(read_series(files).series) == digest


def test_one_pixel_changes_it() -> None:
    other = np.array(SERIES.volume.voxels)
    other[3, 4, 5] += 1
    assert series_digest(_with_voxels(other)) != series_digest(SERIES)


def test_one_uid_changes_it() -> None:
    assert series_digest(made_series(SERIES.volume.grid, SOPInstanceUID="1.2.3")) != series_digest(SERIES)


def test_a_slice_less_changes_it() -> None:
    short = made_series(grid_for((5, 20, 22), (5.0, 2.0, 2.0)))
    assert series_digest(short) != series_digest(SERIES)
