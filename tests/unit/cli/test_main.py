"""The program as a whole: every command teaches by example, none drags in PyTorch to say so."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from pedcontour import __version__
from pedcontour.cli.main import app
from tests.unit.cli.conftest import Program

COMMANDS = [
    ["contour"],
    ["submit"],
    ["serve"],
    ["demo"],
    ["phantom"],
    ["jobs", "list"],
    ["jobs", "watch"],
    ["jobs", "fetch"],
    ["jobs", "cancel"],
    ["jobs", "erase"],
    ["models", "list"],
    ["models", "show"],
    ["models", "verify"],
    ["models", "import"],
    ["keys", "new"],
    ["keys", "list"],
    ["keys", "revoke"],
    ["audit", "verify"],
    ["audit", "show"],
    ["dataset", "import"],
    ["federation", "keygen"],
    ["federation", "join"],
    ["federation", "run"],
    ["federation", "status"],
    ["federation", "log"],
    ["federation", "export"],
    ["federation", "simulate"],
    ["federation", "charter", "new"],
    ["federation", "charter", "sign"],
    ["federation", "charter", "show"],
]


def test_the_list_of_commands_is_complete() -> None:
    assert set(_names(typer.main.get_command(app))) == {tuple(command) for command in COMMANDS}


def _names(group: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from _names(command, (*above, name))
        else:
            yield (*above, name)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example_of_the_command(program: Program, command: list[str]) -> None:
    result = program(*command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"pedcontour {' '.join(command)}" in result.stdout


def test_the_version_is_told(program: Program) -> None:
    assert program("--version").stdout.strip() == f"pedcontour {__version__}"


def test_python_runs_the_program_by_the_packages_name() -> None:
    command = [sys.executable, "-m", "pedcontour", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"pedcontour {__version__}"


def test_help_needs_neither_torch_nor_pydicom() -> None:
    script = "import sys, pedcontour.cli.main; print([n for n in ('torch', 'pydicom', 'scipy') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
