"""Mirroring against nnU-Net's."""

import numpy as np
import pytest
import torch

from pedcontour.inference.mirroring import Mirrored
from tests.toy_nnunet import LABELS, PATCH, toy_dataset
from tests.unit.inference.planned import definition_with


class Lopsided:
    """A network that sees what lies before a voxel and not what lies behind."""

    device = torch.device("cpu")
    channels = len(LABELS)
    tiles_at_once = 2

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        seen = torch.cumsum(torch.cumsum(tiles, 4), 2)
        return torch.cat([seen * n + tiles.roll(n, 3) for n in range(self.channels)], 1)


@pytest.mark.parametrize("axes", [(0,), (0, 2), (0, 1, 2)])
def test_mirrored_tiles_are_averaged_as_by_nnunet(axes: tuple[int, ...]) -> None:
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    definition = definition_with({})
    predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=True, allow_tqdm=False)
    network = torch.nn.Module()
    network.forward = Lopsided()  # type: ignore[method-assign]
    predictor.manual_initialization(
        network, definition.plans, definition.configuration, None, toy_dataset(), "none", axes
    )
    tiles = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 1, *PATCH)).astype(np.float32))
    stock = predictor._internal_maybe_mirror_and_predict(tiles.clone())
    ours = Mirrored(Lopsided(), axes)
    torch.testing.assert_close(ours(tiles), stock)
    assert (ours.channels, ours.tiles_at_once, ours.device) == (len(LABELS), 2, torch.device("cpu"))
