"""What is written down of every case, done or left out, in a form that holds no name, date or UID."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pedcontour.datasets.annotations import CaseAnnotation, State
from pedcontour.datasets.collection.remarks import Remark, without_uids
from pedcontour.errors import PedcontourError

FORMAT = 1


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
