"""The README's commands exist, with the options it shows, and its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from pedcontour.cli.main import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
LINES = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]


def test_every_make_target_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {line.split()[1] for line in LINES if line.startswith("make ")} | set(
        re.findall(r"`make ([a-z]+)`", README)
    )
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("pedcontour ")])
def test_every_command_is_there_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command = get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    assert not hasattr(command, "commands"), f"{line}: no such command"
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "ARCHITECTURE.md"]
    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text("utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert not broken
