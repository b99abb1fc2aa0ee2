"""The network slid over an image: weighted tiles summed, and handed on plane by plane as they are finished.

Only the planes that a tile may still change are held, so memory grows with the cross-section and not with the length of
the image. Axes are those of the network's grid.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from pedcontour.errors import ModelUnsupportedError
from pedcontour.inference.layout import Layout, Row
from pedcontour.inference.nnunet_quiet import quiet

with quiet():
    from nnunetv2.inference.sliding_window_prediction import compute_gaussian

GAUSSIAN_SCALE = 10
"""What nnU-Net multiplies its Gaussian by, so that its edges survive half precision."""


class TileNetwork(Protocol):
    """A loaded network that takes tiles, ``(n, 1, a, b, c)`` float32 on ``device``, and gives their logits."""

    @property
    def device(self) -> torch.device:
        """Where tiles are expected and logits come out."""
        ...

    @property
    def channels(self) -> int:
        """Output channels."""
        ...

    @property
    def tiles_at_once(self) -> int:
        """How many tiles one call takes at most."""
        ...

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, channels, a, b, c)``; the next call may write over them."""
        ...


@dataclass(frozen=True)
class Slab:
    """Finished logits ``(channels, planes, b, c)`` of the layout's box; the next slab writes over them.

    ``first`` is the box's plane that ``logits`` begins with; the first ``seen`` planes came with the slab before.
    """

    logits: torch.Tensor
    first: int
    seen: int


def padded(data: npt.NDArray[np.float32] | torch.Tensor, layout: Layout, device: torch.device) -> torch.Tensor:
    """The layout's box of an image ``(1, a, b, c)`` on a device, with zeros around it where it is smaller than a tile.

    A copy only where there are any, or where the image is elsewhere.
    """
    image = torch.as_tensor(data[(slice(None), *layout.box)])
    padding: list[int] = []
    for axis in (2, 1, 0):
        before = layout.before[axis]
        padding += [before, layout.shape[axis] - layout.covered[axis] - before]
    return (torch.nn.functional.pad(image, padding) if any(padding) else image).to(device)


def finished_slabs(
    network: TileNetwork,
    image: torch.Tensor,
    layout: Layout,
    sums: torch.dtype,
    progress: Callable[[float], None],
    outside: Sequence[float] | None = None,
) -> Iterator[Slab]:
    """Run every tile over an image that is ``padded``; logits come in the precision ``sums`` in which they are added.

    ``progress`` hears the share of tiles done after each; what it raises ends the work. ``outside`` are the logits of
    the channels where no tile ran, those left out being 0; without them the first channel wins there. Raises
    ``ModelUnsupportedError`` when the network's outputs exceed the precision, as stock nnU-Net would fail too.
    """
    window = _Window(network, image, layout, sums, outside or (1.0,))
    done = 0
    for row, following in zip(layout.rows, (*(row.start for row in layout.rows[1:]), layout.shape[0]), strict=True):
        for first in range(0, len(row.corners), network.tiles_at_once):
            corners = row.corners[first : first + network.tiles_at_once]
            window.add(row, corners)
            done += len(corners)
            progress(done / layout.run)
        finished = following - row.start
        yield from window.finished(row, finished)
        window.move(finished)


class _Window:
    """The planes under work: ``total[:, 1 + n]`` is plane ``start + n`` and ``total[:, 0]`` the finished one before."""

    def __init__(
        self, network: TileNetwork, image: torch.Tensor, layout: Layout, sums: torch.dtype, outside: Sequence[float]
    ) -> None:
        self._network, self._image, self._layout = network, image, layout
        self._outside = [(channel, logit) for channel, logit in enumerate(outside) if logit]
        planes = (layout.patch[0] + 1, *layout.shape[1:])
        self._total = torch.zeros((network.channels, *planes), dtype=sums, device=network.device)
        self._weight = torch.zeros(planes, dtype=sums, device=network.device)
        self._gaussian = compute_gaussian(
            layout.patch,
            sigma_scale=1.0 / 8,
            value_scaling_factor=GAUSSIAN_SCALE,
            dtype=sums,
            device=network.device,
        )

    def add(self, row: Row, corners: tuple[tuple[int, int], ...]) -> None:
        """Run the tiles with these corners and add their logits."""
        depth, height, width = self._layout.patch
        places = [(slice(b, b + height), slice(c, c + width)) for b, c in corners]
        planes = slice(row.start, row.start + depth)
        tiles = torch.stack([self._image[:, planes, b, c] for b, c in places])
        for logits, (b, c) in zip(self._network(tiles), places, strict=True):
            part = self._total[:, 1:, b, c]
            if part.dtype == torch.float32:
                part.addcmul_(logits.float(), self._gaussian)
            else:  # as nnU-Net does it: rounded before and after it is added
                part += logits.float() * self._gaussian
            self._weight[1:, b, c] += self._gaussian

    def finished(self, row: Row, planes: int) -> Iterator[Slab]:
        """The planes that no later tile changes, and the one before them; nothing where all of them are padding."""
        total, weight = self._total[:, 1 : planes + 1], self._weight[1 : planes + 1]
        if self._layout.skipped:
            nowhere = weight == 0
            for channel, logit in self._outside:
                total[channel] += nowhere * logit
            weight += nowhere
        torch.div(total, weight, out=total)
        # Not only infinity: half precision can overflow inside the network, and its normalisation turns that into NaN.
        if not torch.isfinite(total.sum(dtype=torch.float32)):
            raise ModelUnsupportedError("the network's outputs exceed half precision")
        (above, left, front), (depth, height, width) = self._layout.before, self._layout.covered
        first, last = max(row.start, above), min(row.start + planes, above + depth)
        if first < last:
            seen = int(first > above)
            begin = first - row.start + 1 - seen
            inner = self._total[:, begin : last - row.start + 1, left : left + height, front : front + width]
            yield Slab(inner, first - above - seen, seen)

    def move(self, planes: int) -> None:
        """Go on by so many planes."""
        kept = self._weight.shape[0] - planes
        for buffer in (self._total, self._weight[None]):
            for plane in range(kept):  # one by one: the two parts overlap
                buffer[:, plane] = buffer[:, plane + planes]
            buffer[:, kept:] = 0
