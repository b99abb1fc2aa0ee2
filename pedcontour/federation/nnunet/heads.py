"""How much each site counts in the rows of the network that speak of one organ."""

from collections.abc import Mapping

import numpy as np

from pedcontour.federation.averaging import Weights
from pedcontour.federation.nnunet.fingerprint import SiteFingerprint

HEADS = ".seg_layers."
"""In the names of nnU-Net's last layers, one a resolution, with a row for the background and for each label."""


Shares = dict[str, dict[str, tuple[int, ...]]]


def row_shares(model: Weights, parts: Mapping[str, SiteFingerprint], *, by_cases: bool) -> Shares:
    """Shares of the heads' rows by site and tensor: cases in which the organ is annotated, and all for the background.

    Without ``by_cases`` sites with any annotated case count the same. Where every organ is annotated in every case
    there is nothing to weigh apart, and nothing is returned.
    """
    if all(cases == part.cases for part in parts.values() for cases in part.annotated):
        return {}
    heads = [name for name in model if HEADS in name]
    return {site: dict.fromkeys(heads, _of_rows(part, by_cases=by_cases)) for site, part in parts.items()}


def _of_rows(part: SiteFingerprint, *, by_cases: bool) -> tuple[int, ...]:
    counted = np.array([part.cases, *part.annotated])
    return tuple(int(n) for n in (counted if by_cases else counted > 0))
