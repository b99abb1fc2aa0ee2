"""What the absence rules took away, kept beside the results under numbers of its own, for a person to look at."""

from collections.abc import Collection, Mapping

from pedcontour.organs import all_organs
from pedcontour.volume import LabelMap

LARGEST_LABEL = 255
"""Label maps hold a byte a voxel."""


def review_labels(organs: Mapping[int, str]) -> dict[int, str]:
    """A number for each organ of a model that may be absent, after the model's last label and in the order of its
    labels: the same organ of a model has the same number in every patient. As many as there is room for."""
    known = all_organs()
    removable = [organ for _, organ in sorted(organs.items()) if known[organ].may_be_absent]
    return dict(zip(range(max(organs, default=0) + 1, LARGEST_LABEL + 1), removable, strict=False))


def set_aside(drawn: LabelMap, kept: LabelMap, removed: Collection[str]) -> LabelMap:
    """``kept`` with the organs of ``removed``, as they lie in ``drawn``, under their review labels."""
    numbers = review_labels(drawn.organs)
    voxels = kept.voxels.copy()
    for number, organ in numbers.items():
        label = drawn.label_of(organ)
        if organ in removed and label in drawn.boxes:
            box = drawn.boxes[label]
            voxels[box][drawn.voxels[box] == label] = number
    return LabelMap(kept.grid, voxels, kept.organs, numbers)
