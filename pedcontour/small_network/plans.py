"""The plan of the small network that two CPU cores can train: nnU-Net's own plan with a smaller body."""

from typing import Any

SPACING_MM = (3.0, 3.0, 3.0)
"""Coarse enough that a patch sees the whole width of a child; organs are drawn on the scanner's grid all the same."""
PATCH = (64, 96, 96)
"""192 x 288 x 288 mm: liver, spleen and both kidneys of an adolescent in one look."""
FEATURES = (16, 32, 64, 128, 128)
"""3.3 M parameters = 13 MB in fp32: fits in a repository; multiples of 16 are what CPU convolutions are fast with."""
INTENSITIES_HU = {
    "mean": -80.0,
    "std": 260.0,
    "median": 30.0,
    "min": -1024.0,
    "max": 3071.0,
    "percentile_00_5": -960.0,
    "percentile_99_5": 400.0,
}
"""CTNormalization's statistics, set once instead of measured, so that cases can join a running training: lung to
enhanced vessel is kept apart, denser bone and metal are clipped."""


def shrink(plans: dict[str, Any]) -> dict[str, Any]:
    """Turn the plans of nnU-Net's planner into those of the small network; only ``3d_fullres`` is kept."""
    full = dict(plans["configurations"]["3d_fullres"])
    stages = len(FEATURES)
    architecture = dict(full["architecture"])
    architecture["arch_kwargs"] = architecture["arch_kwargs"] | {
        "n_stages": stages,
        "features_per_stage": list(FEATURES),
        "kernel_sizes": [[3, 3, 3]] * stages,
        "strides": [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1),
        "n_conv_per_stage": [2] * stages,
        "n_conv_per_stage_decoder": [1] + [2] * (stages - 2),
    }
    full |= {"patch_size": list(PATCH), "batch_size": 1, "spacing": list(SPACING_MM), "architecture": architecture}
    return plans | {
        "plans_name": "pedcontourSmallPlans",
        "configurations": {"3d_fullres": full},
        "foreground_intensity_properties_per_channel": {"0": INTENSITIES_HU},
    }
