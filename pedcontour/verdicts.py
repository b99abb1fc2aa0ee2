"""What became of every organ, in words that no output leaves out: the vocabulary shared by all files and the API."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

AbsencePolicy = Literal["filter", "review_roi", "flag_only", "off"]
"""What the absence rules may do: take a false organ away, keep what they took beside the results for a look, only flag
it, or not look at all."""

ABSENCE_POLICIES: tuple[AbsencePolicy, ...] = get_args(AbsencePolicy)


class Outcome(StrEnum):
    """Why an organ is, or is not, in the results."""

    PRESENT = "present"
    PRESENT_UNCERTAIN = "present_uncertain"
    PARTIAL = "partial"
    ABSENT_DECLARED = "absent_declared"
    ABSENT_DETECTED = "absent_detected"
    REMOVED_FALSE_POSITIVE = "removed_false_positive"
    TRUNCATED_BY_FIELD_OF_VIEW = "truncated_by_field_of_view"
    NOT_IN_FIELD_OF_VIEW = "not_in_field_of_view"
    FAILED = "failed"
    NOT_REQUESTED = "not_requested"


DRAWN = frozenset({Outcome.PRESENT, Outcome.PRESENT_UNCERTAIN, Outcome.PARTIAL, Outcome.TRUNCATED_BY_FIELD_OF_VIEW})
"""The outcomes with which an organ has a contour in the results."""

LOUD = frozenset({Outcome.PRESENT_UNCERTAIN, Outcome.ABSENT_DETECTED, Outcome.REMOVED_FALSE_POSITIVE, Outcome.FAILED})
"""The outcomes that a reader must not overlook: each comes with a warning ``OUTCOME: reason``."""


@dataclass(frozen=True)
class Verdict:
    """What became of one organ.

    ``volume_before_ml`` is what the network drew, ``volume_ml`` what is in the results; ``confidence`` is the
    network's mean probability over what it drew, 0 to 1, or None where it drew nothing. ``reason`` is a sentence
    for the user. ``review_ml`` is what was taken away and lies beside the results, as a region of its own.
    """

    organ: str
    outcome: Outcome
    volume_before_ml: float
    volume_ml: float
    confidence: float | None
    reason: str
    review_ml: float = 0.0
