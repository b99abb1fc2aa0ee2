import numpy as np
import pytest
from scipy.special import softmax

from pedcontour.inference.confidence import Confidence


def test_certainty_is_mean_spread_and_firm_share_of_a_label_over_its_own_voxels() -> None:
    logits = np.random.default_rng(4).normal(0, 2, (4, 5, 6, 7)).astype(np.float16)
    probability = softmax(logits.astype(np.float32), axis=0)
    winner = logits.argmax(0).astype(np.uint8)
    confidence = Confidence((0, 1, 1, 0))
    confidence.add(logits[:, :2], winner[:2])
    confidence.add(logits[:, 2:], winner[2:])
    merged = (winner == 1) | (winner == 2)
    assert confidence.by_label().keys() == {1}
    own = (probability[1] + probability[2])[merged]
    assert confidence.by_label()[1].mean == pytest.approx(own.mean(), rel=1e-5)
    assert confidence.by_label()[1].spread == pytest.approx(own.std(), rel=1e-4)
    assert confidence.by_label()[1].firm == pytest.approx(np.mean(own >= 0.9))
    assert 0.0 < confidence.by_label()[1].firm < 1.0


def test_a_label_that_wins_nowhere_has_no_confidence() -> None:
    logits = np.zeros((3, 2, 2, 2), np.float32)
    logits[1] = 5.0
    confidence = Confidence((0, 1, 2))
    confidence.add(logits, logits.argmax(0).astype(np.uint8))
    assert confidence.by_label().keys() == {1}
