"""A network's kernels recorded once and replayed: a card then does not wait for Python between hundreds of them."""

from collections.abc import Callable

import torch

from pedcontour.inference.around import AroundNetwork
from pedcontour.inference.sliding import TileNetwork

EAGER_RUNS = 2
"""Runs before the recording: libraries choose their algorithms and take their memory in the first ones."""

Replay = Callable[[torch.Tensor], torch.Tensor]
"""Tiles in, logits out; the next call writes over them."""

Recorder = Callable[[TileNetwork, torch.Tensor], Replay]
"""Records a network for tiles of one shape. Raises ``RuntimeError`` where it cannot be recorded."""


class Recorded(AroundNetwork):
    """A ``TileNetwork`` around another: recorded for each number of tiles when it first comes.

    Where recording fails, the network runs as it is from then on, and ``failed`` tells it. Lack of memory is raised.
    """

    def __init__(self, network: TileNetwork, record: Recorder) -> None:
        super().__init__(network)
        self._record = record
        self._replays: dict[int, Replay] = {}
        self.failed = False

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        """The network's logits."""
        count = len(tiles)
        if count not in self._replays:
            self._replays[count] = self._recorded(tiles)
        return self._replays[count](tiles)

    def _recorded(self, tiles: torch.Tensor) -> Replay:
        try:
            return self._record(self._network, tiles)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            self.failed = True
            return self._network


class CudaRecorder:
    """A ``Recorder`` by CUDA graphs, on one card. Its recordings share their memory: one runs at a time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, network: TileNetwork, tiles: torch.Tensor) -> Replay:
        """Record; see ``Recorder``."""
        given = tiles.clone()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self._device):
            aside: torch.cuda.Stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(aside):
                for _ in range(EAGER_RUNS):
                    network(given)
            torch.cuda.current_stream(self._device).wait_stream(aside)
            # Of this thread only: another may read or write files, and use the card for a neighbouring job.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                logits = network(given)

        def replay(fresh: torch.Tensor) -> torch.Tensor:
            given.copy_(fresh)
            graph.replay()
            return logits

        return replay
