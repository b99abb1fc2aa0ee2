"""`pedcontour serve`: what it refuses before it starts anything. That it serves is told in tests/integration."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pedcontour.settings import Settings
from service import embedded
from tests.unit.cli.conftest import Program


def test_it_does_not_listen_beyond_this_machine_without_keys(program: Program, tmp_path: Path) -> None:
    result = program("serve", "--host", "0.0.0.0", "--data-dir", tmp_path / "data")
    assert result.exit_code == 2
    assert "API_KEY_NEEDED" in result.stderr


def test_settings_that_do_not_fit_are_told_by_name_and_never_quoted(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEDCONTOUR_API_KEYS", "short-key")
    monkeypatch.setenv("PEDCONTOUR_THREADS", "many")
    monkeypatch.setenv("PEDCONTOUR_LOG_LEVEL", "LOUD")
    result = program("serve", "--data-dir", tmp_path / "data")
    assert result.exit_code == 2
    shown = " ".join(result.stderr.split())
    assert "REQUEST_INVALID" in shown and "PEDCONTOUR_API_KEYS: an API key has at least 16" in shown
    assert "PEDCONTOUR_THREADS" in shown and "PEDCONTOUR_LOG_LEVEL" in shown
    assert "short-key" not in result.output + shown and "many" not in shown and "LOUD" not in shown


def test_a_port_that_is_none_is_refused(program: Program) -> None:
    assert program("serve", "--port", "70000").exit_code == 2


def test_the_address_it_prints_for_the_api_is_one_that_answers(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready_at_once(settings: Settings, on_ready: Callable[[embedded.RunningService], None]) -> None:
        on_ready(embedded.RunningService("http://127.0.0.1:8000", settings, {}))

    monkeypatch.setattr(embedded, "serve", ready_at_once)
    assert "its API: http://127.0.0.1:8000/openapi.json" in program("serve", "--data-dir", tmp_path).stderr
