"""How well two segmentations agree: the study's three figures, defined once.

Definitions (all on the scanner's native grid, in millimetres):

* **DSC** (Dice similarity coefficient): twice the common volume over the sum of both, on full 3D masks.
* **HD95**: the larger of the two directed 95th percentiles of surface distances.
* **MSD**: the mean of the two directed mean surface distances.
* An **empty reference** has no DSC and no distances: what was drawn is a false-positive volume.
* A **missed organ** (reference there, nothing drawn) has DSC 0 and *undefined* distances, which are counted, never 0.
"""

from pedcontour.metrics.agreement import Agreement, Case, compare, compare_masks
from pedcontour.metrics.overlap import dice
from pedcontour.metrics.surface import SurfaceDistances, surface_distances

__all__ = ["Agreement", "Case", "SurfaceDistances", "compare", "compare_masks", "dice", "surface_distances"]
