"""A synthetic child and a synthetic scanner: CT voxels with their truth, from a seed.

It is made for tests and for training, not for measuring children: all sizes are approximations (see ``growth``).
"""

from pedcontour.phantom.kidney_levels import kidney_range_mm
from pedcontour.phantom.kidney_spec import CONDITIONS, BedSpec, KidneyCondition, KidneySpec
from pedcontour.phantom.scene import scan_child, trunk_range_mm
from pedcontour.phantom.spec import BED_FILLINGS, BedFilling, ChildSpec, Kernel, PatientPosition, Scan, ScanSpec

__all__ = [
    "BED_FILLINGS",
    "CONDITIONS",
    "BedFilling",
    "BedSpec",
    "ChildSpec",
    "Kernel",
    "KidneyCondition",
    "KidneySpec",
    "PatientPosition",
    "Scan",
    "ScanSpec",
    "kidney_range_mm",
    "scan_child",
    "trunk_range_mm",
]
