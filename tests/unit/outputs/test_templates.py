"""Templates in a folder, chosen by id."""

from pathlib import Path

import pytest

from pedcontour.errors import NamesInvalidError, OutputOptionError
from pedcontour.outputs import TG263, TemplateFolder


@pytest.fixture
def folder(tmp_path: Path) -> TemplateFolder:
    (tmp_path / "clinic-a.toml").write_text('[names]\nliver = "Leber"\n')
    (tmp_path / "clinic-b.json").write_text('{"names": {"liver": "Foie"}}')
    (tmp_path / "broken.toml").write_text("names")
    (tmp_path / "tg263.toml").write_text('[names]\nliver = "Not TG-263"\n')
    (tmp_path / "README.md").write_text("not a template")
    (tmp_path / "Upper.toml").write_text("")
    return TemplateFolder(tmp_path)


def test_templates_are_found_by_the_names_of_their_files(folder: TemplateFolder) -> None:
    assert folder.find("clinic-a").name_of("liver") == "Leber"
    assert folder.find("clinic-b").name_of("liver") == "Foie"


def test_tg263_is_always_there_and_cannot_be_replaced(folder: TemplateFolder) -> None:
    assert folder.find("tg263") == TG263 == TemplateFolder().find("tg263")


def test_those_that_can_be_used_are_listed_and_a_broken_one_hides_none(folder: TemplateFolder) -> None:
    assert [names.id for names in folder.usable()] == ["tg263", "clinic-a", "clinic-b"]
    with pytest.raises(NamesInvalidError):
        folder.find("broken")


@pytest.mark.parametrize("name", ["nobody", "../clinic-a", "/etc/passwd", "Upper", "README", "clinic-a.toml"])
def test_an_unknown_id_is_refused_with_those_there_are(folder: TemplateFolder, name: str) -> None:
    with pytest.raises(OutputOptionError, match="choose tg263, broken, clinic-a, clinic-b"):
        folder.find(name)


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert TemplateFolder(tmp_path / "missing").usable() == [TG263]
