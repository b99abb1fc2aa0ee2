"""The devices that code for a card is tested on: the processor always, a card where there is one."""

import pytest
import torch

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

on_every_device = pytest.mark.parametrize(
    "device", [torch.device("cpu"), pytest.param(torch.device("cuda"), marks=NEEDS_CUDA)], ids=str
)
