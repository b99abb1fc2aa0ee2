"""From one grid to another: the only place of the library that interpolates on grids.

``grids`` follows the patient's coordinates; ``cubic`` changes the number of voxels within one extent, as nnU-Net does,
and gives its weights to who does the same on a graphics card.
"""

from pedcontour.resampling.cubic import axes_by_growth, cubic_weights, nearest_slices, resize_cubic, resize_slices_cubic
from pedcontour.resampling.grids import SplineOrder, index_map, resample_labels_to, resample_to

__all__ = [
    "SplineOrder",
    "axes_by_growth",
    "cubic_weights",
    "index_map",
    "nearest_slices",
    "resample_labels_to",
    "resample_to",
    "resize_cubic",
    "resize_slices_cubic",
]
