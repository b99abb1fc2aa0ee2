"""The trainer never mirrors."""

import inspect

import pytest
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from pedcontour.training.trainer import PedcontourTrainer


def test_no_axis_is_ever_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = ((-0.5, 0.5), False, (64, 96, 96), (0, 1, 2))
    monkeypatch.setattr(
        nnUNetTrainer, "configure_rotation_dummyDA_mirroring_and_inital_patch_size", lambda self: everything
    )
    trainer = PedcontourTrainer.__new__(PedcontourTrainer)
    assert trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()[3] is None
    assert trainer.inference_allowed_mirroring_axes is None


def test_the_signature_is_the_one_nnu_net_inspects() -> None:
    assert list(inspect.signature(PedcontourTrainer).parameters) == list(inspect.signature(nnUNetTrainer).parameters)
