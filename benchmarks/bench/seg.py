"""Row ``seg``: a label map of 19 organs to a SEG file, ours in both encodings against highdicom fed one-hot masks.

One-hot is how highdicom's own examples and most pipelines write several organs.
"""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench.rows import Figures, Row, ratio_line
from benchmarks.bench.side import Timed
from benchmarks.bench.sides import Side, in_turns
from benchmarks.bench.teen import IDENTITY, Teen, contoured, read_case, teen
from pedcontour.dicom.codes import ANATOMICAL_STRUCTURE
from pedcontour.dicom.seg import write_seg
from pedcontour.organs import default_labels

TARGET = 8.0


def measure() -> list[Figures]:
    """Time and memory of both encodings of ours and of highdicom."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"case": str(teen().folder), "out": folder}
        runs = in_turns(
            {
                "binary": Side(f"{__name__}:ours", given | {"seg_encoding": "binary"}),
                "labelmap": Side(f"{__name__}:ours", given | {"seg_encoding": "labelmap"}),
                "one-hot": Side(f"{__name__}:one_hot", given),
            }
        )
    other = f"highdicom {version('highdicom')}, one-hot BINARY"
    return [
        ratio_line("seg", runs["binary"], runs["one-hot"], other, TARGET),
        ratio_line("seg/LABELMAP", runs["labelmap"], runs["one-hot"], other, TARGET),
    ]


def ours(given: dict[str, Any]) -> Timed:
    """Our writer, from the label map on."""
    series, labels = read_case(given["case"])

    def write() -> None:
        write_seg(contoured(given, series, labels), Path(given["out"]) / f"{given['seg_encoding']}.dcm")

    return write


def one_hot(given: dict[str, Any]) -> Timed:
    """highdicom from the label map on, turned into a mask for each organ."""
    import highdicom as hd
    from pydicom import dcmread
    from pydicom.sr.coding import Code

    series, labels = read_case(given["case"])
    images = [dcmread(path, stop_before_pixels=True) for path in Teen(Path(given["case"])).files]
    images.sort(key=lambda image: series.instance_uids.index(image.SOPInstanceUID))
    organ = Code(ANATOMICAL_STRUCTURE.value, ANATOMICAL_STRUCTURE.scheme_designator, ANATOMICAL_STRUCTURE.meaning)
    algorithm = hd.AlgorithmIdentificationSequence("bench", organ, "1")
    described = [
        hd.seg.SegmentDescription(number, name, organ, organ, "AUTOMATIC", algorithm)
        for number, name in default_labels().items()
    ]

    def write() -> None:
        seg = hd.seg.Segmentation(
            source_images=images,
            pixel_array=np.stack([labels == number for number in default_labels()], axis=-1),
            segmentation_type="BINARY",
            segment_descriptions=described,
            series_instance_uid=IDENTITY.uid("seg-series"),
            series_number=2,
            sop_instance_uid=IDENTITY.uid("seg-instance"),
            instance_number=1,
            manufacturer="bench",
            manufacturer_model_name="bench",
            software_versions="1",
            device_serial_number="1",
        )
        seg.save_as(Path(given["out"]) / "other.dcm")

    return write


ROW = Row("seg", "SEG of 19 organs on 300 slices against highdicom fed one-hot masks", measure)
