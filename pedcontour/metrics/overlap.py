"""Overlap of two masks."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
"""A mask ``(k, j, i)`` on some grid: True inside."""


def dice(one: Mask, other: Mask) -> float | None:
    """The Dice similarity coefficient of two masks of equal shape: ``2 |A and B| / (|A| + |B|)``, 0 to 1.

    None when both are empty: there is nothing to agree about (Dice 1945; Zou et al. 2004 leave the case open).
    """
    if one.shape != other.shape:
        raise ValueError(f"masks differ in shape: {one.shape} and {other.shape}")
    total = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    if total == 0:
        return None
    return 2.0 * int(np.count_nonzero(one & other)) / total
