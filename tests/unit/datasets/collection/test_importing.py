"""A folder of CT and RTSTRUCT becomes a data set whose labels are the contours, and which names nobody."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from pedcontour.datasets.annotations import State, read_annotations
from pedcontour.datasets.collection.importing import Imported
from pedcontour.datasets.nifti import read_nifti
from pedcontour.errors import DatasetFolderError
from pedcontour.orientation import AxisChange
from tests.made_collection import (
    GRID,
    POSITIONS,
    TCIA,
    bodies,
    contours_of,
    drop,
    edit,
    grid_for,
    rename,
    write_patient,
)
from tests.unit.datasets.collection.conftest import ORGANS, Site
from tests.unit.datasets.collection.told import codes, remarks, states


@pytest.mark.parametrize("position", [*POSITIONS])
def test_labels_are_the_contours_voxel_by_voxel_in_every_patient_position(site: Site, position: str) -> None:
    grid = grid_for((14, 44, 48), (8.0, 3.0, 3.0), POSITIONS[position])
    write_patient(site.source, grid=grid, shuffled=True)
    imported = site.bring_in()
    (record,) = imported.records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    image = read_nifti(site.target / "imagesTr" / f"{record.case}_0000.nii.gz")
    change = AxisChange.to_canonical(grid)
    assert labels.grid.same_place(change.grid(grid)) and image.grid.same_place(labels.grid)
    assert np.array_equal(labels.voxels, change.array(bodies(grid)))
    assert not codes(imported) and not remarks(imported)


def test_a_folder_in_the_form_of_pediatric_ct_seg_is_read_whatever_its_layout(site: Site) -> None:
    for seed, name in ((1, "Pediatric-CT-SEG-0001"), (2, "Pediatric-CT-SEG-0002")):
        folder = site.source / name / "06-19-2008-NA-CT ABDOMEN-12345"
        rename(write_patient(folder, seed), TCIA)
        (folder / "ct").rename(folder / "4.000000-ABD-55555")
        (folder / "100.000000-RTSTRUCT").mkdir()
        (folder / "rs.dcm").rename(folder / "100.000000-RTSTRUCT" / "1-1.dcm")
    nested = site.bring_in()
    flat = Site(site.source.parent / "flat")
    flat.source.mkdir(parents=True)
    for number, file in enumerate(sorted(site.source.rglob("*.dcm"), key=lambda path: path.name)):
        shutil.copy(file, flat.source / f"{number:05d}")
    again = flat.bring_in()
    assert again.records == nested.records and len(nested.records) == 2
    assert states(Imported(nested.records[:1], (), 0, nested.contents, (), {}))["spinal_cord"] is State.UNANNOTATED


def test_each_structure_set_goes_to_the_series_that_it_names(site: Site) -> None:
    for seed in (1, 2, 3):
        write_patient(site.source / str(seed), seed)
    for one, other in (("1", "2"), ("2", "3")):  # in the folders of others
        (site.source / one / "rs.dcm").rename(site.source / other / f"from-{one}.dcm")
    assert len(site.bring_in().records) == 3


def test_a_series_without_contours_is_no_case(site: Site) -> None:
    write_patient(site.source / "a", 1)
    write_patient(site.source / "b", 2).unlink()
    (site.source / "readme.txt").write_text("hello")
    imported = site.bring_in()
    assert len(imported.records) == 1 and imported.contents.series_without_contours == 1
    assert imported.contents.other_files == 1


def test_without_references_to_series_and_images_the_frame_of_reference_decides(site: Site) -> None:
    def silence(rtstruct: Dataset) -> None:
        for frame in rtstruct.ReferencedFrameOfReferenceSequence:
            del frame.RTReferencedStudySequence
        for item in rtstruct.ROIContourSequence:
            for contour in item.ContourSequence:
                del contour.ContourImageSequence

    for seed in (1, 2):
        edit(write_patient(site.source / str(seed), seed), silence)
    assert len(site.bring_in().records) == 2


def test_two_rois_of_one_organ_leave_the_case_out_until_the_site_says_which(site: Site) -> None:
    rename(write_patient(site.source), {"SpinalCord": "Left Kidney"})
    imported = site.bring_in()
    assert codes(imported) == ["ROI_AMBIGUOUS"]
    assert "'Kidney_L', 'Left Kidney'" in imported.left_out[0].detail
    site.rule('[organs]\nkidney_left = ["Kidney_L"]')
    imported = site.bring_in()
    (record,) = imported.records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    assert np.array_equal(labels.voxels == 3, bodies(GRID) == 3)
    assert remarks(imported) == {"ROI_PREFERRED"}


def test_names_without_a_meaning_are_listed_and_nothing_is_guessed(site: Site) -> None:
    rename(write_patient(site.source), {"Liver": "Liv*", "Spleen": "CTV 12.03.2021", "SpinalCord": "Organ of 20210312"})
    (record,) = site.bring_in().records
    assert record.unknown == ("Liv*", "Organ of ########")
    assert record.organs["liver"].state is State.UNANNOTATED


def test_a_merged_class_is_drawn_by_all_of_its_parts_and_by_no_fewer(site: Site) -> None:
    parts = {
        "Spleen": "Stomach",
        "Kidney_R": "Duodenum",
        "Kidney_L": "Small Intestine",
        "SpinalCord": "Large-Intestine",
    }
    path = write_patient(site.source)
    drop(path, "Bowel+Stomach")
    rename(path, parts)
    imported = site.bring_in()
    (record,) = imported.records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    assert np.array_equal(labels.voxels == 9, np.isin(bodies(GRID), (1, 2, 3, 11)))
    drop(path, "Duodenum")
    imported = site.bring_in()
    assert states(imported)["stomach_bowel"] is State.UNANNOTATED and remarks(imported) == {"PARTS_MISSING"}


def test_both_kidneys_in_one_roi_are_divided_only_where_the_site_says_so(site: Site) -> None:
    voxels = bodies(GRID)
    together = np.where(voxels == 3, 2, voxels).astype(np.uint8)
    rename(write_patient(site.source, voxels=together), {"Kidney_R": "Kidneys"})
    site.rule('absent_if_missing = ["kidney_left"]')
    imported = site.bring_in()
    assert states(imported)["kidney_left"] is states(imported)["kidney_right"] is State.UNANNOTATED
    assert remarks(imported) == {"DRAWN_TOGETHER"}
    site.rule('divide = ["kidneys"]')
    (record,) = site.bring_in().records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    assert np.array_equal(labels.voxels, voxels)


def test_contours_on_every_second_slice_leave_the_case_out_and_single_gaps_are_told(site: Site) -> None:
    def skip(rtstruct: Dataset) -> None:
        item = contours_of(rtstruct, "Liver")
        heights = sorted({float(contour.ContourData[2]) for contour in item.ContourSequence})
        item.ContourSequence = [c for c in item.ContourSequence if float(c.ContourData[2]) in heights[::2]]

    edit(write_patient(site.source), skip)
    assert codes(site.bring_in()) == ["CONTOURS_SKIP_SLICES"]
    site.rule('gaps = "allow"')
    imported = site.bring_in()
    assert not codes(imported) and remarks(imported) == {"SLICES_WITHOUT_CONTOUR"}


def test_exchanged_sides_leave_the_case_out(site: Site) -> None:
    rename(write_patient(site.source), {"Kidney_L": "Kidney_R", "Kidney_R": "Kidney_L"})
    assert codes(site.bring_in()) == ["SIDES_SWAPPED"]
    site.rule('sides = "trust"')
    assert not codes(site.bring_in())


def test_several_structure_sets_of_one_series_leave_it_out_unless_the_newest_counts(site: Site) -> None:
    older = write_patient(site.source)
    newer = shutil.copy(older, site.source / "newer.dcm")

    def renew(rtstruct: Dataset) -> None:
        rtstruct.SOPInstanceUID += ".1"
        rtstruct.StructureSetDate = "20260901"

    edit(newer, renew)
    drop(newer, "Liver")
    assert codes(site.bring_in()) == ["STRUCTURE_SETS_SEVERAL"]
    site.rule('structure_sets = "newest"')
    assert states(site.bring_in())["liver"] is State.UNANNOTATED


def test_a_second_copy_of_a_structure_set_is_no_second_one(site: Site) -> None:
    path = write_patient(site.source)
    shutil.copy(path, site.source / "copy.dcm")
    assert len(site.bring_in().records) == 1


def test_missing_images_and_missing_slices_leave_the_case_out(site: Site) -> None:
    write_patient(site.source / "a", 1)
    write_patient(site.source / "b", 2)
    shutil.rmtree(site.source / "a" / "ct")
    (site.source / "b" / "ct" / "CT.0014.dcm").unlink()  # the last one: its neighbours do not tell
    assert codes(site.bring_in()) == ["IMAGES_MISSING", "IMAGES_MISSING"]
    site.rule('images = "some"')
    (site.source / "b" / "ct" / "CT.0007.dcm").unlink()
    assert codes(site.bring_in()) == ["IMAGES_MISSING", "SLICES_MISSING"]


def test_a_damaged_file_beside_the_slices_leaves_the_case_out(site: Site) -> None:
    write_patient(site.source)
    (site.source / "ct" / "CT.0014.dcm").write_bytes(b"")
    site.rule('images = "some"')
    assert codes(site.bring_in()) == ["INSTANCE_DAMAGED"]


def test_a_structure_set_of_another_patient_is_refused(site: Site) -> None:
    edit(write_patient(site.source), lambda rtstruct: setattr(rtstruct, "PatientID", "SOMEBODY"))
    assert codes(site.bring_in()) == ["PATIENT_MIXED"]


def test_one_bad_contour_of_a_target_volume_does_not_cost_the_organs(site: Site) -> None:
    def spoil(rtstruct: Dataset) -> None:
        for contour in contours_of(rtstruct, "Spleen").ContourSequence:
            contour.ContourData = [float(v) + 3.9 * (n % 3 == 2) for n, v in enumerate(contour.ContourData)]

    path = write_patient(site.source)
    edit(path, spoil)
    assert codes(site.bring_in()) == ["STRUCTURE_SET_INVALID"]
    rename(path, {"Spleen": "PTV"})
    assert states(site.bring_in())["liver"] is State.ANNOTATED


def test_a_spoilt_structure_set_costs_its_own_case_at_most(site: Site) -> None:
    write_patient(site.source / "a", 1)
    path = write_patient(site.source / "b", 2)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    (kept,) = (record.case for record in site.bring_in(dry_run=True).records if record.patient != _patient(site, 2))
    for attempt in range(24):
        spoilt = bytearray(whole)
        for place in rng.integers(132, len(spoilt), 1 + attempt // 2):
            spoilt[place] = rng.integers(256)
        path.write_bytes(spoilt[: rng.integers(132, len(spoilt))] if attempt % 3 == 0 else spoilt)
        imported = site.bring_in(dry_run=True)
        assert kept in {record.case for record in imported.records}
        assert "INTERNAL" not in codes(imported)


def _patient(site: Site, seed: int) -> str:
    return site.pseudonyms.patient(f"PHANTOM-{seed}", "")


def test_a_case_in_which_nothing_is_known_is_left_out_with_its_names(site: Site) -> None:
    path = write_patient(site.source)
    rename(
        path,
        {name: f"My {name}" for name in ("Spleen", "Liver", "Kidney_L", "Kidney_R", "SpinalCord", "Bowel+Stomach")},
    )
    imported = site.bring_in()
    assert codes(imported) == ["NOTHING_ANNOTATED"] and "'My Liver'" in imported.left_out[0].detail


def test_finished_cases_are_kept_and_changed_ones_done_again(site: Site) -> None:
    write_patient(site.source / "a", 1)
    path = write_patient(site.source / "b", 2)
    first = site.bring_in()
    files = sorted((site.target / "labelsTr").iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    assert site.bring_in().again == 2
    assert [file.stat().st_mtime_ns for file in files] == before
    drop(path, "Liver")
    again = site.bring_in()
    assert again.again == 1 and {r.case for r in again.records} == {r.case for r in first.records}
    rename(path, {"Spleen": "Left Kidney"})
    assert codes(site.bring_in()) == ["ROI_AMBIGUOUS"]
    assert len(list((site.target / "imagesTr").iterdir())) == 1  # what it was before is gone, too


def test_what_a_broken_run_left_half_done_is_cleared_away(site: Site) -> None:
    write_patient(site.source)
    (record,) = site.bring_in().records
    (site.target / "cases" / f"{record.case}.json").unlink()
    stray = site.target / "imagesTr" / "here_x_y_0000.nii.gz"
    shutil.copy(site.target / "imagesTr" / f"{record.case}_0000.nii.gz", stray)
    assert site.bring_in().again == 0
    assert not stray.exists() and len(read_annotations(site.target).cases) == 1


def test_collections_join_one_data_set_and_others_are_refused(site: Site) -> None:
    write_patient(site.source / "a", 1)
    site.bring_in()
    shutil.rmtree(site.source)
    write_patient(site.source / "b", 2)
    site.bring_in()
    assert len(read_annotations(site.target).cases) == 2
    with pytest.raises(DatasetFolderError, match="other organs"):
        site.bring_in(organs=ORGANS[:3])
    site.pseudonyms = type(site.pseudonyms)("here", b"q" * 32)
    with pytest.raises(DatasetFolderError, match="another key"):
        site.bring_in()


def test_a_dry_run_tells_everything_and_writes_nothing(site: Site) -> None:
    write_patient(site.source)
    dry = site.bring_in(dry_run=True)
    assert not site.target.exists()
    assert dry.records == site.bring_in().records


def test_labels_are_numbered_as_the_organs_are_named(site: Site) -> None:
    write_patient(site.source)
    (record,) = site.bring_in(organs=("liver", "kidney_left")).records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    assert np.array_equal(labels.voxels == 1, bodies(GRID) == 5)
    assert np.array_equal(labels.voxels == 2, bodies(GRID) == 3)
    assert read_annotations(site.target).organs == ("liver", "kidney_left")


def test_no_file_of_the_data_set_names_anybody(site: Site) -> None:
    path = write_patient(site.source / "Doe^Jane" / "20080619", 7)
    write_patient(site.source / "b", 8).write_bytes(b"")
    shutil.rmtree(site.source / "b" / "ct")
    edit(path, lambda rtstruct: None)
    site.bring_in()
    told = {"PHANTOM-7", "PHANTOM-8", "Phantom", "Doe", "20080619", str(dcmread(path).PatientBirthDate), "20260101"}
    files = [file for file in site.target.rglob("*") if file.is_file()]
    assert len(files) > 5
    for file in files:
        content = file.read_bytes().decode("latin-1") + file.name
        assert not [word for word in told if word in content], file
        if file.suffix in (".json", ".html"):
            assert not re.search(r"\d+(\.\d+){3,}", content), file


@pytest.mark.parametrize(("case", "voxels"), [("STS_002", 16), ("STS_010", 27)])
def test_the_reference_masks_of_ibsi_come_out_of_the_data_set_voxel_by_voxel(
    samples: Path, site: Site, case: str, voxels: int
) -> None:
    site.source = samples / "ibsi-sts" / case
    site.rule('images = "some"\n[organs]\nliver = ["GTV_Mass_CT"]')  # the tumour stands in for an organ
    (record,) = site.bring_in().records
    labels = read_nifti(site.target / "labelsTr" / f"{record.case}.nii.gz")
    reference = read_nifti(site.source / "nifti" / "CT_mask.nii.gz")
    change = AxisChange.to_canonical(reference.grid)
    expected = change.array(reference.voxels) > 0
    assert np.array_equal(labels.voxels == 5, expected)
    assert np.count_nonzero(expected.any(axis=(1, 2))) == voxels


def test_a_ct_that_is_cut_short_of_its_contours_is_left_out(samples: Path, site: Site) -> None:
    site.source = samples / "segmentation_RT-raystation"
    assert codes(site.bring_in()) == ["IMAGES_MISSING"]
    site.rule('images = "some"\n[organs]\nliver = ["max"]')
    assert codes(site.bring_in()) == ["STRUCTURE_SET_INVALID"]


def test_the_real_structure_sets_at_hand_are_imported_or_left_out_with_a_code(samples: Path, site: Site) -> None:
    for name in ("rt-utils", "dicompyler-core", "awkward", "dcmqi-segmentations"):
        site.source = samples / name
        imported = site.bring_in(dry_run=True)
        assert all(left.code != "INTERNAL" and left.case for left in imported.left_out)
    site.source = samples / "dicompyler-core"
    assert codes(site.bring_in()) == ["IMAGES_MISSING"]
