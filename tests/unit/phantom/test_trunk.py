"""The trunk's cross-sections have the width and depth that their curves state."""

import numpy as np
import pytest

from pedcontour.phantom.trunk import CAVITY, FRAME, SPINE_Y


@pytest.mark.parametrize("z", [-250.0, -120.0, 0.0, 90.0, 200.0])
def test_edges_lie_where_the_curves_say(z: float) -> None:
    assert FRAME.edge(z, 0.0) == pytest.approx((0.0, FRAME.front.at(z)))
    assert FRAME.edge(z, 180.0) == pytest.approx((0.0, FRAME.back.at(z)), abs=1e-6)
    assert FRAME.edge(z, 90.0) == pytest.approx((FRAME.half_width.at(z), FRAME.widest.at(z)), abs=1e-6)
    left, right = FRAME.edge(z, 60.0), FRAME.edge(z, -60.0)
    assert left == pytest.approx((-right[0], right[1]))


@pytest.mark.parametrize("z", np.arange(-290.0, 250.0, 45.0))
def test_the_cavity_lies_within_the_frame(z: float) -> None:
    for angle in range(0, 360, 30):
        inner, outer = np.array(CAVITY.edge(z, angle)), np.array(FRAME.edge(z, angle))
        middle = np.array([0.0, FRAME.widest.at(z)])
        assert np.linalg.norm(inner - middle) < np.linalg.norm(outer - middle)


def test_the_spine_bends_forwards_in_the_loin_and_backwards_in_the_chest() -> None:
    assert SPINE_Y.at(-90.0) < SPINE_Y.at(0.0) < SPINE_Y.at(150.0)
    assert SPINE_Y.at(-230.0) > SPINE_Y.at(-90.0)
