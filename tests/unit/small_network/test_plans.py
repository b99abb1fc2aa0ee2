"""The small plan is nnU-Net's own with a smaller body."""

from pedcontour.small_network.plans import FEATURES, PATCH, SPACING_MM, shrink


def test_the_small_plan_keeps_nnu_nets_own_definitions_and_shrinks_the_network() -> None:
    full = {
        "architecture": {"network_class_name": "net", "arch_kwargs": {"conv_bias": True}},
        "normalization_schemes": ["CTNormalization"],
    }
    plans = shrink({"dataset_name": "d", "configurations": {"2d": {}, "3d_fullres": full}})
    small = plans["configurations"]["3d_fullres"]
    assert list(plans["configurations"]) == ["3d_fullres"]
    assert (small["patch_size"], small["spacing"]) == (list(PATCH), list(SPACING_MM))
    assert small["architecture"]["arch_kwargs"]["features_per_stage"] == list(FEATURES)
    assert small["normalization_schemes"] == ["CTNormalization"]
    assert all(size % 2 ** (len(FEATURES) - 1) == 0 for size in PATCH)
