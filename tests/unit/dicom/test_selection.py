"""Selection: what is a slice of a CT, by its header alone, and which kinds are left out under which code."""

from pathlib import Path
from typing import Any

import pydicom
import pytest

from pedcontour.dicom.instances import Instance
from pedcontour.dicom.selection import REASONS, plane_of, select_series, summarise, why_not_a_slice
from pedcontour.errors import MixedSeriesError, MultiframeUnsupportedError, NotCtError
from tests.unit.dicom.series_on_disk import HFS

CT = "1.2.840.10008.5.1.4.1.1.2"
NO_GEOMETRY = {"ImagePositionPatient": None}
CORONAL = {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}
MPR = {"ImageType": ["DERIVED", "SECONDARY", "MPR"]}


def instance(
    k: int = 0, series: str = "1.2", *, stated_class: str = "", ends_in_header: bool = False, **elements: Any
) -> Instance:
    header = pydicom.Dataset()
    values: dict[str, Any] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": f"{series}.{k}",
        "SeriesInstanceUID": series,
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "ImagePositionPatient": [0, 0, 2.5 * k],
        "ImageOrientationPatient": list(HFS),
        "PixelSpacing": [1, 1],
        "Rows": 4,
        "Columns": 5,
    }
    for keyword, value in (values | elements).items():
        if value is not None:
            setattr(header, keyword, value)
    return Instance(Path(), header, "", False, True, 0, stated_class, ends_in_header)


def series(uid: str, slices: int = 3, **elements: Any) -> list[Instance]:
    return [instance(k, uid, **elements) for k in range(slices)]


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("", {}),
        ("", {"ImageType": None}),
        ("", {"SOPClassUID": None}),
        ("", {"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 MPR"]}),
        ("", {"NumberOfFrames": 1}),
        ("NOT_CT", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}),
        ("NOT_CT", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}),
        ("NOT_CT", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3", "Modality": "RTSTRUCT"}),
        ("NOT_CT", {"Modality": "PT"}),
        ("INSTANCE_DAMAGED", {"Modality": None}),
        ("INSTANCE_DAMAGED", {"SOPClassUID": None, "Modality": None}),
        ("INSTANCE_DAMAGED", {"SOPClassUID": "1.2.840.10008.5.1.4", "stated_class": CT}),
        ("NOT_CT", {"SOPClassUID": None, "Modality": None, "stated_class": "1.2.840.10008.5.1.4.1.1.4"}),
        ("NOT_CT", {"SOPClassUID": None, "Modality": "SR"}),
        ("MULTIFRAME_UNSUPPORTED", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2.1"}),
        ("MULTIFRAME_UNSUPPORTED", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2.2"}),
        ("MULTIFRAME_UNSUPPORTED", {"NumberOfFrames": 20}),
        ("COLOUR", {"SamplesPerPixel": 3}),
        ("LOCALIZER", {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER", "CT_SOM5 TOP"]}),
        ("DOSE_PAGE", {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}),
        ("DOSE_PAGE", {"ImageType": ["ORIGINAL", "SECONDARY", "OTHER", "DOSE_INFO"]}),
        ("DOSE_PAGE", {"ImageType": ["ORIGINAL", "PRIMARY", "OTHER", "CT_SOM5 PROT"]}),
        ("PROJECTION", {"ImageType": ["DERIVED", "PRIMARY", "PROJECTION IMAGE", "MIP"]}),
        ("DICOMDIR", {"SOPClassUID": None, "Modality": None, "FileSetID": "CD"}),
    ],
)
def test_a_slice_or_the_code_of_something_else(code: str, elements: dict[str, Any]) -> None:
    assert why_not_a_slice(instance(**elements)) == code
    assert not code or code in REASONS


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("REFORMAT", MPR),
        ("ORIENTATION_UNSUPPORTED", CORONAL),
        ("GEOMETRY_MISSING", NO_GEOMETRY),
        ("TOO_FEW_SLICES", {"ImagePositionPatient": [0, 0, 7]}),
    ],
)
def test_a_weaker_series_gives_way_to_a_proper_one(code: str, elements: dict[str, Any]) -> None:
    proper, weaker = series("1.1"), series("1.2", **elements)
    chosen = select_series([*weaker, *proper])
    assert set(chosen.instances) == set(proper)
    assert [(left.code, left.count) for left in chosen.ignored] == [(code, 3)]
    assert set(select_series(weaker).instances) == set(weaker)
    assert set(select_series([*weaker, *proper], "1.2").instances) == set(weaker)


def test_a_reformat_goes_before_what_is_no_axial_volume() -> None:
    reformat = series("1.3", **MPR)
    chosen = select_series([*series("1.1", **CORONAL), *reformat, *series("1.2", 1)])
    assert set(chosen.instances) == set(reformat)


@pytest.mark.parametrize("elements", [{}, MPR, CORONAL, NO_GEOMETRY])
def test_equals_are_not_chosen_between(elements: dict[str, Any]) -> None:
    with pytest.raises(MixedSeriesError, match=r"1\.1: 3 slices; 1\.2: 3 slices"):
        select_series([*series("1.2", **elements), *series("1.1", **elements)])


def test_slices_without_a_series_are_a_series_of_their_own() -> None:
    with pytest.raises(MixedSeriesError, match="no Series Instance UID: 3 slices"):
        select_series([*series("1.1"), *series("")])
    assert len(select_series([*series("1.1"), *series("")], "1.1").instances) == 3
    with pytest.raises(NotCtError):
        select_series(series(""), "")


def test_what_is_cut_off_before_it_names_its_series_is_not_taken_for_another_one() -> None:
    cut_off = [instance(7, "", ends_in_header=True, **NO_GEOMETRY), instance(8, Modality=None)]
    whole = instance(9, "1.3")
    chosen = select_series([*series("1.1"), *cut_off, whole], "1.1")
    assert set(chosen.damaged) == set(cut_off)
    assert not select_series([*series("1.1"), whole]).damaged


def test_damaged_files_are_counted_when_there_is_no_slice() -> None:
    with pytest.raises(NotCtError, match="3 INSTANCE_DAMAGED"):
        select_series([instance(Modality=None)], headerless=2)


def test_multi_frame_alone_is_named_as_such_and_beside_slices_left_out() -> None:
    enhanced = instance(series="1.9", SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    with pytest.raises(MultiframeUnsupportedError) as refusal:
        select_series([enhanced])
    assert refusal.value.instance_uids == ("1.9.0",)
    assert [left.code for left in select_series([enhanced, *series("1.1")]).ignored] == ["MULTIFRAME_UNSUPPORTED"]


def test_what_was_ignored_is_told_by_kind_with_well_formed_uids_only() -> None:
    left_out = [
        ("NOT_CT", instance(1, Modality="RTSTRUCT")),
        ("NOT_CT", instance(0, Modality="RTSTRUCT")),
        ("NOT_CT", instance(2, Modality="Somebody^Else", SOPInstanceUID="../x")),
    ]
    told = summarise(left_out)
    assert [(t.reason, t.count, t.uids) for t in told] == [
        ("another kind of object than a CT image", 1, ()),
        ("another kind of object than a CT image (RTSTRUCT)", 2, ("1.2.0", "1.2.1")),
    ]


@pytest.mark.parametrize(
    "elements",
    [NO_GEOMETRY, {"PixelSpacing": [0, 1]}, {"ImageOrientationPatient": [1, 0, 0]}, {"Rows": 0}, {"Columns": None}],
    ids=str,
)
def test_a_plane_is_known_whole_or_not_at_all(elements: dict[str, Any]) -> None:
    assert plane_of(instance()) is not None
    assert plane_of(instance(**elements)) is None
