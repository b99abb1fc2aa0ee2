"""nnU-Net's own trainer, set up for a child's body and for machines without a GPU."""

from typing import Any

import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from pedcontour.small_network.optimiser import WEIGHT_DECAY, adamw
from pedcontour.small_network.processor import forward_in_bf16


class PedcontourTrainer(nnUNetTrainer):  # type: ignore[misc]
    """nnU-Net's trainer without mirroring (it would swap left and right), for short schedules, with bf16 on the CPU.

    AdamW instead of SGD with momentum 0.99: with a few thousand iterations instead of 250 000 it gets further.
    Batches are of one patch, so foreground is oversampled by chance rather than by position in the batch.
    """

    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008 - nnU-Net inspects this very signature
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.probabilistic_oversampling = True
        self.oversample_foreground_percent = 0.67
        self.num_iterations_per_epoch = 50
        self.num_val_iterations_per_epoch = 8
        self.initial_lr = 1.5e-3
        self.weight_decay = WEIGHT_DECAY
        self.save_every = 1

    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, LRScheduler]:
        """AdamW with warm-up and poly decay."""
        return adamw(self.network, self.initial_lr, self.num_epochs)

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(  # noqa: N802 - nnU-Net's name
        self,
    ) -> tuple[tuple[float, float], bool, Any, None]:
        """nnU-Net's augmentation with every mirror axis taken away."""
        rotation, dummy_2d, patch_size, _ = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        self.inference_allowed_mirroring_axes = None
        return rotation, dummy_2d, patch_size, None

    @staticmethod
    def build_network_architecture(
        plans_manager: Any,
        configuration_manager: Any,
        num_input_channels: int,
        num_output_channels: int,
        enable_deep_supervision: bool = True,
    ) -> nn.Module:
        """nnU-Net's network; on the CPU its forward pass runs in bf16 (twice as fast), logits and loss stay fp32."""
        network: nn.Module = nnUNetTrainer.build_network_architecture(
            plans_manager, configuration_manager, num_input_channels, num_output_channels, enable_deep_supervision
        )
        forward_in_bf16(network)
        return network

    def plot_network_architecture(self) -> None:
        """Left out: it needs graphviz and says nothing the plans do not."""
