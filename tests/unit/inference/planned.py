"""The toy's plans with one thing changed in each, and nnU-Net's own preprocessing of an image by them."""

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from pedcontour.inference.nnunet_network import Definition, read_definition
from tests.toy_nnunet import CONFIGURATION, toy_dataset, toy_image, toy_plans

SHAPE, SPACING_MM = (30, 44, 38), (2.5, 1.75, 2.0)
THICK_SPACING_MM = (7.0, 1.75, 2.0)

PLANS: dict[str, dict[str, Any]] = {
    "as planned": {},
    "transposed": {"transpose_forward": [1, 2, 0], "transpose_backward": [2, 0, 1]},
    "normalised inside the nonzero part": {
        "normalization_schemes": ["ZScoreNormalization"],
        "use_mask_for_norm": [True],
    },
    "cubic logits": {"resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 3}},
    "thick slices kept linear": {
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 1, "order_z": 1, "force_separate_z": None}
    },
    "never separate": {
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": False}
    },
    "resampled by torch": {
        "resampling_fn_data": "resample_torch_fornnunet",
        "resampling_fn_probabilities": "resample_torch_fornnunet",
        "resampling_fn_data_kwargs": {"is_seg": False, "force_separate_z": False},
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "force_separate_z": False},
    },
}


REGIONS = {
    "labels": {"background": 0, **{str(n): [n, 8] for n in range(1, 8)}},
    "regions_class_order": [3, 1, 2, 5, 4, 7, 6],
}


def definition_with(changes: dict[str, Any], dataset: dict[str, Any] | None = None) -> Definition:
    plans: dict[str, Any] = copy.deepcopy(toy_plans())
    configuration = plans["configurations"][CONFIGURATION]
    for key, value in changes.items():
        (plans if key in plans else configuration)[key] = value
    return read_definition(plans, toy_dataset() | (dataset or {}), CONFIGURATION)


def image() -> npt.NDArray[np.int16]:
    voxels = toy_image(SHAPE, SPACING_MM, seed=2)[0].voxels.copy()
    voxels[:4] = 0
    voxels[:, :, -3:] = 0
    result: npt.NDArray[np.int16] = voxels
    return result


def stock_preprocessing(definition: Definition, spacing_mm: tuple[float, ...]) -> tuple[Any, dict[str, Any]]:
    properties: dict[str, Any] = {"spacing": list(spacing_mm)}
    data, _, properties = definition.preprocessor.run_case_npy(
        image()[None], None, properties, definition.plans, definition.configuration, toy_dataset()
    )
    return data, properties
