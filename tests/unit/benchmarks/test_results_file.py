"""Where each row of a file in ``benchmarks/results`` comes from."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import results_file
from benchmarks.bench.agreement import keeping
from benchmarks.bench.rows import Table, keep
from benchmarks.results_file import commit_of, names_code, read_rows, write_results

EARLIER = {"cpu": "another", "cores": 64, "system": "elsewhere"}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results_file, "RESULTS", tmp_path)
    monkeypatch.setattr(results_file, "commit", lambda: "2222222")
    return tmp_path


def test_a_fresh_row_gets_the_commit_and_the_day_and_its_place_stands_in_the_head(results: Path) -> None:
    before = datetime.now(UTC).date().isoformat()
    content = json.loads(write_results("table", "make table", [{"name": "one", "ours": 1.0}]).read_text())
    (row,) = content["rows"]
    assert content["commit"] == row["commit"] == "2222222"
    assert before <= row["date"] <= datetime.now(UTC).date().isoformat()
    assert "machine" not in row
    assert "versions" not in row


def test_a_row_that_is_kept_keeps_its_commit_its_day_its_machine_and_its_versions(results: Path) -> None:
    kept = {"name": "old", "ours": 1.0, "commit": "1111111", "date": "2026-01-02"}
    earlier = {"command": "make table", "commit": "1212121", "machine": EARLIER, "versions": {"torch": "2.0"}}
    (results / "table.json").write_text(json.dumps(earlier | {"rows": [kept]}))
    for name in ("new", "newer"):
        keep([{"name": name, "ours": 2.0}], Table("table", "make table"))
    content = json.loads((results / "table.json").read_text())
    old, new, newer = content["rows"]
    assert old == kept | {"machine": EARLIER, "versions": {"torch": "2.0"}}
    assert (new["commit"], newer["commit"]) == ("2222222", "2222222")
    assert content["machine"] != EARLIER
    assert "machine" not in new


def test_a_row_without_a_commit_of_its_own_is_read_with_the_one_of_its_file(results: Path) -> None:
    earlier = {"command": "make table", "commit": "1212121", "machine": EARLIER, "versions": {}}
    (results / "table.json").write_text(json.dumps(earlier | {"rows": [{"name": "old"}]}))
    assert read_rows("table") == [{"name": "old", "commit": "1212121", "machine": EARLIER, "versions": {}}]


def test_a_row_that_is_measured_again_gets_a_new_origin_and_its_card(results: Path) -> None:
    table = Table("table", "make table", {"card": "a card"})
    write_results("table", "make table", [{"name": "one", "ours": 1.0, "commit": "1111111", "date": "2026-01-02"}])
    keep([{"name": "one", "ours": 2.0}], table)
    (row,) = read_rows("table")
    assert (row["ours"], row["commit"], row["card"]) == (2.0, "2222222", "a card")


def test_uncommitted_code_makes_a_commit_dirty_and_figures_and_pages_do_not(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        named = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
        subprocess.run(["git", *named, *arguments], cwd=tmp_path, check=True, capture_output=True)

    assert commit_of(tmp_path) == "unknown"
    for file in ("code.py", "benchmarks/results/bench.json", "docs/page.md"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("1")
    git("init")
    git("add", ".")
    git("commit", "-m", "begin")
    clean = commit_of(tmp_path)
    assert names_code(clean)
    (tmp_path / "benchmarks/results/bench.json").write_text("2")
    (tmp_path / "docs/page.md").write_text("2")
    assert commit_of(tmp_path) == clean
    (tmp_path / "new.py").write_text("a file that git does not know yet")
    assert commit_of(tmp_path) == f"{clean}-dirty"


@pytest.mark.parametrize("made_by", ["1111111-dirty", "unknown"])
def test_cases_of_code_that_no_commit_names_are_not_used_again(made_by: str) -> None:
    with keeping("model", made_by) as first:
        (first / "case.json").write_text("{}")
    with keeping("model", made_by) as second:
        assert not list(second.iterdir())


def test_cases_of_a_commit_are_kept_under_its_name() -> None:
    with keeping("model-1111111", "1111111") as first, keeping("model-1111111", "1111111") as second:
        assert first == second
        assert first.name == "model-1111111"


@pytest.mark.parametrize("name", ["bench", "growth", "load"])
def test_the_page_names_the_commit_of_every_row(name: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "performance.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    for row in results_file.read_rows(name):
        parts = row["name"].split("/")
        kind = "/".join(parts[:2]) if parts[0] == "end_to_end" else parts[0] if name == "bench" else name
        assert any(kind in line and line.endswith(f"| {row['commit']} |") for line in lines), row["name"]


def test_every_row_of_the_bench_says_its_commit_and_its_day() -> None:
    content = json.loads((results_file.RESULTS / "bench.json").read_text())
    assert [row["name"] for row in content["rows"] if not {"commit", "date"} <= row.keys()] == []
