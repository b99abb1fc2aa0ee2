"""Where an organ was not annotated, the loss says nothing of it; elsewhere it is nnU-Net's to the last bit."""

import pytest
import torch
from nnunetv2.training.loss.compound_losses import DC_and_CE_loss
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

from pedcontour.federation.nnunet.marginal_loss import MarginalLoss, as_background, into_background

CLASSES, SHAPE = 4, (5, 6, 7)
UNKNOWN = 2
"""An organ that nobody annotated in the first case of a batch."""


def _loss(batch_dice: bool = True) -> MarginalLoss:
    dice = {"batch_dice": batch_dice, "smooth": 1e-5, "do_bg": False, "ddp": False}
    return MarginalLoss(DC_and_CE_loss(dice, {}, dice_class=MemoryEfficientSoftDiceLoss))


def _batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    logits = torch.randn(2, CLASSES, *SHAPE, generator=random)
    target = torch.randint(0, CLASSES, (2, 1, *SHAPE), generator=random).to(torch.int16)
    hidden = torch.zeros(2, CLASSES, dtype=torch.bool)
    hidden[0, UNKNOWN] = True
    target[0][target[0] == UNKNOWN] = 0
    return logits, target, hidden


def test_the_background_gets_the_probability_of_what_was_not_annotated() -> None:
    logits, _, hidden = _batch()
    before, after = logits.softmax(1), into_background(logits, hidden).softmax(1)
    assert after[0, UNKNOWN].max() == 0
    torch.testing.assert_close(after[0, 0], before[0, 0] + before[0, UNKNOWN])
    torch.testing.assert_close(after[0, 1], before[0, 1])
    torch.testing.assert_close(after[1], before[1])


@pytest.mark.parametrize("batch_dice", [True, False])
def test_no_step_tells_an_organ_that_was_not_annotated_from_the_background(batch_dice: bool) -> None:
    loss = _loss(batch_dice)
    logits, target, hidden = _batch()
    logits.requires_grad_()
    loss.hidden = hidden
    loss(logits, target).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    share = logits.softmax(1).detach()[0]
    # both go up or down together, in proportion to what they hold of the two's probability
    torch.testing.assert_close(
        logits.grad[0, UNKNOWN] * share[0], logits.grad[0, 0] * share[UNKNOWN], rtol=1e-4, atol=1e-9
    )
    assert logits.grad[1, UNKNOWN].abs().max() > 0


def test_an_annotated_organ_without_a_voxel_is_a_negative() -> None:
    loss = _loss()
    logits, target, _ = _batch()
    logits.requires_grad_()
    loss(logits, target).backward()
    assert logits.grad is not None
    assert (logits.grad[0, UNKNOWN] > 0).all()


def test_with_everything_annotated_it_is_nnu_net_s_own_loss() -> None:
    loss = _loss()
    logits, target, _ = _batch()
    dice = {"batch_dice": True, "smooth": 1e-5, "do_bg": False, "ddp": False}
    plain = DC_and_CE_loss(dice, {}, dice_class=MemoryEfficientSoftDiceLoss)
    assert torch.equal(loss(logits, target), plain(logits, target))


def test_labels_of_an_organ_that_is_not_annotated_become_background() -> None:
    _, target, hidden = _batch()
    target[0, 0, 0, 0, :2] = torch.tensor([UNKNOWN, 1])
    kept = as_background(target, hidden)
    assert kept[0, 0, 0, 0, :2].tolist() == [0, 1]
    assert torch.equal(kept[1], target[1])
