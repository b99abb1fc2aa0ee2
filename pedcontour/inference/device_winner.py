"""The winning class of every voxel of a fine grid, on a device: every class interpolated, a few planes at a time.

``winner.py`` gives the same on a processor and interpolates as little as it can. A graphics card reads and writes its
memory so fast that looking for what can be left out would cost it more than interpolating all of it.
"""

from dataclasses import dataclass

import torch

from pedcontour.inference.memory import FINE_VOXELS_AT_ONCE
from pedcontour.inference.winner import AxisSampling, Sampling


@dataclass(frozen=True, eq=False)
class _Axis:
    """An ``AxisSampling`` on a device."""

    lower: torch.Tensor
    upper: torch.Tensor
    fraction: torch.Tensor

    @classmethod
    def of(cls, sampling: AxisSampling, device: torch.device) -> "_Axis":
        parts = (sampling.lower, sampling.upper, sampling.fraction)
        return cls(*(torch.from_numpy(part).to(device) for part in parts))

    def part(self, voxels: slice) -> "_Axis":
        return _Axis(self.lower[voxels], self.upper[voxels], self.fraction[voxels])


def winning_class_on_device(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """What ``winning_class`` gives for ``scores`` ``(classes, a, b, c)``: the first largest class, uint8 ``(a, b, c)``.

    Interpolated in float64 and compared in the type of the scores, on their device.
    """
    fine = [len(axis.lower) for axis in sampling]
    along, *across = (_Axis.of(axis, scores.device) for axis in sampling)
    winner = torch.empty(fine, dtype=torch.uint8, device=scores.device)
    planes = max(1, FINE_VOXELS_AT_ONCE // (fine[1] * fine[2]))
    for start in range(0, fine[0], planes):
        part = slice(start, start + planes)
        _decide(winner[part], scores, [along.part(part), *across])
    return winner


def _decide(winner: torch.Tensor, scores: torch.Tensor, axes: list[_Axis]) -> None:
    winner.zero_()
    best = _interpolated(scores[0], axes)
    for number in range(1, len(scores)):
        current = _interpolated(scores[number], axes)
        winner.masked_fill_(current > best, number)
        torch.maximum(best, current, out=best)


def _interpolated(score: torch.Tensor, axes: list[_Axis]) -> torch.Tensor:
    values = score
    for number, axis in enumerate(axes):
        share = axis.fraction.reshape([-1 if n == number else 1 for n in range(3)])
        upper = values.index_select(number, axis.upper).double()
        values = values.index_select(number, axis.lower).double().mul_(1.0 - share).addcmul_(upper, share)
    return values.to(score.dtype)
