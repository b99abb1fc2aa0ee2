import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.bundle.description import Description, read_description, write_description
from pedcontour.errors import ModelError
from pedcontour.organs import all_organs

TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip() != "")


def _description(**changes: object) -> Description:
    fields: dict[str, object] = {
        "id": "toy",
        "name": "Toy",
        "version": "1",
        "licence": "Apache-2.0",
        "intended_use": "Tests.",
        "configuration": "3d_fullres",
        "organ_of_label": {1: "spleen", 2: "stomach_bowel", 3: "stomach_bowel"},
        "axes": "SAR",
        "mirroring_axes": (0, 2),
        "folds": ("0", "1"),
        "provenance": {"trainer": "nnUNetTrainer"},
    }
    return Description(**(fields | changes))  # type: ignore[arg-type]


@given(
    name=TEXT,
    licence=TEXT,
    intended_use=TEXT,
    provenance=st.dictionaries(TEXT, TEXT, max_size=3),
    organs=st.dictionaries(st.integers(1, 255), st.sampled_from(sorted(all_organs())), min_size=1),
)
def test_what_is_written_is_read_back(
    name: str, licence: str, intended_use: str, provenance: dict[str, str], organs: dict[int, str]
) -> None:
    written = _description(
        name=name, licence=licence, intended_use=intended_use, provenance=provenance, organ_of_label=organs
    )
    assert read_description(write_description(written)) == written


def test_a_model_of_one_network_says_nothing_of_folds() -> None:
    single = _description(folds=())
    assert "folds" not in write_description(single)
    assert read_description(write_description(single)) == single


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ('id = "toy"', 'id = "../toy"'),
        ('id = "toy"', 'id = "Toy"'),
        ('version = "1"', "version = 1"),
        ('licence = "Apache-2.0"', ""),
        ('licence = "Apache-2.0"', 'licence = " "'),
        ('orientation = "SAR"', 'orientation = "SAA"'),
        ("mirroring_axes = [0, 2]", "mirroring_axes = [0, 3]"),
        ('folds = ["0", "1"]', 'folds = ["0"]'),
        ('folds = ["0", "1"]', 'folds = ["0", "0"]'),
        ('folds = ["0", "1"]', 'folds = ["0", "../1"]'),
        ('folds = ["0", "1"]', "folds = [0, 1]"),
        ('folds = ["0", "1"]', 'folds = "0, 1"'),
        ('1 = "spleen"', '1 = "spline"'),
        ('1 = "spleen"', '0 = "spleen"'),
        ('1 = "spleen"', '256 = "spleen"'),
        ('1 = "spleen"', 'one = "spleen"'),
        ("[network]", "[net]"),
        ("[provenance]", "provenance = ["),
    ],
)
def test_a_description_that_is_wrong_is_refused(old: str, new: str) -> None:
    text = write_description(_description())
    assert old in text
    with pytest.raises(ModelError):
        read_description(text.replace(old, new))


def test_a_model_without_organs_is_refused() -> None:
    with pytest.raises(ModelError):
        read_description(write_description(_description(organ_of_label={})))
