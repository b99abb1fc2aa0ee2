"""Pseudonyms: the same from the same key, nothing without it, and a table that nobody else can read."""

from pathlib import Path

import pytest

from pedcontour.datasets.collection.pseudonyms import Pseudonyms, keep_links, read_or_make_key
from pedcontour.errors import PseudonymKeyError


def test_a_case_is_found_again_with_its_key_and_has_another_name_with_another(tmp_path: Path) -> None:
    key = read_or_make_key(tmp_path / "sites" / "here.key")
    assert read_or_make_key(tmp_path / "sites" / "here.key") == key
    mine, theirs = Pseudonyms("here", key), Pseudonyms("here", b"x" * 32)
    patient = mine.patient("1234567", "1.2.3")
    assert mine.case(patient, "1.2.4") == Pseudonyms("here", key).case(patient, "1.2.4")
    assert patient != theirs.patient("1234567", "1.2.3")
    assert "1234567" not in mine.case(patient, "1.2.4") and mine.case(patient, "1.2.4").startswith(f"here_{patient}_")


def test_two_series_of_a_patient_share_its_pseudonym_and_nameless_studies_do_not() -> None:
    pseudonyms = Pseudonyms("here", b"x" * 32)
    assert pseudonyms.patient("7", "1.2") == pseudonyms.patient("7", "1.3")
    assert pseudonyms.patient("", "1.2") != pseudonyms.patient("", "1.3") != pseudonyms.patient("1.3", "")


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    read_or_make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "b'" not in repr(Pseudonyms("here", read_or_make_key(path)))
    path.chmod(0o640)
    with pytest.raises(PseudonymKeyError, match="others may read"):
        read_or_make_key(path)


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31, "é"])
def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(PseudonymKeyError, match="damaged"):
        read_or_make_key(path)
    assert path.read_text() == content


def test_links_are_kept_from_run_to_run_for_the_owner_alone(tmp_path: Path) -> None:
    table = tmp_path / "links.csv"
    keep_links(table, {"b": ("Doe, Jane", "1", "2", "3")})
    keep_links(table, {"a": ("7", "1", "2", "4"), "b": ('Doe, "J"', "1", "2", "5")})
    assert table.stat().st_mode & 0o777 == 0o600
    assert table.read_text().splitlines() == [
        "case,patient_id,study_uid,series_uid,structure_set_uid",
        "a,7,1,2,4",
        'b,"Doe, ""J""",1,2,5',
    ]
