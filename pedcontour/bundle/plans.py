"""What an nnU-Net plans file may name: it selects code, so every name is on a list here before nnU-Net sees it.

nnU-Net looks up the network class, its building blocks, the normalisation, resampling and preprocessing by the names in
``plans.json`` (``pydoc.locate`` and a search through its own modules). Whoever writes that file chooses what is
imported.
"""

import math
from collections.abc import Mapping
from typing import Any

from pedcontour.errors import ModelError, ModelUnsafeError, ModelUnsupportedError

_DNA = "dynamic_network_architectures"
NETWORK_CLASSES = frozenset(
    {
        f"{_DNA}.architectures.unet.PlainConvUNet",
        f"{_DNA}.architectures.unet.ResidualEncoderUNet",
        f"{_DNA}.architectures.unet.ResidualUNet",
    }
)
OLD_NETWORK_CLASSES = frozenset({"PlainConvUNet", "ResidualEncoderUNet"})
"""How plans before nnU-Net 2.5 name them (``UNet_class_name``)."""
BUILDING_BLOCKS = frozenset(
    {
        *("torch.nn.Conv3d", "torch.nn.modules.conv.Conv3d"),
        *("torch.nn.InstanceNorm3d", "torch.nn.modules.instancenorm.InstanceNorm3d"),
        *("torch.nn.BatchNorm3d", "torch.nn.modules.batchnorm.BatchNorm3d"),
        *("torch.nn.Dropout3d", "torch.nn.modules.dropout.Dropout3d"),
        *("torch.nn.LeakyReLU", "torch.nn.modules.activation.LeakyReLU"),
        *("torch.nn.ReLU", "torch.nn.modules.activation.ReLU"),
        f"{_DNA}.building_blocks.residual.BasicBlockD",
        f"{_DNA}.building_blocks.residual.BottleneckD",
    }
)
NORMALISATIONS = frozenset({"CTNormalization", "ZScoreNormalization", "NoNormalization", "RescaleTo01Normalization"})
RESAMPLERS = frozenset({"resample_data_or_seg_to_shape", "resample_torch_fornnunet"})
RESAMPLER_OPTIONS = frozenset(
    {
        *("is_seg", "order", "order_z", "force_separate_z", "separate_z_anisotropy_threshold"),
        *("num_threads", "memefficient_seg_resampling", "mode", "aniso_axis_mode"),
    }
)
PREPROCESSORS = frozenset({"DefaultPreprocessor"})
LABEL_MANAGERS = frozenset({"LabelManager"})
READERS = frozenset({"SimpleITKIO", "NibabelIO", "NibabelIOWithReorient"})


def resolve_configuration(plans: Mapping[str, Any], name: str) -> dict[str, Any]:
    """One configuration of the plans with what it inherits filled in, as nnU-Net resolves it.

    Raises ``ModelError`` when it, or one that it inherits from, is not there or inherits from itself.
    """
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict):
        raise ModelError("plans.json has no configurations")
    chain: list[dict[str, Any]] = []
    seen: set[str] = set()
    current: Any = name
    while current is not None:
        found = configurations.get(current) if isinstance(current, str) else None
        if not isinstance(found, dict) or current in seen:
            raise ModelError(f"plans.json does not define the configuration {name[:64]!r}, or in a circle")
        seen.add(current)
        chain.append(found)
        current = found.get("inherits_from")
    resolved: dict[str, Any] = {}
    for part in reversed(chain):
        resolved.update(part)
    return resolved


def check_plans(plans: Mapping[str, Any], configuration: str) -> None:
    """Check that nnU-Net may build and run this configuration: a single-stage 3D network of names on the lists above.

    Raises ``ModelUnsafeError`` for a name that is not on its list, ``ModelUnsupportedError`` for a 2D or cascaded
    configuration, ``ModelError`` where something needed is missing.
    """
    resolved = resolve_configuration(plans, configuration)
    _check_kind(plans, resolved, configuration)
    _allow("label manager", plans.get("label_manager", "LabelManager"), LABEL_MANAGERS)
    _allow("image reader", plans.get("image_reader_writer", "SimpleITKIO"), READERS)
    _allow("preprocessor", resolved.get("preprocessor_name"), PREPROCESSORS)
    schemes = resolved.get("normalization_schemes")
    for scheme in schemes if isinstance(schemes, list) else [schemes]:
        _allow("normalisation", scheme, NORMALISATIONS)
    for purpose in ("data", "seg", "probabilities"):
        _allow("resampling function", resolved.get(f"resampling_fn_{purpose}"), RESAMPLERS)
        for option, value in _table(resolved, f"resampling_fn_{purpose}_kwargs").items():
            _allow("resampling option", option, RESAMPLER_OPTIONS)
            _check_plain(value, option)
    _check_architecture(resolved)
    _check_intensities(plans, len(schemes) if isinstance(schemes, list) else 0)


def _check_kind(plans: Mapping[str, Any], resolved: Mapping[str, Any], configuration: str) -> None:
    patch = resolved.get("patch_size")
    if not isinstance(patch, list) or len(patch) != 3:
        raise ModelUnsupportedError(f"{configuration[:64]!r} is not a 3D configuration")
    if resolved.get("previous_stage") is not None:
        raise ModelUnsupportedError(f"{configuration[:64]!r} is the second stage of a cascade")
    spacing = resolved.get("spacing")
    positive = isinstance(spacing, list) and len(spacing) == 3 and all(_finite(n) and n > 0 for n in spacing)
    if not positive or not all(isinstance(n, int) and n > 0 for n in patch):
        raise ModelError("spacing and patch_size in plans.json are not three positive numbers each")
    there, back = plans.get("transpose_forward"), plans.get("transpose_backward")
    if not (isinstance(there, list) and isinstance(back, list) and sorted(there) == sorted(back) == [0, 1, 2]):
        raise ModelError("transpose_forward and transpose_backward in plans.json are not permutations of three axes")
    if [there[n] for n in back] != [0, 1, 2]:
        raise ModelError("transpose_backward in plans.json does not undo transpose_forward")


def _check_architecture(resolved: Mapping[str, Any]) -> None:
    if "architecture" not in resolved:
        _allow("network class", resolved.get("UNet_class_name"), OLD_NETWORK_CLASSES)
        return
    architecture = _table(resolved, "architecture")
    _allow("network class", architecture.get("network_class_name"), NETWORK_CLASSES)
    options = _table(architecture, "arch_kwargs")
    imported = architecture.get("_kw_requires_import", [])
    if not isinstance(imported, list) or not all(isinstance(name, str) and name in options for name in imported):
        raise ModelError("_kw_requires_import in plans.json names options that are not there")
    for name, value in options.items():
        if name not in imported:
            _check_plain(value, name)
        elif value is not None:
            _allow(f"building block {name[:32]}", value, BUILDING_BLOCKS)


def _check_intensities(plans: Mapping[str, Any], channels: int) -> None:
    if channels != 1:
        raise ModelUnsupportedError("the network does not take exactly one image channel, a CT")
    key = "foreground_intensity_properties_per_channel"
    old_key = "foreground_intensity_properties_by_modality"
    properties = _table(_table(plans, key if key in plans else old_key), "0")
    for name in ("mean", "std", "percentile_00_5", "percentile_99_5"):
        if not _finite(properties.get(name)):
            raise ModelError(f"the CT intensity property {name} is missing in plans.json")


def _allow(what: str, value: object, allowed: frozenset[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ModelUnsafeError(f"{what} {str(value)[:96]!r} is not on the allow-list")


def _table(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise ModelError(f"plans.json has no table {key!r} where one is needed")
    return value


def _check_plain(value: object, name: str) -> None:
    """Only numbers, truth values and nothing, also inside lists and tables: a string could name code."""
    if isinstance(value, list):
        for item in value:
            _check_plain(item, name)
    elif isinstance(value, dict):
        for item in value.values():
            _check_plain(item, name)
    elif isinstance(value, str) and name not in ("mode", "aniso_axis_mode"):
        raise ModelUnsafeError(f"option {name[:32]!r} is text, which could name code")


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
