"""A site's data set is read with the charter's organs, or refused with the reason."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pedcontour.datasets.annotations import State
from pedcontour.errors import AnnotationsError, RequestError
from pedcontour.federation.nnunet.dataset import open_dataset
from pedcontour.federation.nnunet.measuring import measure
from pedcontour.federation.nnunet.splits import keep_patients_together
from pedcontour.federation.nnunet.workplace import Workplace
from tests.made_hospital import CASES, ORGANS, annotate, write_dataset

BIRCH = CASES["birch"]


def test_cases_come_in_order_of_name_with_every_labelled_organ_annotated(tmp_path: Path) -> None:
    dataset = open_dataset(write_dataset(tmp_path / "data", reversed(BIRCH)), ORGANS)
    assert [case.name for case in dataset.cases] == ["birch_1", "birch_2"]
    assert dataset.annotated_cases(4) == (2, 2, 2, 2)
    assert dataset.is_numbered_as_the_charter


def test_an_absent_organ_is_annotated_and_an_unannotated_one_is_not(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", BIRCH)
    annotate(folder, "birch", {"liver": State.UNANNOTATED, "kidney_left": State.ABSENT})
    assert open_dataset(folder, ORGANS).annotated_cases(4) == (2, 2, 2, 0)


def test_other_numbers_and_organs_are_brought_to_the_charter_s(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", BIRCH, ("liver", "spleen"), also_labelled=("heart",))
    dataset = open_dataset(folder, ORGANS)
    assert dataset.numbers == {0: 0, 1: 4, 2: 1, 3: 0}
    assert dataset.annotated_cases(4) == (2, 0, 0, 2)
    before, after = (
        sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        for path in (dataset.cases[0].labels, Workplace(tmp_path / "work", "run").labels(dataset.cases[0], dataset))
    )
    assert np.array_equal(after, np.array([0, 4, 1], np.uint8)[before])


def test_data_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"dataset\.json cannot be read"):
        open_dataset(tmp_path, ORGANS)
    folder = write_dataset(tmp_path / "data", BIRCH)
    with pytest.raises(RequestError, match="labels no organ"):
        open_dataset(folder, ("pancreas",))
    (folder / "imagesTr" / "birch_1_0000.nii.gz").unlink()
    with pytest.raises(RequestError, match="1 of 2 cases"):
        open_dataset(folder, ORGANS)
    (folder / "dataset.json").write_text(json.dumps({"labels": {"liver": [1, 2]}}))
    with pytest.raises(RequestError, match="one label each"):
        open_dataset(folder, ORGANS)


def test_a_record_that_leaves_out_a_case_is_refused(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", BIRCH)
    annotate(folder, "birch", {})
    record = json.loads((folder / "annotations.json").read_text())
    del record["cases"]["birch_2"]
    (folder / "annotations.json").write_text(json.dumps(record))
    with pytest.raises(AnnotationsError, match="1 of 2"):
        open_dataset(folder, ORGANS)


def test_images_that_lie_otherwise_are_refused_before_they_teach_the_wrong_side(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", BIRCH)
    path = str(folder / "imagesTr" / "birch_2_0000.nii.gz")
    image = sitk.ReadImage(path)
    image.SetDirection((-1, 0, 0, 0, 1, 0, 0, 0, 1))
    sitk.WriteImage(image, path)
    with pytest.raises(RequestError, match="1 of 2 images are not oriented SPL"):
        measure(open_dataset(folder, ORGANS), Workplace(tmp_path / "work", "run"), 4, 2)


def test_a_patient_s_cases_are_never_split(tmp_path: Path) -> None:
    cases = [(f"case_{n}", (4, 4, 4), (3.0, 3.0, 3.0)) for n in range(8)]
    folder = write_dataset(tmp_path / "data", cases)
    annotate(folder, "alder", {})
    record = json.loads((folder / "annotations.json").read_text())
    for n in range(8):
        record["cases"][f"case_{n}"]["patient"] = f"patient {min(n, 5)}"
    (folder / "annotations.json").write_text(json.dumps(record))
    workplace = Workplace(tmp_path / "work", "run")
    workplace.preprocessed.mkdir(parents=True)
    keep_patients_together(workplace, open_dataset(folder, ORGANS))
    splits = json.loads((workplace.preprocessed / "splits_final.json").read_text())
    twins = {"case_5", "case_6", "case_7"}
    assert len(splits) == 5
    for split in splits:
        assert sorted(split["train"] + split["val"]) == [name for name, _, _ in cases]
        assert twins <= set(split["train"]) or twins <= set(split["val"])
