"""What an import tells, for short."""

from pedcontour.datasets.annotations import State
from pedcontour.datasets.collection.importing import Imported

DRAWN = {"spleen", "kidney_right", "kidney_left", "liver", "stomach_bowel", "spinal_cord"}


def codes(imported: Imported) -> list[str]:
    return sorted(left.code for left in imported.left_out)


def remarks(imported: Imported) -> set[str]:
    return {remark.code for record in imported.records for remark in record.remarks}


def states(imported: Imported) -> dict[str, State]:
    (record,) = imported.records
    return {organ: own.state for organ, own in record.organs.items()}
