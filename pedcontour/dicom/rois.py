"""The list of regions that both output files show: decided once, written twice, so they cannot disagree."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom import Dataset

from pedcontour.dicom.codes import ANATOMICAL_STRUCTURE, SELECTED_REGION, SPATIAL_CONCEPT, code_item, organ_item
from pedcontour.organs import Organ, all_organs
from pedcontour.outputs import REVIEW_COLOUR, TG263, RoiNames
from pedcontour.volume import LabelMap


@dataclass(frozen=True)
class Roi:
    """One region: ROI number in the RTSTRUCT, segment number in the SEG, label in the map: one and the same number.

    With ``review`` it is what an absence rule took out of the organ, to be looked at, and no organ itself.
    """

    number: int
    organ: Organ
    names: RoiNames = TG263
    review: bool = False

    @property
    def name(self) -> str:
        """ROI name and segment label."""
        return self.names.review_name_of(self.organ.id) if self.review else self.names.name_of(self.organ.id)

    @property
    def words(self) -> str:
        """What it is, in words."""
        return f"Not taken for a {self.organ.name.lower()}: for review only" if self.review else self.organ.name

    @property
    def colour(self) -> tuple[int, int, int]:
        """RGB 0-255 in every output."""
        return REVIEW_COLOUR if self.review else self.names.colour_of(self.organ.id)

    def category_item(self) -> Dataset:
        """Its segmented property category."""
        return code_item(SPATIAL_CONCEPT if self.review else ANATOMICAL_STRUCTURE)

    def type_item(self) -> Dataset:
        """Its segmented property type, an organ's with its side."""
        return code_item(SELECTED_REGION) if self.review else organ_item(self.organ)


def rois_of(labels: LabelMap, drawn: Iterable[str], names: RoiNames = TG263) -> tuple[Roi, ...]:
    """The regions to write, by label number: the organs of ``drawn`` that have a voxel in ``labels``, and what lies
    there for review."""
    organs = rois_named(labels, drawn, names)
    known = all_organs()
    review = tuple(Roi(label, known[organ], names, review=True) for label, organ in sorted(labels.review.items()))
    return tuple(roi for roi in (*organs, *review) if roi.number in labels.boxes)


def rois_named(labels: LabelMap, organs: Iterable[str], names: RoiNames = TG263) -> tuple[Roi, ...]:
    """The regions of some organs, by label number, with voxels or without; organs without a label are left out."""
    wanted = set(organs)
    known = all_organs()
    return tuple(Roi(label, known[organ], names) for label, organ in sorted(labels.organs.items()) if organ in wanted)
