"""One made-up child: its size, its tissues, and a random stream for every organ, all from one seed."""

import zlib
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from pedcontour.organs import default_labels
from pedcontour.phantom.growth import Size, size_at
from pedcontour.phantom.spec import ChildSpec
from pedcontour.phantom.tissues import Tissues

LABELS: dict[str, int] = {organ: label for label, organ in default_labels().items()}
"""Organ id to label of the truth."""


class Child:
    """What builders of organs need to know about a child."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.growth_mm: Mapping[str, float] = {}
        """How far the surface of an organ moves outwards to meet its volume (design mm); ``fitting`` finds it."""
        self.tissues = Tissues(spec.contrast, spec.age_years, self.rng("tissues"))

    def rng(self, purpose: str) -> np.random.Generator:
        """A random stream of its own for each purpose, so that a new organ does not change the others."""
        return np.random.default_rng((self.spec.seed, zlib.crc32(purpose.encode())))

    @cached_property
    def size(self) -> Size:
        """The usual size for the age, with a spread of a few per cent between children."""
        usual = size_at(self.spec.age_years)
        rng = self.rng("size")
        overall = rng.normal(1.0, 0.03)
        width, depth, height = (s * overall * r for s, r in zip(usual.scale, rng.normal(1.0, 0.025, 3), strict=True))
        volumes = {
            organ: ml * overall**3 * float(np.exp(rng.normal(0.0, 0.1))) for organ, ml in usual.volumes_ml.items()
        }
        fat = usual.fat_mm * self.spec.fatness * float(np.exp(rng.normal(0.0, 0.2)))
        return Size((float(width), float(depth), float(height)), fat, volumes)

    def shift(self, purpose: str, spread_mm: float) -> tuple[float, float, float]:
        """A random displacement (design mm) of one organ of this child."""
        x, y, z = self.rng(purpose + " shift").normal(0.0, spread_mm, 3)
        return float(x), float(y), float(z)
