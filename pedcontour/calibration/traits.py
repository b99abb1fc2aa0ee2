"""What may make a case hard besides its kidneys: how the child was scanned, and what surgery left."""

from collections.abc import Iterable

from pedcontour.calibration.cases import SPLITS, KidneyCase, kidney_case
from pedcontour.calibration.rows import KidneyRow

ROLLED_DEG = 20.0
LOW_DOSE_NOISE_HU = 20.0
"""Noise in the middle of a slim abdomen: twice that of a usual abdominal protocol."""

SUPINE = ("HFS", "FFS")


def traits_of(case: KidneyCase) -> tuple[str, ...]:
    """The traits of a case, as words for a table."""
    told = {
        "contrast": case.child.contrast,
        "no contrast": not case.child.contrast,
        "low dose": case.scan.noise_hu >= LOW_DOSE_NOISE_HU,
        "prone or on the side": case.scan.patient_position not in SUPINE,
        "rolled": abs(case.scan.roll_deg) >= ROLLED_DEG,
        "clips with streaks": case.child.absent_kidney is not None and case.child.bed.streaks,
        "nodule in the bed": case.child.absent_kidney is not None and case.child.bed.nodule > 0.0,
        "under 5 years": case.child.age_years < 5.0,
    }
    return tuple(name for name, holds in told.items() if holds)


def rows_by_trait(rows: Iterable[KidneyRow]) -> dict[str, list[KidneyRow]]:
    """Rows by trait of their case; a row has none, one or several."""
    found: dict[str, list[KidneyRow]] = {}
    for row in rows:
        for trait in traits_of(case_of(row)):
            found.setdefault(trait, []).append(row)
    return dict(sorted(found.items()))


def case_of(row: KidneyRow) -> KidneyCase:
    """The case that a row is about: its name holds split and number. Raises ``ValueError`` for another name."""
    named, _, number = row.case.rpartition("_")
    for split in SPLITS:
        if split == named == row.split:
            return kidney_case(split, int(number))
    raise ValueError(f"{row.case[:64]} is no case of {row.split[:32]}")
