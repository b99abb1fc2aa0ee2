"""Outputs that are no numbers are refused: as labels they would be background, and an organ would vanish unsaid."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from pedcontour.errors import ModelUnsupportedError
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import run_tiles


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_network_that_overflows_is_refused(value: float) -> None:
    def network(tile: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros((1, 3, *tile.shape[2:]))
        logits[0, 1, 4, 4, 4] = value
        return logits

    definition = cast(Definition, SimpleNamespace(patch_size=(16, 16, 16), channels=3))
    with pytest.raises(ModelUnsupportedError):
        run_tiles(definition, network, np.zeros((1, 16, 16, 16), np.float32), torch.device("cpu"), lambda share: None)
