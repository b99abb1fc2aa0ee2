"""The list of regions that both output files show: decided once, written twice, so they cannot disagree."""

from collections.abc import Iterable
from dataclasses import dataclass

from pedcontour.organs import Organ, all_organs
from pedcontour.volume import LabelMap


@dataclass(frozen=True)
class Roi:
    """One region: ROI number in the RTSTRUCT, segment number in the SEG, label in the map: one and the same number."""

    number: int
    organ: Organ

    @property
    def name(self) -> str:
        """ROI name and segment label: TG-263, at most 16 characters."""
        return self.organ.tg263


def rois_of(labels: LabelMap, drawn: Iterable[str]) -> tuple[Roi, ...]:
    """The regions to write, by label number: the organs of ``drawn`` that have a voxel in ``labels``."""
    wanted = set(drawn)
    organs = all_organs()
    return tuple(
        Roi(label, organs[organ])
        for label, organ in sorted(labels.organs.items())
        if organ in wanted and bool((labels.voxels == label).any())
    )
