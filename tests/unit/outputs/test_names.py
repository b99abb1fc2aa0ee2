"""A site's names for the regions: read from TOML or JSON, and refused where a planning system would stumble."""

import json
from pathlib import Path
from typing import Any

import pytest

from pedcontour.errors import NamesInvalidError
from pedcontour.organs import all_organs
from pedcontour.outputs import TG263, RoiName, read_template
from pedcontour.outputs.names import RoiNames, parse_template

TOML = """
title = "Names of our clinic"

[names]
kidney_left = "Niere_li"
liver = { name = "Leber", colour = [165, 110, 60] }
"""


def made(**names: Any) -> RoiNames:
    return parse_template("ours", {"names": names})


def test_a_template_in_toml_names_and_colours_organs_and_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "our-clinic.toml").write_text(TOML)
    names = read_template(tmp_path / "our-clinic.toml")
    assert (names.id, names.title) == ("our-clinic", "Names of our clinic")
    assert (names.name_of("kidney_left"), names.name_of("liver")) == ("Niere_li", "Leber")
    assert names.colour_of("liver") == (165, 110, 60)
    assert names.colour_of("kidney_left") == all_organs()["kidney_left"].colour
    assert names.name_of("spleen") == "Spleen"


def test_json_says_the_same(tmp_path: Path) -> None:
    document = {"title": "Ours", "names": {"liver": {"name": "Leber", "colour": [1, 2, 3]}, "heart": "Herz"}}
    (tmp_path / "ours.json").write_text(json.dumps(document))
    names = read_template(tmp_path / "ours.json")
    assert names.own == {"liver": RoiName("Leber", (1, 2, 3)), "heart": RoiName("Herz")}


def test_the_default_names_are_tg263_and_fit_sixteen_characters() -> None:
    TG263.check(16)
    assert {organ: TG263.name_of(organ) for organ in all_organs()} == {o.id: o.tg263 for o in all_organs().values()}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "no table"),
        ({"names": ["Leber"]}, "no table"),
        ([], "no table"),
        ({"names": {}, "colours": {}}, "unknown parts: 'colours'"),
        ({"names": {}, "title": 7}, "title"),
        ({"names": {"leber": "Leber"}}, "'leber' is no organ id"),
        ({"names": {"liver": 5}}, "liver: give a name"),
        ({"names": {"liver": {"colour": [1, 2, 3]}}}, "liver: give a name"),
        ({"names": {"liver": {"name": "L", "color": [1, 2, 3]}}}, "liver: give a name"),
        ({"names": {"liver": {"name": "L", "colour": [1, 2]}}}, "three whole numbers"),
        ({"names": {"liver": {"name": "L", "colour": [1, 2, 256]}}}, "three whole numbers"),
        ({"names": {"liver": {"name": "L", "colour": [1, 2, True]}}}, "three whole numbers"),
        ({"names": {"liver": {"name": "L", "colour": "red"}}}, "three whole numbers"),
    ],
)
def test_a_template_that_is_not_one_is_refused_with_the_reason(document: Any, reason: str) -> None:
    with pytest.raises(NamesInvalidError, match=reason):
        parse_template("ours", document)


@pytest.mark.parametrize("name", ["", " Liver", "Liver ", "Li\\ver", "Li\nver", "Li\x7fver", "Leber\u00fc", "\t"])
def test_a_name_that_dicom_does_not_allow_everywhere_is_refused(name: str) -> None:
    with pytest.raises(NamesInvalidError, match="liver: a name is printable ASCII"):
        made(liver=name).check(52)


def test_a_name_longer_than_the_limit_is_refused_not_cut() -> None:
    made(liver="L" * 16).check(16)
    with pytest.raises(NamesInvalidError, match="17 characters, at most 16"):
        made(liver="L" * 17).check(16)


def test_two_organs_of_one_name_are_refused_whatever_the_case() -> None:
    with pytest.raises(NamesInvalidError, match="both called"):
        made(liver="Organ", heart="ORGAN").check(16)
    with pytest.raises(NamesInvalidError, match="both called 'spleen'"):
        made(liver="spleen").check(16)


@pytest.mark.parametrize("content", [b"names = [", b"\xff\xfe", b""])
def test_a_file_that_cannot_be_read_is_refused_without_its_path(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ours.toml").write_bytes(content)
    with pytest.raises(NamesInvalidError) as refused:
        read_template(tmp_path / "ours.toml")
    assert str(tmp_path) not in str(refused.value)
