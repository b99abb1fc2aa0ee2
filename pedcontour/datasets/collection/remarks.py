"""What may be said of a case where others may read it: no UID, no date, no number of a patient."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_NAME_LENGTH = 64
MAX_NAMES_TOLD = 40

MASKED_DIGITS = 4
"""So many digits in a row, dots, dashes and slashes between them not counted, may be a date or a patient's number."""

_DIGITS = re.compile(r"\d[\d./-]*")
_UID = re.compile(r"\d+(?:\.\d+){2,}")


@dataclass(frozen=True)
class Remark:
    """Something that a person should know of a case: a stable code and a sentence without patient data."""

    code: str
    text: str


def shown_name(name: str) -> str:
    """A ROI name as it may be written down: cut to a line, and what may be a date or a number masked."""
    return _DIGITS.sub(_masked, name[:MAX_NAME_LENGTH])


def told_names(names: Iterable[str]) -> str:
    """ROI names in a sentence, no more than a person reads."""
    shown = [repr(shown_name(name)) for name in names]
    more = f" and {len(shown) - MAX_NAMES_TOLD} more" if len(shown) > MAX_NAMES_TOLD else ""
    return ", ".join(shown[:MAX_NAMES_TOLD]) + more


def without_uids(text: str) -> str:
    """A text in which every UID is replaced."""
    return _UID.sub("(UID)", text)


def _masked(run: re.Match[str]) -> str:
    digits = sum(sign.isdigit() for sign in run[0])
    return re.sub(r"\d", "#", run[0]) if digits >= MASKED_DIGITS else run[0]
