"""What is written down of every case, done or left out, in a form that holds no name, date or UID."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pedcontour.datasets.annotations import CaseAnnotation, State
from pedcontour.datasets.collection.matching import Remark
from pedcontour.errors import PedcontourError

FORMAT = 1

_UID = re.compile(r"\d+(?:\.\d+){2,}")
_DIGITS = re.compile(r"\d[\d./-]*")
"""Digits with what stands between them in dates."""
MASKED_DIGITS = 4
MAX_NAME_LENGTH = 64


@dataclass(frozen=True)
class OrganRecord:
    """One organ of a case; ``volume_ml`` is 0 where it has no voxel."""

    state: State
    volume_ml: float = 0.0


@dataclass(frozen=True)
class CaseRecord:
    """A case that is done: its grid as written, axes ``(k, j, i)``, its organs in order of their labels, and remarks.

    ``source`` changes with the structure set, the number of images or the rules by which they were read; ``unknown``
    are ROI names that mean nothing to us.
    """

    case: str
    patient: str
    source: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    organs: dict[str, OrganRecord]
    remarks: tuple[Remark, ...] = ()
    unknown: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def annotation(self) -> CaseAnnotation:
        """What the trainer is told of the case."""
        return CaseAnnotation(self.patient, {organ: own.state for organ, own in self.organs.items()})


@dataclass(frozen=True)
class LeftOut:
    """A case that is no part of the data set, and why."""

    case: str
    code: str
    advice: str
    detail: str

    @classmethod
    def of(cls, case: str, error: PedcontourError) -> "LeftOut":
        """What may be written down of a refusal: UIDs go."""
        return cls(case, error.code, error.advice, without_uids(error.detail))


_ADAPTER = TypeAdapter(CaseRecord)


def encode_record(record: CaseRecord) -> bytes:
    """A record as the bytes of its file."""
    document: dict[str, Any] = asdict(record)
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def read_record(path: Path) -> CaseRecord | None:
    """The record of a file, or None where there is none that can be read: then the case is done again."""
    try:
        record = _ADAPTER.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return record if record.format == FORMAT and record.case == path.stem else None


def without_uids(text: str) -> str:
    """A text in which every UID is replaced."""
    return _UID.sub("(UID)", text)


def shown_name(name: str) -> str:
    """A ROI name as it may be written down: cut to a line, and four digits or more, as dates and numbers have, masked.

    >>> shown_name("CTV 12.03.2021"), shown_name("Kidney_L_PRV05")
    ('CTV ##.##.####', 'Kidney_L_PRV05')
    """
    return _DIGITS.sub(_masked, name[:MAX_NAME_LENGTH])


def _masked(run: re.Match[str]) -> str:
    digits = sum(sign.isdigit() for sign in run[0])
    return re.sub(r"\d", "#", run[0]) if digits >= MASKED_DIGITS else run[0]
