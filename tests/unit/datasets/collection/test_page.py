"""docs/dataset-import.md: its site file can be read as it stands, and no code or remark is missing from it."""

import re
from pathlib import Path

from pedcontour import errors
from pedcontour.datasets import collection
from pedcontour.datasets.collection.rules import read_rules

PAGE = Path(__file__).parents[4] / "docs" / "dataset-import.md"


def test_the_site_file_of_the_page_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "site.toml").write_text(example)
    rules = read_rules(tmp_path / "site.toml")
    assert "kidney_left" in rules.absent and rules.together["psoas"] == ("iliopsoas_right", "iliopsoas_left")


def test_every_refusal_of_a_case_and_every_remark_stands_on_the_page() -> None:
    refusals = {kind.code for kind in (errors.CaseError, *errors.CaseError.__subclasses__())}
    sources = "".join(path.read_text("utf-8") for path in Path(collection.__path__[0]).glob("*.py"))
    remarks = set(re.findall(r'(?:Remark|_remark)\(\s*"([A-Z_]+)"', sources))
    assert len(remarks) > 8
    page = PAGE.read_text("utf-8")
    assert not [code for code in refusals | remarks if f"`{code}`" not in page]
