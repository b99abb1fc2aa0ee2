"""A synthetic child and a synthetic scanner: CT voxels with their truth, from a seed.

It is made for tests and for training, not for measuring children: all sizes are approximations (see ``growth``).
"""

from pedcontour.phantom.scene import scan_child, trunk_range_mm
from pedcontour.phantom.spec import BED_FILLINGS, BedFilling, ChildSpec, Kernel, PatientPosition, Scan, ScanSpec

__all__ = [
    "BED_FILLINGS",
    "BedFilling",
    "ChildSpec",
    "Kernel",
    "PatientPosition",
    "Scan",
    "ScanSpec",
    "scan_child",
    "trunk_range_mm",
]
