"""Organs that surgery may have removed and that the images end on: cut off, or never there?

Of an organ that is cut, any volume is only a part, so a small one proves nothing; yet a network that draws into an
empty bed does so at the border too. What is too small to tell is therefore never drawn without a warning.
"""

import numpy as np
from scipy.ndimage import generate_binary_structure, label

from pedcontour.organs import all_organs
from pedcontour.postprocessing.absence import Judgement
from pedcontour.postprocessing.findings import Face, Finding
from pedcontour.postprocessing.islands import ISLAND_ML
from pedcontour.verdicts import Outcome
from pedcontour.volume import LabelMap

CUT_SHARE = 0.1
"""An organ counts as cut when the parts of it that reach a border hold at least this share of its volume: less is a
stray part, and the organ itself ends inside the images."""

SCRAP_ML = ISLAND_ML
"""Less than this at a border, no more than a speck, may be taken out by a rule; anything larger stays."""

_BORDERS: dict[Face, str] = {
    "head": "the image nearest the head",
    "feet": "the image nearest the feet",
    "front": "the front border",
    "back": "the back border",
    "left": "the left border",
    "right": "the right border",
}


def border_words(finding: Finding) -> str:
    """The borders that an organ reaches, in words."""
    return " and ".join(sorted(_BORDERS[face] for face in finding.touches))


def share_at_border(labels: LabelMap, organ: str) -> float:
    """The share (0 to 1) of an organ's volume that lies in parts which reach a border of the images.

    Parts touch by face, edge or corner; an organ without a voxel has none.
    """
    number, size = labels.label_of(organ), labels.voxels.shape
    if number not in labels.boxes:
        return 0.0
    box = labels.boxes[number]
    parts, _ = label(labels.voxels[box] == number, structure=generate_binary_structure(3, 3))
    sizes = np.bincount(parts.ravel())
    reaching: set[int] = set()
    for axis, part in enumerate(box):
        reaching.update(np.take(parts, 0, axis=axis).flat if part.start == 0 else ())
        reaching.update(np.take(parts, -1, axis=axis).flat if part.stop == size[axis] else ())
    return float(sum(sizes[n] for n in reaching if n > 0) / sizes[1:].sum())


def judge_at_border(finding: Finding, cut_share: float, judgement: Judgement) -> Judgement:
    """What a rule's judgement of an organ means where the organ reaches a border.

    Where the organ itself ends inside the images, the judgement stands. Where it is cut, it is ``TRUNCATED`` if there
    is enough of it to be sure, else kept with ``PRESENT_UNCERTAIN``; only a scrap that the rule takes away goes.
    """
    if cut_share < CUT_SHARE:
        return judgement
    name, ends = all_organs()[finding.organ].name, border_words(finding)
    if judgement.outcome in (Outcome.PRESENT, Outcome.PARTIAL):
        return Judgement(
            Outcome.TRUNCATED_BY_FIELD_OF_VIEW, f"{name}: the images end on it at {ends}; its volume is a part."
        )
    if judgement.outcome is Outcome.REMOVED_FALSE_POSITIVE and finding.volume_ml < SCRAP_ML:
        return Judgement(
            Outcome.REMOVED_FALSE_POSITIVE,
            f"{name}: a scrap of {finding.volume_ml:.2f} mL at {ends} is too little to be told from nothing "
            f"and was removed. Look there before you rely on it.",
        )
    return Judgement(
        Outcome.PRESENT_UNCERTAIN,
        f"{name}: the images end on it at {ends} and show {finding.volume_ml:.1f} mL: the end of an organ that goes on "
        f"beyond them, or nothing real. It was kept: please look.",
    )
