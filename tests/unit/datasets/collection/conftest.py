"""An import into a temporary data set, with or without a site file."""

from pathlib import Path

import pytest

from pedcontour.datasets.collection.folder import DatasetFolder
from pedcontour.datasets.collection.importing import Imported, ImportRequest, import_collection
from pedcontour.datasets.collection.pseudonyms import Pseudonyms
from pedcontour.datasets.collection.rules import read_rules
from pedcontour.dicom.sources import files_below
from pedcontour.organs import all_organs

ORGANS = tuple(all_organs())


class Site:
    """A hospital with a folder of exports, ``source``, and its data set, ``target``."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "exports", folder / "Dataset605_Here"
        self.names = folder / "site.toml"
        self.pseudonyms = Pseudonyms("here", b"k" * 32)

    def rule(self, text: str) -> None:
        self.names.write_text(text)

    def dataset(self, organs: tuple[str, ...] = ORGANS) -> DatasetFolder:
        return DatasetFolder(self.target, "here", organs, self.pseudonyms.mark(b"key"))

    def bring_in(self, *, dry_run: bool = False, organs: tuple[str, ...] = ORGANS) -> Imported:
        rules = read_rules(self.names if self.names.exists() else None)
        files = files_below(self.source)
        return import_collection(ImportRequest(files, self.dataset(organs), rules, self.pseudonyms, dry_run))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
