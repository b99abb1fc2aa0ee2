"""What a disk fails with is a refusal of the federation, whatever was asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pedcontour.errors import FederationError
from pedcontour.federation.site_memory import SiteMemory


def _claim(memory: SiteMemory) -> None:
    with memory.alone():
        pass


@pytest.mark.parametrize(
    "act",
    [
        lambda memory: memory.once("a/b", lambda: b"content"),
        lambda memory: memory.recall("a/b"),
        lambda memory: memory.forget("a/b"),
        _claim,
    ],
)
def test_a_folder_that_fails_is_told_by_the_class_of_its_failure(
    tmp_path: Path, act: Callable[[SiteMemory], object]
) -> None:
    root = tmp_path / "memory"
    memory = SiteMemory(root)
    root.write_bytes(b"a file where the folder was")
    with pytest.raises(FederationError, match=r"the site's folder: (NotADirectoryError|FileExistsError)"):
        act(memory)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FederationError, match="the site's folder: NotADirectoryError"):
        SiteMemory(tmp_path / "file" / "memory").once("a", lambda: b"content")
