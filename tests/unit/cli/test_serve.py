"""`pedcontour serve`: what it refuses before it starts anything. That it serves is told in tests/integration."""

from pathlib import Path

from tests.unit.cli.conftest import Program


def test_it_does_not_listen_beyond_this_machine_without_keys(program: Program, tmp_path: Path) -> None:
    result = program("serve", "--host", "0.0.0.0", "--data-dir", tmp_path / "data")
    assert result.exit_code == 2
    assert "API_KEY_NEEDED" in result.stderr
