"""A hospital's training cases: an nnU-Net v2 raw data set, read with the labels of the charter's organs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedcontour.datasets.annotations import ANNOTATIONS_FILE, CaseAnnotation, State, read_annotations
from pedcontour.errors import AnnotationsError, RequestError

DESCRIPTION = "dataset.json"


@dataclass(frozen=True)
class Case:
    """A CT, its labels (numbered as ``SiteDataset.numbers`` says), and the charter's numbers of the annotated organs.

    An organ known to be absent, a resected kidney, is annotated. ``patient`` is a pseudonym, or the case's name.
    """

    name: str
    image: Path
    labels: Path
    annotated: tuple[int, ...]
    patient: str


@dataclass(frozen=True)
class SiteDataset:
    """The cases in order of name, and the charter's number for each one in the label maps (0: not in the charter)."""

    cases: tuple[Case, ...]
    numbers: dict[int, int]

    @property
    def is_numbered_as_the_charter(self) -> bool:
        """Whether label maps can be used as they are."""
        return all(mine == theirs for mine, theirs in self.numbers.items())

    def annotated_cases(self, organs: int) -> tuple[int, ...]:
        """In how many cases each of so many organs is annotated, in the charter's order."""
        return tuple(sum(number in case.annotated for case in self.cases) for number in range(1, organs + 1))


def open_dataset(folder: Path, organs: tuple[str, ...]) -> SiteDataset:
    """Read what the data set holds; the charter's ``organs`` are numbered from 1.

    What is annotated in each case is told by ``annotations.json``; without that file, every organ that has a label.
    Raises ``RequestError`` when it is no data set of single-channel images with plain labels, or has no cases, and
    ``AnnotationsError``.
    """
    description = _read_json(folder / DESCRIPTION)
    numbers = _numbers(description.get("labels"), organs)
    ending = str(description.get("file_ending", ".nii.gz"))
    names = sorted(path.name.removesuffix(ending) for path in (folder / "labelsTr").glob(f"*{ending}"))
    if not names:
        raise RequestError(f"{folder.name} has no label maps in labelsTr")
    labelled = tuple(sorted(number for number in numbers.values() if number))
    told = read_annotations(folder).cases if (folder / ANNOTATIONS_FILE).exists() else {}
    if told and (untold := sum(name not in told for name in names)):
        raise AnnotationsError(f"{untold} of {len(names)} cases are not in it")
    cases = tuple(
        Case(
            name,
            folder / "imagesTr" / f"{name}_0000{ending}",
            folder / "labelsTr" / f"{name}{ending}",
            _known(told[name], organs, labelled) if told else labelled,
            told[name].patient if told else name,
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


def _known(case: CaseAnnotation, organs: tuple[str, ...], labelled: tuple[int, ...]) -> tuple[int, ...]:
    hidden = case.in_state(State.UNANNOTATED)
    return tuple(n for n in labelled if organs[n - 1] not in hidden)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{path.name} cannot be read: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise RequestError(f"{path.name} is not a JSON object")
    return content
