"""The part of the scanner's grid that tiles decide, slab by slab."""

from dataclasses import dataclass

from pedcontour.inference.layout import Layout
from pedcontour.inference.sliding import Slab
from pedcontour.inference.winner import AxisSampling, Sampling


@dataclass(frozen=True)
class Covered:
    """``rows`` and ``columns`` are the scanner's that the layout's box decides.

    ``along`` samples the whole first axis of the network's grid, ``across`` the box's part of the other two.
    """

    first_plane: int
    rows: slice
    columns: slice
    along: AxisSampling
    across: tuple[AxisSampling, AxisSampling]

    @classmethod
    def by(cls, layout: Layout, sampling: Sampling) -> "Covered":
        """What a layout covers, where ``sampling`` is that of the whole image."""
        along, *across = sampling
        (rows, by_row), (columns, by_column) = (
            axis.within(part.start, part.stop) for axis, part in zip(across, layout.box[1:], strict=True)
        )
        return cls(layout.box[0].start, rows, columns, along, (by_row, by_column))

    def decided_by(self, slab: Slab) -> tuple[tuple[slice, slice, slice], Sampling]:
        """The voxels that a slab decides and none before it did, and how they sample the slab."""
        first = self.first_plane + slab.first
        planes, along = self.along.within(first, first + slab.logits.shape[1], first if slab.seen else -1)
        return (planes, self.rows, self.columns), (along, *self.across)
