"""The last layer of a network with made-up weights, fitted to a phantom, so that its scores are like a trained one's:
smooth inside organs, apart at borders. Noise takes us seven times as long to label, and stock no longer.
"""

from typing import Any

import numpy as np
import torch

from pedcontour.orientation import AxisChange
from pedcontour.phantom import ChildSpec, ScanSpec, scan_child

CHILD = ChildSpec(seed=7, age_years=5.0)
RIDGE = 1e-3
"""Of the mean square of a feature."""


def fit_last_layer(network: Any, patch: int, spacing_mm: float, normalise: Any) -> None:
    """Least squares from the last features to the organs of one tile, in place; ``normalise`` is the plans'."""
    half_mm = patch * spacing_mm / 2.0
    spec = ScanSpec((spacing_mm, spacing_mm), spacing_mm, matrix=(patch, patch), z_range_mm=(-half_mm, half_mm))
    scan = scan_child(CHILD, spec)
    change = AxisChange.to_canonical(scan.image.grid)
    image = change.volume(scan.image).voxels[:patch].astype(np.float32)
    truth = change.label_map(scan.truth).voxels[:patch].ravel()
    features = _features(network, torch.from_numpy(normalise(image))[None, None])[:, : truth.size]
    layer = network.decoder.seg_layers[-1]
    wanted = torch.nn.functional.one_hot(torch.from_numpy(truth.astype(np.int64)), layer.out_channels).float()
    # Each voxel counts by the rarity of its organ: otherwise background would win everywhere.
    weight = (wanted / wanted.sum(0).clamp(min=1.0).sqrt()).sum(1)
    weight /= weight.sum()
    centre, middle = (features @ weight)[:, None], (weight @ wanted)[None]
    spread = features - centre
    square = (spread * weight) @ spread.T
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
    weights = torch.linalg.solve(square, (spread * weight) @ (wanted - middle)).T
    layer.weight.data.copy_(weights.reshape(layer.weight.shape))
    layer.bias.data.copy_((middle.T - weights @ centre)[:, 0])


def _features(network: Any, tile: torch.Tensor) -> torch.Tensor:
    """What the last layer sees of a tile, ``(feature, voxel)``."""
    seen: list[torch.Tensor] = []
    handle = network.decoder.seg_layers[-1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.inference_mode():
        network(tile)
    handle.remove()
    return seen[0][0].flatten(1)
