"""A toy that nnU-Net's own trainer writes: a tiny network which tells eight shades of grey apart after a few seconds.

It is no organ model. It is there to show that importing and running a network gives what nnU-Net gives.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.volume import Grid, Volume

LABELS = {
    "background": 0,
    "spleen": 1,
    "kidney_right": 2,
    "Kidney-Left": 3,
    "liver": 4,
    "stomach": 5,
    "small_bowel": 6,
    "couch": 7,
}
MAPPING = {"stomach": "stomach_bowel", "small_bowel": "stomach_bowel", "couch": "drop"}
SHADES_HU = (0.0, 100.0, 200.0, 300.0, 400.0, -120.0, -240.0, -360.0)
"""By label; tissue outside the shapes is 0, air -1000."""

PATCH = (32, 48, 48)
SPACING_MM = 3.0
DATASET = "Dataset901_Toy"
CONFIGURATION = "3d_fullres"
STEPS = 100
TRAINING_SHAPE = (20, 24, 24)


def toy_plans() -> dict[str, object]:
    """Plans as nnU-Net's planner writes them, for a network of 20 000 weights."""
    resampling = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    return {
        "dataset_name": DATASET,
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [SPACING_MM] * 3,
        "original_median_shape_after_transp": [64, 96, 96],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            "0": {
                "max": 450.0,
                "mean": 0.0,
                "median": 0.0,
                "min": -450.0,
                "percentile_00_5": -450.0,
                "percentile_99_5": 450.0,
                "std": 200.0,
            }
        },
        "configurations": {
            "3d_fullres": {
                "data_identifier": "nnUNetPlans_3d_fullres",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": 2,
                "patch_size": list(PATCH),
                "median_image_size_in_voxels": [64.0, 96.0, 96.0],
                "spacing": [SPACING_MM] * 3,
                "normalization_schemes": ["CTNormalization"],
                "use_mask_for_norm": [False],
                "resampling_fn_data": "resample_data_or_seg_to_shape",
                "resampling_fn_seg": "resample_data_or_seg_to_shape",
                "resampling_fn_data_kwargs": resampling,
                "resampling_fn_seg_kwargs": {**resampling, "is_seg": True, "order": 1},
                "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
                "resampling_fn_probabilities_kwargs": {**resampling, "order": 1},
                "architecture": {
                    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
                    "arch_kwargs": {
                        "n_stages": 2,
                        "features_per_stage": [8, 16],
                        "conv_op": "torch.nn.modules.conv.Conv3d",
                        "kernel_sizes": [[3, 3, 3]] * 2,
                        "strides": [[1, 1, 1], [2, 2, 2]],
                        "n_conv_per_stage": [2, 2],
                        "n_conv_per_stage_decoder": [2],
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
        },
    }


def toy_dataset() -> dict[str, object]:
    """``dataset.json`` as users write it, with a file list that must not leave the training site."""
    return {
        "name": "Toy",
        "channel_names": {"0": "CT"},
        "labels": LABELS,
        "numTraining": 1,
        "file_ending": ".nii.gz",
        "dataset": {"case_1": {"images": ["Phantom^Child_0000.nii.gz"]}},
    }


def toy_image(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], seed: int = 0
) -> tuple[Volume, npt.NDArray[np.uint8]]:
    """A body of balls, one or more a label, in canonical orientation; with the labels that the shades mean."""
    random = np.random.default_rng(seed)
    extent = np.array(shape) * spacing_mm
    mm = np.stack(
        np.meshgrid(*[(np.arange(n) + 0.5) * s for n, s in zip(shape, spacing_mm, strict=True)], indexing="ij")
    )
    labels = np.zeros(shape, np.uint8)
    for label in list(range(1, len(SHADES_HU))) * 3:
        centre = extent * random.uniform(0.2, 0.8, 3)
        radius = random.uniform(0.1, 0.22) * extent.min()
        labels[((mm - centre[:, None, None, None]) ** 2).sum(0) < radius**2] = label
    hu = np.array(SHADES_HU)[labels] + random.normal(0, 8, shape)
    body = (((mm - extent[:, None, None, None] / 2) / (extent[:, None, None, None] * 0.48)) ** 2).sum(0) < 2
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing_mm
    affine[:, 3] = [-extent[2] / 2, -extent[1] / 2, 7.5, 1]
    voxels = np.where(body, hu, -1000.0).round().astype(np.int16)
    return Volume(Grid(shape, affine), voxels), np.where(body, labels, 0).astype(np.uint8)


@dataclass(frozen=True)
class Toy:
    """What a training is told: nnU-Net's documents, its folds, and the voxel size of what it looks at."""

    plans: Mapping[str, object] = field(default_factory=toy_plans)
    dataset: Mapping[str, object] = field(default_factory=toy_dataset)
    folds: tuple[int, ...] = (0,)
    spacing_mm: tuple[float, float, float] = (SPACING_MM,) * 3


def train_toy(home: Path, toy: Toy | None = None) -> Path:
    """Train the toy with nnU-Net's trainer under ``home`` (raw, preprocessed, results); its results folder."""
    toy = toy or Toy()
    with patch.dict(os.environ, toy_environment(home)), redirect_stdout(StringIO()):
        preprocessed = home / "preprocessed" / DATASET
        preprocessed.mkdir(parents=True)
        (preprocessed / "dataset.json").write_text(json.dumps(toy.dataset))
        for fold in toy.folds:
            folder = _train_fold(toy, fold)
        (folder / "plans.json").write_text(json.dumps(toy.plans))
        (folder / "dataset.json").write_text(json.dumps(toy.dataset))
    return folder


def _train_fold(toy: Toy, fold: int) -> Path:
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    torch.manual_seed(fold)
    device = torch.device("cpu")
    trainer = nnUNetTrainer({**toy.plans, "continue_training": False}, CONFIGURATION, fold, toy.dataset, device)
    channels = trainer.label_manager.num_segmentation_heads
    trainer.network = trainer.build_network_architecture(
        trainer.plans_manager, trainer.configuration_manager, 1, channels, enable_deep_supervision=False
    )
    trainer.optimizer, trainer.lr_scheduler = trainer.configure_optimizers()
    with one_thread():
        _train(trainer, toy)
    trainer.logger.log("train_losses", np.float32(0.25), 0)
    trainer.logger.log("ema_fg_dice", np.float64(0.5), 0)
    trainer._best_ema = np.float64(0.5)
    trainer.inference_allowed_mirroring_axes = (0, 1, 2)
    folder = Path(trainer.output_folder_base)
    trainer.save_checkpoint(str(folder / f"fold_{fold}" / "checkpoint_final.pth"))
    return folder


def toy_environment(home: Path) -> dict[str, str]:
    """nnU-Net's three folders."""
    return {f"nnUNet_{kind}": str(home / kind) for kind in ("raw", "preprocessed", "results")}


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread for a while: on small arrays more only wait for each other, the more so on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _train(trainer: object, toy: Toy) -> None:
    import torch

    network = trainer.network  # type: ignore[attr-defined]
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    balance = torch.tensor([0.05] + [1.0] * (len(LABELS) - 1))
    regions = trainer.label_manager.foreground_regions if trainer.label_manager.has_regions else None  # type: ignore[attr-defined]
    for step in range(STEPS):
        image, labels = toy_image(TRAINING_SHAPE, toy.spacing_mm, seed=1000 + step)
        data = np.clip(image.voxels, -450, 450).astype(np.float32) / 200
        optimizer.zero_grad()
        logits = network(torch.from_numpy(data)[None, None])
        if regions is None:
            truth = torch.from_numpy(labels.astype(np.int64))[None]
            loss = torch.nn.functional.cross_entropy(logits, truth, weight=balance)
        else:
            inside = torch.from_numpy(np.array([np.isin(labels, region) for region in regions], np.float32))[None]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, inside)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


@pytest.fixture(scope="session")
def toy_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """nnU-Net's results folder of the toy, written by nnU-Net's trainer."""
    return train_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def toy_model(toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """The toy, imported."""
    from pedcontour.inference.nnunet_import import import_nnunet

    return import_nnunet(toy_results, tmp_path_factory.mktemp("models"), model_id="toy", organ_of_label=MAPPING)


@pytest.fixture(scope="session")
def toy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the toy is kept as converted for OpenVINO."""
    return tmp_path_factory.mktemp("converted")
