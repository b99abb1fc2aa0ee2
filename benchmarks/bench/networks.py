"""Networks for the rows that run one: a study's full-size one with made-up weights, and any model as stock has it."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.bench.fitted import fit_last_layer
from benchmarks.bench.teen import KEPT
from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.inference.nnunet_import import import_nnunet
from pedcontour.inference.nnunet_network import build_network, load_network, read_definition
from pedcontour.organs import default_labels

CONFIGURATION = "3d_fullres"
DATASET = "Dataset950_Bench"
MODEL = "bench-full"
SEED = 5
_DEFAULT_RESAMPLING = {"order": 3, "order_z": 0, "force_separate_z": None}

_INTENSITIES = {
    "max": 3000.0,
    "mean": 30.0,
    "median": 40.0,
    "min": -1000.0,
    "percentile_00_5": -1000.0,
    "percentile_99_5": 400.0,
    "std": 200.0,
}


@dataclass(frozen=True)
class Size:
    """What decides a network's work: features a stage, voxels of a tile along each axis, and a voxel's edge in mm."""

    features: tuple[int, ...] = (32, 64, 128, 256, 320, 320)
    patch: int = 128
    spacing_mm: float = 1.5


@dataclass(frozen=True)
class Training:
    """A trained network as the stock command finds it: ``results`` is its ``nnUNet_results``."""

    results: Path

    @property
    def folder(self) -> Path:
        """The folder of this training, as nnU-Net names it."""
        return self.results / DATASET / f"nnUNetTrainer__nnUNetPlans__{CONFIGURATION}"


def full_network(kept: Path = KEPT, size: Size | None = None) -> tuple[ModelBundle, Training]:
    """The network with weights as before training and its last layer fitted to a phantom; made once, 250 MB.

    Six stages, 20 heads, no mirroring: what nnU-Net plans for the study's CTs, but for the tile, a cube here.
    """
    home = kept / "full"
    if not home.is_dir():
        staging = kept / f".full.{uuid4().hex}"
        training = Training(staging / "results")
        try:
            _make_training(training, size or Size())
            import_nnunet(training.folder, staging / "models", model_id=MODEL)
            staging.rename(home)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return load_bundle(home / "models" / MODEL), Training(home / "results")


def training_of(bundle: ModelBundle, kept: Path = KEPT) -> Training:
    """An installed model as the stock command can run it, from the same weights; made once."""
    training = Training(kept / "trainings" / bundle.digest[:16])
    if not training.folder.is_dir():
        definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
        weights = load_network(definition, bundle).state_dict()
        write_training(training, bundle.plans, bundle.dataset, weights)
    return training


def write_training(
    training: Training, plans: Mapping[str, Any], dataset: Mapping[str, Any], weights: Mapping[str, torch.Tensor]
) -> None:
    """A results folder as nnU-Net's trainer leaves it, whole or not at all."""
    staging = training.folder.with_name(f".{uuid4().hex}")
    (staging / "fold_0").mkdir(parents=True)
    (staging / "plans.json").write_text(json.dumps(plans))
    (staging / "dataset.json").write_text(json.dumps(dataset))
    checkpoint = {
        "network_weights": dict(weights),
        "init_args": {"configuration": CONFIGURATION},
        "trainer_name": "nnUNetTrainer",
        "inference_allowed_mirroring_axes": None,
    }
    torch.save(checkpoint, staging / "fold_0" / "checkpoint_final.pth")
    staging.rename(training.folder)


def _make_training(training: Training, size: Size) -> None:
    plans, dataset = plans_of(size), dataset_of()
    definition = read_definition(plans, dataset, CONFIGURATION)
    network = build_network(definition).to_empty(device="cpu").eval()
    torch.manual_seed(SEED)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv3d | torch.nn.ConvTranspose3d):
            # nnU-Net's own start.
            torch.nn.init.kaiming_normal_(module.weight, a=1e-2)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
        elif isinstance(module, torch.nn.InstanceNorm3d):
            module.reset_parameters()
    fit_last_layer(network, size.patch, size.spacing_mm, _normalised)
    write_training(training, plans, dataset, network.state_dict())


def _normalised(hounsfield: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """nnU-Net's CTNormalization by these plans."""
    low, high = _INTENSITIES["percentile_00_5"], _INTENSITIES["percentile_99_5"]
    return (np.clip(hounsfield, low, high) - np.float32(_INTENSITIES["mean"])) / np.float32(_INTENSITIES["std"])


def dataset_of() -> dict[str, Any]:
    """``dataset.json`` for every organ."""
    labels = {"background": 0} | {organ: label for label, organ in default_labels().items()}
    return {"name": "Bench", "channel_names": {"0": "CT"}, "labels": labels, "numTraining": 1, "file_ending": ".nii.gz"}


def plans_of(size: Size) -> dict[str, Any]:
    """``plans.json`` as nnU-Net's planner writes it for CTs of about cubic voxels."""
    stages, spacing_mm, patch = len(size.features), [size.spacing_mm] * 3, [size.patch] * 3
    resampling = "resample_data_or_seg_to_shape"
    configuration = {
        "data_identifier": f"nnUNetPlans_{CONFIGURATION}",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": patch,
        "median_image_size_in_voxels": [2.0 * n for n in patch],
        "spacing": spacing_mm,
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "resampling_fn_data": resampling,
        "resampling_fn_seg": resampling,
        "resampling_fn_probabilities": resampling,
        "resampling_fn_data_kwargs": {"is_seg": False, **_DEFAULT_RESAMPLING},
        "resampling_fn_seg_kwargs": {"is_seg": True, **_DEFAULT_RESAMPLING, "order": 1},
        "resampling_fn_probabilities_kwargs": {"is_seg": False, **_DEFAULT_RESAMPLING, "order": 1},
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {
                "n_stages": stages,
                "features_per_stage": list(size.features),
                "conv_op": "torch.nn.modules.conv.Conv3d",
                "kernel_sizes": [[3, 3, 3]] * stages,
                "strides": [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1),
                "n_conv_per_stage": [2] * stages,
                "n_conv_per_stage_decoder": [2] * (stages - 1),
                "conv_bias": True,
                "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                "norm_op_kwargs": {"eps": 1e-05, "affine": True},
                "dropout_op": None,
                "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU",
                "nonlin_kwargs": {"inplace": True},
            },
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
        "batch_dice": True,
    }
    return {
        "dataset_name": DATASET,
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": spacing_mm,
        "original_median_shape_after_transp": [2 * n for n in patch],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": _INTENSITIES},
        "configurations": {CONFIGURATION: configuration},
    }
