"""On a processor the forward pass runs in bf16, and everything around it stays in fp32."""

import torch

from pedcontour.small_network.processor import forward_in_bf16


class Levels(torch.nn.Module):
    """Two resolutions, as under deep supervision; notes what its layer computed in."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv3d(1, 2, 3, padding=1)
        self.seen: list[torch.dtype] = []

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        logits = self.layer(x)
        self.seen.append(logits.dtype)
        return [logits, logits[:, :, ::2]]


def test_logits_weights_and_gradients_stay_in_fp32() -> None:
    torch.manual_seed(1)
    network, x = Levels(), torch.randn(1, 1, 8, 8, 8)
    exact = network(x)
    forward_in_bf16(network)
    quick = network(x)
    assert network.seen == [torch.float32, torch.bfloat16]
    assert all(level.dtype == torch.float32 for level in quick)
    for one, other in zip(quick, exact, strict=True):
        torch.testing.assert_close(one, other, atol=0.03, rtol=0.03)
    sum(level.square().mean() for level in quick).backward()  # type: ignore[union-attr]
    assert network.layer.weight.dtype == network.layer.weight.grad.dtype == torch.float32  # type: ignore[union-attr]
