"""A network's kernels recorded and replayed."""

from dataclasses import dataclass, field

import pytest
import torch

from pedcontour.inference.cuda_graph import CudaRecorder, Recorded, Replay
from pedcontour.inference.sliding import TileNetwork
from tests.unit.inference.devices import NEEDS_CUDA
from tests.unit.inference.test_sliding import Blur


@dataclass
class Tape:
    """A ``Recorder`` that keeps what it was asked for, and fails where told."""

    error: Exception | None = None
    recorded: list[int] = field(default_factory=list)

    def __call__(self, network: TileNetwork, tiles: torch.Tensor) -> Replay:
        self.recorded.append(len(tiles))
        if self.error is not None:
            raise self.error
        return network


def _tiles(count: int) -> torch.Tensor:
    return torch.arange(count * 8 * 8 * 8, dtype=torch.float32).reshape(count, 1, 8, 8, 8)


def test_each_number_of_tiles_is_recorded_once() -> None:
    tape = Tape()
    network = Recorded(Blur(2), tape)
    for count in (2, 2, 1, 2, 1):
        torch.testing.assert_close(network(_tiles(count)), Blur()(_tiles(count)))
    assert tape.recorded == [2, 1]
    assert (network.channels, network.tiles_at_once, network.device) == (Blur.channels, 2, Blur.device)


def test_a_network_that_cannot_be_recorded_runs_as_it_is() -> None:
    tape = Tape(RuntimeError("operation not permitted when stream is capturing"))
    network = Recorded(Blur(2), tape)
    for _ in range(3):
        torch.testing.assert_close(network(_tiles(2)), Blur()(_tiles(2)))
    assert tape.recorded == [2]


def test_memory_that_runs_out_while_recording_is_told() -> None:
    network = Recorded(Blur(2), Tape(torch.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(torch.OutOfMemoryError):
        network(_tiles(2))


@NEEDS_CUDA
def test_a_card_replays_what_it_would_have_run() -> None:
    device = torch.device("cuda")
    plain = Blur(2)
    plain.device = device
    network = Recorded(plain, CudaRecorder(device))
    for seed, count in enumerate((2, 1, 2, 1)):
        tiles = torch.randn((count, 1, 8, 8, 8), generator=torch.Generator().manual_seed(seed)).to(device)
        torch.testing.assert_close(network(tiles).clone(), plain(tiles), rtol=0, atol=0)
