"""One training case: an image and its labels on one grid."""

from dataclasses import dataclass

from pedcontour.volume import LabelMap, Volume


@dataclass(frozen=True, eq=False)
class TrainingCase:
    """A CT in Hounsfield units and the label map that was used to make it; both on ``image.grid``."""

    name: str
    image: Volume
    truth: LabelMap
