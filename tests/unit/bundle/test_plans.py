import copy
from collections.abc import Callable
from typing import Any

import pytest

from pedcontour.bundle.plans import check_plans, resolve_configuration
from pedcontour.errors import ModelError, ModelUnsafeError, ModelUnsupportedError
from tests.toy_nnunet import CONFIGURATION, toy_plans


def _changed(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> dict[str, Any]:
    """The toy's plans after ``change(plans, configuration)``."""
    plans = copy.deepcopy(toy_plans())
    change(plans, plans["configurations"][CONFIGURATION])  # type: ignore[index]
    return plans


def _architecture(configuration: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = configuration["architecture"]
    return found


def test_plans_of_nnunets_own_planner_pass() -> None:
    check_plans(toy_plans(), CONFIGURATION)


UNSAFE: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "network class": lambda _, c: _architecture(c).update(network_class_name="os.system"),
    "network class of the same name elsewhere": lambda _, c: _architecture(c).update(
        network_class_name="evil.architectures.unet.PlainConvUNet"
    ),
    "network class that is no text": lambda _, c: _architecture(c).update(network_class_name=["os.system"]),
    "building block": lambda _, c: _architecture(c)["arch_kwargs"].update(nonlin="builtins.exec"),
    "option made importable": lambda _, c: (
        _architecture(c)["_kw_requires_import"].append("conv_bias"),
        _architecture(c)["arch_kwargs"].update(conv_bias="os.system"),
    ),
    "text where a number belongs": lambda _, c: _architecture(c)["arch_kwargs"].update(norm_op_kwargs={"eps": "x"}),
    "normalisation": lambda _, c: c.update(normalization_schemes=["nnUNetTrainer"]),
    "resampling": lambda _, c: c.update(resampling_fn_data="load_json"),
    "resampling of logits": lambda _, c: c.update(resampling_fn_probabilities="partial"),
    "resampling option": lambda _, c: c["resampling_fn_seg_kwargs"].update(device="cuda"),
    "preprocessor": lambda _, c: c.update(preprocessor_name="nnUNetDatasetBlosc2"),
    "label manager": lambda p, _: p.update(label_manager="Trainer"),
    "image reader": lambda p, _: p.update(image_reader_writer="Tiff3DIO"),
    "old network class": lambda _, c: (c.pop("architecture"), c.update(UNet_class_name="os.system")),
}


@pytest.mark.parametrize("change", UNSAFE.values(), ids=UNSAFE.keys())
def test_a_name_that_is_not_on_its_list_is_refused(change: Callable[[Any, Any], object]) -> None:
    with pytest.raises(ModelUnsafeError):
        check_plans(_changed(change), CONFIGURATION)


UNSUPPORTED: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "2d": lambda _, c: c.update(patch_size=[64, 64]),
    "second stage of a cascade": lambda _, c: c.update(previous_stage="3d_lowres"),
    "two image channels": lambda _, c: c.update(normalization_schemes=["CTNormalization"] * 2),
}


@pytest.mark.parametrize("change", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_a_kind_that_cannot_be_run_is_refused(change: Callable[[Any, Any], object]) -> None:
    with pytest.raises(ModelUnsupportedError):
        check_plans(_changed(change), CONFIGURATION)


BROKEN: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "no configurations": lambda p, _: p.pop("configurations"),
    "no architecture table": lambda _, c: c.update(architecture="PlainConvUNet"),
    "imports an option that is not there": lambda _, c: _architecture(c)["_kw_requires_import"].append("block"),
    "spacing of zero": lambda _, c: c.update(spacing=[0.0, 1.0, 1.0]),
    "spacing not a number": lambda _, c: c.update(spacing=[float("nan"), 1.0, 1.0]),
    "patch not whole": lambda _, c: c.update(patch_size=[32.5, 32, 32]),
    "transpose of two axes": lambda p, _: p.update(transpose_forward=[0, 1]),
    "transpose that is not undone": lambda p, _: p.update(transpose_forward=[1, 2, 0], transpose_backward=[1, 2, 0]),
    "no intensities": lambda p, _: p.update(foreground_intensity_properties_per_channel={}),
    "intensities not finite": lambda p, _: p["foreground_intensity_properties_per_channel"]["0"].update(
        std=float("inf")
    ),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_broken_plans_are_refused(change: Callable[[Any, Any], object]) -> None:
    with pytest.raises(ModelError):
        check_plans(_changed(change), CONFIGURATION)


def test_a_configuration_inherits_and_is_checked_after_inheriting() -> None:
    plans = _changed(lambda p, _: p["configurations"].update(child={"inherits_from": CONFIGURATION, "batch_size": 4}))
    check_plans(plans, "child")
    assert resolve_configuration(plans, "child")["batch_size"] == 4
    plans["configurations"]["child"]["preprocessor_name"] = "os.system"
    with pytest.raises(ModelUnsafeError):
        check_plans(plans, "child")


def test_a_configuration_that_is_missing_or_inherits_from_itself_is_refused() -> None:
    with pytest.raises(ModelError):
        check_plans(toy_plans(), "3d_lowres")
    plans = _changed(lambda _, c: c.update(inherits_from=CONFIGURATION))
    with pytest.raises(ModelError):
        check_plans(plans, CONFIGURATION)
