"""Contour cases with a network and keep the evidence about every kidney that it drew, as the service would see it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pedcontour.calibration.cases import KidneyCase, Split, kidney_case
from pedcontour.calibration.rows import KidneyRow, write_rows
from pedcontour.inference.port import Engine
from pedcontour.organs import Side
from pedcontour.phantom import Scan, scan_child
from pedcontour.postprocessing import Candidate, Hints, Judgement, Wishes, judge
from pedcontour.postprocessing.evidence import Evidence, gather_evidence
from pedcontour.verdicts import Outcome
from pedcontour.volume import LabelMap

SIDES: tuple[Side, Side] = ("left", "right")


class EvidenceKeeper:
    """An absence rule that keeps the evidence and lets everything pass: it sees what a real rule would see."""

    def __init__(self) -> None:
        self.evidence: dict[str, Evidence] = {}
        self.masks: dict[str, np.ndarray] = {}

    def __call__(self, candidate: Candidate) -> Judgement:
        """Keep the evidence about one candidate."""
        organ = candidate.finding.organ
        self.evidence[organ] = gather_evidence(candidate)
        self.masks[organ] = candidate.labels.mask(organ)
        return Judgement(Outcome.PRESENT, "")


def collect(engine: Engine, split: Split, numbers: Iterable[int], folder: Path) -> int:
    """Contour the cases of these numbers and write a file of rows for each; returns how many were done.

    A case whose file is there is left alone, so a run goes on where it stopped, and any number of processes may share
    a folder, each with its own numbers.
    """
    done = 0
    for number in numbers:
        path = folder / split / f"{number:05d}.jsonl"
        if path.exists():
            continue
        case = kidney_case(split, number)
        write_rows(path, rows_of_case(engine, case, scan_child(case.child, case.scan)))
        done += 1
    return done


def rows_of_case(engine: Engine, case: KidneyCase, scan: Scan) -> list[KidneyRow]:
    """A row for each side of one scanned child."""
    prediction = engine.segment(scan.image, lambda share: None)
    keeper = EvidenceKeeper()
    kidneys = {f"kidney_{side}": keeper for side in SIDES}
    hints = Hints(prediction.spread, prediction.firm, case.child.age_years)
    judge(prediction.labels, prediction.confidence, scan.image, Wishes(), kidneys, hints)
    return [_row(case, side, scan.truth, keeper) for side in SIDES]


def _row(case: KidneyCase, side: Side, truth: LabelMap, keeper: EvidenceKeeper) -> KidneyRow:
    organ, voxel_ml = f"kidney_{side}", truth.grid.voxel_volume_ml
    there = truth.mask(organ)
    drawn = keeper.masks.get(organ, np.zeros_like(there))
    return KidneyRow(
        case=case.name,
        split=case.split,
        group=case.groups[side],
        organ=organ,
        truth_ml=np.count_nonzero(there) * voxel_ml,
        drawn_ml=np.count_nonzero(drawn) * voxel_ml,
        overlap_ml=np.count_nonzero(there & drawn) * voxel_ml,
        evidence=keeper.evidence.get(organ),
    )
