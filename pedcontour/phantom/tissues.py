"""Hounsfield units of tissues, native and in a portal-venous phase: textbook values for 100-120 kV, rounded."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

AIR_HU = -1000.0

TISSUES_HU: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        # name: (native, portal-venous)
        "fat": (-104.0, -100.0),
        "skin": (10.0, 25.0),
        "muscle": (54.0, 62.0),
        "liver": (58.0, 108.0),
        "liver_vessel": (42.0, 152.0),
        "spleen": (48.0, 118.0),
        "kidney_cortex": (33.0, 170.0),
        "kidney_medulla": (31.0, 124.0),
        "urine": (4.0, 6.0),
        "pancreas": (40.0, 92.0),
        "bowel_wall": (40.0, 88.0),
        "bowel_fluid": (18.0, 20.0),
        "stool": (25.0, 28.0),
        "gas": (-960.0, -960.0),
        "artery": (42.0, 152.0),
        "vein": (42.0, 138.0),
        "heart_muscle": (46.0, 98.0),
        "blood": (41.0, 150.0),
        "bile": (8.0, 9.0),
        "lung": (-790.0, -780.0),
        "disc": (85.0, 90.0),
        "cartilage": (95.0, 100.0),
        "cord": (38.0, 45.0),
        "csf": (10.0, 12.0),
        "adrenal": (30.0, 75.0),
        "lymph": (30.0, 50.0),
    }
)

BONE_BY_AGE_HU: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"cortex": (420.0, 850.0), "spongiosa": (180.0, 170.0)}
)
"""Bone at birth and at 18 years."""

SPREAD_HU = 4.0
"""How far (standard deviation) a tissue of one child lies from the table; enhanced tissues vary by a tenth on top."""


class Tissues:
    """The HU of one child's tissues, drawn around the table: ``tissues["liver"]``."""

    def __init__(self, contrast: bool, age_years: float, rng: np.random.Generator) -> None:
        self._values: dict[str, float] = {}
        phase = rng.normal(1.0, 0.12)
        for name, (native, enhanced) in TISSUES_HU.items():
            gain = (enhanced - native) * max(0.4, phase + rng.normal(0.0, 0.05)) if contrast else 0.0
            spread = 0.5 if name in ("gas", "csf", "urine", "bile") else SPREAD_HU
            self._values[name] = native + gain + float(rng.normal(0.0, spread))
        for name, ends in BONE_BY_AGE_HU.items():
            self._values[name] = float(np.interp(age_years, (0.0, 18.0), ends)) + float(rng.normal(0.0, 15.0))

    def __getitem__(self, name: str) -> float:
        """HU of a tissue by name."""
        return self._values[name]
