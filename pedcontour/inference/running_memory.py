"""The memory that a network takes while it runs, bounded from its definition."""

from dataclasses import dataclass
from math import prod

from pedcontour.inference.nnunet_network import Definition

COPIES = 6
"""How many times the features of all stages are held at once: at full size the encoder's, those that come up to them,
both together, and what a convolution reads and writes in its own order. Measured: 5.2 by PyTorch, 3.4 by OpenVINO."""

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Running:
    """What a network takes beside what it holds, in bytes of the machine's memory.

    ``kept`` from its first run on, ``passing`` while a tile runs.
    """

    kept: int = 0
    passing: int = 0


def tile_bytes(definition: Definition) -> int:
    """The most that the features of one tile and its logits take in float32."""
    voxels = prod(definition.patch_size)
    features, size = 0, 1
    for channels, stride in zip(definition.features, definition.strides, strict=True):
        size *= prod(stride)
        features += channels * voxels // size
    return FLOAT32_BYTES * (COPIES * features + definition.channels * voxels)
