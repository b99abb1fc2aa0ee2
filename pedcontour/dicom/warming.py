"""What the first result of a process would wait for, done beforehand: libraries imported, their tables read."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rois import rois_of
from pedcontour.organs import default_labels
from pedcontour.volume import Grid, LabelMap, Volume

_SHAPE = (3, 8, 8)


def warm_up_dicom() -> None:
    """Read a tiny made series, write every format of it and read that back, in a folder that is gone afterwards.

    Raises ``PedcontourError`` where that does not work, as no job would either.
    """
    grid = Grid(_SHAPE, np.diag([2.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]])
    voxels = np.zeros(_SHAPE, np.uint8)
    voxels[1, 2:6, 2:6] = min(default_labels())
    with tempfile.TemporaryDirectory(prefix="pedcontour-warm-") as folder:
        files = write_ct_series(Volume(grid, np.zeros(_SHAPE, np.int16)), Path(folder) / "ct")
        series = read_series(files).series
        labels = LabelMap(series.volume.grid, voxels, default_labels())
        identity = ResultIdentity("warm-up", datetime(2026, 1, 1, tzinfo=UTC), "none", "0" * 64, "0")
        result = ContouredSeries(series, labels, rois_of(labels, default_labels().values()), identity)
        written = {name: Path(folder) / f"{name}.dcm" for name in WRITERS}
        for name, path in written.items():
            WRITERS[name](result, path)
        check_read_back(result, written)
