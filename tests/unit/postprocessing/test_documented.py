"""docs/verdicts.md says what the code does."""

import re
from pathlib import Path

from pedcontour.postprocessing import VolumeForBodySize, absence, borders, islands, judge, sides
from pedcontour.verdicts import DRAWN, Outcome

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "verdicts.md").read_text("utf-8")


def test_every_outcome_is_described_with_whether_it_has_a_contour() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|", PAGE, flags=re.MULTILINE))
    assert rows == {outcome.value: "yes" if outcome in DRAWN else "no" for outcome in Outcome}


def test_every_warning_code_is_described() -> None:
    folder = Path(judge.__code__.co_filename).parent
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    codes = set(re.findall(r'f?"([A-Z]+(?:_[A-Z]+)+): ', sources))
    assert {"SIDES_MIRRORED", "SIDE_UNUSUAL", "BODY_ROLLED"} <= codes
    assert all(f"`{code}`" in PAGE for code in codes)


def test_the_figures_of_the_rules_are_those_of_the_code() -> None:
    assert f"{islands.ISLAND_ML:g} mL" in PAGE
    assert f"{borders.SCRAP_ML:g} mL" in PAGE and borders.CUT_SHARE == 0.1
    assert f"{sides.ROLL_WARNING_DEG:.0f} degrees" in PAGE
    assert f"{absence.LIMIT_WHEN_SURE:.0%}".replace("%", " %") in PAGE
    assert f"{absence.LIMIT_WHEN_UNSURE:.0%}".replace("%", " %") in PAGE
    assert f"{VolumeForBodySize().expected_ml(112):.0f} mL in a newborn" in PAGE
    assert f"{VolumeForBodySize().expected_ml(170):.0f} mL at 17 cm" in PAGE
