"""How children lie at a site: the roll about the body's axis that its training augments with."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked_dataclass

Degrees = Annotated[float, Field(ge=-180, le=180)]


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Rolls:
    """Ranges of roll in degrees: one of them is drawn, each as likely, then an angle in it.

    ``tilt`` is the largest angle about the two other axes, ``probability`` how often a patch is rotated at all. The
    study (arXiv:2605.06820) had two ranges for children lying on a side or on the back, and one wide range.
    """

    ranges: Annotated[tuple[tuple[Degrees, Degrees], ...], Field(min_length=1)]
    tilt: Annotated[float, Field(ge=0, le=180)] = 30.0
    probability: Annotated[float, Field(ge=0, le=1)] = 0.5

    @property
    def widest(self) -> float:
        """The largest angle of roll, in radians."""
        return float(np.radians(max(abs(end) for ends in self.ranges for end in ends)))


LATERAL_OR_SUPINE = Rolls(((-120.0, -60.0), (-30.0, 30.0)))
"""The study's first site."""
ANY_ROLL = Rolls(((-90.0, 90.0),))
"""The study's second site."""


@dataclass(frozen=True)
class DrawnAngle:
    """Draws the angle of a rotation about one of the network's axes, in radians, as batchgenerators asks for it.

    ``body_axis`` is the network's axis along the body. ``flat``: patches are rotated within slices alone, slices being
    axis 0, and the one angle that is asked for is about that axis.
    """

    rolls: Rolls
    body_axis: int
    flat: bool

    def __call__(self, *_: Any, dim: int, **__: Any) -> float:
        """An angle about axis ``dim``; from numpy's global generator, as all of nnU-Net's augmentation."""
        axis = 0 if self.flat else dim
        ends = (-self.rolls.tilt, self.rolls.tilt)
        if axis == self.body_axis:
            ends = self.rolls.ranges[np.random.randint(len(self.rolls.ranges))]
        return float(np.radians(np.random.uniform(min(ends), max(ends))))
