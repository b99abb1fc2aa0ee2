from pathlib import Path

import pytest

from pedcontour.bundle.labels import DROP, organs_of_labels, read_label_mapping
from pedcontour.errors import ModelLabelsUnknownError
from pedcontour.organs import all_organs


def _numbered(*names: str) -> dict[str, int]:
    return {name: number for number, name in enumerate(("background", *names))}


def test_every_organ_is_known_by_its_id_its_tg263_name_and_its_name() -> None:
    for organ in all_organs().values():
        for name in (organ.id, organ.tg263, organ.name):
            assert organs_of_labels(_numbered(name), {}) == {1: organ.id}


def test_case_blanks_dots_and_dashes_do_not_matter() -> None:
    labels = _numbered("Kidney-Left", "SPINAL CORD", "lung.right", " spleen ")
    assert organs_of_labels(labels, {}) == {1: "kidney_left", 2: "spinal_cord", 3: "lung_right", 4: "spleen"}


def test_unknown_labels_are_named_all_at_once() -> None:
    with pytest.raises(ModelLabelsUnknownError, match=r"(?s)'hip'.*'rib'"):
        organs_of_labels(_numbered("hip", "spleen", "rib"), {})


def test_a_mapping_names_merges_and_drops_labels() -> None:
    mapping = {"colon": "stomach_bowel", "stomach": "Bowel+Stomach", "hip": DROP}
    labels = _numbered("colon", "hip", "stomach", "liver")
    assert organs_of_labels(labels, mapping) == {1: "stomach_bowel", 3: "stomach_bowel", 4: "liver"}


def test_a_mapping_overrules_a_name() -> None:
    assert organs_of_labels(_numbered("spleen", "liver"), {"spleen": DROP}) == {2: "liver"}


def test_a_mapping_to_no_organ_or_of_no_label_is_refused() -> None:
    with pytest.raises(ModelLabelsUnknownError, match="'hip'"):
        organs_of_labels(_numbered("hip"), {"hip": "hip_bone"})
    with pytest.raises(ModelLabelsUnknownError, match="'colon'"):
        organs_of_labels(_numbered("spleen"), {"colon": "stomach_bowel"})


def test_a_model_that_draws_nothing_is_refused() -> None:
    with pytest.raises(ModelLabelsUnknownError):
        organs_of_labels(_numbered("hip"), {"hip": DROP})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.toml", 'colon = "stomach_bowel"\n"hip left" = "drop"'),
        ("labels.json", '{"colon": "stomach_bowel", "hip left": "drop"}'),
    ],
)
def test_a_mapping_file_is_toml_or_json(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_label_mapping(tmp_path / name) == {"colon": "stomach_bowel", "hip left": "drop"}


@pytest.mark.parametrize("text", ["colon = ", "colon = 3", "[colon]\na = 'b'", "\x00"])
def test_a_mapping_file_that_is_no_plain_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.toml").write_text(text)
    with pytest.raises(ModelLabelsUnknownError):
        read_label_mapping(tmp_path / "labels.toml")


def test_a_mapping_file_that_is_missing_or_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelLabelsUnknownError):
        read_label_mapping(tmp_path / "none.toml")
    (tmp_path / "labels.json").write_text("[1]")
    with pytest.raises(ModelLabelsUnknownError):
        read_label_mapping(tmp_path / "labels.json")
