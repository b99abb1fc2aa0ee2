"""The list of regions that both output files show: decided once, written twice, so they cannot disagree."""

from collections.abc import Iterable
from dataclasses import dataclass

from pedcontour.organs import Organ, all_organs
from pedcontour.outputs import TG263, RoiNames
from pedcontour.volume import LabelMap


@dataclass(frozen=True)
class Roi:
    """One region: ROI number in the RTSTRUCT, segment number in the SEG, label in the map: one and the same number."""

    number: int
    organ: Organ
    names: RoiNames = TG263

    @property
    def name(self) -> str:
        """ROI name and segment label."""
        return self.names.name_of(self.organ.id)

    @property
    def colour(self) -> tuple[int, int, int]:
        """RGB 0-255 in every output."""
        return self.names.colour_of(self.organ.id)


def rois_of(labels: LabelMap, drawn: Iterable[str], names: RoiNames = TG263) -> tuple[Roi, ...]:
    """The regions to write, by label number: the organs of ``drawn`` that have a voxel in ``labels``."""
    return tuple(roi for roi in rois_named(labels, drawn, names) if roi.number in labels.boxes)


def rois_named(labels: LabelMap, organs: Iterable[str], names: RoiNames = TG263) -> tuple[Roi, ...]:
    """The regions of some organs, by label number, with voxels or without; organs without a label are left out."""
    wanted = set(organs)
    known = all_organs()
    return tuple(Roi(label, known[organ], names) for label, organ in sorted(labels.organs.items()) if organ in wanted)
