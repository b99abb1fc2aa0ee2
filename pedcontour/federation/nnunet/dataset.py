"""A hospital's training cases: an nnU-Net v2 raw data set, read with the labels of the charter's organs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedcontour.errors import RequestError

DESCRIPTION = "dataset.json"
ANNOTATIONS = "annotated.json"
"""Beside ``dataset.json``: case to the organs that somebody looked for in it. Missing cases, or a missing file: all
organs that the data set labels. An organ that was looked for and is not there, a resected kidney, is annotated."""


@dataclass(frozen=True)
class Case:
    """A CT, its labels (numbered as ``SiteDataset.numbers`` says), and the charter's numbers of the annotated organs."""

    name: str
    image: Path
    labels: Path
    annotated: tuple[int, ...]


@dataclass(frozen=True)
class SiteDataset:
    """The cases in order of name, and the charter's number for each one in the label maps (0: not in the charter)."""

    cases: tuple[Case, ...]
    numbers: dict[int, int]

    @property
    def is_numbered_as_the_charter(self) -> bool:
        """Whether label maps can be used as they are."""
        return all(mine == theirs for mine, theirs in self.numbers.items())

    def annotated_cases(self) -> dict[int, int]:
        """The charter's number of each organ to how many cases are annotated for it."""
        organs = sorted({number for case in self.cases for number in case.annotated})
        return {organ: sum(organ in case.annotated for case in self.cases) for organ in organs}


def open_dataset(folder: Path, organs: tuple[str, ...]) -> SiteDataset:
    """Read what the data set holds; the charter's ``organs`` are numbered from 1.

    Raises ``RequestError`` when it is no data set of single-channel images with plain labels, or has no cases.
    """
    description = _read_json(folder / DESCRIPTION)
    numbers = _numbers(description.get("labels"), organs)
    ending = str(description.get("file_ending", ".nii.gz"))
    names = sorted(path.name.removesuffix(ending) for path in (folder / "labelsTr").glob(f"*{ending}"))
    if not names:
        raise RequestError(f"{folder.name} has no label maps in labelsTr")
    labelled = tuple(sorted(number for number in numbers.values() if number))
    looked_for = _annotations(folder, organs)
    cases = tuple(
        Case(
            name,
            folder / "imagesTr" / f"{name}_0000{ending}",
            folder / "labelsTr" / f"{name}{ending}",
            tuple(n for n in labelled if name not in looked_for or n in looked_for[name]),
        )
        for name in names
    )
    if missing := sum(not case.image.is_file() for case in cases):
        raise RequestError(f"{missing} of {len(cases)} cases of {folder.name} have no image in imagesTr")
    return SiteDataset(cases, numbers)


def _numbers(labels: Any, organs: tuple[str, ...]) -> dict[int, int]:
    if not isinstance(labels, dict) or any(not isinstance(number, int) for number in labels.values()):
        raise RequestError(f"{DESCRIPTION} does not map names of organs to one label each")
    charter = {organ: number for number, organ in enumerate(organs, start=1)}
    if not charter.keys() & labels.keys():
        raise RequestError(f"{DESCRIPTION} labels no organ of the charter: {', '.join(organs)}")
    return {number: charter.get(name, 0) for name, number in labels.items()}


def _annotations(folder: Path, organs: tuple[str, ...]) -> dict[str, set[int]]:
    if not (folder / ANNOTATIONS).exists():
        return {}
    said = _read_json(folder / ANNOTATIONS)
    number = {organ: number for number, organ in enumerate(organs, start=1)}
    if any(not isinstance(names, list) for names in said.values()):
        raise RequestError(f"{ANNOTATIONS} does not map cases to lists of organs")
    return {case: {number[name] for name in names if name in number} for case, names in said.items()}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{path.name} cannot be read: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise RequestError(f"{path.name} is not a JSON object")
    return content
