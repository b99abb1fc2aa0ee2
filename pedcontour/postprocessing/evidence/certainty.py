"""How sure the network was: softmax probabilities over the voxels that it gave to the organ.

A real organ is drawn with probabilities near one all through its inside; a false one is doubtful throughout, or in
patches. The numbers come from the engine (``Prediction.confidence`` and ``Prediction.spread``).
"""

import math

from pedcontour.postprocessing.absence import Candidate


def probability(candidate: Candidate) -> float | None:
    """The mean probability, 0 to 1; None where the engine does not tell."""
    return _share(candidate.confidence)


def probability_spread(candidate: Candidate) -> float | None:
    """The standard deviation of the probability, 0 to 1; None where the engine does not tell."""
    return _share(candidate.spread)


def _share(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else min(1.0, max(0.0, value))
