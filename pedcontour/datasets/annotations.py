"""What is annotated in each case of a data set: the difference between "not there" and "nobody drew it".

A voxel without a label teaches a network that an organ is not there. That is true of a kidney that surgery removed,
and false of one that nobody contoured. ``annotations.json`` beside nnU-Net's ``dataset.json`` tells the two apart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pedcontour.errors import AnnotationsError

ANNOTATIONS_FILE = "annotations.json"


class State(StrEnum):
    """What a case's labels say of one organ."""

    ANNOTATED = "annotated"
    """Drawn: its voxels have its label, and no other voxel is it."""
    ABSENT = "absent"
    """Known not to be there: no voxel is it."""
    UNANNOTATED = "unannotated"
    """Nobody said: voxels without a label may be it."""


@dataclass(frozen=True)
class CaseAnnotation:
    """One case: a pseudonym of its patient, for splits that keep a patient together, and the state of every organ."""

    patient: str
    states: Mapping[str, State]

    def in_state(self, state: State) -> tuple[str, ...]:
        """The organs of a state, in the order of the data set."""
        return tuple(organ for organ, own in self.states.items() if own is state)


@dataclass(frozen=True)
class Annotations:
    """A data set's record: organs in the order of their labels from 1, and every case by its nnU-Net identifier."""

    site: str
    organs: tuple[str, ...]
    cases: Mapping[str, CaseAnnotation]

    def cases_annotated(self, organ: str) -> int:
        """In how many cases something is known of an organ: drawn, or known to be absent."""
        return sum(case.states[organ] is not State.UNANNOTATED for case in self.cases.values())


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid")
    patient: str
    organs: dict[str, State]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: Literal[1]
    site: str
    organs: list[str]
    cases: dict[str, _Case]


def read_annotations(folder: Path) -> Annotations:
    """The record of a raw data set's folder. Raises ``AnnotationsError``."""
    try:
        read = _File.model_validate_json((folder / ANNOTATIONS_FILE).read_bytes())
    except OSError as error:
        raise AnnotationsError(type(error).__name__) from None
    except ValidationError as refused:
        raise AnnotationsError(f"{'.'.join(map(str, refused.errors()[0]['loc']))} does not fit") from None
    for name, case in read.cases.items():
        if list(case.organs) != read.organs:
            raise AnnotationsError(f"case {name} does not tell of every organ, in their order")
    cases = {name: CaseAnnotation(case.patient, case.organs) for name, case in read.cases.items()}
    return Annotations(read.site, tuple(read.organs), cases)


def encode_annotations(annotations: Annotations) -> bytes:
    """The record as the bytes of its file."""
    document = {
        "format": 1,
        "site": annotations.site,
        "organs": list(annotations.organs),
        "cases": {
            name: {"patient": case.patient, "organs": {organ: str(case.states[organ]) for organ in annotations.organs}}
            for name, case in sorted(annotations.cases.items())
        },
    }
    return (json.dumps(document, indent=1) + "\n").encode("ascii")
