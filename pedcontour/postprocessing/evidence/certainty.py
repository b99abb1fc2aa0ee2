"""How sure the network was: softmax probabilities over the voxels that it gave to the organ.

A real organ is drawn with probabilities near one all through its inside; a false one is doubtful throughout, or in
patches. The numbers come from the engine (``Prediction.confidence``, ``spread`` and ``firm``), which has them from the
one pass that it makes anyway.
"""

import math

from pedcontour.postprocessing.absence import Candidate


def probability(candidate: Candidate) -> float | None:
    """The mean probability, 0 to 1; None where the engine does not tell."""
    return _share(candidate.confidence)


def probability_spread(candidate: Candidate) -> float | None:
    """The standard deviation of the probability, 0 to 1; None where the engine does not tell."""
    return _share(candidate.spread)


def firm_share(candidate: Candidate) -> float | None:
    """How much of it would stay if only voxels with a probability of at least 0.9 were drawn, 0 to 1; None where the
    engine does not tell.

    It answers what a second pass over a changed image would ask, whether the organ stands when something is moved, by
    moving the bar instead of the image: a false kidney crumbles.
    """
    return _share(candidate.firm)


def _share(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else min(1.0, max(0.0, value))
