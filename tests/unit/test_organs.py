"""organs.toml says what planning systems and the study expect."""

import pytest
from pydicom.sr.codedict import codes

from pedcontour.errors import StructureUnknownError
from pedcontour.organs import all_organs, default_labels, find_organ

# SNOMED CT concepts that pydicom's dictionary lacks: gastrointestinal tract, deep muscle of back, iliopsoas muscle.
NOT_IN_PYDICOM = {"122865005", "244849004", "68455001"}


def test_the_study_has_19_organs_of_which_nine_are_evaluated() -> None:
    organs = all_organs().values()
    assert len(organs) == 19
    assert [o.id for o in organs if o.evaluated] == [
        "spleen", "kidney_right", "kidney_left", "heart", "liver", "lung_right", "lung_left",
        "pancreas", "stomach_bowel",
    ]  # fmt: skip


def test_labels_start_at_one_and_leave_zero_to_the_background() -> None:
    assert list(default_labels()) == list(range(1, 20))


def test_names_fit_a_structure_set_and_differ_even_without_case() -> None:
    names = [organ.tg263 for organ in all_organs().values()]
    assert max(map(len, names)) <= 16
    assert len({name.casefold() for name in names}) == 19


def test_colours_differ() -> None:
    assert len({organ.colour for organ in all_organs().values()}) == 19


@pytest.mark.parametrize("organ", all_organs().values(), ids=lambda o: o.id)
def test_codes_are_those_of_pydicoms_snomed_dictionary(organ: object) -> None:
    known = {code.value: code.meaning for code in (getattr(codes.SCT, name) for name in codes.SCT.dir())}
    code = organ.code  # type: ignore[attr-defined]
    assert code in known or code in NOT_IN_PYDICOM


def test_paired_organs_share_a_code_and_differ_in_laterality() -> None:
    right, left = find_organ("Kidney_R"), find_organ("kidney_left")
    assert right.code == left.code
    assert (right.laterality, left.laterality) == ("right", "left")


def test_an_organ_is_found_by_either_name_in_any_case() -> None:
    assert find_organ("KIDNEY_L").id == find_organ("kidney_left").id == "kidney_left"


def test_an_unknown_organ_is_refused_with_its_code() -> None:
    with pytest.raises(StructureUnknownError) as caught:
        find_organ("tail")
    assert caught.value.code == "STRUCTURE_UNKNOWN"
