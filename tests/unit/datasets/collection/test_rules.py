"""Names and the site file: what is known, what a site adds, and mistakes that are told."""

from pathlib import Path

import pytest

from pedcontour.datasets.collection.rules import Rules, built_in_rules, read_rules
from pedcontour.errors import SiteFileError
from pedcontour.organs import all_organs


def rules_of(tmp_path: Path, text: str) -> Rules:
    (tmp_path / "site.toml").write_text(text)
    return read_rules(tmp_path / "site.toml")


@pytest.mark.parametrize(
    ("name", "kind", "meant"),
    [
        ("Kidney_L", "organ", "kidney_left"),
        ("kidney-left", "organ", "kidney_left"),
        ("LEFT KIDNEY", "organ", "kidney_left"),
        ("Niere rechts", "organ", "kidney_right"),
        ("Lung (R)", "organ", "lung_right"),
        ("Bowel+Stomach", "organ", "stomach_bowel"),
        ("small-intestine", "part", "small_intestine"),
        ("Lungs", "together", "lungs"),
        ("spinal-canal", "ignored", ""),
        ("PTV_5040", "ignored", ""),
    ],
)
def test_names_that_hospitals_and_collections_use_are_known(name: str, kind: str, meant: str) -> None:
    meaning = built_in_rules().meaning_of(name)
    assert meaning is not None and (meaning.kind, meaning.id) == (kind, meant)


@pytest.mark.parametrize("name", ["", "Kidney", "~Kidney_L", "Kidney_L^new", "Kidney_L_PRV05", "Liver-GTV", "Aorta"])
def test_names_that_could_mean_something_else_are_not_known(name: str) -> None:
    assert built_in_rules().meaning_of(name) is None


def test_every_organ_is_known_by_its_own_names() -> None:
    for organ in all_organs().values():
        for name in (organ.id, organ.name, organ.tg263):
            meaning = built_in_rules().meaning_of(name)
            assert meaning is not None and (meaning.kind, meaning.id) == ("organ", organ.id)


def test_the_names_of_a_site_go_before_all_others(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[organs]\nspinal_cord = ["spinal-canal", "Liver"]')
    meaning = rules.meaning_of("Spinal Canal")
    assert meaning is not None and meaning.id == "spinal_cord"
    liver = rules.meaning_of("liver")
    assert liver is not None and liver.id == "spinal_cord" and liver.rank > meaning.rank


def test_a_site_may_compose_a_class_of_parts_of_its_own(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[parts]\nbag = ["Bowel_Bag"]\n[composed]\nstomach_bowel = [["stomach", "bag"]]')
    assert rules.composed["stomach_bowel"] == (("stomach", "bag"),)
    meaning = rules.meaning_of("bowel bag")
    assert meaning is not None and (meaning.kind, meaning.id) == ("part", "bag")


def test_what_a_site_states_of_single_cases_does_not_change_the_others(tmp_path: Path) -> None:
    plain = rules_of(tmp_path, 'gaps = "allow"')
    assert rules_of(tmp_path, 'gaps = "allow"\n[cases.a]\nabsent = ["spleen"]').digest == plain.digest
    assert rules_of(tmp_path, 'gaps = "refuse"').digest != plain.digest != built_in_rules().digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gaps = [", "TOML"),
        ("gap = 'allow'", "gap"),
        ("gaps = 'perhaps'", "gaps"),
        ("[organs]\nkidneys = ['x']", "kidneys"),
        ("[organs]\nliver = 'Leber'", "organs.liver"),
        ("[organs]\nliver = ['x']\nspleen = ['X ']", "stands for liver and for spleen"),
        ("[composed]\nstomach_bowel = [['sigmoid']]", "sigmoid"),
        ("[together.psoas]\nnames = ['Psoas']\norgans = ['psoas_left', 'liver']", "psoas_left"),
        ("divide = ['livers']", "livers"),
        ("absent_if_missing = ['liver']", "liver"),
        ("[cases.a]\nabsent = ['heart']", "heart"),
    ],
)
def test_mistakes_in_a_site_file_are_told_by_their_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SiteFileError) as refused:
        rules_of(tmp_path, text)
    assert told in refused.value.detail


def test_a_site_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="FileNotFoundError"):
        read_rules(tmp_path / "none.toml")
