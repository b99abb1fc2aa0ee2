"""Row ``rtstruct``: a label map of 19 organs to an RTSTRUCT file, ours against rt-utils, and how exact ours is."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread

from benchmarks.bench.by_itself import measure_or_profile
from benchmarks.bench.conventions import CONVENTIONS, masks_by
from benchmarks.bench.others import others
from benchmarks.bench.profiled import profile_of
from benchmarks.bench.rows import Figures, Row, ratio_line
from benchmarks.bench.side import Timed
from benchmarks.bench.sides import Side, in_turns
from benchmarks.bench.teen import contoured, read_case, teen
from pedcontour.dicom.rtstruct import write_rtstruct
from pedcontour.metrics.overlap import dice
from pedcontour.organs import default_labels

TARGET = 15.0


def measure() -> list[Figures]:
    """Time and memory of both writers, then the round trip of our file under each convention of reading contours."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"case": str(teen().folder), "out": folder}
        runs = in_turns(
            {
                "ours": Side(f"{__name__}:ours", given),
                "rt-utils": Side(f"{__name__}:rt_utils", given, [others()]),
            }
        )
        lines = [ratio_line("rtstruct", runs["ours"], runs["rt-utils"], "rt-utils 1.2.7", TARGET)]
        return lines + _round_trips(Path(folder) / "ours.dcm")


def ours(given: dict[str, Any]) -> Timed:
    """Our writer, from the label map on."""
    series, labels = read_case(given["case"])

    def write() -> None:
        write_rtstruct(contoured({}, series, labels), Path(given["out"]) / "ours.dcm")

    return write


def rt_utils(given: dict[str, Any]) -> Timed:
    """rt-utils, from the label map on; reading the series is not counted here either."""
    from rt_utils import RTStruct, ds_helper, image_helper  # type: ignore[import-not-found] # in its own environment

    _, labels = read_case(given["case"])
    images = image_helper.load_sorted_image_series(str(Path(given["case"]) / "ct"))

    def write() -> None:
        result = RTStruct(images, ds_helper.create_rtstruct_dataset(images))
        for number, organ in default_labels().items():
            result.add_roi(mask=np.transpose(labels == number, (1, 2, 0)), name=organ)
        result.save(str(Path(given["out"]) / "other.dcm"))

    return write


def _round_trips(file: Path) -> list[Figures]:
    series, labels = read_case(str(teen().folder))
    rtstruct = dcmread(file)
    lines = []
    for convention in CONVENTIONS:
        worst = min(dice(labels[box] == n, mask) or 0.0 for n, box, mask in masks_by(convention, rtstruct, series))
        lines.append(
            {
                "name": f"rtstruct/round trip, {convention}",
                "ours": round(float(worst), 4),
                "unit": "lowest DSC",
                "target": 1.0,
                "met": round(float(worst), 3) >= 1.0,
                "n": len(default_labels()),
            }
        )
    return lines


ROW = Row("rtstruct", "RTSTRUCT of 19 organs on 300 slices against rt-utils; round trips", measure)


def profile() -> str:
    """Where our writer's time goes, warm."""
    with tempfile.TemporaryDirectory() as folder:
        write = ours({"case": str(teen().folder), "out": folder})
        write()
        return profile_of(write)


if __name__ == "__main__":
    measure_or_profile(__doc__, measure, profile)
