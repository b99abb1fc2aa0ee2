"""What becomes of an organ that nobody drew, or of which the site says something."""

from pedcontour.datasets.annotations import State
from pedcontour.datasets.nifti import read_nifti
from tests.made_collection import drop, rename, write_patient
from tests.unit.datasets.collection.conftest import Site
from tests.unit.datasets.collection.told import DRAWN, codes, remarks, states


def test_an_organ_that_nobody_drew_is_unannotated_and_one_that_the_site_always_draws_is_absent(site: Site) -> None:
    drop(write_patient(site.source), "Kidney_L", "Spleen")
    assert states(site.bring_in())["kidney_left"] is State.UNANNOTATED
    site.rule('absent_if_missing = ["kidney_left", "kidney_right"]')
    known = states(site.bring_in())
    assert known["kidney_left"] is State.ABSENT
    assert known["spleen"] is State.UNANNOTATED
    assert {organ for organ, state in known.items() if state is State.ANNOTATED} == DRAWN - {"kidney_left", "spleen"}


def test_two_missing_kidneys_were_rather_not_drawn(site: Site) -> None:
    drop(write_patient(site.source), "Kidney_L", "Kidney_R")
    site.rule('absent_if_missing = ["kidney_left", "kidney_right"]')
    imported = site.bring_in()
    assert states(imported)["kidney_left"] is states(imported)["kidney_right"] is State.UNANNOTATED
    assert remarks(imported) == {"BOTH_MISSING"}


def test_one_kidney_stated_removed_and_the_other_missing_is_no_second_removal(site: Site) -> None:
    drop(write_patient(site.source), "Kidney_L", "Kidney_R")
    (first,) = site.bring_in().records
    site.rule(f'absent_if_missing = ["kidney_right"]\n[cases.{first.case}]\nabsent = ["kidney_left"]')
    known = states(site.bring_in())
    assert (known["kidney_left"], known["kidney_right"]) == (State.ABSENT, State.UNANNOTATED)


def test_a_kidney_in_a_roi_of_both_is_not_missing(site: Site) -> None:
    rename(write_patient(site.source), {"Kidney_L": "Kidneys"})
    site.rule('absent_if_missing = ["kidney_left"]')
    imported = site.bring_in()
    assert states(imported)["kidney_left"] is State.UNANNOTATED
    assert remarks(imported) == {"DRAWN_TOGETHER"}


def test_the_site_states_of_one_case_what_was_removed_and_what_is_not_to_be_relied_on(site: Site) -> None:
    drop(write_patient(site.source), "Kidney_L")
    (first,) = site.bring_in().records
    site.rule(f'[cases.{first.case}]\nabsent = ["kidney_left"]\nunannotated = ["liver"]\n[cases.nobody]\n')
    imported = site.bring_in()
    assert states(imported)["kidney_left"] is State.ABSENT
    assert states(imported)["liver"] is State.UNANNOTATED
    assert imported.unused == ("nobody",)
    labels = read_nifti(site.target / "labelsTr" / f"{first.case}.nii.gz")
    assert 5 not in labels.voxels and 1 in labels.voxels


def test_an_organ_that_is_drawn_cannot_be_stated_absent(site: Site) -> None:
    write_patient(site.source)
    (first,) = site.bring_in().records
    site.rule(f'[cases.{first.case}]\nabsent = ["kidney_left"]')
    assert codes(site.bring_in()) == ["CASE_UNFIT"]
