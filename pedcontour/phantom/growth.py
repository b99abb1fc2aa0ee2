"""How a child grows: sizes by age, stated once as data and read by linear interpolation.

All anatomy is designed in the millimetres of one *reference adult* torso (L1 to L5 141 mm between the centres of the
bodies, rib cage about 300 mm wide). A child is that torso, scaled along x, y and z, with each organ then brought to
its own volume.

Every number is an approximation of the literature, rounded and smoothed for a phantom; none is a norm to judge a child
by:

- trunk scales: spine heights after Dimeglio (L1-L5 about 7.5 cm at birth, 10.5 at 5 years, 12.5 at 10, 16 adult), body
  widths so that the effective diameter of the trunk follows the order of AAPM Report 204 (11 cm at birth, 17 at 5
  years, 20 at 10, 25 at 18);
- organ volumes: reference masses of ICRP Publication 89 (mean of both sexes), taken as mL;
- the heart with its blood (same source); kidney volumes agree with lengths of 4.5 cm at birth, 8 at 5 years, 11 at 18.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

AGES_YEARS = (0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 18.0)

WIDTH_SCALE = (0.385, 0.465, 0.51, 0.60, 0.72, 0.85, 0.90)
DEPTH_SCALE = (0.415, 0.49, 0.54, 0.62, 0.715, 0.83, 0.88)
HEIGHT_SCALE = (0.43, 0.51, 0.55, 0.63, 0.74, 0.87, 0.92)

FAT_MM = (5.0, 7.0, 6.0, 5.5, 8.0, 10.0, 12.0)
"""Mean thickness of the fat under the skin of the trunk: babies have more than pre-school children."""

VOLUMES_ML: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "liver": (130.0, 330.0, 390.0, 570.0, 830.0, 1250.0, 1500.0),
        "spleen": (9.5, 29.0, 35.0, 50.0, 80.0, 130.0, 150.0),
        "kidney": (12.5, 32.0, 38.0, 55.0, 85.0, 120.0, 140.0),
        "heart": (46.0, 98.0, 130.0, 220.0, 370.0, 560.0, 640.0),
        "pancreas": (6.0, 16.0, 20.0, 30.0, 50.0, 80.0, 95.0),
        "gallbladder": (1.2, 3.5, 5.0, 9.0, 17.0, 26.0, 32.0),
    }
)
"""Volume by age at ``AGES_YEARS``; one kidney, whole heart with blood, a fasting gallbladder."""


@dataclass(frozen=True)
class Size:
    """The size of one child: ``scale`` (x, y, z) from the reference adult, ``fat_mm``, and organ volumes in mL."""

    scale: tuple[float, float, float]
    fat_mm: float
    volumes_ml: Mapping[str, float]

    @property
    def mean_scale(self) -> float:
        """One number for the three scales: the cube root of their product."""
        return float(np.cbrt(np.prod(self.scale)))

    def factor(self, organ: str, reference_ml: float) -> float:
        """By how much to scale an organ's lengths, so that ``reference_ml`` in the reference adult meets this child's
        volume.
        """
        ratio = self.volumes_ml[organ] / (reference_ml * float(np.prod(self.scale)))
        return float(np.cbrt(ratio))


def size_at(age_years: float) -> Size:
    """The usual size at an age, without the spread between children."""

    def at(curve: tuple[float, ...]) -> float:
        return float(np.interp(age_years, AGES_YEARS, curve))

    return Size(
        (at(WIDTH_SCALE), at(DEPTH_SCALE), at(HEIGHT_SCALE)),
        at(FAT_MM),
        {organ: at(curve) for organ, curve in VOLUMES_ML.items()},
    )
