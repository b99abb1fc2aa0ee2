"""Scans that several tests look at: coarse, and each made once."""

from functools import cache

from pedcontour.phantom import ChildSpec, Scan, ScanSpec, scan_child

CHILD = ChildSpec(seed=11, age_years=6.0)
COARSE = {"spacing_mm": (4.0, 4.0), "slice_spacing_mm": 5.0}


@cache
def coarse_scan(child: ChildSpec = CHILD, **wishes: object) -> Scan:
    """A whole torso on a coarse grid; ``wishes`` are further fields of ``ScanSpec``."""
    return scan_child(child, ScanSpec(**{**COARSE, **wishes}))
