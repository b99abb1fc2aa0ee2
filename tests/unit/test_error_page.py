"""docs/errors.md lists every code with its sentence: it is written from the classes, and must not drift."""

from pathlib import Path

from pedcontour import errors
from pedcontour.errors import PedcontourError

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def _all(root: type[PedcontourError]) -> list[type[PedcontourError]]:
    return [root, *(child for sub in root.__subclasses__() for child in _all(sub))]


def test_every_code_stands_on_the_page_with_its_sentence() -> None:
    rows = set(PAGE.read_text("utf-8").splitlines())
    ours = [error for error in _all(PedcontourError) if error.__module__.startswith(f"{errors.__name__}.")]
    missing = [line for line in (f"| `{e.code}` | {e().advice} |" for e in ours) if line not in rows]
    assert not missing, "add to docs/errors.md:\n" + "\n".join(missing)


def test_no_code_on_the_page_is_gone() -> None:
    codes = {error.code for error in _all(PedcontourError)}
    listed = {line.split("`")[1] for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")}
    assert listed <= codes
