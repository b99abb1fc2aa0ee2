"""Kidneys out of the ordinary, and what surgery leaves behind: plain data, checked on the way in.

What counts as kidney in the truth: the parenchyma that is there, on the patient's own side. Renal sinus, pelvis and
calyces are not, dilated or not; nor is a tumour, a nodule, or fluid in an empty bed. The bridge of a horseshoe kidney
is parenchyma and is divided at the midline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

KidneyCondition = Literal[
    "usual", "hypertrophic", "atrophic", "hydronephrotic", "duplex", "horseshoe", "pelvic", "partial", "tumour"
]
CONDITIONS: tuple[KidneyCondition, ...] = get_args(KidneyCondition)

ENVELOPE_GAINS: Mapping[KidneyCondition, tuple[float, float]] = MappingProxyType(
    {
        "usual": (1.0, 1.0),
        "hypertrophic": (1.3, 1.8),
        "atrophic": (0.40, 0.15),
        "hydronephrotic": (1.2, 1.8),
        "duplex": (1.15, 1.25),
        "horseshoe": (0.95, 0.95),
        "pelvic": (0.85, 0.6),
        "partial": (1.0, 1.0),
        "tumour": (1.0, 0.9),
    }
)
"""Volume of the kidney's outline over the usual one, at degree 0 and 1, before a condition hollows or cuts it. The
range of hypertrophy is that of a single kidney years after nephrectomy; the others are made up to be seen clearly."""


@dataclass(frozen=True)
class KidneySpec:
    """How one kidney differs from the usual one.

    ``degree`` (0 to 1) is how far: more growth, a smaller remnant, a thinner rim, a larger tumour; it does nothing to
    the usual and to the horseshoe kidney. Raises ``ValueError`` for a degree outside 0-1.
    """

    condition: KidneyCondition = "usual"
    degree: float = 0.5

    def __post_init__(self) -> None:
        if self.condition not in CONDITIONS:
            raise ValueError(f"{self.condition} is no condition of a kidney")
        if not 0.0 <= self.degree <= 1.0:
            raise ValueError(f"degree must be 0 to 1, not {self.degree}")

    @property
    def envelope_gain(self) -> float:
        """Volume of the outline over that of the usual kidney."""
        mild, severe = ENVELOPE_GAINS[self.condition]
        return mild + (severe - mild) * self.degree


@dataclass(frozen=True)
class BedSpec:
    """What lies in the bed of a removed kidney besides its filling.

    ``clips`` surgical clips, with ``streaks`` around each as metal makes them; ``nodule`` (0 to 1) is the size of a
    piece of soft tissue that looks like a recurrence, 0 for none and 1 for half the length of a kidney. Raises
    ``ValueError`` outside these ranges.
    """

    clips: int = 3
    streaks: bool = False
    nodule: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.clips <= 20:
            raise ValueError(f"clips must be 0 to 20, not {self.clips}")
        if not 0.0 <= self.nodule <= 1.0:
            raise ValueError(f"nodule must be 0 to 1, not {self.nodule}")
