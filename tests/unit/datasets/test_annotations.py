"""The record of what is annotated: as written so read, and no guess where it is damaged."""

import json
from pathlib import Path

import pytest

from pedcontour.datasets.annotations import Annotations, CaseAnnotation, State, encode_annotations, read_annotations
from pedcontour.errors import AnnotationsError

RECORD = Annotations(
    "utrecht",
    ("liver", "kidney_left"),
    {
        "a": CaseAnnotation("p", {"liver": State.ANNOTATED, "kidney_left": State.ABSENT}),
        "b": CaseAnnotation("q", {"liver": State.ANNOTATED, "kidney_left": State.UNANNOTATED}),
    },
)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_bytes(encode_annotations(RECORD))
    assert read_annotations(tmp_path) == RECORD


def test_an_absent_organ_counts_as_known_and_an_unannotated_one_does_not() -> None:
    assert RECORD.cases_annotated("liver") == 2
    assert RECORD.cases_annotated("kidney_left") == 1
    assert RECORD.cases["a"].in_state(State.ABSENT) == ("kidney_left",)


@pytest.mark.parametrize("damage", ["missing", "cut", "state", "organ", "format"])
def test_a_damaged_record_is_refused(tmp_path: Path, damage: str) -> None:
    document = json.loads(encode_annotations(RECORD))
    if damage == "state":
        document["cases"]["a"]["organs"]["liver"] = "perhaps"
    elif damage == "organ":
        del document["cases"]["a"]["organs"]["liver"]
    elif damage == "format":
        document["format"] = 2
    text = json.dumps(document)
    if damage != "missing":
        (tmp_path / "annotations.json").write_text(text[:50] if damage == "cut" else text)
    with pytest.raises(AnnotationsError):
        read_annotations(tmp_path)
