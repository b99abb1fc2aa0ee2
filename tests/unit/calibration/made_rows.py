"""Rows as a network might give them, from a seed: real kidneys large and sure, false ones small and doubtful."""

import numpy as np

from pedcontour.calibration.rows import KidneyRow
from pedcontour.postprocessing.evidence import Evidence


def made_rows(count: int, seed: int = 0, split: str = "fit") -> list[KidneyRow]:
    """Two rows a case: one usual kidney, and on the other side a false one, a partial one, or nothing."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        case = f"{split}_{number:05d}"
        rows.append(_real(case, split, "usual", rng, 0.0))
        kind = number % 3
        if kind == 0:
            rows.append(_false(case, split, rng))
        elif kind == 1:
            rows.append(_real(case, split, "partial", rng, -0.8))
        else:
            rows.append(KidneyRow(case, split, "absent/fat", "kidney_right", 0.0, 0.0, 0.0, None))
    return rows


def _real(case: str, split: str, group: str, rng: np.random.Generator, larger: float) -> KidneyRow:
    ratio = float(np.exp(rng.normal(larger, 0.3)))
    evidence = Evidence(
        volume_ratio=ratio,
        probability=float(rng.uniform(0.75, 1.0)),
        level=float(rng.normal(0.0, 0.5)),
        beside_bowel=float(rng.uniform(0.0, 0.3)),
        border_share=0.0,
    )
    organ = "kidney_left" if group == "usual" else "kidney_right"
    return KidneyRow(case, split, group, organ, 50.0 * ratio, 48.0 * ratio, 45.0 * ratio, evidence)


def _false(case: str, split: str, rng: np.random.Generator) -> KidneyRow:
    ratio = float(np.exp(rng.normal(-2.0, 0.7)))
    evidence = Evidence(
        volume_ratio=ratio,
        probability=float(rng.uniform(0.4, 0.9)),
        level=float(rng.normal(0.5, 1.5)),
        beside_bowel=float(rng.uniform(0.1, 0.8)),
        border_share=0.0,
    )
    return KidneyRow(case, split, "absent/bowel", "kidney_right", 0.0, 50.0 * ratio, 0.0, evidence)
